"""How a cabinet is kept: a row of columns, in which its slots and its clock are short JSON arrays.

A cabinet is written with nearly every message and a hundred thousand of them are read at a start, so its row
names few members:

    slots  [[slot, state, bank, charge_pct, reservation], ...]
    clock  [[boot, numbers], ...]: what is known of each boot as a `BootClock` packs it, in base64

Until December 2026 a clock had its numbers one by one, which are read as well:

    clock  [{"boot": ..., "samples": [[uptime_ms, [low_ms, high_ms]], ...], "heard": [uptime_ms, high_ms]}]
"""

import json
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from typing import Any, Final

from pydantic import TypeAdapter

from chargeloop.platform.core.rows import CabinetRecord, SlotRecord, bare_slot
from chargeloop.protocol.clock_map import BootClock, ClockMap, Heard
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, ReservationId
from chargeloop.protocol.messages.cabinet import SlotState

COLUMNS: Final = (
    "id, name, lat_e7, lon_e7, epoch, connection_epoch, online, last_seen_ms, journal, seq,"
    " slots_version, slots_seq, inventory, inventory_expires_ms, slots, clock"
)
_STATES: Final = {str(state): state for state in SlotState}
# A SlotRecord is such a tuple, and a state is a text: as that it is written in half the time.
_SLOTS: Final = TypeAdapter(tuple[tuple[int, str, BankId | None, int, ReservationId | None], ...])
# Quicker by a third than an adapter, which counts when a hundred thousand are read.
_decode: Final = json.JSONDecoder().raw_decode


def row_of(record: CabinetRecord) -> tuple[Any, ...]:
    """Return the cabinet's row, in the order of `COLUMNS`."""
    place = record.location
    return (
        record.cabinet,
        record.name,
        None if place is None else place.lat_e7,
        None if place is None else place.lon_e7,
        record.epoch,
        record.connection_epoch,
        record.online,
        record.last_seen_ms,
        record.journal,
        record.seq,
        record.slots_version,
        record.slots_seq,
        record.inventory,
        record.inventory_expires_ms,
        _SLOTS.dump_json(record.slots).decode(),
        _clock_text(record.clock),
    )


def record_of(row: tuple[Any, ...]) -> CabinetRecord:
    """Return the cabinet of a row, which has the order of `COLUMNS`."""
    (
        cabinet, name, lat_e7, lon_e7, epoch, connection_epoch, online, last_seen_ms, journal, seq,
        slots_version, slots_seq, inventory, inventory_expires_ms, slots, clock,
    ) = row  # fmt: skip
    return CabinetRecord(
        cabinet,
        name,
        None if lat_e7 is None else Point(lat_e7, lon_e7),
        epoch,
        connection_epoch,
        bool(online),
        last_seen_ms,
        journal,
        seq,
        slots_version,
        slots_seq,
        tuple([_slot(*members) for members in _decode(slots)[0]]),
        inventory,
        inventory_expires_ms,
        ClockMap(tuple([_boot(known) for known in _decode(clock)[0]])),
    )


def _slot(
    number: int, state: str, bank: BankId | None, charge_pct: int, reservation: ReservationId | None
) -> SlotRecord:
    if bank is None and reservation is None and charge_pct == 0:
        return bare_slot(number, _STATES[state])
    return SlotRecord(number, _STATES[state], bank, charge_pct, reservation)


def _clock_text(clock: ClockMap) -> str:
    return f"[{','.join([_boot_text(known) for known in clock.boots])}]"


# What is known of a boot that is over is written with each row, and changes no more.
@lru_cache(maxsize=8_192)
def _boot_text(known: BootClock) -> str:
    return f'[{json.dumps(known.boot)},"{b2a_base64(known.numbers, newline=False).decode()}"]'


def _boot(known: list[str] | dict[str, Any]) -> BootClock:
    if isinstance(known, dict):
        return _boot_of_numbers(**known)
    boot, numbers = known
    return BootClock(boot, a2b_base64(numbers))


def _boot_of_numbers(
    boot: str, samples: list[tuple[int, tuple[int, int]]], heard: tuple[int, int] | None
) -> BootClock:
    numbers = [(uptime_ms, low_ms, high_ms) for uptime_ms, (low_ms, high_ms) in samples]
    return BootClock.packed(boot, numbers, None if heard is None else Heard(*heard))
