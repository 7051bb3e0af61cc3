"""How a cabinet is kept: a row of columns, in which its slots and its clock are short JSON arrays.

A cabinet is written with nearly every message and a hundred thousand of them are read at a start, so its row
names no members and leaves out what is not there:

    slots  [[slot, state, bank, charge_pct, reservation], [slot, state], ...]
    clock  [[boot, [[uptime_ms, low_ms, high_ms], ...], [uptime_ms, high_ms] or null], ...]
"""

import json
from typing import Any, Final

from chargeloop.platform.core.rows import CabinetRecord, SlotRecord, bare_slot
from chargeloop.protocol.clock_map import BootClock, ClockMap, Heard, Offsets, Sample
from chargeloop.protocol.geo import Point
from chargeloop.protocol.messages.cabinet import SlotState

COLUMNS: Final = (
    "id, name, lat_e7, lon_e7, epoch, connection_epoch, online, last_seen_ms, journal, seq,"
    " slots_version, slots_seq, inventory, inventory_expires_ms, slots, clock"
)
_STATES: Final = {str(state): state for state in SlotState}
_encode: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
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
        _encode([_members(slot) for slot in record.slots]),
        _encode([_boot_members(boot) for boot in record.clock.boots]),
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
        ClockMap(tuple([_boot(*members) for members in _decode(clock)[0]])),
    )


def _members(slot: SlotRecord) -> tuple[Any, ...]:
    if slot.reservation is not None:
        return slot.slot, slot.state, slot.bank, slot.charge_pct, slot.reservation
    if slot.bank is not None or slot.charge_pct != 0:
        return slot.slot, slot.state, slot.bank, slot.charge_pct
    return slot.slot, slot.state


def _slot(number: int, state: str, *held: Any) -> SlotRecord:
    return SlotRecord(number, _STATES[state], *held) if held else bare_slot(number, _STATES[state])


def _boot_members(boot: BootClock) -> tuple[Any, ...]:
    samples = [(sample.uptime_ms, sample.offsets.low_ms, sample.offsets.high_ms) for sample in boot.samples]
    heard = boot.heard
    return boot.boot, samples, None if heard is None else (heard.uptime_ms, heard.high_ms)


def _boot(boot: str, samples: list[list[int]], heard: list[int] | None) -> BootClock:
    return BootClock(
        boot,
        tuple([Sample(uptime_ms, Offsets(low_ms, high_ms)) for uptime_ms, low_ms, high_ms in samples]),
        None if heard is None else Heard(*heard),
    )
