"""One simulated cabinet: it carries out what the firmware decides, in the order that loses nothing.

A step is written down (memory, entries and answers in one file), then its entries go to the journal, then its
acts are done, one after the other; what an act brings to light is the next input. Inputs are taken one at a
time. A motor takes its time in a task of its own, so that a message is handled as soon as its step is on
disk, and time may go on. Killed at any point, the next start finds the last step, appends what the journal
misses, gives the answers that were decided, and lets the firmware look at its readers.

Timers exist only for what is known to come: the end of a reservation, a bank that gets ready, a heartbeat, a
planted change of the network. Slot snapshots follow each step once, however many slots it changed.

A shell lives for one boot: when the firmware restarts, `run` returns, and what boots next is another shell
(`power`), which finds nothing of this one but its files.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Final

from chargeloop.broker import Credentials
from chargeloop.broker.clock import Clock, wait_for_event
from chargeloop.broker.device import DeviceClock, DeviceLink, LinkPolicy, begin_boot
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import BootId, IdKind, is_id
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import world
from chargeloop.protocol.topics import TOPICS, Role, Topic, subscriptions
from chargeloop.station.core import cabinet, mechanics, report
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
from chargeloop.station.shell.files import CabinetFiles, WrittenRecord, WrittenStep
from chargeloop.station.shell.network import Network
from chargeloop.station.shell.settings import CabinetEntry, FleetSettings
from chargeloop.station.shell.world_line import WorldLine

_log = logging.getLogger(__name__)

_RESTART_AFTER_MS: Final = 500  # how long a restart waits, so that its outcome can leave before

Decide = Callable[[Memory, Senses], Step]


class CabinetShell:
    """One boot of a cabinet: `run` it until cancelled, or until its firmware restarts.

    Args:
        entry: the cabinet as the fleet's file has it.
        credentials: its own.
        settings: of its fleet.
        clock: the world's.
        phase_ms: when its first heartbeat is due after the start, so that a fleet does not speak at once.
    """

    def __init__(
        self,
        entry: CabinetEntry,
        credentials: Credentials,
        settings: FleetSettings,
        clock: Clock,
        *,
        phase_ms: int = 0,
    ) -> None:
        self._entry = entry
        self._settings = settings
        self._clock = clock
        self._phase_ms = phase_ms
        self._faults = entry.faults.faults()
        directory = settings.directory(entry.cabinet)
        self._files = CabinetFiles(directory)
        self._mechanics = self._files.load_mechanics(entry.slots) or entry.installed(clock.now_ms())
        self._device_clock = self._own_clock(begin_boot(directory))
        self._journal = self._files.open_journal()
        self._link = self._new_link(credentials, directory)
        self._network = self._new_network(credentials)
        self._turns = asyncio.Lock()
        self._changed = asyncio.Event()
        self._restarting = asyncio.Event()
        self._motors: asyncio.TaskGroup | None = None
        self._memory = Memory.new(entry.slots)

    def _own_clock(self, boot_id: BootId) -> DeviceClock:
        return DeviceClock(
            self._clock,
            boot_id=boot_id,
            offset_ms=self._faults.clock_offset_ms,
            drift_ppm=self._faults.drift_ppm,
            unset=self._faults.clock_unset,
        )

    def _new_link(self, credentials: Credentials, directory: Path) -> DeviceLink:
        settings = self._settings
        return DeviceLink(
            credentials=credentials,
            broker=settings.broker,
            clock=self._clock,
            device_clock=self._device_clock,
            journal=self._journal,
            state_dir=directory,
            subscriptions=subscriptions(Role.CABINET, self._entry.cabinet, settings.region, only=TOPICS),
            receive=self.receive,
            birth=self._birth,
            policy=_link_policy(self._clock, settings.heartbeat_ms),
        )

    def _new_network(self, credentials: Credentials) -> Network:
        world_line = WorldLine(
            credentials=credentials, broker=self._settings.broker, clock=self._clock, receive=self.receive
        )
        return Network(self._link, world_line, self._faults, self._clock)

    async def run(self) -> None:
        """Be a cabinet until cancelled; an orderly end is written down as such.

        Returns when the firmware restarts: then boot it anew, with another shell.
        """
        await self._boot()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._motors = tasks
                running = [
                    tasks.create_task(self._network.run()),
                    tasks.create_task(self._watch_time()),
                ]
                self._start(self._look_after())
                if self._settings.heartbeat_ms > 0:
                    running.append(tasks.create_task(self._beat()))
                await self._restarting.wait()
                await self._clock.sleep_ms(_RESTART_AFTER_MS)
                for task in running:
                    task.cancel()
        except asyncio.CancelledError:
            self._write_step(cabinet.stop(self._memory, self._senses()), self._device_clock.time())
            raise
        finally:
            self._journal.close()

    async def wait_ready(self) -> None:
        """Return when it is connected; at once when its network is planted to be gone."""
        if not self._network.is_cut:
            await self._link.wait_ready()

    async def receive(self, incoming: Incoming) -> None:
        """Take a command or hands."""
        if incoming.topic.spec.name == "cabinet_command":
            await self._command(incoming.message)
        elif incoming.topic.spec.name in HANDS:
            await self._hands(incoming.topic, incoming.message)

    # What comes in.

    async def _command(self, message: Envelope[Data]) -> None:
        if not self._device_clock.learned:
            # Whether the lease has run out cannot be told yet; the platform sends it again.
            _log.info("%s: %s came before the time was known", self._entry.cabinet, message.id)
        elif not is_id(IdKind.COMMAND, message.id):
            _log.warning("%s: %s is not the id of a command", self._entry.cabinet, message.id)
        else:
            await self._do(lambda memory, senses: cabinet.obey(memory, senses, message))

    async def _hands(self, topic: Topic, message: Envelope[Data]) -> None:
        async with self._turns:
            asker = Asker(message.id, tray_of(topic))
            given = self._mechanics.answers.get(asker.key)
            if given is not None:
                await self._publish_answer(given)
                return
            before = self._memory
            await self._handle(asker, message.data)
            if self._memory is not before:
                await self._publish_snapshot()

    async def _handle(self, asker: Asker, act: Data) -> None:
        insertion = self._mechanics.insertions.get(asker.key)
        if insertion is not None:
            await self._answer_insertion(insertion)
        elif isinstance(act, world.CodeTyped):
            await self._carry_out(lambda m, s: cabinet.type_code(m, s, asker, act.code))
        elif isinstance(act, world.TrayReached):
            await self._carry_out(lambda m, s: cabinet.reach_into_tray(m, s, asker))
        elif isinstance(act, world.BankInserted):
            read = None if act.bank.bank in self._faults.unreadable_banks else act.bank
            await self._carry_out(
                lambda m, s: cabinet.offer_bank(m, s, asker, read, act.code), in_hand=act.bank
            )

    # Steps.

    async def _do(self, decide: Decide) -> None:
        async with self._turns:
            before = self._memory
            await self._carry_out(decide)
            if self._memory is not before:
                await self._publish_snapshot()

    async def _carry_out(self, decide: Decide, *, in_hand: cab.BankStatus | None = None) -> None:
        step = decide(self._memory, self._senses())
        if step.memory != self._memory or step.records:
            at = self._device_clock.time()
            self._write_step(step, at)
            await self._record(step.records, at)
            self._changed.set()
        for act in step.acts:
            await self._perform(act, in_hand)

    def _write_step(self, step: Step, at: DeviceTime) -> None:
        memory = replace(step.memory, snapshot_version=self._memory.snapshot_version + 1)
        answers = answers_to_keep(step)
        records = tuple(WrittenRecord.of(record) for record in step.records)
        self._files.save_step(
            WrittenStep(memory, self._journal.journal_id, self._journal.last_seq, records, answers, at)
        )
        self._memory = memory

    async def _record(self, records: tuple[Record, ...], at: DeviceTime | None) -> None:
        for (correlation_id, causation_id, subject, earlier), group in together(records):
            await self._link.record(
                *(record.data for record in group),
                correlation_id=correlation_id,
                causation_id=causation_id,
                subject=subject,
                at=earlier or at,
            )

    async def _boot(self) -> None:
        step = self._files.load_step()
        if step is not None:
            self._memory = step.memory
            missing = step.missing(self._journal.journal_id, self._journal.last_seq)
            await self._record(missing, step.at)
            for answer in step.answers:
                await self._give(answer)
        self._files.save_mechanics(self._mechanics)
        await self._carry_out(cabinet.boot)
        for insertion in tuple(self._mechanics.insertions.values()):
            await self._answer_insertion(insertion)

    async def _answer_insertion(self, insertion: mechanics.Insertion) -> None:
        await self._carry_out(lambda m, s: cabinet.bank_inserted(m, s, insertion.slot, insertion.asker))

    def _senses(self) -> Senses:
        return Senses(
            now_ms=self._device_clock.platform_ms(),
            at=self._device_clock.time(),
            doubt_ms=self._device_clock.doubt_ms(),
            slots=self._mechanics.readings(self._clock.now_ms()),
            tray=self._mechanics.tray,
            clock_known=self._device_clock.learned,
        )

    # Acts.

    async def _perform(self, act: Act, in_hand: cab.BankStatus | None) -> None:
        match act:
            case RunMotor():
                self._start(self._run_motor(act))
            case LookAgain():
                self._start(self._look_again(act))
            case LookAfter():
                self._start(self._look_after())
            case OpenSlot():
                await self._push_in(act, in_hand)
            case GiveAnswer():
                await self._give(act)
            case Restart():
                self._restarting.set()

    async def _run_motor(self, act: RunMotor) -> None:
        await self._clock.sleep_ms(self._settings.motor_ms)
        now_ms = self._clock.now_ms()
        self._move(mechanics.run_motor(self._mechanics, act.slot, act.claim, self._faults, now_ms))
        await self._do(lambda memory, senses: cabinet.motor_stopped(memory, senses, act.slot))

    async def _look_again(self, act: LookAgain) -> None:
        await self._clock.sleep_ms(SETTLE_MS)
        self._mechanics = mechanics.settle(self._mechanics, act.slot)
        await self._do(lambda memory, senses: cabinet.motor_stopped(memory, senses, act.slot))

    async def _look_after(self) -> None:
        await self._clock.sleep_ms(LOOK_AFTER_MS)
        await self._do(cabinet.look)

    async def _push_in(self, act: OpenSlot, in_hand: cab.BankStatus | None) -> None:
        if in_hand is None:
            raise AssertionError(f"slot {act.slot} was opened for an empty hand")
        self._move(mechanics.insert(self._mechanics, act.slot, in_hand, act.asker, self._clock.now_ms()))
        await self._carry_out(lambda m, s: cabinet.bank_inserted(m, s, act.slot, act.asker))

    async def _give(self, act: GiveAnswer) -> None:
        self._move(mechanics.give(self._mechanics, act, self._clock.now_ms()))
        await self._publish_answer(self._mechanics.answers[act.asker.key])

    def _move(self, moved: mechanics.Mechanics) -> None:
        if moved != self._mechanics:
            self._files.save_mechanics(moved)
            self._mechanics = moved

    def _start(self, motion: Coroutine[None, None, None]) -> None:
        if self._motors is None:
            raise AssertionError("no motor moves while the cabinet boots")
        self._motors.create_task(motion)

    # What goes out.

    async def _publish_answer(self, given: mechanics.Answer) -> None:
        answered = world.CabinetAnswered(accepted=given.accepted, display=given.display, banks=given.banks)
        await self._network.publish(Send(given.asker.topic, answered, correlation_id=given.asker.request))

    async def _publish_snapshot(self) -> None:
        await self._link.publish(self._snapshot())

    def _snapshot(self) -> Send:
        snapshot = cab.SlotsSnapshot(
            version=self._memory.snapshot_version,
            journal=self._journal.journal_id,
            after_seq=self._journal.last_seq,
            slots=report.slot_statuses(self._memory, self._senses()),
        )
        return Send(self._own_topic("cabinet_slots"), snapshot)

    def _birth(self) -> tuple[Send, ...]:
        return (Send(self._own_topic("cabinet_info"), self._entry.info()), self._snapshot())

    def _own_topic(self, name: str) -> str:
        return TOPICS[name].topic(self._settings.region, cabinet=self._entry.cabinet)

    # Time.

    async def _watch_time(self) -> None:
        while True:
            self._changed.clear()
            if not await wait_for_event(self._clock, self._changed, self._next_due_ms()):
                await self._do(cabinet.look)

    def _next_due_ms(self) -> int | None:
        """Return when, by the world's clock, time alone changes something, or None."""
        platform_ms = self._device_clock.platform_ms() if self._device_clock.learned else None
        return next_due_ms(self._memory, self._mechanics, self._clock.now_ms(), platform_ms)

    async def _beat(self) -> None:
        await self._clock.sleep_ms(self._phase_ms)
        while True:
            await self._do(cabinet.look)
            power_w = self._mechanics.power_w(self._clock.now_ms())
            readings = report.telemetry(self._senses(), power_w)
            await self._link.publish(Send(self._own_topic("cabinet_telemetry"), readings))
            await self._clock.sleep_ms(self._settings.heartbeat_ms)


def _link_policy(clock: Clock, heartbeat_ms: int) -> LinkPolicy:
    """Return the link's intervals; without a heartbeat nothing is sent by the clock, time is asked once."""
    return LinkPolicy.of(clock) if heartbeat_ms > 0 else LinkPolicy.of(clock, probe_ms=0)
