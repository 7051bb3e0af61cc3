"""The firmware's memory, what it is told, and what it answers: all plain data.

Every input gives a `Step`: the new memory, the journal entries that tell of it, and the acts that follow. The
shell must (1) write memory, entries and acts together, atomically, (2) append the entries to the journal, and
only then (3) carry out the acts, in order. So a motor never moves for something that is not on disk, and
after a power cut the last step's entries can be appended again where they are missing.

`Turn` is the workbench on which one step is made; it never leaves the core.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import BankId, CommandId, MessageId, ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.values import replace
from chargeloop.station.core import reservation as reservations
from chargeloop.station.core import slot as slots
from chargeloop.station.core.keypad import Keypad
from chargeloop.station.core.reservation import HoldEvent, HoldState, Reservation
from chargeloop.station.core.slot import Slot, SlotEvent

# The tray's place for banks that a command has put there; a typed code's banks wait under its reservation.
OPEN_TRAY: Final = "open"
# How long after a bank has left, and after each boot, the readers are asked again whether that is so.
LOOK_AFTER_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody at the cabinet who waits for an answer: the request's id and the topic to answer on."""

    request: MessageId
    topic: str

    @property
    def key(self) -> str:
        """Return what tells this request from all others; ids are unique for one sender only."""
        return f"{self.topic}#{self.request}"


@dataclass(frozen=True, slots=True)
class TrayBank:
    """A bank that has left its slot and that nobody has taken yet, with the name it lies there under."""

    bank: cab.BankStatus
    claim: str


@dataclass(frozen=True, slots=True)
class Motor:
    """The eject that is under way: journaled and written down before the motor moved."""

    slot: int
    bank: BankId
    charge_pct: int
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Pickup:
    """Giving out the banks of a reservation. The first in the queue has the motor."""

    reservation: ReservationId
    quantity: int
    min_charge_pct: int
    command: CommandId | None = None
    epoch: int = 0
    keep_until_ms: int = 0
    expires_ms: int | None = None  # its first motor must not move later (platform's time)
    asker: Asker | None = None
    ejected: tuple[cab.SlotContent, ...] = ()
    motor: Motor | None = None
    started: bool = False

    @property
    def claim(self) -> str:
        """Return the name under which its banks lie in the tray."""
        return OPEN_TRAY if self.asker is None else self.reservation


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """The recorded end of a command. `about` is what its epoch orders: a reservation's id, or a slot."""

    finished: cab.CommandFinished
    about: str
    keep_until_ms: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A slot that was opened for a hand at that time, written down before it opened.

    `told_at` is when its switch told that something was put in, while the reader showed nothing yet.
    """

    slot: int
    at: DeviceTime
    told_at: DeviceTime | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A bank that left its slot at that time, as the exit sensor showed; it was not looked at again yet."""

    slot: int
    bank: BankId
    at: DeviceTime


@dataclass(frozen=True, slots=True)
class Missed:
    """A slot whose reader has shown nothing since that time, although a bank is known in it."""

    slot: int
    at: DeviceTime


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the firmware knows and that survives a power cut.

    `snapshot_version` is the shell's: it rises with every memory that is written down.
    """

    slots: tuple[Slot, ...]
    reservations: tuple[Reservation, ...] = ()
    pickups: tuple[Pickup, ...] = ()
    outcomes: Mapping[CommandId, StoredOutcome] = field(default_factory=dict)
    keypad: Keypad = field(default_factory=Keypad)
    opened: Opened | None = None  # until it is known what was put in
    left: tuple[Left, ...] = ()  # until the readers have been looked at again
    missed: tuple[Missed, ...] = ()  # until the reader shows a bank again, or is believed
    snapshot_version: int = 0
    booted: bool = False  # it has run before
    stopped: bool = False  # the last run ended in good order
    restarting: CommandId | None = None  # this command has it start anew; until it has, nothing is taken in

    @classmethod
    def new(cls, slot_count: int) -> "Memory":
        """Return the memory of a cabinet that leaves the factory, all slots believed empty."""
        return cls(tuple(Slot(number) for number in range(1, slot_count + 1)))

    def slot(self, number: int) -> Slot:
        """Return one slot by its number."""
        return self.slots[number - 1]

    def reservation(self, reservation_id: ReservationId) -> Reservation | None:
        """Return a live reservation, or None."""
        return next((live for live in self.reservations if live.id == reservation_id), None)

    def held_slots(self, reservation_id: ReservationId) -> tuple[Slot, ...]:
        """Return the slots that belong to a reservation."""
        return tuple(slot for slot in self.slots if slot.reservation == reservation_id)


@dataclass(frozen=True, slots=True)
class Senses:
    """What the firmware can know of the outside at one moment.

    `now_ms` is the platform's time as the cabinet's own clock gives it, which may be as much as `doubt_ms`
    later in truth, and `clock_known` is false when it was never told it since the boot; `at` is what all of
    its clocks show. `slots` has what each slot's reader shows (index 0 is slot 1).
    """

    now_ms: int
    at: DeviceTime
    slots: tuple[cab.BankStatus | None, ...]
    tray: tuple[TrayBank, ...] = ()
    clock_known: bool = True
    doubt_ms: int = 0

    def reading(self, number: int) -> cab.BankStatus | None:
        """Return what the reader of one slot shows."""
        return self.slots[number - 1]

    def since_ms(self, at: DeviceTime) -> int:
        """Return for how long the cabinet has been able to look since then: only this boot counts."""
        began_ms = at.uptime_ms if at.boot == self.at.boot else 0
        return (self.at.uptime_ms or 0) - (began_ms or 0)


@dataclass(frozen=True, slots=True)
class Record:
    """One journal entry to be: its data and what it refers to. `at`: it happened then, not in this step."""

    data: Data
    subject: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    at: DeviceTime | None = None


@dataclass(frozen=True, slots=True)
class RunMotor:
    """Push the bank of `slot` into the tray under `claim`; when the motor stops, say `motor_stopped`."""

    slot: int
    claim: str


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Wait until the exit sensor of `slot` has settled, then say `motor_stopped` again."""

    slot: int


