"""The gateway's client: refusals have the server's words, and a request without an answer is repeated."""

import pytest

from chargeloop.broker.clock import ScaledClock
from chargeloop.cli.gateway import Gateway, GatewayProblemError
from chargeloop.protocol.geo import Point
from tests.cli.scripted_gateway import Scripted, serving

HERE = Point(434_520_000, 52_330_000)
# Two hundred world seconds in a real one, so that waiting to try again takes two milliseconds.
HASTY = ScaledClock(real_origin_ms=0, origin_ms=0, speed=200.0)
PLACED = (201, {"id": "ord-1", "state": "reserving", "quantity": 2})
BUSY = (503, {"title": "Service Unavailable", "status": 503, "detail": "the platform is starting"})
REFUSED = (
    409,
    {
        "title": "Conflict",
        "status": 409,
        "detail": "no cabinet has 5",
        "code": "not_enough_banks",
        "available": 3,
    },
)


async def place(server: Scripted, *, patient: bool = True) -> str:
    url = f"http://127.0.0.1:{server.server_port}"
    gateway = Gateway(url, token=lambda: "a.b.c", clock=HASTY, patient=patient)
    try:
        return (await gateway.place(key="k1", location=HERE, quantity=2)).id
    finally:
        await gateway.close()


async def test_a_request_carries_the_user_s_token_and_its_key() -> None:
    with serving(PLACED) as server:
        assert await place(server) == "ord-1"
    assert server.asked == [("/v1/orders", "Bearer a.b.c", "k1")]


async def test_a_request_without_an_answer_is_repeated_with_the_same_key() -> None:
    with serving(BUSY, BUSY, PLACED) as server:
        assert await place(server) == "ord-1"
    assert [key for _, _, key in server.asked] == ["k1", "k1", "k1"]


async def test_who_is_not_patient_is_told_at_once() -> None:
    with serving(BUSY) as server, pytest.raises(GatewayProblemError, match="the platform is starting"):
        await place(server, patient=False)


async def test_a_refusal_has_the_gateway_s_words_and_is_not_repeated() -> None:
    with serving(REFUSED) as server, pytest.raises(GatewayProblemError, match="no cabinet has 5") as refused:
        await place(server)
    assert (refused.value.status, refused.value.code, refused.value.available) == (409, "not_enough_banks", 3)
    assert refused.value.is_refusal


async def test_an_error_that_is_no_problem_document_is_told_by_its_reason() -> None:
    with serving((404, b"<html>")) as server, pytest.raises(GatewayProblemError, match="Not Found"):
        await place(server)
