"""A charging cabinet in the simulation: the firmware's steps, carried out in the order that loses nothing.

The shell of a real cabinet (`station/shell/cabinet_shell.py`) writes a step to its disk, appends the entries
to the journal, and does the acts one after the other. This does the same with the same firmware and the same
mechanics, and the power may fail between any two of them, while a motor runs, and before anything is
written. What motors and hands really do: `works`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import IdKind, MessageId, is_id
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import world
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.topics import TOPICS, Role
from chargeloop.protocol.values import replace
from chargeloop.simulation.device import Device, PowerCutError, RestartError
from chargeloop.simulation.loop import Alarm
from chargeloop.simulation.stage import Stage
from chargeloop.simulation.works import Works, hand_of
from chargeloop.station.core import battery, cabinet, mechanics, report
from chargeloop.station.core.battery import Battery
from chargeloop.station.core.carrying_out import (
    HANDS,
    SETTLE_MS,
    answers_to_keep,
    next_due_ms,
    together,
    tray_of,
)
from chargeloop.station.core.memory import (
    LOOK_AFTER_MS,
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

MOTOR_MS: Final = 2_000
_HEARTBEAT_MS: Final = 15 * MINUTE_MS
# What a cabinet does not know that is older than the list of the commands it obeys.
_LATER_COMMANDS: Final = frozenset({cab.Reboot.TYPE})

Decide = Callable[[Memory, Senses], Step]


@dataclass(frozen=True, slots=True)
class Written:
    """The last step on the disk: its entries follow number `after_seq` of the journal."""

    memory: Memory
    after_seq: int
    records: tuple[Record, ...]
    answers: tuple[GiveAnswer, ...]
    at: DeviceTime
    true_ms: int


class Cabinet(Device):
    """One cabinet with its banks.

    Args:
        stage: it plays on.
        client: its id.
        region: its region.
        place: where it stands.
        batteries: what is in its slots, from slot 1 on; None is an empty slot.
    """

    def __init__(
        self, stage: Stage, client: str, region: str, place: Point, batteries: tuple[Battery | None, ...]
    ) -> None:
        self.place = place
        self.memory = Memory.new(len(batteries))
        self._disk: Written | None = None
        self._commands = cabinet.COMMANDS
        if stage.draw(region, client, "firmware").random() < stage.faults.old_firmware:
            self._commands = ()
        self._kept: dict[int, str] = {}
        self._motors: dict[int, RunMotor] = {}
        self._motor_draw = stage.draw(region, client, "motors")
        super().__init__(stage, client, Role.CABINET, region, keeps_journal=True)
        self.works = Works(stage, self.draw, region, client, batteries)
        self._watch = Alarm(stage.loop, lambda: self.guarded(self._look))

    @property
    def ready(self) -> int:
        """Return how many banks it would give out."""
        return sum(slot.can_give for slot in self.memory.slots)

    @property
    def room(self) -> int:
        """Return how many banks it would take from anybody."""
        return sum(slot.can_take for slot in self.memory.slots)

    # Power.

    def wake(self) -> None:
        """Find the last step on the disk, finish what it began, and believe the readers."""
        self.memory = Memory.new(len(self.works.mechanics.slots))
        disk, journal = self._disk, self.journal
        if disk is not None and journal is not None:
            self.memory = disk.memory
            present = max(0, journal.last_seq - disk.after_seq)
            self._write_entries(disk.records[present:], disk.at, disk.true_ms)
            for answer in disk.answers:
                self._give(answer)
        self._carry_out(cabinet.boot)
        for insertion in tuple(self.works.mechanics.insertions.values()):
            self._answer_insertion(insertion)
        self.works.blind.clear()
        self.later(LOOK_AFTER_MS, self._look)
        self._set_watch()
        self.later(self.draw.randrange(_HEARTBEAT_MS), self._beat)

    def darken(self) -> None:
        """Lose the memory; a motor that runs comes to rest before or behind its work."""
        self._watch.set(None)
        motors = tuple(self._motors.values())
        self._motors.clear()
        for act in motors:
            if self.draw.random() < 0.5:
                self._turn(act)
        self.works.lose_power()

    # What comes in.

    def receive(self, incoming: Incoming) -> None:
        """Take a command or hands."""
        message, name = incoming.message, incoming.topic.spec.name
        if name == "cabinet_command":
            if not self._commands and message.type in _LATER_COMMANDS:
                return  # an older firmware cannot read it
            if self.clock.learned and is_id(IdKind.COMMAND, message.id):
                self.stage.record("heard", self.region, self.client, message.id)
                self._do(lambda memory, senses: cabinet.obey(memory, senses, message))
        elif name in HANDS:
            self._hands(Asker(message.id, tray_of(incoming.topic)), message.data)

    def _hands(self, asker: Asker, act: object) -> None:
        before = self.memory
        self._handle(asker, act)
        if self.memory is not before:
            self._publish_snapshot()

    def _handle(self, asker: Asker, act: object) -> None:
        given = self.works.mechanics.answers.get(asker.key)
        insertion = self.works.mechanics.insertions.get(asker.key)
        if given is not None:
            self._publish_answer(given)
        elif insertion is not None:
            self._answer_insertion(insertion)
        elif isinstance(act, world.CodeTyped):
            self._typed(asker, act.code)
        elif isinstance(act, world.TrayReached):
            self._carry_out(lambda m, s: cabinet.reach_into_tray(m, s, asker))
        elif isinstance(act, world.BankInserted):
            self._carry_out(
                lambda m, s: cabinet.offer_bank(m, s, asker, act.bank, act.code), in_hand=act.bank
            )

    def _typed(self, asker: Asker, code: str) -> None:
        waits = any(pickup.asker == asker for pickup in self.memory.pickups)
        self._carry_out(lambda m, s: cabinet.type_code(m, s, asker, code))
        if waits:
            return  # no other code: the same request, sent again while its banks come out
        answer = self.works.mechanics.answers.get(asker.key)
        told = "right"
        if answer is not None and answer.display.startswith("locked"):
            told = "locked"
        elif answer is not None and answer.display == "wrong code":
            told = "wrong"
        self.stage.record("code", self.region, self.client, told)

    def guess(self) -> None:
        """Let somebody type codes at random, one after the other."""
        self.stage.fault(self.region, "guess", self.client)
        topic = TOPICS["user_tray"].topic(self.region, cabinet=self.client, user=f"usr-{self.region}-guesser")
        for number in range(self.draw.randint(3, 9)):
            code = f"{self.draw.randrange(1_000_000):06d}"
            asker = Asker(MessageId(f"guess-{self.stage.injected['guess']}-{number}"), topic)
            self.later(number * 4_000, partial(self._hands, asker, world.CodeTyped(code=code)))

    def _answer_insertion(self, insertion: mechanics.Insertion) -> None:
        self._carry_out(lambda m, s: cabinet.bank_inserted(m, s, insertion.slot, insertion.asker))

    # Steps.

    def _do(self, decide: Decide, *, behind_motor: bool = False) -> None:
        before = self.memory
        self._carry_out(decide, behind_motor=behind_motor)
        if self.memory is not before:
            self._publish_snapshot()

    def _carry_out(
        self, decide: Decide, *, in_hand: cab.BankStatus | None = None, behind_motor: bool = False
    ) -> None:
        step = decide(self.memory, self._senses())
        at_motor = behind_motor or any(isinstance(act, RunMotor) for act in step.acts)
        if step.memory != self.memory or step.records:
            at = self.clock.time()
            self._may_fail(at_motor=at_motor)
            self._write_step(step, at)
            self._may_fail(at_motor=at_motor)
            self._write_entries(step.records, at, self.stage.loop.now_ms())
            self._set_watch()
        for act in step.acts:
            self._may_fail(at_motor=at_motor)
            self._perform(act, in_hand)

    def _may_fail(self, *, at_motor: bool) -> None:
        """Be at a point where the power may fail, the more so where a motor draws on it."""
        self.may_lose_power()
        chance = self.stage.faults.motor_cut
        if at_motor and chance > 0 and self._motor_draw.random() < chance:
            self.stage.fault(self.region, "motor_cut", self.client)
            raise PowerCutError

    def _write_step(self, step: Step, at: DeviceTime) -> None:
        journal = self.journal
        memory = replace(step.memory, snapshot_version=self.memory.snapshot_version + 1)
        answers = answers_to_keep(step)
        after_seq = 0 if journal is None else journal.last_seq
        now_ms = self.stage.loop.now_ms()
        self._disk = Written(memory, after_seq, step.records, answers, at, now_ms)
        self.memory = memory
        self._tell_holds()

    def _tell_holds(self) -> None:
        for slot in self.memory.slots:
            kept = slot.reservation
            if self._kept.get(slot.number) != kept:
                self.stage.record("hold", self.region, self.client, slot.number, kept)
                if kept is None:
                    self._kept.pop(slot.number, None)
                else:
                    self._kept[slot.number] = kept

    def _write_entries(self, records: tuple[Record, ...], at: DeviceTime, true_ms: int) -> None:
        for (correlation_id, causation_id, subject, earlier), group in together(records):
            data = [record.data for record in group]
            like = Send(
                "", data[0], subject=subject, correlation_id=correlation_id, causation_id=causation_id
            )
            self.record(data, like, earlier or at)
            for event in data:
                if isinstance(event, cab.CommandFinished):
                    reason = None if event.reason is None else str(event.reason)
                    self.stage.record(
                        "outcome", self.region, self.client, event.command, event.epoch,
                        str(event.outcome), reason, true_ms,
                    )  # fmt: skip
            self.may_lose_power()

    def _senses(self) -> Senses:
        return Senses(
            now_ms=self.clock.platform_ms(),
            at=self.clock.time(),
            doubt_ms=self.clock.doubt_ms(),
            slots=self.works.readings(),
            tray=self.works.mechanics.tray,
            clock_known=self.clock.learned,
        )

    # Acts.

    def _perform(self, act: Act, in_hand: cab.BankStatus | None) -> None:
        match act:
            case RunMotor():
                self._motors[act.slot] = act
                self.later(self._motor_draw.randrange(MOTOR_MS), lambda: self._may_fail(at_motor=True))
                self.later(MOTOR_MS, lambda: self._motor_stops(act))
            case LookAgain():
                self.later(SETTLE_MS, lambda: self._look_again(act))
            case LookAfter():
                self.later(LOOK_AFTER_MS, self._look)
            case OpenSlot():
                if in_hand is not None:
                    self._push_in(act, in_hand)
            case GiveAnswer():
                self._give(act)
            case Restart():
                raise RestartError

    def _motor_stops(self, act: RunMotor) -> None:
        self._motors.pop(act.slot, None)
        self._turn(act)
        self._may_fail(at_motor=True)
        self._do(lambda memory, senses: cabinet.motor_stopped(memory, senses, act.slot), behind_motor=True)
        self.works.blind.clear()

    def _turn(self, act: RunMotor) -> None:
        self.works.turn(act, self.memory.pickups[0] if self.memory.pickups else None)

    def _look_again(self, act: LookAgain) -> None:
        self.works.settle(act.slot)
        self._do(lambda memory, senses: cabinet.motor_stopped(memory, senses, act.slot))

    def _push_in(self, act: OpenSlot, in_hand: cab.BankStatus) -> None:
        self.works.push_in(act, in_hand)
        self.may_lose_power()

        def told(memory: Memory, senses: Senses) -> Step:
            return cabinet.bank_inserted(memory, senses, act.slot, act.asker)

        for wait_ms in self.works.switch_tells_ms(act.slot):
            if wait_ms == 0:
                self._carry_out(told)
            else:
                self.later(wait_ms, lambda: self._do(told))

    def _give(self, act: GiveAnswer) -> None:
        answer = self.works.give(act)
        self.may_lose_power()
        self._publish_answer(answer)

    def vandalise(self) -> Battery | None:
        """Let somebody force banks without the firmware noticing; return the one that is carried away."""
        return self.works.vandalise(self._motors.keys())

    def force_in(self, bank: Battery, draw: random.Random) -> bool:
        """Let somebody force a bank from outside into an empty slot; tell whether there was one."""
        return self.works.force_in(bank, self._motors.keys(), draw)

    def put_in(self, bank: Battery, user: str, request: str) -> None:
        """Let somebody who rents nothing put a bank in their hand in as if they returned it."""
        in_hand = battery.read(bank, self.stage.loop.now_ms())
        asker = Asker(
            MessageId(request), TOPICS["user_tray"].topic(self.region, cabinet=self.client, user=user)
        )
        self._hands(asker, world.BankInserted(bank=in_hand))

    def reader_fails(self, draw: random.Random) -> None:
        """Let the reader of a slot in which a bank stands show nothing for a while.

        It is one that the firmware knows, and whose motor rests: with another one no cabinet can find out.
        """
        known = [
            slot.number
            for slot, standing in zip(self.memory.slots, self.works.mechanics.slots, strict=True)
            if standing.bank is not None
            and standing.bank.bank == slot.bank
            and slot.state is not cab.SlotState.EJECTING
        ]
        if known and self.is_on:
            self.works.reader_fails(draw.choice(known), draw)

    # What goes out.

    def _publish_answer(self, given: mechanics.Answer) -> None:
        answered = world.CabinetAnswered(accepted=given.accepted, display=given.display, banks=given.banks)
        self.tell(hand_of(given.asker).partition("/")[2], given.asker.request, answered)

    def _publish_snapshot(self) -> None:
        self.say(self._snapshot())

    def _snapshot(self) -> Send:
        journal = self.journal
        if journal is None:
            raise RuntimeError("a cabinet keeps a journal")
        snapshot = cab.SlotsSnapshot(
            version=self.memory.snapshot_version,
            journal=journal.journal_id,
            after_seq=journal.last_seq,
            slots=report.slot_statuses(self.memory, self._senses()),
        )
        return Send(self.topic("cabinet_slots"), snapshot)

    def birth(self) -> tuple[Send, ...]:
        """Tell what it is, and its slots."""
        info = cab.CabinetInfo(
            name=self.client, location=Location.of(self.place), slots=len(self.memory.slots), model="sim",
            firmware=cabinet.FIRMWARE, commands=self._commands,
        )  # fmt: skip
        return Send(self.topic("cabinet_info"), info), self._snapshot()

    def _beat(self) -> None:
        if not self.stage.calm:
            self._look()
            readings = report.telemetry(
                self._senses(), self.works.mechanics.power_w(self.stage.loop.now_ms())
            )
            self.say(Send(self.topic("cabinet_telemetry"), readings))
            self.later(_HEARTBEAT_MS, self._beat)

    # Time.

    def _look(self) -> None:
        self._do(cabinet.look)
        self._set_watch()

    def _set_watch(self) -> None:
        platform_ms = self.clock.platform_ms() if self.clock.learned else None
        now_ms = self.stage.loop.now_ms()
        self._watch.set(next_due_ms(self.memory, self.works.mechanics, now_ms, platform_ms))