@dataclass(frozen=True, slots=True)
class LookAfter:
    """A bank has left: wait a moment and `look`, because a sensor that shows nothing may be wrong."""


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """Let the asker push the bank in hand into `slot`; then say `bank_inserted`."""

    slot: int
    asker: Asker


@dataclass(frozen=True, slots=True)
class GiveAnswer:
    """Show `display` to the asker and hand over the banks that lie in the tray under `claim`, if any.

    Doing it again for the same request changes nothing, so it is safe to repeat after a power cut.
    """

    asker: Asker
    accepted: bool
    display: str
    claim: str | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """End here in good order and boot anew; a power cut in the meantime is the same boot."""


Act = RunMotor | LookAgain | LookAfter | OpenSlot | GiveAnswer | Restart


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from one input; see the theory at the top for the order of carrying it out."""

    memory: Memory
    records: tuple[Record, ...] = ()
    acts: tuple[Act, ...] = ()


class Turn:
    """The workbench of one step: memory as it becomes, entries and acts as they are found."""

    def __init__(self, memory: Memory, senses: Senses, *, causation_id: str | None = None) -> None:
        self.memory = memory
        self.senses = senses
        self._causation_id = causation_id
        self._records: list[Record] = []
        self._acts: list[Act] = []

    @property
    def now_ms(self) -> int:
        """Return the platform's time of this step."""
        return self.senses.now_ms

    def is_over(self, expires_ms: int) -> bool:
        """Tell whether a lease may be over: in doubt about the time no motor moves."""
        return expires_ms <= self.senses.now_ms + self.senses.doubt_ms

    def step(self) -> Step:
        """Return what has been put together."""
        return Step(self.memory, tuple(self._records), tuple(self._acts))

    def record(
        self,
        data: Data,
        subject: str | None = None,
        correlation_id: str | None = None,
        *,
        at: DeviceTime | None = None,
    ) -> None:
        """Journal `data`; `at` when it happened before this step."""
        self._records.append(Record(data, subject, correlation_id, self._causation_id, at))

    def act(self, act: Act) -> None:
        """Have `act` done after the journal is written."""
        self._acts.append(act)

    def change_slot(
        self,
        number: int,
        event: SlotEvent,
        *,
        bank: BankId | None = None,
        reservation: ReservationId | None = None,
    ) -> None:
        """Let `event` happen to a slot."""
        changed = slots.evolve(self.memory.slot(number), event, bank=bank, reservation=reservation)
        self.memory = replace(
            self.memory, slots=(*self.memory.slots[: number - 1], changed, *self.memory.slots[number:])
        )

    def add_reservation(self, reservation: Reservation) -> None:
        """Remember a new reservation."""
        self.memory = replace(self.memory, reservations=(*self.memory.reservations, reservation))

    def change_reservation(self, reservation: Reservation, event: HoldEvent) -> None:
        """Let `event` happen to a reservation; one that has ended is forgotten and its slots are freed."""
        changed = reservations.evolve(reservation, event)
        others = tuple(live for live in self.memory.reservations if live.id != reservation.id)
        kept = () if changed.state is HoldState.ENDED else (changed,)
        self.memory = replace(self.memory, reservations=(*others, *kept))
        if not kept:
            self._free_slots(reservation.id)

    def _free_slots(self, reservation_id: ReservationId) -> None:
        for slot in self.memory.held_slots(reservation_id):
            self.change_slot(slot.number, SlotEvent.ROOM_FREED if slot.bank is None else SlotEvent.BANK_FREED)

    def end_reservation(self, reservation: Reservation, event: HoldEvent, why: cab.HoldEnd) -> None:
        """Let a reservation end, free what it still holds and tell of it."""
        self.change_reservation(reservation, event)
        self.record(cab.ReservationEnded(reservation=reservation.id, why=why), subject=reservation.id)

    def store_outcome(self, outcome: StoredOutcome) -> None:
        """Remember how a command ended, and tell it."""
        command = outcome.finished.command
        self.memory = replace(self.memory, outcomes={**self.memory.outcomes, command: outcome})
        self.tell_outcome(outcome.finished)

    def tell_outcome(self, finished: cab.CommandFinished) -> None:
        """Journal an outcome, for the first time or again."""
        self.record(finished, subject=finished.reservation, correlation_id=finished.command)
