"""A cabinet without disk and network: the firmware's core, the mechanics, and what they said to each
other."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.codec import seal
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import BankId, MessageId, ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.station.core import cabinet, mechanics
from chargeloop.station.core.battery import Battery
from chargeloop.station.core.faults import Faults
from chargeloop.station.core.mechanics import Answer, Mechanics, Place
from chargeloop.station.core.memory import (
    Act,
    Asker,
    GiveAnswer,
    LookAfter,
    LookAgain,
    Memory,
    OpenSlot,
    Record,
    Restart,
    RunMotor,
    Senses,
    Step,
)

NOON_MS = 1_800_000_000_000
RSV = ReservationId("rsv-1")
CODE = "402913"
RETURN_CODE = "771204"


def asker(name: str = "cou-1", request: str = "m-1") -> Asker:
    return Asker(MessageId(request), f"tray/{name}")


def bank(name: str, charge_pct: int = 90) -> cab.BankStatus:
    return cab.BankStatus(
        bank=BankId(f"bnk-{name}"), charge_pct=charge_pct, health_pct=95, temperature_c=22, cycles=10
    )


class PowerCutError(Exception):
    """The power failed at the wanted point; memory that was not written down is gone."""


@dataclass
class Bench:
    """Carries steps out as a shell does, in memory. `cut_after` counts writes and acts to the power cut."""

    memory: Memory
    world: Mechanics
    faults: Faults = field(default_factory=Faults)
    now_ms: int = NOON_MS
    clock_known: bool = True
    journal: list[Record] = field(default_factory=list)
    motors: list[int] = field(default_factory=list)
    doubt_ms: int = 0
    boot_id: str = "boot-0"
    cut_after: int | None = None
    looks_after: int = 0
    restarts: int = 0
    # The step on disk: its memory, where its entries begin in the journal, and its unanswered people.
    written: tuple[Memory, int, tuple[Record, ...], tuple[GiveAnswer, ...]] | None = None

    def senses(self) -> Senses:
        return Senses(
            self.now_ms,
            DeviceTime(self.boot_id, self.now_ms, self.now_ms, None),
            self.world.readings(self.now_ms),
            self.world.tray,
            self.clock_known,
            self.doubt_ms,
        )

    # Inputs.

    def boot(self) -> None:
        self.boot_id = f"boot-{len(self.told(cab.Booted)) + 1}"
        if self.written is not None:
            self.memory, after, records, answers = self.written
            self.journal += records[len(self.journal) - after :]
            for answer in answers:
                self.world = mechanics.give(self.world, answer, self.now_ms)
        self.world = mechanics.after_power_cut(self.world)
        self.carry_out(cabinet.boot(self.memory, self.senses()))
        for insertion in self.world.insertions.values():
            self.carry_out(cabinet.bank_inserted(self.memory, self.senses(), insertion.slot, insertion.asker))

    def order(self, command: Data, command_id: str, *, expires_ms: int | None = None) -> None:
        self.carry_out(cabinet.obey(self.memory, self.senses(), envelope(command, command_id, expires_ms)))

    def type_code(self, code: str, who: Asker | None = None) -> None:
        who = who or asker()
        if who.key not in self.world.answers:
            self.carry_out(cabinet.type_code(self.memory, self.senses(), who, code))

    def push_in(
        self, status: cab.BankStatus | None, code: str | None = None, who: Asker | None = None
    ) -> None:
        who = who or asker()
        if who.key in self.world.answers:
            return
        self._pushed = status
        self.carry_out(cabinet.offer_bank(self.memory, self.senses(), who, status, code))

    def reach(self, who: Asker) -> None:
        self.carry_out(cabinet.reach_into_tray(self.memory, self.senses(), who))

    def wait(self, duration_ms: int) -> None:
        self.now_ms += duration_ms
        self.carry_out(cabinet.look(self.memory, self.senses()))

    # What a shell does.

    def carry_out(self, step: Step) -> None:
        answers = tuple(act for act in step.acts if isinstance(act, GiveAnswer))
        if step.memory != self.memory or step.records:
            self._tick()
            self.written = (step.memory, len(self.journal), step.records, answers)
        self.memory = step.memory
        for record in step.records:
            self._tick()
            self.journal.append(record)
        for act in step.acts:
            self._tick()
            self._perform(act)

    def _perform(self, act: Act) -> None:
        match act:
            case RunMotor(slot, claim):
                self.motors.append(slot)
                self.world = mechanics.run_motor(self.world, slot, claim, self.faults, self.now_ms)
                self._tick()
                self.carry_out(cabinet.motor_stopped(self.memory, self.senses(), slot))
            case LookAgain(slot):
                self.world = mechanics.settle(self.world, slot)
                self.carry_out(cabinet.motor_stopped(self.memory, self.senses(), slot))
            case LookAfter():
                self.looks_after += 1
            case OpenSlot(slot, who):
                assert self._pushed is not None
                self.world = mechanics.insert(self.world, slot, self._pushed, who, self.now_ms)
                self._tick()
                self.carry_out(cabinet.bank_inserted(self.memory, self.senses(), slot, who))
            case GiveAnswer():
                self.world = mechanics.give(self.world, act, self.now_ms)
            case Restart():
                self.restarts += 1
                self.boot()

    def _tick(self) -> None:
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCutError

    # What a test asks.

    def told(self, *kinds: type[Data]) -> list[Data]:
        return [record.data for record in self.journal if isinstance(record.data, kinds)]

    def outcomes(self) -> list[tuple[str, str, str | None]]:
        return [
            (said.command, str(said.outcome), None if said.reason is None else str(said.reason))
            for said in self.told(cab.CommandFinished)
            if isinstance(said, cab.CommandFinished)
        ]

    def states(self) -> list[str]:
        return [str(slot.state) for slot in self.memory.slots]

    def answer(self, who: Asker | None = None) -> Answer | None:
        return self.world.answers.get((who or asker()).key)

    def banks_given(self) -> list[str]:
        return [status.bank for answer in self.world.answers.values() for status in answer.banks]

    def banks_inside(self) -> list[str]:
        places: list[str] = [place.bank.bank for place in self.world.slots if place.bank is not None]
        return places + [lying.bank.bank for lying in self.world.tray]


def bench(charges: Iterable[int | None], faults: Faults | None = None) -> Bench:
    """Returns a cabinet with a bank of each charge (None: an empty slot), switched on at noon."""
    places = tuple(
        Place(number, None if charge is None else Battery.inserted(bank(f"{number}", charge), NOON_MS))
        for number, charge in enumerate(charges, start=1)
    )
    made = Bench(Memory.new(len(places)), Mechanics(places), faults or Faults())
    made.boot()
    made.journal.clear()
    made.written = (made.memory, 0, (), ())
    return made


def envelope(command: Data, command_id: str, expires_ms: int | None = None) -> Envelope[Data]:
    return seal(
        command,
        id=command_id,
        source="rental/rnt-main",
        time=NOON_MS,
        expirytime=NOON_MS + MINUTE_MS if expires_ms is None else expires_ms,
    )


def without_expiry(command: Data, command_id: str) -> Envelope[Data]:
    sealed = envelope(command, command_id)
    return sealed.model_copy(update={"expirytime": None})


def reserve_banks(
    quantity: int = 2, *, epoch: int = 1, min_charge_pct: int = 60, **more: object
) -> cab.ReserveBanks:
    values: dict[str, object] = {
        "reservation": RSV,
        "epoch": epoch,
        "quantity": quantity,
        "min_charge_pct": min_charge_pct,
        "hold_until": NOON_MS + HOUR_MS,
        "code": CODE,
    }
    return cab.ReserveBanks.model_validate(values | more)


def reserve_slots(quantity: int = 2, *, epoch: int = 1, **more: object) -> cab.ReserveSlots:
    values: dict[str, object] = {
        "reservation": RSV,
        "epoch": epoch,
        "quantity": quantity,
        "hold_until": NOON_MS + HOUR_MS,
        "code": RETURN_CODE,
    }
    return cab.ReserveSlots.model_validate(values | more)


def eject(epoch: int = 2) -> cab.EjectBanks:
    return cab.EjectBanks(reservation=RSV, epoch=epoch)


def release(epoch: int = 3) -> cab.ReleaseReservation:
    return cab.ReleaseReservation(reservation=RSV, epoch=epoch)


def copy_of(original: Bench) -> Bench:
    return replace(original, journal=list(original.journal), motors=list(original.motors))
