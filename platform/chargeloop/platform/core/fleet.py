"""The cabinets as the platform knows them: where, whether reachable, what they hold, what is promised away.

Presence is a lease: a cabinet is usable while its connection says `online` and something was heard of it
within the lease. A platform that was away has heard nobody, which is not their silence: to be used, a cabinet
has a whole lease from when the platform began to listen. A birth or last will of an older connection than the
known one is ignored, so a will that arrives late cannot switch a cabinet off.

Stock is a snapshot plus the journal entries after it. A snapshot says which entry it includes; entries up
to that one do not touch the slots again, and a snapshot that lacks entries already taken is ignored, for
a newer one is on its way. What has been asked of a cabinet but is not visible in its slots yet counts
against its stock, so two orders cannot race for the same bank.

Which commands beyond the first ones a cabinet obeys it tells when it introduces itself. That is no row: what
it says is retained, and heard again at each start of the platform.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from chargeloop.platform.core.matching import Grid
from chargeloop.platform.core.order import Hold, HoldKind, HoldState
from chargeloop.platform.core.rows import CabinetRecord, SlotRecord, shared
from chargeloop.protocol.clock_map import ClockMap
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, JournalId
from chargeloop.protocol.messages.cabinet import (
    FIRST_COMMANDS,
    CabinetInfo,
    SlotsSnapshot,
    SlotState,
    SlotStatus,
)
from chargeloop.protocol.messages.common import ConnectionState, Presence
from chargeloop.protocol.time import SECOND_MS

# Looked up once: stock is counted slot by slot with every change.
_EMPTY: Final = SlotState.EMPTY
_READY: Final = SlotState.READY
# A fleet of a hundred thousand cabinets has reservations at few of them at any time.
_NO_HOLDS: Final[Mapping[str, Hold]] = MappingProxyType({})


class Cabinet:
    """One cabinet: what its record says, its stock counted, and the live reservations there.

    Its members change in place: a busy cabinet changes with every message, and the record is made when it is
    written.
    """

    __slots__ = (
        "_later_commands",
        "clock",
        "connection_epoch",
        "empty_slots",
        "epoch",
        "holds",
        "id",
        "inventory",
        "inventory_expires_ms",
        "journal",
        "last_seen_ms",
        "location",
        "name",
        "online",
        "ready_banks",
        "seq",
        "slots",
        "slots_seq",
        "slots_version",
    )

    def __init__(self, record: CabinetRecord) -> None:
        self.id = record.cabinet
        self.name = record.name
        self.location = record.location
        self.epoch = record.epoch
        self.connection_epoch = record.connection_epoch
        self.online = record.online
        self.last_seen_ms = record.last_seen_ms
        self.journal = record.journal
        self.seq = record.seq
        self.slots_version = record.slots_version
        self.slots_seq = record.slots_seq
        self.slots = record.slots
        self.inventory = record.inventory
        self.inventory_expires_ms = record.inventory_expires_ms
        self.clock = record.clock
        self.holds: Mapping[str, Hold] = _NO_HOLDS
        self._later_commands: frozenset[str] | None = None
        self.ready_banks = 0
        self.empty_slots = 0

    @property
    def record(self) -> CabinetRecord:
        """Return what is to be written of it now."""
        return CabinetRecord(
            self.id,
            self.name,
            self.location,
            self.epoch,
            self.connection_epoch,
            self.online,
            self.last_seen_ms,
            self.journal,
            self.seq,
            self.slots_version,
            self.slots_seq,
            self.slots,
            self.inventory,
            self.inventory_expires_ms,
            self.clock,
        )

    @property
    def place(self) -> Point:
        """Return where it stands; only cabinets that have introduced themselves are ever asked."""
        if self.location is None:
            message = f"{self.id} has not said where it stands"
            raise LookupError(message)
        return self.location

    def count(self, min_charge_pct: int) -> None:
        """Count the stock again after a change of slots."""
        ready = empty = 0
        for _, state, _, charge_pct, _ in self.slots:
            if state is _EMPTY:
                empty += 1
            elif state is _READY and charge_pct >= min_charge_pct:
                ready += 1
        self.ready_banks, self.empty_slots = ready, empty

    def free(self, kind: HoldKind) -> int:
        """Return how many banks, or slots, can be promised."""
        visible = self.ready_banks if kind is HoldKind.BANKS else self.empty_slots
        if not self.holds:
            return visible
        return max(0, visible - sum(self._unseen(hold) for hold in self.holds.values() if hold.kind is kind))

    def _unseen(self, hold: Hold) -> int:
        if hold.state is not HoldState.ASKED:
            return 0
        seen = sum(slot.reservation == hold.id for slot in self.slots)
        return max(0, hold.quantity - seen)

    def introduced(self, commands: tuple[str, ...]) -> None:
        """Take the types of commands that it says it obeys."""
        self._later_commands = _later(commands)

    def obeys(self, command: str) -> bool:
        """Tell whether it knows a type of commands; one that has not introduced itself yet is asked."""
        known = self._later_commands
        return known is None or command in FIRST_COMMANDS or command in known

    def slot_of(self, number: int) -> SlotRecord | None:
        """Return a slot by its number."""
        return next((slot for slot in self.slots if slot.slot == number), None)


class Fleet:
    """All cabinets of the region. One that changes is listed in `changed`, for the caller to write.

    Args:
        lease_ms: how long a cabinet is believed to be reachable after it was heard.
        min_charge_pct: from which charge on a bank can be given out.
        listening_since_ms: when this process began: before that nobody was heard.
    """

    def __init__(self, *, lease_ms: int, min_charge_pct: int, listening_since_ms: int = 0) -> None:
        self._lease_ms = lease_ms
        self._listening_since_ms = listening_since_ms
        self._min_charge_pct = min_charge_pct
        self._cabinets: dict[CabinetId, Cabinet] = {}
        self._grid = Grid()
        self.changed: dict[CabinetId, Cabinet] = {}

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
        if not self.changed:
            return ()
        records = tuple(cabinet.record for cabinet in self.changed.values())
        self.changed.clear()
        return records

    def know(self, cabinet: CabinetId) -> Cabinet:
        """Return the cabinet, known from now on."""
        found = self._cabinets.get(cabinet)
        return self._put(Cabinet(CabinetRecord(cabinet))) if found is None else found

    def _put(self, cabinet: Cabinet) -> Cabinet:
        self._cabinets[cabinet.id] = cabinet
        if cabinet.location is not None:
            self._grid.put(cabinet.id, cabinet.location)
        cabinet.count(self._min_charge_pct)
        return cabinet

    def _change(self, cabinet: Cabinet) -> None:
        self.changed[cabinet.id] = cabinet

    # Presence.

    def heard(self, cabinet: Cabinet, now_ms: int) -> None:
        """Renew the lease. That alone is not worth a row: after a restart the next message renews it."""
        cabinet.last_seen_ms = max(cabinet.last_seen_ms, now_ms)

    def connection(self, cabinet: Cabinet, state: ConnectionState) -> None:
        """Take a birth, goodbye or last will, unless it is of an older connection or out of order."""
        same = state.connection_epoch == cabinet.connection_epoch
        online = state.state is Presence.ONLINE
        # A birth with a lower number while it is off line: its storage was replaced, and it counts anew.
        late = state.connection_epoch < cabinet.connection_epoch and (cabinet.online or not online)
        if late or (same and online and not cabinet.online and cabinet.connection_epoch > 0):
            return
        if not same or online is not cabinet.online:
            cabinet.connection_epoch, cabinet.online = state.connection_epoch, online
            self._change(cabinet)

    def usable(self, cabinet: Cabinet, now_ms: int) -> bool:
        """Tell whether it can be expected to obey a command now."""
        last_ms = max(cabinet.last_seen_ms, self._listening_since_ms)
        return now_ms - last_ms <= self._lease_ms and cabinet.online and cabinet.location is not None

    def was_heard(self, cabinet: Cabinet, now_ms: int) -> bool:
        """Tell whether it is known to be on line: it was heard within the lease, whoever was away."""
        return now_ms - cabinet.last_seen_ms <= self._lease_ms and self.usable(cabinet, now_ms)

    def introduced(self, cabinet: Cabinet, info: CabinetInfo) -> None:
        """Take its name, its place and what it obeys."""
        cabinet.introduced(info.commands)
        place = info.location.point
        self._grid.put(cabinet.id, place)
        if cabinet.name != info.name or cabinet.location != place:
            cabinet.name, cabinet.location = info.name, place
            self._change(cabinet)

    def learned(self, cabinet: Cabinet, clock: ClockMap) -> None:
        """Take what is known of its clock now."""
        if clock is not cabinet.clock:
            cabinet.clock = clock
            self._change(cabinet)

    # Slots.

    def snapshot(self, cabinet: Cabinet, snapshot: SlotsSnapshot) -> bool:
        """Take all slots as they stand, unless the snapshot is old; tell whether it was taken."""
        old = snapshot.version <= cabinet.slots_version or snapshot.after_seq < cabinet.slots_seq
        if cabinet.journal == snapshot.journal and old:
            return False
        if cabinet.journal != snapshot.journal:
            cabinet.journal, cabinet.seq = snapshot.journal, 0
        cabinet.slots_version, cabinet.slots_seq = snapshot.version, snapshot.after_seq
        self._replace_slots(cabinet, _by_number(map(slot_record, snapshot.slots)))
        return True

    def took(self, cabinet: Cabinet, journal: JournalId, seq: int) -> bool:
        """Note that a journal entry is being handled; False when it, or a later one, was handled before."""
        if cabinet.journal != journal:
            cabinet.journal, cabinet.slots_version, cabinet.slots_seq = journal, 0, 0
        elif seq <= cabinet.seq:
            return False
        cabinet.seq = seq
        self._change(cabinet)
        return True

    def lacks(self, cabinet: Cabinet, journal: JournalId, seq: int) -> bool:
        """Tell whether entries before this one, which is not taken yet, have never been handled."""
        return seq > (cabinet.seq if cabinet.journal == journal else 0) + 1

    def in_slots(self, cabinet: Cabinet) -> bool:
        """Tell whether the slots already include the entry that is being handled."""
        return cabinet.seq <= cabinet.slots_seq

    def set_slots(self, cabinet: Cabinet, slots: Iterable[SlotRecord]) -> None:
        """Replace single slots, as the entry being handled says."""
        if self.in_slots(cabinet):
            return
        cabinet.slots_seq = cabinet.seq
        self._replace_slots(cabinet, _with_slots(cabinet.slots, tuple(slots)))

    def _replace_slots(self, cabinet: Cabinet, slots: tuple[SlotRecord, ...]) -> None:
        cabinet.slots = slots
        cabinet.count(self._min_charge_pct)
        self._change(cabinet)

    def inventory(self, cabinet: Cabinet, statuses: Iterable[SlotStatus]) -> None:
        """Take the slots of an inventory, which is a journal entry itself."""
        self.set_slots(cabinet, map(slot_record, statuses))

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
        cabinet.epoch += 1
        self._change(cabinet)
        return cabinet.epoch

    def outrank(self, cabinet: Cabinet, now_ms: int) -> None:
        """Go on from an epoch above any that was given after our store was copied: the time in seconds."""
        cabinet.epoch = max(cabinet.epoch, now_ms // SECOND_MS)
        self._change(cabinet)

    def inventory_asked(self, cabinet: Cabinet, command: CommandId | None, expires_ms: int = 0) -> None:
        """Note the open command that asks for the inventory; None when it has been answered."""
        cabinet.inventory, cabinet.inventory_expires_ms = command, expires_ms
        self._change(cabinet)

    def keep(self, hold: Hold) -> None:
        """Count a reservation, or count it as it stands now."""
        cabinet = self.know(hold.cabinet)
        cabinet.holds = {**cabinet.holds, hold.id: hold}

    def drop(self, hold: Hold) -> None:
        """Count a reservation no longer."""
        cabinet = self.know(hold.cabinet)
        left = {name: kept for name, kept in cabinet.holds.items() if name != hold.id}
        cabinet.holds = left or _NO_HOLDS

    def unused_code(self, cabinet: Cabinet, drawn: str) -> str:
        """Return the drawn code, or the next one that no live reservation of the cabinet has."""
        used = {hold.code for hold in cabinet.holds.values()}
        while drawn in used:
            drawn = f"{(int(drawn) + 1) % 10 ** len(drawn):0{len(drawn)}d}"
        return drawn


@lru_cache(maxsize=64)
def _later(commands: tuple[str, ...]) -> frozenset[str]:
    """Return what is not among the first commands; cabinets of one firmware share the set."""
    return frozenset(commands) - FIRST_COMMANDS


def slot_record(status: SlotStatus) -> SlotRecord:
    """Return the row of a slot as a cabinet described it."""
    bank: BankId | None = None if status.bank is None else status.bank.bank
    charge_pct = 0 if status.bank is None else status.bank.charge_pct
    return shared(SlotRecord(status.slot, status.state, bank, charge_pct, status.reservation))


def _by_number(slots: Iterable[SlotRecord]) -> tuple[SlotRecord, ...]:
    """Return the slots in the order of their numbers, the last one of each number."""
    by_number = {slot.slot: slot for slot in slots}
    return tuple(by_number[number] for number in sorted(by_number))


def _with_slots(known: tuple[SlotRecord, ...], changed: tuple[SlotRecord, ...]) -> tuple[SlotRecord, ...]:
    """Return the known slots with some of them replaced; both in the order of their numbers, from 1."""
    slots = list(known)
    for slot in changed:
        place = slot.slot - 1
        if place >= len(slots) or slots[place].slot != slot.slot:
            return _by_number((*known, *changed))  # some slots are not known yet
        slots[place] = slot
    return tuple(slots)
