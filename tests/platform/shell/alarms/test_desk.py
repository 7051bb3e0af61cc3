"""The desk looks at a real region and store, and raises what is wrong there."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from chargeloop.broker.endpoint.changes import Changes, QuarantineRow
from chargeloop.platform.core.alarms import OFFLINE_MS, AlarmKind
from chargeloop.platform.core.order import BankPlace, BankTrack
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.core.rows import BankRecord, BankWhere, SlotRecord
from chargeloop.platform.shell.alarms.desk import AlarmDesk
from chargeloop.platform.shell.services import Services
from chargeloop.platform.shell.store import PlatformStore
from chargeloop.protocol.ids import BankId, CabinetId, OrderId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.rental import OrderState
from tests.platform.shell import books
from tests.platform.shell.books import NOON_MS, REGION, TARIFF
from tests.platform.shell.scripted import bearer, problem

BANK = BankId("bnk-000017")


def desk_of(services: Services, region: RentalRegion, listening_since_ms: int | None = 0) -> AlarmDesk:
    return AlarmDesk(
        services.alarms,
        region,
        services.reader,
        "rnt-main",
        lambda: NOON_MS,
        listening_since_ms=lambda: listening_since_ms,
    )


def troubled() -> RentalRegion:
    """Returns a region with everything wrong: cabinets, slots, an order, and banks."""
    region = RentalRegion(REGION, tariff=TARIFF)
    slots = (SlotRecord(1, SlotState.FAULTY, BANK), SlotRecord(2, SlotState.READY, BankId("bnk-2"), 98))
    here = replace(books.CABINET, slots=slots, last_seen_ms=NOON_MS)
    there = replace(books.CABINET, cabinet=CabinetId("cab-0004"), online=False, last_seen_ms=0)
    stuck = replace(books.order_in_use(), since_ms=0)
    lost = BankTrack(BankId("bnk-9"), BankPlace.ASTRAY)
    ended = replace(stuck, id=OrderId("ord-7a11"), state=OrderState.SETTLED, banks=(lost,))
    answers = BankRecord(lost.bank, BankWhere.COURIER, order=ended.id)
    region.load(cabinets=[here, there], banks=[answers], orders=[stuck, ended])
    return region


async def test_the_desk_finds_everything_that_is_wrong(services: Services, store: PlatformStore) -> None:
    for digest in ("a", "b"):
        row = QuarantineRow(digest, "cl/v1/demo/cabinet/cab-1/event", "not_utf8", "odd", 1, b"x", NOON_MS)
        await store.commit(Changes(quarantined=[row]), [])
    await desk_of(services, troubled()).look()
    found = {alarm.key.kind: alarm for alarm in await services.alarms.list_open(10)}
    assert set(found) == set(AlarmKind)
    assert found[AlarmKind.BANK_IN_TWO_PLACES].key.subject == BANK
    assert found[AlarmKind.CABINET_OFFLINE].key.subject == "cab-0004"
    assert found[AlarmKind.SLOT_JAMMED].key.part == "1"
    assert found[AlarmKind.BANK_MISSING].key.part == "bnk-9"
    assert found[AlarmKind.QUARANTINE].text.startswith("2 messages on cl/v1/demo/cabinet/cab-1/event")


async def test_what_is_mended_is_cleared_at_the_next_look(services: Services) -> None:
    region = troubled()
    await desk_of(services, region).look()
    region.load(
        cabinets=[replace(books.CABINET, cabinet=CabinetId("cab-0004"), last_seen_ms=NOON_MS, slots=())]
    )
    await desk_of(services, region).look()
    cleared = {alarm.key.kind for alarm in await services.alarms.list_open(10) if alarm.cleared_ms == NOON_MS}
    assert cleared >= {AlarmKind.CABINET_OFFLINE, AlarmKind.BANK_IN_TWO_PLACES}


@pytest.mark.parametrize("since_ms", [None, NOON_MS, NOON_MS - OFFLINE_MS + 1])
async def test_a_desk_that_hears_nobody_or_has_just_begun_to_listen_blames_no_cabinet_for_its_silence(
    services: Services, since_ms: int | None
) -> None:
    """What it finds beside that tells that it has looked."""
    await desk_of(services, troubled(), since_ms).look()
    found = {alarm.key.kind for alarm in await services.alarms.list_open(10)}
    assert AlarmKind.SLOT_JAMMED in found
    assert AlarmKind.CABINET_OFFLINE not in found


async def test_an_outage_of_the_broker_clears_no_alarm_of_a_cabinet_that_was_off_line_before(
    services: Services,
) -> None:
    region = troubled()
    await desk_of(services, region).look()
    await desk_of(services, region, None).look()
    (alarm,) = [
        alarm for alarm in await services.alarms.list_open(10) if alarm.key.kind is AlarmKind.CABINET_OFFLINE
    ]
    assert alarm.cleared_ms is None


async def test_a_store_that_cannot_be_read_is_told_once_and_looked_at_again(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, services.reader.path = services.reader.path, tmp_path  # a directory is no store
    looking = asyncio.create_task(desk_of(services, troubled()).run(0))
    async with asyncio.timeout(30):
        while not caplog.records:  # noqa: ASYNC110 - the log has no event
            await asyncio.sleep(0)
        services.reader.path = path
        while len(caplog.records) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
    looking.cancel()
    assert await services.alarms.list_open(10)
    assert [line.message for line in caplog.records] == [
        "alarms cannot be brought up to date: unable to open database file",
        "alarms cannot be brought up to date: over",
    ]


# Over HTTP.


async def test_operators_see_acknowledge_assign_and_close_alarms(
    services: Services, client: httpx2.AsyncClient
) -> None:
    await desk_of(services, troubled()).look()
    anna = bearer("opr-anna")
    told = (await client.get("/v1/alarms?limit=1", headers=anna)).json()
    assert told["total"] == len(await services.alarms.list_open(10)) > 1
    (one,) = told["alarms"]
    assert one["severity"] == "critical"
    parts = {body["part"] for body in (await client.get("/v1/alarms", headers=anna)).json()["alarms"]}
    assert parts == {"", "1", "in_use", "bnk-9"}
    road = f"/v1/alarms/{one['id']}"
    seen = (await client.post(f"{road}/acknowledge", headers=anna)).json()
    assert seen["acknowledged"]["by"] == "opr-anna"
    given = (await client.post(f"{road}/assign", json={"assignee": "opr-bert"}, headers=anna)).json()
    assert given["assignee"] == "opr-bert"
    closed = (await client.post(f"{road}/close", json={"reason": "done"}, headers=anna)).json()
    assert (closed["closed"]["by"], closed["closed"]["reason"]) == ("opr-anna", "done")
    assert [
        body["id"] for body in (await client.get("/v1/alarms?state=closed", headers=anna)).json()["alarms"]
    ] == [one["id"]]
    again = await client.post(f"{road}/close", json={"reason": "done"}, headers=anna)
    assert (again.status_code, again.json()) == (200, closed)
    late = await client.post(f"{road}/close", json={"reason": "done"}, headers=bearer("opr-bert"))
    problem(late, 409, "alarm_closed")
    unknown = await client.post("/v1/alarms/alm-none/acknowledge", headers=anna)
    problem(unknown, 404, "unknown_alarm")
