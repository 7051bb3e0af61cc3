"""The HTTP gateway: turns requests into messages and waits for the reply; reads come from store and memory.

It decides nothing. Commands go to the rental platform over MQTT like anyone's (`gateway.Requester`); an order
that is read has been committed. Every error is a problem (`problems`). What is somebody else's is answered
exactly like what does not exist. Pages, interface and the relay to the broker are one origin.
"""

from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.websockets import WebSocket

from chargeloop.platform.shell import problems
from chargeloop.platform.shell.asking import AskedServices
from chargeloop.platform.shell.headers import SecurityHeaders
from chargeloop.platform.shell.routes import (
    alarms,
    approach,
    cabinets,
    disputes,
    orders,
    prices,
    session,
    trips,
)
from chargeloop.platform.shell.services import Services

__all__ = ["Services", "make_app"]


class HealthBody(BaseModel):
    """`ok` when the gateway is connected to the broker."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok", "region": "demo"}]})

    status: Literal["ok", "disconnected"]
    region: str


_ABOUT: Final = """
Log in at `/v1/session`; send the access token with every request, and renew it by the cookie at
`/v1/session/refresh` before it ends. Every error is a problem (RFC 9457) with a `code` for programs. What
changes something takes an `Idempotency-Key`: repeated with the same key it is done once and answered alike.
Only what is done about alarms takes none: repeated by the same operator it counts once.

MQTT: buy a ticket at `/v1/mqtt-ticket` and open a WebSocket to `/mqtt?ticket=…` with the subprotocol `mqtt`,
within 30 seconds and once. Then speak MQTT 3.1.1 (or 5.0 where the broker is Mosquitto: the embedded one
refuses it) with the client id, user name and password of the session. It ends with code 1008 when the session
does or the client is another one, and with 1013 when you read too slowly: connect again with another ticket.
What is published there is described in topics.md.
"""
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_health: Final = APIRouter(tags=["health"])


@_health.get("/health")
async def health(services: AskedServices) -> HealthBody:
    """Tell whether the gateway can reach the broker; the one thing that anybody may ask."""
    connected = services.requester.connected
    return HealthBody(status="ok" if connected else "disconnected", region=services.name)


def _refuse_the_rest(app: FastAPI) -> None:
    """Have the interface say which methods a path takes; else the pages would say that it is not there."""
    known = list(app.routes)

    async def refuse(request: Request) -> None:
        allowed = [
            method
            for method in _METHODS
            if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in known)
        ]
        if not allowed:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        detail = f"{request.method} is not taken here; {', '.join(allowed)} can be"
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, detail, {"Allow": ", ".join(allowed)})

    app.add_api_route("/v1/{path:path}", refuse, methods=[*_METHODS], include_in_schema=False)


def make_app(services: Services) -> FastAPI:
    """Return the gateway's application on these services."""
    app = FastAPI(
        title="chargeloop rental gateway",
        description=_ABOUT,
        version="1",
        docs_url=None,
        redoc_url=None,
        # A redirection would be built from the Host header, and no error is anything but a problem.
        redirect_slashes=False,
        responses=problems.documented(HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    app.state.services = services
    app.include_router(_health, prefix="/v1")
    for subject in (session, orders, approach, disputes, cabinets, prices, trips, alarms):
        app.include_router(subject.router, prefix="/v1")

    async def relay(socket: WebSocket) -> None:
        await services.relay.serve(socket)

    app.add_api_websocket_route("/mqtt", relay)
    basemap = services.basemap
    if basemap is not None:
        basemap.install(app)
    _refuse_the_rest(app)
    services.pages.install(app)
    problems.install(app)
    app.add_middleware(SecurityHeaders, map_origin=None if basemap is None else basemap.origin)
    return app
