"""The whole rental platform over a real broker, a real store and real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import RealClock, ScaledClock
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.broker.ports import free_address
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.main import PlatformSettings, export_records, patient, run
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from tests.platform.shell.books import REGION, USER
from tests.platform.shell.cabinet_by_hand import BANK, CABINET, CabinetByHand

HERE = {"lat": 43.45, "lon": 5.23}
WALK_UP = {**HERE, "quantity": 1, "hand_over": "walk_up", "cabinet": CABINET}


@asynccontextmanager
async def task_of(running: Awaitable[None]) -> AsyncIterator[None]:
    """Runs something until the block ends."""
    task = asyncio.ensure_future(running)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()


@asynccontextmanager
async def running_platform(settings: PlatformSettings) -> AsyncIterator[httpx2.AsyncClient]:
    """Runs the platform and yields a client with the token of a user."""
    ready = asyncio.Event()
    url = f"http://{settings.http_host}:{settings.http_port}"
    token = {"Authorization": f"Bearer {AccessTokens.of_data(settings.data, REGION).sign(USER)}"}
    async with task_of(run(settings, RealClock(), ready=lambda _port: ready.set())):
        await ready.wait()
        async with httpx2.AsyncClient(base_url=url, headers=token) as client:
            yield client


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[BrokerAddress]:
    for client in ("rnt-main", "gwy-main", CABINET):
        CredentialStore.of_data(tmp_path).grant(client, REGION)
    async with running_broker(None, tmp_path) as address:
        yield address


@pytest.fixture
def settings(tmp_path: Path, broker: BrokerAddress) -> PlatformSettings:
    return PlatformSettings(region=REGION, data=tmp_path, broker=broker, http_port=free_address().port)


async def answer_when(
    ask: Callable[[], Awaitable[dict[str, Any]]], wanted: Callable[[Any], bool]
) -> dict[str, Any]:
    """Asks again and again until the answer is the wanted one; the test's time limit ends it."""
    while not wanted(answer := await ask()):  # noqa: ASYNC110
        await asyncio.sleep(0.02)  # HTTP has nothing to wait on but the next answer
    return answer


async def test_a_walk_up_rental_is_ordered_used_returned_charged_and_exported(
    settings: PlatformSettings, tmp_path: Path
) -> None:
    cabinet = CabinetByHand(tmp_path, settings.broker, RealClock())
    async with running_platform(settings) as client, task_of(cabinet.run()):

        async def cabinets() -> dict[str, Any]:
            found: dict[str, Any] = (await client.get("/v1/cabinets", params=HERE)).json()
            return found

        near = await answer_when(cabinets, lambda found: found["cabinets"] and found["cabinets"][0]["usable"])
        assert near["cabinets"][0]["ready_banks"] == 1
        quote = (await client.get("/v1/quote", params={**HERE, "hand_over": "walk_up"})).json()
        assert (quote["cabinet"], quote["total"]) == (CABINET, quote["rental"])
        placed = await client.post("/v1/orders", json=WALK_UP, headers={"Idempotency-Key": "k1"})
        assert placed.status_code == 201
        path = placed.headers["location"]

        async def order() -> dict[str, Any]:
            found: dict[str, Any] = (await client.get(path)).json()
            return found

        in_use = await answer_when(order, lambda found: found.get("state") == "in_use")
        assert in_use["banks"] == [BANK]
        await cabinet.take_back()
        settled = await answer_when(order, lambda found: found["state"] == "settled")

        again = await client.post("/v1/orders", json=WALK_UP, headers={"Idempotency-Key": "k1"})
        assert (again.status_code, again.json()) == (201, placed.json())
        reused = await client.post(f"{path}/cancel", json={}, headers={"Idempotency-Key": "k1"})
        assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
        late = await client.post(f"{path}/cancel", json={})
        assert (late.status_code, late.json()["code"]) == (409, "wrong_state")
        listed = (await client.get("/v1/orders")).json()["orders"]
        assert [found["id"] for found in listed] == [placed.json()["id"]]

        stranger = {"Authorization": f"Bearer {AccessTokens.of_data(tmp_path, REGION).sign('usr-other')}"}
        for act, body in (
            ("cancel", {}),
            ("return", {**HERE, "quantity": 1}),
            ("disputes", {"text": "mine"}),
        ):
            hidden = await client.post(f"{path}/{act}", json=body, headers=stranger)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "unknown_order")

        anna = {"Authorization": f"Bearer {AccessTokens.of_data(tmp_path, REGION).sign('opr-anna')}"}
        disputed = await client.post(f"{path}/disputes", json={"bank": BANK, "text": "it was back at noon"})
        assert disputed.status_code == 201
        (dispute,) = (await client.get("/v1/disputes", headers=anna)).json()["disputes"]
        at = f"{path}/disputes/{dispute['id']}/answer"
        assert (await client.post(at, json={"text": "so it was"}, headers=anna)).status_code == 200
        waiver = {"line": settled["fee_lines"][0]["id"], "reason": "a faulty reader"}
        assert (await client.post(f"{path}/waivers", json=waiver, headers=anna)).status_code == 200
        waived = await order()
        assert [one["reverses"] for one in waived["fee_lines"]] == [None, waiver["line"]]
        assert [one["answer"] for one in waived["disputes"]] == ["so it was"]

    (line,) = settled["fee_lines"]
    assert (line["fee"], line["bank"], line["amount_minor"]) == ("rental", BANK, 0)  # within the free minutes
    exported = list(export_records(tmp_path))
    assert [record["record"] for record in exported if record["record"] != "event"] == [
        "tariff",
        "order",
        "fee_line",
        "fee_line",
    ]
    events = {record["id"]: record["type"] for record in exported if record["record"] == "event"}
    assert (events[line["from_event"]], events[line["to_event"]]) == ("bank_ejected", "bank_returned")


async def test_a_platform_that_was_stopped_goes_on_where_it_was(
    settings: PlatformSettings, tmp_path: Path
) -> None:
    cabinet = CabinetByHand(tmp_path, settings.broker, RealClock())
    key = {"Idempotency-Key": "k1"}
    async with task_of(cabinet.run()):
        async with running_platform(settings) as client:

            async def place() -> dict[str, Any]:
                response = await client.post("/v1/orders", json=WALK_UP)
                return {"status": response.status_code, **response.json()}

            await answer_when(place, lambda answer: answer["status"] == 201)
            refused = await client.post("/v1/orders", json={**WALK_UP, "quantity": 2}, headers=key)
            assert refused.json()["code"] == "not_enough_banks"
        async with running_platform(settings) as client:

            async def orders() -> dict[str, Any]:
                found: dict[str, Any] = (await client.get("/v1/orders")).json()
                return found

            shown = await answer_when(orders, lambda found: found["orders"][0]["state"] == "in_use")
            assert len(shown["orders"]) == 1
            again = await client.post("/v1/orders", json={**WALK_UP, "quantity": 2}, headers=key)
            assert {**again.json()} == {**refused.json()}


async def test_a_taken_port_ends_the_platform_before_it_has_begun(settings: PlatformSettings) -> None:
    with socket.create_server(("127.0.0.1", settings.http_port)), pytest.raises(OSError, match="in use"):
        await run(settings, RealClock())


def test_every_wait_leaves_room_for_the_wire_however_fast_the_clock_runs() -> None:
    policy = Policy()
    assert patient(policy, RealClock()) == policy
    fast = patient(policy, ScaledClock(real_origin_ms=0, origin_ms=0, speed=600.0))
    assert fast.command_life_ms == 30 * 60_000  # three real seconds
    assert fast.hold_banks_ms == policy.hold_banks_ms
