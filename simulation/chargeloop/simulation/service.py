"""A service on the simulated broker: the rounds of the durable endpoint, killed at any boundary.

The shell of a real service (`broker/endpoint/endpoint.py`) takes what has arrived, lets the single writer
handle it, commits, and only then acknowledges and publishes. This does the same with the same single writer,
in one call, with a chance to be killed before the commit, between writing and syncing, after it before
anything is acknowledged, and between the acknowledgements and what is published. What the core did is
recorded when its transaction is durable, never before.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.endpoint.core import RegionCore
from chargeloop.broker.endpoint.outbox import OutboxPolicy
from chargeloop.broker.endpoint.writer import Batch, CoreFailedError, SingleWriter
from chargeloop.broker.intake import salvage
from chargeloop.protocol.effects import Context, Effects, Incoming
from chargeloop.protocol.messages.common import JournalAck, Presence
from chargeloop.protocol.topics import Delivery, Role, parse_topic, source_of
from chargeloop.simulation import poison
from chargeloop.simulation.carried import envelope_of
from chargeloop.simulation.disk import Store
from chargeloop.simulation.loop import Alarm
from chargeloop.simulation.network import Port
from chargeloop.simulation.records import Record, Value
from chargeloop.simulation.stage import ProductFailedError, Stage

WriteT = TypeVar("WriteT")
CoreT = TypeVar("CoreT", bound=RegionCore[Any])

_EPOCHS_PER_START = 1_000_000
_COMMIT_MS = 3
_BATCH = 256
_BACK_MS = 60_000
_RECONNECT_MS = 16_000
_POLICY = OutboxPolicy(window=64)


class _Observed(Generic[WriteT, CoreT]):
    """A core whose inputs and effects are noted until the transaction they belong to is durable."""

    def __init__(self, core: CoreT, service: "Service[WriteT, CoreT]") -> None:
        self._core = core
        self._service = service

    def receive(self, incoming: Incoming, context: Context) -> Effects[WriteT]:
        """Take one message."""
        message = incoming.message
        if incoming.topic.spec.delivery is Delivery.JOURNAL and message.journalid is not None:
            self._service.note("took", message.source, message.journalid, message.seq, message.id)
        effects = self._core.receive(incoming, context)
        self._service.observe(effects)
        return effects

    def tick(self, context: Context) -> Effects[WriteT]:
        """Do what is due."""
        effects = self._core.tick(context)
        self._service.observe(effects)
        return effects

    def next_due_ms(self) -> int | None:
        """Return when `tick` has something to do."""
        return self._core.next_due_ms()


class Connected(Protocol):
    """A device as a store holds it."""

    @property
    def connection_epoch(self) -> int:
        """The number of its connection."""

    @property
    def online(self) -> bool:
        """Whether that is there."""


class KilledError(Exception):
    """The process was killed here."""


class Service(ABC, Generic[WriteT, CoreT]):
    """One platform of one region. Call `start` once.

    Args:
        stage: it plays on.
        client: its id.
        role: its role.
        region: its region.
        store: what survives.
    """

    def __init__(self, stage: Stage, client: str, role: Role, region: str, store: Store[WriteT]) -> None:
        self.stage = stage
        self.client = client
        self.role = role
        self.region = region
        self.store = store
        self.draw = stage.draw(region, client)
        self._port = stage.network.add(
            Port(client, role, region, persistent=True, deliver=self._deliver, lost=self._lost)
        )
        self._alarm = Alarm(stage.loop, self._round)
        self._arrivals: deque[tuple[Outgoing, int]] = deque()
        self._core: CoreT | None = None
        self._writer: SingleWriter[WriteT] | None = None
        self._epoch = 0
        self._run = 0
        self._notes: list[Record] = []
        self._believed: dict[str, tuple[int, bool]] = {}

    # What a service is.

    @abstractmethod
    def build(self, now_ms: int) -> CoreT:
        """Return the core, loaded from the store."""

    @abstractmethod
    def observe(self, effects: Effects[WriteT]) -> None:
        """Note what effects tell (by `note`)."""

    @abstractmethod
    def devices(self) -> Mapping[str, Connected]:
        """Return the devices in the store, by id."""

    @abstractmethod
    def digest(self, core: CoreT) -> str:
        """Return the core's memory as text, for comparing two of them."""

    # Life and death.

    @property
    def core(self) -> CoreT:
        """Return the core that runs now, or ran last."""
        if self._core is None:
            raise RuntimeError(f"{self.client} was never started")
        return self._core

    @property
    def runs(self) -> bool:
        """Tell whether the process runs."""
        return self._writer is not None

    def start(self) -> None:
        """Start the process from its store."""
        self._run += 1
        kept = self.store.load()
        core = self._core = self.build(self.stage.loop.now_ms())
        self._believed = {name: _presence(device) for name, device in self.devices().items()}
        self._epoch = kept.starts * _EPOCHS_PER_START
        self._writer = SingleWriter(
            core=_Observed(core, self),
            kept=kept,
            client=self.client,
            role=self.role,
            region=self.region,
            randbelow=self.draw.randrange,
            policy=_POLICY,
            codec=self.stage.codec,
        )
        self._connect(self._run)

    def kill(self, where: str) -> None:
        """Lose everything but the store; the process is started again after a while."""
        self._writer = None
        self._run += 1
        self._notes.clear()
        self._arrivals.clear()
        self._alarm.set(None)
        self.stage.record("crash", self.region, self.client, where)
        self.stage.fault(self.region, "service_crash", self.client)
        self.stage.network.drop(self._port)
        run = self._run
        self.stage.loop.after(self.draw.randrange(_BACK_MS), lambda: self._come_back(run))

    def restart(self) -> None:
        """End in good order and start again; what is in memory must be what the store says."""
        writer = self._writer
        if writer is None:
            return
        try:
            self._commit(writer.last_batch())
        except KilledError as death:
            self.kill(str(death))
            return
        now_ms = self.stage.loop.now_ms()
        live, stored = self.digest(self.core), self.digest(self.build(now_ms))
        self.stage.record("rebuilt", self.region, self.client, live, stored)
        self._arrivals.clear()
        self.stage.network.leave(self._port)
        self.start()

    def waiting(self) -> int:
        """Return how many messages still wait for an acknowledgement or an outcome."""
        return -1 if self._writer is None else self._writer.outbox.depth

    def _come_back(self, run: int) -> None:
        if self._run == run:
            self.start()

    # The connection.

    def _connect(self, run: int) -> None:
        writer = self._writer
        if writer is None or run != self._run or (self._port.connection and not self._port.cut):
            return
        if not self.stage.network.reaches(self._port):
            self.stage.loop.after(self.draw.randrange(_RECONNECT_MS), lambda: self._connect(run))
            return
        self._epoch += 1
        now_ms = self.stage.loop.now_ms()
        self.stage.network.connect(self._port, writer.connection(Presence.OFFLINE, self._epoch, now_ms))
        self.stage.network.publish(self._port, writer.connection(Presence.ONLINE, self._epoch, now_ms))
        writer.outbox.connect(now_ms)
        self._alarm.sooner(now_ms)

    def _lost(self) -> None:
        self._arrivals.clear()
        if self._writer is not None:
            self._writer.outbox.disconnect()
            run = self._run
            self.stage.network.drop(self._port)
            self.stage.loop.after(self.draw.randrange(_RECONNECT_MS), lambda: self._connect(run))

    def _deliver(self, outgoing: Outgoing, token: int) -> None:
        if self._writer is not None:
            self._arrivals.append((outgoing, token))
            self._alarm.sooner(self.stage.loop.now_ms() + _COMMIT_MS)

    # One round.

    def _round(self) -> None:
        writer = self._writer
        if writer is None:
            return
        try:
            self._handle(writer)
        except KilledError as death:
            self.kill(str(death))
            return
        due_ms = writer.next_due_ms()
        if self._arrivals or writer.outbox.has_more():
            due_ms = self.stage.loop.now_ms() + 1
        self._alarm.set(due_ms)

    def _handle(self, writer: SingleWriter[WriteT]) -> None:
        now_ms = self.stage.loop.now_ms()
        arrivals = [self._arrivals.popleft() for _ in range(min(_BATCH, len(self._arrivals)))]
        answers = []
        for outgoing, _ in arrivals:
            try:
                _, answer = writer.receive(outgoing.topic, outgoing.payload, now_ms)
            except CoreFailedError as error:
                raise ProductFailedError(f"{self.client}: {error}") from error
            if answer is not None:
                answers.append(answer)
        writer.tick(now_ms)
        self._maybe_killed("before the commit")
        batch = writer.take_batch()
        if batch.must_commit:
            self._commit(batch)
        self._maybe_killed("after the commit")
        for outgoing, token in arrivals:
            self._acknowledge(outgoing, token)
        self._say(writer, batch, answers, now_ms)

    def _commit(self, batch: Batch[WriteT]) -> None:
        self.store.write(batch.changes, batch.writes)
        if self._is_killed():
            if self.store.fail(self.draw):
                self._tell(batch)
            raise KilledError("during the commit")
        self.store.sync()
        self._tell(batch)

    def _tell(self, batch: Batch[WriteT]) -> None:
        """Give out the records of a transaction that is durable."""
        now_ms = self.stage.loop.now_ms()
        for record in self._notes:
            self.stage.sink(record)
        self._notes.clear()
        for row in batch.changes.quarantined:
            saved = salvage(row.payload)
            told = (saved.message_id, str(row.fault), saved.source, saved.journal, saved.seq)
            self.stage.record("quarantined", self.region, self.client, *told)
        for (source, journal), seq in batch.changes.marks.items():
            self.stage.sink(("mark", now_ms, self.region, self.client, source, journal, seq))

    def _acknowledge(self, outgoing: Outgoing, token: int) -> None:
        is_poison, name = poison.name_of(outgoing)
        if is_poison:
            self.stage.record("poison", self.region, self.client, name)
        if not token:
            return
        self.stage.network.acknowledge(self._port, token)
        journal, _, seq = outgoing.message_id.rpartition(".")
        columns: tuple[Value, ...] = (None, None, None)
        if journal.startswith("jnl-"):
            columns = (_source_of(outgoing.topic), journal, int(seq))
        self.stage.record("puback", self.region, self.client, outgoing.message_id, *columns)

    def _say(
        self, writer: SingleWriter[WriteT], batch: Batch[WriteT], answers: Sequence[Outgoing], now_ms: int
    ) -> None:
        acknowledgements = writer.acknowledgements(batch, now_ms)
        for (_, journal), outgoing in zip(batch.acks, acknowledgements, strict=True):
            ack = envelope_of(outgoing.payload).data
            if isinstance(ack, JournalAck):
                self.stage.record("acked", self.region, self.client, journal, ack.seq)
        for outgoing in (*answers, *acknowledgements):
            self.stage.network.publish(self._port, outgoing)
        self._maybe_killed("before publishing")
        for outgoing in writer.publishable(now_ms, _BATCH):
            self.stage.network.publish(self._port, outgoing)

    def _is_killed(self) -> bool:
        chance = self.stage.faults.service_crash
        return chance > 0 and self.draw.random() < chance

    def _maybe_killed(self, where: str) -> None:
        if self._is_killed():
            raise KilledError(where)

    # Records.

    def note(self, kind: str, *columns: Value) -> None:
        """Keep a record of this service until its transaction is durable."""
        self._notes.append((kind, self.stage.loop.now_ms(), self.region, self.client, *columns))

    def note_presence(self, name: str, device: Connected) -> None:
        """Keep a record of what is believed of a device's connection from now on, if it is something else."""
        now = _presence(device)
        if self._believed.get(name) != now:
            self._believed[name] = now
            self.note("presence", name, *now)

    def note_fact(self, kind: str, *columns: Value) -> None:
        """Keep a record of the region, which names no service, until its transaction is durable."""
        self._notes.append((kind, self.stage.loop.now_ms(), self.region, *columns))


def _presence(device: Connected) -> tuple[int, bool]:
    return device.connection_epoch, device.online


def _source_of(topic: str) -> str:
    """Return the source of a journal's entry by its topic."""
    parsed = parse_topic(topic)
    return "" if parsed is None else source_of(parsed.owner, parsed.spec.writer)
