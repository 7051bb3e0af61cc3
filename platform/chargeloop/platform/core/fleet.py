"""The cabinets as the platform knows them: where, whether reachable, what they hold, what is promised away.

Presence is a lease: a cabinet is usable while its connection says `online` and something was heard of it
within the lease. A birth or last will of an older connection than the known one is ignored, so a will that
arrives late cannot switch a cabinet off.

Stock is a snapshot plus the journal entries after it. A snapshot says which entry it includes; entries up
to that one do not touch the slots again, and a snapshot that lacks entries already taken is ignored, for
a newer one is on its way. What has been asked of a cabinet but is not visible in its slots yet counts
against its stock, so two orders cannot race for the same bank.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chargeloop.platform.core.matching import Grid
from chargeloop.platform.core.order import Hold, HoldKind, HoldState
from chargeloop.platform.core.rows import CabinetRecord, SlotRecord
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, JournalId
from chargeloop.protocol.messages.cabinet import CabinetInfo, SlotsSnapshot, SlotState, SlotStatus
from chargeloop.protocol.messages.common import ConnectionState, Presence


class Cabinet:
    """One cabinet: its record, its stock counted, and the live reservations there."""

    __slots__ = ("empty_slots", "holds", "last_seen_ms", "ready_banks", "record")

    def __init__(self, record: CabinetRecord) -> None:
        self.record = record
        self.last_seen_ms = record.last_seen_ms
        self.holds: dict[str, Hold] = {}
        self.ready_banks = 0
        self.empty_slots = 0

    @property
    def place(self) -> Point:
        """Return where it stands; only cabinets that have introduced themselves are ever asked."""
        if self.record.location is None:
            message = f"{self.record.cabinet} has not said where it stands"
            raise LookupError(message)
        return self.record.location

    def count(self, min_charge_pct: int) -> None:
        """Count the stock again after a change of slots."""
        self.ready_banks = sum(
            slot.state is SlotState.READY and slot.charge_pct >= min_charge_pct for slot in self.record.slots
        )
        self.empty_slots = sum(slot.state is SlotState.EMPTY for slot in self.record.slots)

    def free(self, kind: HoldKind) -> int:
        """Return how many banks, or slots, can be promised."""
        visible = self.ready_banks if kind is HoldKind.BANKS else self.empty_slots
        return max(0, visible - sum(self._unseen(hold) for hold in self.holds.values() if hold.kind is kind))

    def _unseen(self, hold: Hold) -> int:
        if hold.state is not HoldState.ASKED:
            return 0
        seen = sum(slot.reservation == hold.id for slot in self.record.slots)
        return max(0, hold.quantity - seen)

    def slot_of(self, number: int) -> SlotRecord | None:
        """Return a slot by its number."""
        return next((slot for slot in self.record.slots if slot.slot == number), None)


class Fleet:
    """All cabinets of the region. A record that changes is listed in `changed`, for the caller to write."""

    def __init__(self, *, lease_ms: int, min_charge_pct: int) -> None:
        self._lease_ms = lease_ms
        self._min_charge_pct = min_charge_pct
        self._cabinets: dict[CabinetId, Cabinet] = {}
        self._grid = Grid()
        self.changed: dict[CabinetId, None] = {}

    def load(self, records: Iterable[CabinetRecord]) -> None:
        """Take the cabinets as they were written."""
        for record in records:
            self._put(Cabinet(record))

    def __iter__(self) -> Iterator[Cabinet]:
        """Iterate over all cabinets, in the order in which they became known."""
        return iter(self._cabinets.values())

    def get(self, cabinet: str) -> Cabinet | None:
        """Return a known cabinet."""
        return self._cabinets.get(CabinetId(cabinet))

    def take_changed(self) -> tuple[CabinetRecord, ...]:
        """Return the records that changed since it was asked last, to be written."""
        changed = tuple(self._cabinets[name] for name in self.changed)
        self.changed.clear()
        return tuple(replace(cabinet.record, last_seen_ms=cabinet.last_seen_ms) for cabinet in changed)

    def know(self, cabinet: CabinetId) -> Cabinet:
        """Return the cabinet, known from now on."""
        found = self._cabinets.get(cabinet)
        return self._put(Cabinet(CabinetRecord(cabinet))) if found is None else found

    def _put(self, cabinet: Cabinet) -> Cabinet:
        self._cabinets[cabinet.record.cabinet] = cabinet
        if cabinet.record.location is not None:
            self._grid.put(cabinet.record.cabinet, cabinet.record.location)
        cabinet.count(self._min_charge_pct)
        return cabinet

    def change(self, cabinet: Cabinet, record: CabinetRecord) -> None:
        """Replace the cabinet's record and count its stock again."""
        if record == cabinet.record:
            return
        slots_changed = record.slots is not cabinet.record.slots
        cabinet.record = record
        self.changed[record.cabinet] = None
        if slots_changed:
            cabinet.count(self._min_charge_pct)

    # Presence.

    def heard(self, cabinet: Cabinet, now_ms: int) -> None:
        """Renew the lease. That alone is not worth a row: after a restart the next message renews it."""
        cabinet.last_seen_ms = max(cabinet.last_seen_ms, now_ms)

    def connection(self, cabinet: Cabinet, state: ConnectionState) -> None:
        """Take a birth, goodbye or last will, unless it is of an older connection or out of order."""
        record = cabinet.record
        same = state.connection_epoch == record.connection_epoch
        online = state.state is Presence.ONLINE
        # A birth with a lower number while it is off line: its storage was replaced, and it counts anew.
        late = state.connection_epoch < record.connection_epoch and (record.online or not online)
        if late or (same and online and not record.online and record.connection_epoch > 0):
            return
        self.change(cabinet, replace(record, connection_epoch=state.connection_epoch, online=online))

    def usable(self, cabinet: Cabinet, now_ms: int) -> bool:
        """Tell whether it can be expected to obey a command now."""
        record = cabinet.record
        fresh = now_ms - cabinet.last_seen_ms <= self._lease_ms
        return record.online and fresh and record.location is not None

    def introduced(self, cabinet: Cabinet, info: CabinetInfo) -> None:
        """Take its name and place."""
        place = info.location.point
        self._grid.put(cabinet.record.cabinet, place)
        self.change(cabinet, replace(cabinet.record, name=info.name, location=place))

    # Slots.

    def snapshot(self, cabinet: Cabinet, snapshot: SlotsSnapshot) -> bool:
        """Take all slots as they stand, unless the snapshot is old; tell whether it was taken."""
        record = cabinet.record
        old = snapshot.version <= record.slots_version or snapshot.after_seq < record.slots_seq
        if record.journal == snapshot.journal and old:
            return False
        by_number = {status.slot: slot_record(status) for status in snapshot.slots}
        taken = replace(
            record,
            journal=snapshot.journal,
            seq=record.seq if record.journal == snapshot.journal else 0,
            slots_version=snapshot.version,
            slots_seq=snapshot.after_seq,
            slots=tuple(by_number.values()),
        )
        self.change(cabinet, taken)
        return True

    def took(self, cabinet: Cabinet, journal: JournalId, seq: int) -> bool:
        """Note that a journal entry is being handled; False when it, or a later one, was handled before."""
        record = cabinet.record
        if record.journal == journal and seq <= record.seq:
            return False
        if record.journal == journal:
            self.change(cabinet, replace(record, seq=seq))
        else:
            self.change(cabinet, replace(record, journal=journal, seq=seq, slots_version=0, slots_seq=0))
        return True

    def in_slots(self, cabinet: Cabinet) -> bool:
        """Tell whether the slots already include the entry that is being handled."""
        return cabinet.record.seq <= cabinet.record.slots_seq

    def set_slots(self, cabinet: Cabinet, slots: Iterable[SlotRecord]) -> None:
        """Replace single slots, as the entry being handled says."""
        if self.in_slots(cabinet):
            return
        by_number = {slot.slot: slot for slot in cabinet.record.slots}
        by_number.update({slot.slot: slot for slot in slots})
        ordered = tuple(by_number[number] for number in sorted(by_number))
        self.change(cabinet, replace(cabinet.record, slots=ordered, slots_seq=cabinet.record.seq))

    def inventory(self, cabinet: Cabinet, statuses: Iterable[SlotStatus]) -> None:
        """Take the slots of an inventory, which is a journal entry itself."""
        self.set_slots(cabinet, (slot_record(status) for status in statuses))

    # Searching.

    def nearest(self, place: Point, radius_m: int, now_ms: int) -> Iterator[tuple[float, Cabinet]]:
        """Yield the usable cabinets within the radius, nearest first, with their distances in metres."""
        for distance_m, name in self._grid.nearest(place, radius_m):
            cabinet = self._cabinets[name]
            if self.usable(cabinet, now_ms):
                yield distance_m, cabinet

    def all_near(self, place: Point, radius_m: int) -> Iterator[tuple[float, Cabinet]]:
        """Yield all cabinets within the radius, reachable or not."""
        for distance_m, name in self._grid.nearest(place, radius_m):
            yield distance_m, self._cabinets[name]

    # Reservations and commands.

    def next_epoch(self, cabinet: Cabinet) -> int:
        """Return the epoch of the next command to the cabinet; it only rises."""
        epoch = cabinet.record.epoch + 1
        self.change(cabinet, replace(cabinet.record, epoch=epoch))
        return epoch

    def inventory_asked(self, cabinet: Cabinet, command: CommandId | None, expires_ms: int = 0) -> None:
        """Note the open command that asks for the inventory; None when it has been answered."""
        self.change(cabinet, replace(cabinet.record, inventory=command, inventory_expires_ms=expires_ms))

    def keep(self, hold: Hold) -> None:
        """Count a reservation, or count it as it stands now."""
        self.know(hold.cabinet).holds[hold.id] = hold

    def drop(self, hold: Hold) -> None:
        """Count a reservation no longer."""
        self.know(hold.cabinet).holds.pop(hold.id, None)

    def unused_code(self, cabinet: Cabinet, drawn: str) -> str:
        """Return the drawn code, or the next one that no live reservation of the cabinet has."""
        used = {hold.code for hold in cabinet.holds.values()}
        while drawn in used:
            drawn = f"{(int(drawn) + 1) % 10 ** len(drawn):0{len(drawn)}d}"
        return drawn


def slot_record(status: SlotStatus) -> SlotRecord:
    """Return the row of a slot as a cabinet described it."""
    bank: BankId | None = None if status.bank is None else status.bank.bank
    charge_pct = 0 if status.bank is None else status.bank.charge_pct
    return SlotRecord(status.slot, status.state, bank, charge_pct, status.reservation)
