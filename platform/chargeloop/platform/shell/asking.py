"""What routes need to know of a request: who asks, in which role, and as which message to the platform."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final
from uuid import uuid4

from fastapi import Depends, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chargeloop.platform.core.order import Order
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.bodies import DoneBody
from chargeloop.platform.shell.entrance import Caller
from chargeloop.platform.shell.idempotency import KEY_FORM, is_key, message_id_of
from chargeloop.platform.shell.problems import ProblemError
from chargeloop.platform.shell.services import Services, services_of
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import IdKind, OrderId, is_id
from chargeloop.protocol.messages.rental import CabinetCommanded, RequestDone, RequestRefused
from chargeloop.protocol.topics import Role

_bearer: Final = HTTPBearer(auto_error=False, description="an access token of /v1/session")

AskedServices = Annotated[Services, Depends(services_of)]


async def _anyone(
    services: AskedServices, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    if bearer is None:
        raise problems.unauthorized()
    caller = await services.entrance.caller(bearer.credentials)
    if caller is None:
        raise problems.unauthorized("this access token is not valid or has run out: log in at /v1/session")
    return caller


Anyone = Annotated[Caller, Depends(_anyone)]


def _only(*roles: Role) -> Callable[[Caller], Awaitable[Caller]]:
    async def allowed(caller: Anyone) -> Caller:
        if caller.role not in roles:
            raise problems.forbidden(caller.role)
        return caller

    return allowed


AUser = Annotated[Caller, Depends(_only(Role.USER))]
AnOperator = Annotated[Caller, Depends(_only(Role.OPERATOR))]
ACourierOrOperator = Annotated[Caller, Depends(_only(Role.COURIER, Role.OPERATOR))]
AUserOrOperator = Annotated[Caller, Depends(_only(Role.USER, Role.OPERATOR))]


async def _message_id(
    caller: Anyone, key: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> str:
    if key is None:
        return f"http-{uuid4().hex}"
    if not is_key(key):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "key_invalid", f"an Idempotency-Key is {KEY_FORM}")
    return message_id_of(caller.id, key)


MessageId = Annotated[str, Depends(_message_id)]


async def _order_id(order: str) -> OrderId:
    if not is_id(IdKind.ORDER, order):
        raise problems.unknown_order()
    return OrderId(order)


AskedOrder = Annotated[OrderId, Depends(_order_id)]

COMMAND_PROBLEMS: Final = problems.documented(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.GATEWAY_TIMEOUT,
)
READ_PROBLEMS: Final = problems.documented(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND
)


async def carried_out(services: Services, data: Data, message_id: str) -> DoneBody:
    """Put a request about an order to the platform, and return where the order stands then.

    Raises:
        ProblemError: it was refused, or nobody answered.
    """
    answer = await answered(services, data, message_id)
    if not isinstance(answer, RequestDone):
        raise TypeError(f"{type(answer).__name__} is no answer to {data.TYPE}")
    return DoneBody.of(answer)


async def answered(services: Services, data: Data, message_id: str) -> RequestDone | CabinetCommanded:
    """Put a request to the platform; a refusal and a missing answer end the HTTP request with a problem.

    Raises:
        ProblemError: it was refused, or nobody answered.
    """
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
    return answer


def may_see(caller: Caller, order: Order) -> bool:
    """Tell whether an order is the caller's to see: its user's own, or any for an operator."""
    return caller.role is Role.OPERATOR or order.user == caller.id


async def order_seen(services: Services, caller: Caller, order: OrderId) -> Order:
    """Return an order that the caller may see.

    Raises:
        ProblemError: there is none: one of somebody else is answered like one that does not exist.
    """
    found = await run_in_threadpool(services.reader.order, order)
    if found is None or not may_see(caller, found):
        raise problems.unknown_order()
    return found
