"""The HTTP gateway as its clients see it: typed replies, and problem details as errors (RFC 9457)."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from chargeloop.broker.clock import Clock, RealClock
from chargeloop.protocol.geo import Point

_E7 = 10_000_000
_TIMEOUT_S = 15.0
_TRY_AGAIN_STATUS = frozenset({502, 503, 504})
_TRY_AGAIN_REAL_MS = 400


class GatewayProblemError(Exception):
    """The gateway refused, or cannot be reached; `status` is the HTTP status, None when there was no answer.

    `code` and `available` are members of the problem details that our gateway adds.
    """

    def __init__(
        self, detail: str, *, status: int | None = None, code: str | None = None, available: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.available = available

    @property
    def is_refusal(self) -> bool:
        """Tell whether the request was understood and refused, so that nothing of it will happen."""
        return self.status is not None and self.status not in _TRY_AGAIN_STATUS


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Problem(_Reply):
    """Problem details (RFC 9457) with the members that our gateway adds."""

    title: str = ""
    detail: str = ""
    code: str | None = None
    available: int | None = None


class OrderPlaced(_Reply):
    """What a command about an order answers."""

    id: str
    state: str
    quantity: int


class CabinetSeen(_Reply):
    """A cabinet near a point: how far, whether it can be used now, and what it has."""

    cabinet: str
    name: str
    lat: float
    lon: float
    distance_m: int
    usable: bool
    ready_banks: int
    free_slots: int

    @property
    def point(self) -> Point:
        """Return where it stands."""
        return Point(round(self.lat * _E7), round(self.lon * _E7))


class _Session(_Reply):
    access_token: str


class _Cabinets(_Reply):
    cabinets: list[CabinetSeen]


class Gateway:
    """One user's view of the gateway. Commands carry a key, so repeating one cannot do it twice.

    `token` gives an access token for each request; without one, `log_in` first.

    A gateway that cannot be reached or is not ready is tried again and again when `patient`, with the same
    key: whether a request without an answer was carried out is not known. Virtual time does not pass during a
    request.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Callable[[], str] | None = None,
        clock: Clock | None = None,
        patient: bool = True,
    ) -> None:
        self._token = token
        self._clock = RealClock() if clock is None else clock
        self._patient = patient
        self._client = httpx2.AsyncClient(
            base_url=url,
            # Loading the certificates that only HTTPS needs takes longer than all else that a person does.
            verify=url.startswith("https:"),
            timeout=_TIMEOUT_S,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def log_in(self, login: str, password: str) -> None:
        """Begin a session as the account of this login name, or raise GatewayProblemError."""
        reply = await self.send("POST", "/v1/session", {"login": login, "password": password})
        access_token = _Session.model_validate(reply).access_token
        self._token = lambda: access_token

    async def log_out(self) -> None:
        """End the session that `log_in` began, or raise GatewayProblemError."""
        await self.send("DELETE", "/v1/session")

    async def place(
        self,
        *,
        key: str,
        location: Point,
        quantity: int,
        accept_fewer: bool = False,
        cabinet: str | None = None,
    ) -> OrderPlaced:
        """Order `quantity` banks; `cabinet` given: the user stands there and takes them.

        Raises:
            GatewayProblemError: refused or not reachable.
        """
        body: dict[str, object] = {**_degrees(location), "quantity": quantity, "accept_fewer": accept_fewer}
        if cabinet is not None:
            body |= {"hand_over": "walk_up", "cabinet": cabinet}
        return OrderPlaced.model_validate(await self.send("POST", "/v1/orders", body, key=key))

    async def cancel(self, order: str, *, key: str) -> OrderPlaced:
        """Call the order off, or raise GatewayProblemError."""
        return OrderPlaced.model_validate(await self.send("POST", f"/v1/orders/{order}/cancel", {}, key=key))

    async def ask_return(self, order: str, *, key: str, location: Point, quantity: int) -> OrderPlaced:
        """Have `quantity` banks of the order fetched at `location`, or raise GatewayProblemError."""
        body = {**_degrees(location), "quantity": quantity}
        return OrderPlaced.model_validate(
            await self.send("POST", f"/v1/orders/{order}/return", body, key=key)
        )

    async def cabinets(self, location: Point, radius_m: int) -> list[CabinetSeen]:
        """Return the cabinets within `radius_m`, the nearest first, or raise GatewayProblemError."""
        query = {**_degrees(location), "radius_m": radius_m}
        return _Cabinets.model_validate(await self.send("GET", "/v1/cabinets", query=query)).cabinets

    async def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        key: str | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the decoded JSON reply.

        Raises:
            GatewayProblemError: the gateway refused, or (not patient) gave no answer.
        """
        # What the gateway reads must not depend on what is still under way at this virtual instant.
        await self._clock.sleep_ms(0)
        while True:
            with self._clock.hold():
                reply = await self._try(method, path, body, key, query)
            if not isinstance(reply, GatewayProblemError):
                return reply
            if reply.is_refusal or not self._patient:
                raise reply
            await self._clock.back_off_ms(self._clock.patience_ms(_TRY_AGAIN_REAL_MS))

    async def _try(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        key: str | None,
        query: Mapping[str, Any] | None,
    ) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token()}"
        try:
            response = await self._client.request(method, path, json=body, headers=headers, params=query)
        except httpx2.HTTPError as error:
            return GatewayProblemError(
                f"no answer from {self._client.base_url}: {str(error) or type(error).__name__}"
            )
        if response.status_code == HTTPStatus.NO_CONTENT:
            return None
        return response.json() if response.is_success else _problem(response)


def _problem(response: httpx2.Response) -> GatewayProblemError:
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValidationError:
        problem = _Problem(detail=response.reason_phrase)
    text = problem.detail or problem.title or response.reason_phrase
    return GatewayProblemError(
        text, status=response.status_code, code=problem.code, available=problem.available
    )


def _degrees(point: Point) -> dict[str, float]:
    return {"lat": point.lat_e7 / _E7, "lon": point.lon_e7 / _E7}
