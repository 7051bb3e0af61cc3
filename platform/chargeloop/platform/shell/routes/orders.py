"""Orders: placing, cancelling, returning, and reading them."""

import base64
import binascii
import re
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool

from chargeloop.platform.shell import problems
from chargeloop.platform.shell.asking import (
    COMMAND_PROBLEMS,
    READ_PROBLEMS,
    AnOperator,
    AskedOrder,
    AskedServices,
    AUser,
    AUserOrOperator,
    MessageId,
    carried_out,
    may_see,
    order_seen,
)
from chargeloop.platform.shell.bodies import (
    CancelRequest,
    DoneBody,
    EndRequest,
    OrderBody,
    OrderRequest,
    OrdersBody,
    OrderSummary,
    ReturnRequest,
)
from chargeloop.platform.shell.entrance import Caller
from chargeloop.platform.shell.reader import OrderFilter, OrderPlace
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.protocol import fields
from chargeloop.protocol.ids import OperatorId, OrderId, UserId
from chargeloop.protocol.messages.rental import (
    CancelOrder,
    EndOrder,
    HandOver,
    OrderState,
    PlaceOrder,
    RequestReturn,
)
from chargeloop.protocol.topics import Role

_CURSOR: Final = re.compile(r"([0-9]{1,18})\.(ord-[a-z0-9-]{1,44})")

router: Final = APIRouter(route_class=StrictRoute, prefix="/orders", tags=["orders"])


@router.post("", status_code=HTTPStatus.CREATED, responses=COMMAND_PROBLEMS)
async def place_order(
    body: OrderRequest, response: Response, services: AskedServices, caller: AUser, message_id: MessageId
) -> DoneBody:
    """Place an order. Repeated with the same Idempotency-Key it is placed once and answered alike."""
    data = PlaceOrder(
        user=UserId(caller.id),
        location=body.location,
        quantity=body.quantity,
        accept_fewer=body.accept_fewer,
        hand_over=HandOver(body.hand_over),
        cabinet=body.cabinet,
    )
    done = await carried_out(services, data, message_id)
    response.headers["Location"] = f"/v1/orders/{done.id}"
    return done


@router.post("/{order}/cancel", responses=COMMAND_PROBLEMS)
async def cancel_order(
    order: AskedOrder,
    body: CancelRequest,
    services: AskedServices,
    caller: AUserOrOperator,
    message_id: MessageId,
) -> DoneBody:
    """Cancel an order. Banks that are on the way go back to a cabinet. Operators give the reason."""
    user, reason = caller.id, body.reason or "cancelled by the user"
    if caller.role is Role.OPERATOR:
        if body.reason is None:
            raise problems.invalid("#/reason", "an operator gives the reason")
        user = (await order_seen(services, caller, order)).user
        reason = f"{caller.id}: {body.reason}"
    data = CancelOrder(user=UserId(user), order=order, reason=reason)
    return await carried_out(services, data, message_id)


@router.post("/{order}/end", responses=COMMAND_PROBLEMS)
async def end_order(
    order: AskedOrder, body: EndRequest, services: AskedServices, caller: AnOperator, message_id: MessageId
) -> DoneBody:
    """End a stuck order: it fails before the banks have reached the user, and is settled after."""
    data = EndOrder(operator=OperatorId(caller.id), order=order, reason=body.reason)
    return await carried_out(services, data, message_id)


@router.post("/{order}/return", responses=COMMAND_PROBLEMS)
async def request_return(
    order: AskedOrder, body: ReturnRequest, services: AskedServices, caller: AUser, message_id: MessageId
) -> DoneBody:
    """Ask for banks to be fetched."""
    user = UserId(caller.id)
    data = RequestReturn(user=user, order=order, location=body.location, quantity=body.quantity)
    return await carried_out(services, data, message_id)


@router.get("/{order}", responses=READ_PROBLEMS)
async def get_order(order: AskedOrder, services: AskedServices, caller: AUserOrOperator) -> OrderBody:
    """Return an order with its timeline, its fee lines and the tariff that they follow from."""
    file = await run_in_threadpool(services.reader.order_file, order)
    if file is None or not may_see(caller, file.order):
        raise problems.unknown_order()
    return OrderBody.whole(file, services.region.view(file.order), codes=file.order.user == caller.id)


@router.get("", responses=READ_PROBLEMS)
async def list_orders(  # noqa: PLR0913, PLR0917 - each is a parameter of the query
    services: AskedServices,
    caller: AUserOrOperator,
    state: Annotated[list[OrderState] | None, Query(description="only in these states")] = None,
    user: Annotated[fields.User | None, Query(description="only of this user; operators")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
) -> OrdersBody:
    """Return orders, the newest first: one's own, or for an operator all of the region."""
    wanted = OrderFilter(_whose(caller, user), tuple(dict.fromkeys(state or ())))
    after = None if cursor is None else _place(cursor)
    # One more than is shown tells whether there is another page.
    found = await run_in_threadpool(services.reader.orders, wanted, limit + 1, after)
    shown = found[:limit]
    return OrdersBody(
        orders=[
            OrderSummary.of(order, services.region.view(order), codes=order.user == caller.id)
            for order in shown
        ],
        next=_cursor(OrderPlace(shown[-1].placed_ms, shown[-1].id)) if len(found) > limit else None,
    )


def _whose(caller: Caller, asked: UserId | None) -> UserId | None:
    """Return whose orders are listed, None for everybody's; for a user there are no others than their own."""
    return asked if caller.role is Role.OPERATOR else UserId(caller.id)


def _cursor(place: OrderPlace) -> str:
    return base64.urlsafe_b64encode(f"{place.placed_ms}.{place.order}".encode()).decode().rstrip("=")


def _place(cursor: str) -> OrderPlace:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise problems.invalid("cursor", "give `next` of the page before as it is")
    return OrderPlace(int(found[1]), OrderId(found[2]))
