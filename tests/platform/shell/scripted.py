"""What tests of the HTTP gateway share: a platform that answers as told, tokens, and well-formed problems."""

from typing import Any

import httpx2

from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.platform.shell.gateway import Answer
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import OrderId, RegionId
from chargeloop.protocol.messages.rental import OrderState, RequestDone
from tests.platform.shell.books import NOON_MS, REGION

HERE = {"lat": 43.45, "lon": 5.23}
KEY = b"the key of the gateway in tests."
DONE = RequestDone(order=OrderId("ord-7a10"), state=OrderState.RESERVING, quantity=2)


class Instant:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self._now_ms = NOON_MS

    def now_ms(self) -> int:
        return self._now_ms

    def now_s(self) -> float:
        return self._now_ms / 1_000

    def pass_ms(self, milliseconds: int) -> None:
        self._now_ms += milliseconds

    def pass_s(self, seconds: float) -> None:
        self._now_ms += round(seconds * 1_000)


class ScriptedPlatform:
    """A rental platform that answers what it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer | None = DONE
        self.asked: list[tuple[Data, str]] = []
        self.connected = True

    async def ask(self, data: Data, message_id: str) -> Answer:
        self.asked.append((data, message_id))
        if self.answer is None:
            raise TimeoutError
        return self.answer


def bearer(account: str, region: str = REGION) -> dict[str, str]:
    """Returns the header of a program that can read the gateway's key, and speaks for somebody."""
    return {"Authorization": f"Bearer {AccessTokens(KEY, RegionId(region)).sign(account)}"}


def problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Returns the problem details, having checked that they are well formed (RFC 9457)."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    details: dict[str, Any] = response.json()
    assert details.keys() >= {"type", "title", "status", "detail", "instance", "code"}
    assert (details["status"], details["code"]) == (status, code)
    assert details["type"] == f"urn:chargeloop:problem:{code}"
    assert details["instance"] == response.request.url.path
    return details
