"""Errors of the HTTP gateway as problem details (RFC 9457), for every road by which a request can fail."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chargeloop.protocol.messages.rental import RefusalCode, RequestRefused

MEDIA_TYPE: Final = "application/problem+json"
MAX_BODY_BYTES: Final = 16 * 1024


class InvalidMember(BaseModel):
    """One thing that is wrong in a request: where, as a JSON pointer or a parameter's name, and what."""

    pointer: str
    detail: str


class ProblemDetails(BaseModel):
    """What is answered when a request fails (RFC 9457). `code` is for programs, `detail` for people.

    `available` is how many banks can be had, when fewer than asked for.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    available: int | None = None
    errors: list[InvalidMember] | None = None


class ProblemError(Exception):
    """Ends a request with a problem; `headers` are sent along."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.members = members


_REFUSAL_STATUS: Final[Mapping[RefusalCode, HTTPStatus]] = {
    RefusalCode.NOT_ENOUGH_BANKS: HTTPStatus.CONFLICT,
    RefusalCode.NO_CABINET_NEAR: HTTPStatus.CONFLICT,
    RefusalCode.NO_ROOM_NEAR: HTTPStatus.CONFLICT,
    RefusalCode.CABINET_OFFLINE: HTTPStatus.CONFLICT,
    RefusalCode.NOT_SUPPORTED: HTTPStatus.CONFLICT,
    RefusalCode.UNKNOWN_CABINET: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.UNKNOWN_ORDER: HTTPStatus.NOT_FOUND,
    RefusalCode.NOT_YOURS: HTTPStatus.NOT_FOUND,
    RefusalCode.UNKNOWN_DISPUTE: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.UNKNOWN_LINE: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.WRONG_STATE: HTTPStatus.CONFLICT,
    RefusalCode.TOO_MANY: HTTPStatus.CONFLICT,
    RefusalCode.KEY_REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def unauthorized(detail: str = "an access token is needed: log in at /v1/session") -> ProblemError:
    """Return the problem of somebody who has not proven who they are."""
    headers = {"WWW-Authenticate": "Bearer"}
    return ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers=headers)


def forbidden(role: str) -> ProblemError:
    """Return the problem of a request that is not for this role."""
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", f"this is not for a {role}")


def invalid(pointer: str, detail: str) -> ProblemError:
    """Return the problem of one member or parameter that cannot be used."""
    errors = [InvalidMember(pointer=pointer, detail=detail)]
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemError(status, "invalid_request", f"{pointer}: {detail}", errors=errors)


def unknown_cabinet() -> ProblemError:
    """Return the problem of a cabinet that is not there."""
    return ProblemError(HTTPStatus.NOT_FOUND, RefusalCode.UNKNOWN_CABINET, "there is no such cabinet")


def unknown_alarm() -> ProblemError:
    """Return the problem of an alarm that is not there."""
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown_alarm", "there is no such alarm")


def alarm_closed() -> ProblemError:
    """Return the problem of an alarm about which nothing can be done any more."""
    return ProblemError(HTTPStatus.CONFLICT, "alarm_closed", "the alarm has been closed")


def unknown_order() -> ProblemError:
    """Return the problem of an order that is not there, or is somebody else's: the two look the same."""
    return ProblemError(HTTPStatus.NOT_FOUND, RefusalCode.UNKNOWN_ORDER, "you have no such order")


def of_refusal(refusal: RequestRefused) -> ProblemError:
    """Return the problem that a refusal of the rental platform is to the client."""
    status = _REFUSAL_STATUS[refusal.code]
    if status is HTTPStatus.NOT_FOUND:
        return unknown_order()
    return ProblemError(status, refusal.code, refusal.detail, available=refusal.available)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem, and refuse bodies that are too large."""
    app.add_exception_handler(ProblemError, _of_problem)
    app.add_exception_handler(RequestValidationError, _of_invalid)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_bug)
    app.add_middleware(BodyLimit)
    describe = app.openapi
    app.openapi = lambda: _with_schemas(describe())  # type: ignore[method-assign]


def response(
    path: str,
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """Return the answer that tells a problem, for what ends otherwise than by a `ProblemError`."""
    problem = ProblemDetails(
        type=f"urn:chargeloop:problem:{code}",
        title=status.phrase,
        status=status,
        detail=detail,
        instance=path,
        code=code,
        **members,
    )
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)


async def _of_problem(request: Request, error: Exception) -> JSONResponse:
    error = cast("ProblemError", error)
    return response(
        request.url.path, error.status, error.code, error.detail, headers=error.headers, **error.members
    )


async def _of_invalid(request: Request, error: Exception) -> JSONResponse:
    error = cast("RequestValidationError", error)
    errors = [InvalidMember(pointer=_pointer(found["loc"]), detail=found["msg"]) for found in error.errors()]
    detail = "; ".join(f"{found.pointer}: {found.detail}" for found in errors[:5])
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return response(request.url.path, status, "invalid_request", detail, errors=errors)


def _pointer(location: Sequence[str | int]) -> str:
    where, *parts = location
    if where == "body":
        return "#" + "".join(f"/{part}" for part in parts)
    return "/".join(str(part) for part in parts)


_HTTP_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    error = cast("HTTPException", error)
    status = HTTPStatus(error.status_code)
    code = _HTTP_CODES.get(status, "invalid_request")
    return response(request.url.path, status, code, str(error.detail), headers=error.headers)


async def _of_bug(request: Request, _error: Exception) -> JSONResponse:
    # Starlette raises the error again after this answer, so the server writes it to its log.
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return response(request.url.path, status, "internal", "a fault of ours; it has been written to the log")


class BodyLimit:
    """Refuses bodies over 16 KiB, by their announced length and by what really arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:9]) > MAX_BODY_BYTES:
            await _too_large(scope["path"])(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > MAX_BODY_BYTES:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
            return message

        await self._app(scope, counted, send)


_TOO_LARGE: Final = f"a request body has at most {MAX_BODY_BYTES} bytes"


def _too_large(path: str) -> JSONResponse:
    return response(path, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _TOO_LARGE)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the problems an endpoint may answer with."""
    schema = {"$ref": _SCHEMAS.format(model=ProblemDetails.__name__)}
    content = {MEDIA_TYPE: {"schema": schema}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


_SCHEMAS: Final = "#/components/schemas/{model}"


def _with_schemas(described: dict[str, Any]) -> dict[str, Any]:
    """Add the schemas that `documented` refers to; FastAPI itself only knows bodies of application/json."""
    schema = ProblemDetails.model_json_schema(ref_template=_SCHEMAS)
    parts = schema.pop("$defs")
    described["components"]["schemas"] |= {**parts, ProblemDetails.__name__: schema}
    return described
