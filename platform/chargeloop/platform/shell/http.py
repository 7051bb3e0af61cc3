"""The HTTP gateway: turns requests into messages and waits for the reply; reads come from store and memory.

It decides nothing. Commands go to the rental platform over MQTT like anyone's (`gateway.Requester`); an order
that is read has been committed. Every error is a problem (`problems`). An order of somebody else is answered
exactly like one that does not exist.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.auth import Tokens
from chargeloop.platform.shell.bodies import (
    CabinetBody,
    CabinetsBody,
    CancelRequest,
    DoneBody,
    HealthBody,
    Latitude,
    Longitude,
    OrderBody,
    OrderRequest,
    OrdersBody,
    OrderSummary,
    QuoteBody,
    QuoteRequest,
    ReturnRequest,
    point_of,
)
from chargeloop.platform.shell.gateway import Requester, message_id_of
from chargeloop.platform.shell.problems import ProblemError
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import IdKind, OrderId, RegionId, UserId, is_id
from chargeloop.protocol.messages.rental import (
    CancelOrder,
    HandOver,
    PlaceOrder,
    RequestRefused,
    RequestReturn,
)


@dataclass(frozen=True, slots=True)
class Services:
    """What the gateway of the region called `name` stands on."""

    name: RegionId
    region: RentalRegion
    reader: RentalReader
    requester: Requester
    tokens: Tokens
    now_ms: Callable[[], int]


_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_E7: Final = 10_000_000
_bearer: Final = HTTPBearer(auto_error=False, description="`<user id>:<password>`")
_router: Final = APIRouter(prefix="/v1")


def make_app(services: Services) -> FastAPI:
    """Return the gateway's application on these services."""
    app = FastAPI(
        title="chargeloop rental gateway",
        version="1",
        docs_url=None,
        redoc_url=None,
        # A redirection would be built from the Host header, and no error is anything but a problem.
        redirect_slashes=False,
        responses=problems.documented(HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    app.state.services = services
    app.include_router(_router)
    problems.install(app)
    return app


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


_Services = Annotated[Services, Depends(_services)]


def _user(
    services: _Services, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> UserId:
    user = None if bearer is None else services.tokens.user_of(bearer.credentials)
    if user is None:
        detail = "a bearer token of a user of this region is needed"
        headers = {"WWW-Authenticate": "Bearer"}
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers=headers)
    return user


_User = Annotated[UserId, Depends(_user)]


def _message_id(user: _User, key: Annotated[str | None, Header(alias="Idempotency-Key")] = None) -> str:
    if key is None:
        return f"http-{uuid4().hex}"
    if _KEY.fullmatch(key) is None:
        detail = "an Idempotency-Key is 1 to 200 visible ASCII characters"
        raise ProblemError(HTTPStatus.BAD_REQUEST, "key_invalid", detail)
    return message_id_of(user, key)


_MessageId = Annotated[str, Depends(_message_id)]


def _order_id(order: str) -> OrderId:
    if not is_id(IdKind.ORDER, order):
        raise problems.unknown_order()
    return OrderId(order)


_Order = Annotated[OrderId, Depends(_order_id)]

_COMMAND_PROBLEMS: Final = problems.documented(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_READ_PROBLEMS: Final = problems.documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)


async def _carried_out(services: Services, data: Data, message_id: str) -> DoneBody:
    """Put a request to the platform; a refusal and a missing answer end the HTTP request with a problem."""
    try:
        answer = await services.requester.ask(data, message_id)
    except TimeoutError as error:
        detail = (
            "the rental platform has not answered yet and may still carry the request out: "
            "repeat it with the same Idempotency-Key"
        )
        raise ProblemError(HTTPStatus.GATEWAY_TIMEOUT, "no_answer", detail) from error
    if isinstance(answer, RequestRefused):
        raise problems.of_refusal(answer)
    return DoneBody.of(answer)


@_router.get("/health")
async def health(services: _Services) -> HealthBody:
    """Tell whether the gateway can reach the broker."""
    connected = services.requester.connected
    return HealthBody(status="ok" if connected else "disconnected", region=services.name)


@_router.post("/quotes")
async def quote(body: QuoteRequest, services: _Services) -> QuoteBody:
    """Quote the fees before ordering; nothing is reserved."""
    hand_over = HandOver(body.hand_over)
    found = services.region.quote(body.location.point, body.quantity, services.now_ms(), hand_over=hand_over)
    return QuoteBody.of(
        found.fees, cabinet=found.cabinet, distance_m=found.distance_m, available=found.available
    )


@_router.post("/orders", status_code=HTTPStatus.CREATED, responses=_COMMAND_PROBLEMS)
async def place_order(
    body: OrderRequest, response: Response, services: _Services, user: _User, message_id: _MessageId
) -> DoneBody:
    """Place an order. Repeated with the same Idempotency-Key it is placed once and answered alike."""
    data = PlaceOrder(
        user=user,
        location=body.location,
        quantity=body.quantity,
        accept_fewer=body.accept_fewer,
        hand_over=HandOver(body.hand_over),
        cabinet=body.cabinet,
    )
    done = await _carried_out(services, data, message_id)
    response.headers["Location"] = f"/v1/orders/{done.id}"
    return done


@_router.post("/orders/{order}/cancel", responses=_COMMAND_PROBLEMS)
async def cancel_order(
    order: _Order, body: CancelRequest, services: _Services, user: _User, message_id: _MessageId
) -> DoneBody:
    """Cancel an order. Banks that are on the way go back to a cabinet."""
    return await _carried_out(services, CancelOrder(user=user, order=order, reason=body.reason), message_id)


@_router.post("/orders/{order}/return", responses=_COMMAND_PROBLEMS)
async def request_return(
    order: _Order, body: ReturnRequest, services: _Services, user: _User, message_id: _MessageId
) -> DoneBody:
    """Ask for banks to be fetched."""
    data = RequestReturn(user=user, order=order, location=body.location, quantity=body.quantity)
    return await _carried_out(services, data, message_id)


@_router.get("/orders/{order}", responses=_READ_PROBLEMS)
async def get_order(order: _Order, services: _Services, user: _User) -> OrderBody:
    """Return an order with its timeline and its fee lines."""
    file = await run_in_threadpool(services.reader.order_file, order)
    if file is None or file.order.user != user:
        raise problems.unknown_order()
    return OrderBody.whole(services.region.view(file.order), file)


@_router.get("/orders", responses=_READ_PROBLEMS)
async def list_orders(
    services: _Services, user: _User, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> OrdersBody:
    """Return the user's orders, the newest first."""
    orders = await run_in_threadpool(services.reader.orders_of, user, limit)
    return OrdersBody(orders=[OrderSummary.of(services.region.view(order), order.tariff) for order in orders])


@_router.get("/cabinets")
async def list_cabinets(
    services: _Services,
    lat: Annotated[Latitude, Query()],
    lon: Annotated[Longitude, Query()],
    radius_m: Annotated[int, Query(ge=1, le=50_000)] = 2_000,
) -> CabinetsBody:
    """Return at most 50 cabinets near a place, the nearest first."""
    near = services.region.cabinets_near(point_of(lat, lon), radius_m, services.now_ms(), limit=50)
    return CabinetsBody(
        cabinets=[
            CabinetBody(
                cabinet=found.cabinet,
                name=found.name,
                lat=found.location.lat_e7 / _E7,
                lon=found.location.lon_e7 / _E7,
                distance_m=found.distance_m,
                usable=found.usable,
                ready_banks=found.ready_banks,
                free_slots=found.free_slots,
            )
            for found in near
        ]
    )
