"""A rental platform's store as it is after a while: many cabinets, their banks, and open orders."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from chargeloop.broker.endpoint.changes import Changes
from chargeloop.cli.bench.messages import BANKS, REGION, SLOTS, BenchCabinet
from chargeloop.platform.core.fees import Mark
from chargeloop.platform.core.order import BankPlace, BankTrack, Leg, Order
from chargeloop.platform.core.rows import (
    BankRecord,
    BankWhere,
    CabinetRecord,
    PlatformWrite,
    SaveBank,
    SaveCabinet,
    SaveOrder,
    SaveTariff,
    SlotRecord,
)
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.shell.store import PlatformStore, store_path
from chargeloop.platform.shell.tariff_file import default_tariff
from chargeloop.protocol.clock_map import (
    BOOTS_KEPT,
    SAMPLES_KEPT,
    BootClock,
    ClockMap,
    Heard,
    Offsets,
    Sample,
)
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BankId, CourierId, JobId, OrderId, RegionId, ReservationId, UserId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.rental import HandOver, OrderState

_ROWS_AT_ONCE: Final = 5_000
_BOOT_MS: Final = 86_400_000
_PROBE_MS: Final = 300_000
_SEQ: Final = 40


async def fill(data: Path, now_ms: int, cabinets: int, orders: int) -> None:
    """Write the store: each cabinet has taken 40 journal entries, each order's bank is with its user."""
    store = PlatformStore(store_path(data), RegionId(REGION))
    await store.open()
    try:
        await store.load()
        tariff = default_tariff()
        await store.commit(Changes(), [SaveTariff(tariff)])
        for start in range(0, cabinets, _ROWS_AT_ONCE):
            some = [
                BenchCabinet(number, now_ms) for number in range(start, min(start + _ROWS_AT_ONCE, cabinets))
            ]
            marks = {(f"cabinet/{cabinet.name}", str(cabinet.journal)): _SEQ for cabinet in some}
            out = range(start, min(start + _ROWS_AT_ONCE, orders))
            writes: list[PlatformWrite] = [write for cabinet in some for write in _cabinet(cabinet, now_ms)]
            writes += [write for number in out for write in _order(number, tariff, now_ms)]
            await store.commit(Changes(urgent=True, marks=marks), writes)
    finally:
        await store.close()


def next_entry(number: int, now_ms: int) -> BenchCabinet:
    """Return a cabinet of the store that goes on where the store believes it to be."""
    return BenchCabinet(number, now_ms, seq=_SEQ)


def _cabinet(cabinet: BenchCabinet, now_ms: int) -> Iterator[PlatformWrite]:
    slots = [SlotRecord(slot, SlotState.READY, cabinet.bank(slot), 98) for slot in range(1, BANKS + 1)]
    slots += [SlotRecord(slot, SlotState.EMPTY) for slot in range(BANKS + 1, SLOTS + 1)]
    yield SaveCabinet(
        CabinetRecord(
            cabinet=cabinet.name,
            name=f"Cabinet {cabinet.number}",
            location=cabinet.place,
            epoch=12,
            connection_epoch=1,
            online=True,
            last_seen_ms=now_ms,
            journal=cabinet.journal,
            seq=_SEQ,
            slots_version=9,
            slots_seq=_SEQ,
            slots=tuple(slots),
            clock=clock_of(cabinet, now_ms),
        )
    )
    for slot in range(1, BANKS + 1):
        yield SaveBank(BankRecord(cabinet.bank(slot), BankWhere.CABINET, cabinet.name, slot))


def clock_of(cabinet: BenchCabinet, now_ms: int) -> ClockMap:
    """Return what is known of the clock of a cabinet that has run for long: as much as is ever kept of one.

    It has been booted every day, the last time a day ago, and tells an exchange of times every five minutes.
    """
    boots = []
    for days_ago in range(BOOTS_KEPT, 0, -1):
        offset_ms = now_ms - days_ago * _BOOT_MS + cabinet.number
        samples = [
            Sample(_BOOT_MS - ago * _PROBE_MS, Offsets(offset_ms - 20 - ago, offset_ms + 20 + ago))
            for ago in range(SAMPLES_KEPT, 0, -1)
        ]
        heard = Heard(_BOOT_MS, offset_ms + 30)
        boots.append(BootClock.of(f"boot-{cabinet.number + BOOTS_KEPT - days_ago}", samples, heard))
    return ClockMap(tuple(boots))


def _order(number: int, tariff: Tariff, now_ms: int) -> Iterator[PlatformWrite]:
    """Yield an order in use for an hour: a courier has brought its bank."""
    cabinet = BenchCabinet(number, now_ms)
    body = f"{number:020x}"
    bank = BankId(f"bnk-out-{number:06d}")
    hour_ago_ms = now_ms - 3_600_000
    marks = [
        Mark(f"ord-{body}-e{event}", hour_ago_ms + event * 60_000, ClockState.SYNCED) for event in (4, 6, 9)
    ]
    leg = Leg(
        job=JobId(f"job-{body}-2"),
        kind=LegKind.OUTWARD,
        quantity=1,
        cabinet=cabinet.name,
        reservation=ReservationId(f"rsv-{body}-1"),
        user_location=cabinet.place,
        handover_code="4711",
        requested_ms=hour_ago_ms + 60_000,
        open=False,
        courier=CourierId(f"cou-{number % 997}"),
        indicated=marks[0],
        called=marks[0],
        succeeded=marks[2],
    )
    track = BankTrack(bank, BankPlace.USER, leg.job, ejected=marks[1], rented=marks[2])
    order = Order(
        id=OrderId(f"ord-{body}"),
        user=UserId(f"usr-{number:06d}"),
        location=cabinet.place,
        quantity=1,
        asked_quantity=1,
        accept_fewer=False,
        hand_over=HandOver.COURIER,
        state=OrderState.IN_USE,
        tariff=tariff.version,
        buyout_after_ms=None,
        placed_ms=hour_ago_ms,
        since_ms=marks[2].time_ms,
        changed_ms=marks[2].time_ms,
    )
    yield SaveOrder(replace(order, serial=2, events=9, legs=(leg,), banks=(track,), view_version=now_ms))
    yield SaveBank(BankRecord(bank, BankWhere.USER, order=order.id))
