"""The HTTP gateway without a network: what the platform is asked, and what clients are told."""

import httpx2
import pytest

from chargeloop.broker.endpoint.changes import Changes
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.shell.idempotency import message_id_of
from chargeloop.platform.shell.store import PlatformStore
from chargeloop.protocol.ids import UserId
from chargeloop.protocol.messages.rental import (
    CancelOrder,
    PlaceOrder,
    RefusalCode,
    RequestRefused,
    RequestReturn,
)
from chargeloop.protocol.time import MINUTE_MS
from tests.platform.shell import books
from tests.platform.shell.books import TARIFF, USER
from tests.platform.shell.scripted import HERE, ScriptedPlatform, bearer, problem

# Commands.


async def test_an_order_is_placed_by_a_message_of_the_user(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    response = await client.post("/v1/orders", json={**HERE, "quantity": 2, "accept_fewer": True})
    assert response.status_code == 201
    assert response.json() == {"id": "ord-7a10", "state": "reserving", "quantity": 2}
    assert response.headers["location"] == "/v1/orders/ord-7a10"
    ((data, _),) = platform.asked
    assert isinstance(data, PlaceOrder)
    assert (data.user, data.quantity, data.accept_fewer) == (USER, 2, True)
    assert (data.location.lat_e7, data.location.lon_e7) == (434_500_000, 52_300_000)


async def test_a_walk_up_order_names_its_cabinet(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    await client.post(
        "/v1/orders", json={**HERE, "quantity": 1, "hand_over": "walk_up", "cabinet": "cab-0003"}
    )
    ((data, _),) = platform.asked
    assert isinstance(data, PlaceOrder)
    assert (data.hand_over, data.cabinet) == ("walk_up", "cab-0003")


async def test_cancelling_and_returning_are_messages_of_the_user(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    await client.post("/v1/orders/ord-7a10/cancel", json={"reason": "changed my mind"})
    await client.post("/v1/orders/ord-7a10/return", json={**HERE, "quantity": 1})
    (cancel, _), (back, _) = platform.asked
    assert isinstance(cancel, CancelOrder)
    assert (cancel.user, cancel.order, cancel.reason) == (USER, "ord-7a10", "changed my mind")
    assert isinstance(back, RequestReturn)
    assert (back.user, back.order, back.quantity) == (USER, "ord-7a10", 1)


async def test_the_same_key_of_one_user_is_the_same_message_and_of_another_user_another(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    body = {**HERE, "quantity": 2}
    key = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    first = await client.post("/v1/orders", json=body, headers=key)
    again = await client.post("/v1/orders", json=body, headers=key)
    other = bearer("usr-other")
    await client.post("/v1/orders", json=body, headers={**key, **other})
    ids = [message_id for _, message_id in platform.asked]
    assert ids[0] == ids[1] == message_id_of(USER, key["Idempotency-Key"])
    assert ids[2] == message_id_of(UserId("usr-other"), key["Idempotency-Key"]) != ids[0]
    assert first.json() == again.json()


async def test_without_a_key_every_request_is_a_message_of_its_own(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    for _ in range(2):
        await client.post("/v1/orders", json={**HERE, "quantity": 2})
    (_, first), (_, second) = platform.asked
    assert first != second


@pytest.mark.parametrize("key", ["", "with space", "x" * 201])
async def test_a_malformed_key_is_a_problem(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, key: str
) -> None:
    response = await client.post("/v1/orders", json={**HERE, "quantity": 2}, headers={"Idempotency-Key": key})
    problem(response, 400, "key_invalid")
    assert platform.asked == []


@pytest.mark.parametrize("code", RefusalCode)
async def test_every_refusal_of_the_platform_is_a_problem(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, code: RefusalCode
) -> None:
    platform.answer = RequestRefused(code=code, detail="because", available=3)
    response = await client.post("/v1/orders", json={**HERE, "quantity": 5})
    if code in {RefusalCode.UNKNOWN_ORDER, RefusalCode.NOT_YOURS}:
        problem(response, 404, "unknown_order")
        return
    unusable = {
        RefusalCode.KEY_REUSED,
        RefusalCode.UNKNOWN_CABINET,
        RefusalCode.UNKNOWN_DISPUTE,
        RefusalCode.UNKNOWN_LINE,
        RefusalCode.INVALID,
    }
    expected = 422 if code in unusable else 409
    details = problem(response, expected, code)
    assert (details["detail"], details["available"]) == ("because", 3)


async def test_a_platform_that_does_not_answer_is_a_problem_that_says_what_to_do(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    platform.answer = None
    details = problem(await client.post("/v1/orders", json={**HERE, "quantity": 2}), 504, "no_answer")
    assert "may still carry the request out" in details["detail"]
    assert "the same Idempotency-Key" in details["detail"]


# Reading.


async def test_an_order_is_shown_with_its_timeline_and_its_bill(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    await store.commit(Changes(), books.walk_up_rental())
    shown = (await client.get("/v1/orders/ord-7a10")).json()
    assert (shown["id"], shown["state"], shown["banks"]) == ("ord-7a10", "in_use", ["bnk-000017"])
    assert shown["placed"] == "2026-11-23T12:00:00.000Z"
    assert shown["events"][1] == {
        "id": "ord-7a10-e2",
        "type": "bank_returned",
        "time": "2026-11-23T13:10:00.000Z",
        "received": "2026-11-23T13:10:01.000Z",
        "quality": "synced",
        "detail": {"slot": 1},
    }
    (line,) = shown["fee_lines"]
    assert (line["from_event"], line["to_event"]) == ("ord-7a10-e1", "ord-7a10-e2")
    assert (line["to_time"], line["amount_minor"]) == ("2026-11-23T13:10:00.000Z", 300)
    assert shown["total"] == {"amount_minor": 300, "currency": "EUR"}


async def test_the_order_of_somebody_else_looks_like_one_that_does_not_exist(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    await store.commit(Changes(), books.walk_up_rental())
    stranger = bearer("usr-stranger")
    hidden = problem(await client.get("/v1/orders/ord-7a10", headers=stranger), 404, "unknown_order")
    missing = problem(await client.get("/v1/orders/ord-none", headers=stranger), 404, "unknown_order")
    malformed = problem(await client.get("/v1/orders/cab-0001", headers=stranger), 404, "unknown_order")
    assert {**hidden, "instance": ""} == {**missing, "instance": ""} == {**malformed, "instance": ""}
    assert (await client.get("/v1/orders", headers=stranger)).json() == {"orders": [], "next": None}


async def test_a_user_sees_the_newest_orders(client: httpx2.AsyncClient, store: PlatformStore) -> None:
    await store.commit(
        Changes(), books.walk_up_rental("ord-1", "bnk-1") + books.walk_up_rental("ord-2", "bnk-2")
    )
    listed = (await client.get("/v1/orders", params={"limit": 1})).json()["orders"]
    assert [order["id"] for order in listed] == ["ord-1"]
    assert "fee_lines" not in listed[0]


async def test_cabinets_near_a_place_are_shown_to_everybody(client: httpx2.AsyncClient) -> None:
    (cabinet,) = (await client.get("/v1/cabinets", params={**HERE, "radius_m": 500})).json()["cabinets"]
    assert (cabinet["cabinet"], cabinet["name"], cabinet["lat"], cabinet["lon"]) == (
        "cab-0003", "Harbour Café", 43.45, 5.23,
    )  # fmt: skip


async def test_a_quote_tells_the_fees_before_ordering(client: httpx2.AsyncClient) -> None:
    quote = (await client.get("/v1/quote", params={**HERE, "quantity": 3})).json()
    assert (quote["cabinet"], quote["quantity"], quote["hand_over"]) == (None, 3, "courier")
    assert [cabinet["cabinet"] for cabinet in quote["cabinets"]] == ["cab-0003"]
    assert quote["rental"]["maximum"] == {"amount_minor": 9000, "currency": "EUR"}
    assert quote["courier_out"]["maximum"] == {"amount_minor": 650, "currency": "EUR"}
    total = sum(quote[fee]["estimate"]["amount_minor"] for fee in ("courier_out", "rental", "courier_back"))
    assert quote["total"]["estimate"] == {"amount_minor": total, "currency": "EUR"}
    assert quote["walk_up"]["courier_out"]["maximum"] == {"amount_minor": 0, "currency": "EUR"}
    assert quote["walk_up"]["rental"] == quote["rental"]
    assert quote["rental_minutes"] == Policy().quoted_rental_ms // MINUTE_MS


async def test_the_tariff_is_told_in_numbers_and_in_words(client: httpx2.AsyncClient) -> None:
    tariff = (await client.get("/v1/tariff")).json()
    assert tariff["version"] == TARIFF.version
    assert (tariff["rental"]["free_minutes"], tariff["rental"]["unit_minutes"]) == (5, 30)
    assert tariff["rental"]["cap_per_24h"] == {"amount_minor": 600, "currency": "EUR"}
    assert tariff["courier"]["maximum"] == {"amount_minor": 650, "currency": "EUR"}
    assert "Each bank costs 1.00 EUR for every 30 minutes begun." in tariff["words"]["en"]
    assert "After 5 days the bank is yours." in tariff["words"]["en"]
    assert len(tariff["words"]["zh"]) == len(tariff["words"]["en"])


async def test_health_tells_whether_the_broker_can_be_reached(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    assert (await client.get("/v1/health")).json() == {"status": "ok", "region": "demo"}
    platform.connected = False
    assert (await client.get("/v1/health")).json()["status"] == "disconnected"
