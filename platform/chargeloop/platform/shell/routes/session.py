"""Logging in, staying in, leaving, and the ticket to the relay."""

from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, Cookie, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from chargeloop.broker.credentials import Credentials
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.accounts.rotation import SESSION_MS
from chargeloop.platform.shell.accounts.store import Session, Stolen
from chargeloop.platform.shell.accounts.tokens import ACCESS_S
from chargeloop.platform.shell.asking import Anyone, AskedServices
from chargeloop.platform.shell.basemap import Basemap
from chargeloop.platform.shell.entrance import TooManyTriesError, WrongLoginError
from chargeloop.platform.shell.origin import same_origin
from chargeloop.platform.shell.problems import ProblemError
from chargeloop.platform.shell.services import Services
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.platform.shell.tickets import TICKET_S
from chargeloop.protocol.time import format_instant

COOKIE: Final = "cl_refresh"
_PATH: Final = "/v1/session"
_WRONG: Final = "the login name or the password is wrong"

router: Final = APIRouter(route_class=StrictRoute, tags=["session"])


class LogIn(BaseModel):
    """Who wants to come in."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"login": "anna", "password": "correct horse battery"}]},
    )

    login: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=1_000)] = Field(repr=False)


class AccountBody(BaseModel):
    """Who somebody is: `role` is user, courier or operator; `id` is the client id at the broker too."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "opr-anna", "role": "operator", "name": "Anna", "region": "demo"}]
        }
    )

    id: str
    role: str
    name: str
    region: str


class BrokerLogin(BaseModel):
    """What to connect to the broker with, through the relay at `/mqtt`."""

    client_id: str
    username: str
    password: str


class ClockBody(BaseModel):
    """The world's clock: a demo may run faster than real time, and on another day."""

    now: str
    speed: float


class MapBody(BaseModel):
    """The map of the real city that pages draw on: a MapLibre style, tiles or a PMTiles archive at `url`.

    `attribution` is whom it must name in addition to what it says of itself.
    """

    kind: Literal["style", "tiles", "pmtiles"]
    url: str
    attribution: str


class SessionBody(BaseModel):
    """A session; without a `map` pages invent a city.

    The access token goes into the header `Authorization: Bearer …` of every request.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
                    "expires_in_s": 900,
                    "account": {"id": "opr-anna", "role": "operator", "name": "Anna", "region": "demo"},
                    "mqtt": {"client_id": "opr-anna", "username": "opr-anna", "password": "w8Zt…"},
                    "clock": {"now": "2026-11-23T12:00:00.000Z", "speed": 1.0},
                    "map": {"kind": "pmtiles", "url": "/map/tiles.pmtiles", "attribution": ""},
                }
            ]
        }
    )

    access_token: str
    expires_in_s: int
    account: AccountBody
    mqtt: BrokerLogin
    clock: ClockBody
    map: MapBody | None

    @classmethod
    def of(cls, session: Session, token: str, credentials: Credentials, services: Services) -> Self:
        """Return the body of a session with a fresh token."""
        account, client = session.account, credentials.client
        return cls(
            access_token=token,
            expires_in_s=ACCESS_S,
            account=AccountBody(id=account.id, role=account.role, name=account.name, region=account.region),
            mqtt=BrokerLogin(client_id=client, username=client, password=credentials.password),
            clock=ClockBody(now=format_instant(services.now_ms()), speed=services.speed),
            map=None if services.basemap is None else _map_of(services.basemap),
        )


class TicketBody(BaseModel):
    """A ticket for one connection: `GET /mqtt?ticket=…` within so many seconds."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket": "3q2-7wXk0Zc", "expires_in_s": TICKET_S}]}
    )

    ticket: str
    expires_in_s: int


async def _our_page(request: Request) -> None:
    """Refuse what a page of another origin sends along our cookie; browsers that are old might."""
    if not same_origin(request.headers):
        detail = "pages of another origin may not do this"
        raise ProblemError(HTTPStatus.FORBIDDEN, "wrong_origin", detail)


_Refresh = Annotated[str | None, Cookie(alias=COOKIE, description="set by log-in; HttpOnly")]


@router.post(
    "/session",
    responses=problems.documented(
        HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS
    ),
    dependencies=[Depends(_our_page)],
)
async def log_in(body: LogIn, request: Request, response: Response, services: AskedServices) -> SessionBody:
    """Log in: returns an access token, and sets the cookie that it is renewed with."""
    try:
        session = await services.entrance.log_in(body.login, body.password, _address(request))
    except WrongLoginError:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "wrong_login", _WRONG) from None
    except TooManyTriesError as error:
        detail = f"too many tries to log in; the next one in {error.wait_s} s"
        headers = {"Retry-After": str(error.wait_s)}
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_tries", detail, headers=headers) from None
    return await _opened(services, session, request, response)


@router.post(
    "/session/refresh",
    responses=problems.documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
    dependencies=[Depends(_our_page)],
)
async def refresh(
    request: Request, response: Response, services: AskedServices, token: _Refresh = None
) -> SessionBody:
    """Renew the session by its cookie, which is exchanged; an older one, of a thief's, ends the session."""
    session = None if token is None else await services.entrance.refresh(token)
    if isinstance(session, Stolen):
        services.relay.end_session(session.session)
    if not isinstance(session, Session):
        raise _over()
    return await _opened(services, session, request, response)


@router.delete(
    "/session",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems.documented(HTTPStatus.FORBIDDEN),
    dependencies=[Depends(_our_page)],
)
async def log_out(request: Request, services: AskedServices, token: _Refresh = None) -> Response:
    """End the session of the cookie, with all its tokens and its connections to the broker."""
    ended = None if token is None else await services.entrance.leave(token)
    if ended is not None:
        services.relay.end_session(ended)
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    response.delete_cookie(
        COOKIE, path=_PATH, secure=_is_tls(services, request), httponly=True, samesite="strict"
    )
    return response


@router.get("/me", responses=problems.documented(HTTPStatus.UNAUTHORIZED))
async def me(services: AskedServices, caller: Anyone) -> AccountBody:
    """Tell who is asking."""
    return AccountBody(id=caller.id, role=caller.role, name=caller.name, region=services.name)


@router.post(
    "/mqtt-ticket",
    responses=problems.documented(
        HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS
    ),
)
async def mqtt_ticket(services: AskedServices, caller: Anyone) -> TicketBody:
    """Return a ticket for one WebSocket connection to the broker, by `GET /mqtt?ticket=…`."""
    if caller.session is None:
        raise ProblemError(HTTPStatus.FORBIDDEN, "session_needed", "only who has logged in gets a ticket")
    ticket = services.tickets.sell(caller.id, caller.session)
    if ticket is None:
        detail = "there are many unused tickets already: use those"
        headers = {"Retry-After": str(TICKET_S)}
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_tickets", detail, headers=headers)
    return TicketBody(ticket=ticket, expires_in_s=TICKET_S)


async def _opened(services: Services, session: Session, request: Request, response: Response) -> SessionBody:
    credentials = await _granted(services, session)
    response.set_cookie(
        COOKIE,
        session.refresh,
        max_age=SESSION_MS // 1_000,
        path=_PATH,
        secure=_is_tls(services, request),
        httponly=True,
        samesite="strict",
    )
    return SessionBody.of(session, services.entrance.token_of(session), credentials, services)


async def _granted(services: Services, session: Session) -> Credentials:
    """Return what the session's account connects to the broker with.

    While it is granted the account may be shut out, or its password changed, so whether the session lives is
    asked afterwards: it ends before credentials are revoked or renewed, and none of the later ones are told.
    """
    account = session.account
    credentials = await run_in_threadpool(services.credentials.grant, account.id, account.region)
    if await services.entrance.lives(session):
        return credentials
    if await services.entrance.is_shut_out(account):
        services.credentials.revoke(account.id)
    raise _over()


def _over() -> ProblemError:
    return ProblemError(HTTPStatus.UNAUTHORIZED, "session_over", "the session is over: log in again")


def _map_of(basemap: Basemap) -> MapBody:
    return MapBody(kind=basemap.kind.value, url=basemap.url, attribution=basemap.attribution)


def _is_tls(services: Services, request: Request) -> bool:
    """Tell whether the browser speaks TLS, with us or with a proxy before us."""
    return services.behind_tls or request.url.scheme == "https"


def _address(request: Request) -> str:
    """Return what counts as one address: who has an IPv6 address has all those of its /64 network."""
    host = "" if request.client is None else request.client.host
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else host
