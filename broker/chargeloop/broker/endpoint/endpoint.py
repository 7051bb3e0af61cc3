"""The durable endpoint: runs one service's core for one region on a broker, losing and repeating nothing.

Theory, in the order of one round: take what has arrived, up to a few hundred messages; judge and handle them
one by one in memory (writer.py); write everything in one transaction; only then acknowledge to the broker,
acknowledge journals to their senders, and publish. Whatever arrives meanwhile waits in the socket's buffer
and becomes the next round, so a busy endpoint commits large groups and a quiet one answers at once. A crash
at any point leaves either nothing of a round on disk, and everybody sends again, or all of it, and what is
sent again is recognised.

A commit that fails, or a core that raises, ends `run`: memory is then not what the disk says, and the
process must start again from the disk.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import Clock, act_as, wait_for_event
from chargeloop.broker.credentials import Credentials
from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.endpoint.core import RegionCore
from chargeloop.broker.endpoint.outbox import OutboxPolicy
from chargeloop.broker.endpoint.store import Store
from chargeloop.broker.endpoint.wire import Arrival, Wire, WireLostError, WireRefusedError
from chargeloop.broker.endpoint.writer import Batch, CoreFailedError, SingleWriter
from chargeloop.broker.outage import OUTAGES
from chargeloop.protocol.messages.common import Presence
from chargeloop.protocol.topics import subscriptions

WriteT = TypeVar("WriteT")

# Connection epochs rise within one run of the process by one, and from run to run by this much.
_EPOCHS_PER_START = 1_000_000


@dataclass(frozen=True, slots=True)
class EndpointPolicy(OutboxPolicy):
    """Intervals in milliseconds of the clock, and limits.

    Attributes:
        batch: messages handled in one transaction, at most.
        stats_ms: how often the counters are published; 0 never.
        reconnect_ms: each attempt to connect again waits a random time up to this, beginning with a
            sixteenth of it and doubling.
    """

    batch: int = 1_024
    stats_ms: int = 30_000
    reconnect_ms: int = 16_000

    @classmethod
    def of(cls, clock: Clock) -> Self:
        """Return the defaults, none of them shorter than the wire needs by this clock."""
        return cls(
            journal_resend_ms=max(5_000, clock.patience_ms(2_000)),
            lease_resend_ms=max(5_000, clock.patience_ms(2_000)),
            reconnect_ms=max(16_000, clock.patience_ms(4_000)),
        )


class Endpoint(Generic[WriteT]):
    """One service of one region on the wire.

    Args:
        core: decides; it has been loaded from the same store.
        store: opened by the caller, who also closes it after `run` has ended.
        credentials: of the service.
        broker: where to connect.
        clock: of the world.
        randbelow: randomness for the core and for pauses.
        policy: intervals and limits.
    """

    def __init__(  # noqa: PLR0913 - the parts of a service, named by the caller
        self,
        *,
        core: RegionCore[WriteT],
        store: Store[WriteT],
        credentials: Credentials,
        broker: BrokerAddress,
        clock: Clock,
        randbelow: Callable[[int], int] = secrets.randbelow,
        policy: EndpointPolicy | None = None,
    ) -> None:
        self._core = core
        self._store = store
        self._credentials = credentials
        self._clock = clock
        self._randbelow = randbelow
        self._policy = EndpointPolicy.of(clock) if policy is None else policy
        self._wake = asyncio.Event()
        self._ready = asyncio.Event()
        self._broker = broker
        self._wire = Wire(credentials, broker, self._wake.set)
        self._writer: SingleWriter[WriteT] | None = None
        self._epoch = 0
        self._listening_since_ms: int | None = None
        self._stats_ms: int | None = None

    async def wait_ready(self) -> None:
        """Return when the endpoint is connected and has subscribed."""
        await self._ready.wait()

    @property
    def listening_since_ms(self) -> int | None:
        """Tell since when it has been connected, and hears what is said; None while it is not."""
        return self._listening_since_ms

    def counters(self) -> Mapping[str, int]:
        """Return what was received, published and so on; nothing until `run` has loaded the store."""
        return {} if self._writer is None else self._writer.counters()

    async def run(self) -> None:
        """Serve until cancelled; then commit what is left and say goodbye.

        Raises:
            StoreFailedError: a transaction failed. End the process.
            CoreFailedError: the core raised on a message. End the process; after a restart the message is in
                quarantine.
        """
        act_as(self._credentials.client)
        kept = await self._store.load()
        self._epoch = kept.starts * _EPOCHS_PER_START
        writer = self._writer = SingleWriter(
            core=self._core,
            kept=kept,
            client=self._credentials.client,
            role=self._credentials.role,
            region=self._credentials.region,
            randbelow=self._randbelow,
            policy=self._policy,
        )
        connecting = asyncio.create_task(self._stay_connected(writer))
        working = asyncio.create_task(self._work(writer))
        try:
            await asyncio.wait((connecting, working), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._end(writer, connecting, working)

    async def _end(
        self, writer: SingleWriter[WriteT], connecting: asyncio.Task[None], working: asyncio.Task[None]
    ) -> None:
        """Stop both tasks. After a failure nothing more is written or said: the last will speaks."""
        failed = [task for task in (connecting, working) if task.done() and not task.cancelled()]
        for task in (connecting, working):
            task.cancel()
        await asyncio.gather(connecting, working, return_exceptions=True)
        if failed:
            self._wire.cut()
            for task in failed:
                task.result()
        batch = writer.last_batch()
        await self._store.commit(batch.changes, batch.writes)
        self._publish(writer.connection(Presence.OFFLINE, self._epoch, self._clock.now_ms()))
        await self._wire.close()

    async def _stay_connected(self, writer: SingleWriter[WriteT]) -> None:
        pause_ms = 0
        while True:
            try:
                with self._clock.hold():
                    await self._connect(writer)
                pause_ms = 0
                OUTAGES.connected(self._broker, self._credentials.client)
                try:
                    await self._wire.lost()
                finally:
                    OUTAGES.disconnected(self._broker, self._credentials.client)
                OUTAGES.lost(self._broker, "the connection was lost")
            except WireRefusedError as error:
                OUTAGES.refused(self._broker, self._credentials.client, error)
            except WireLostError as error:
                OUTAGES.lost(self._broker, error)
            self._ready.clear()
            self._listening_since_ms = None
            writer.outbox.disconnect()
            self._clock.flight.disconnected(self._credentials.client)
            pause_ms = min(max(2 * pause_ms, self._policy.reconnect_ms // 16), self._policy.reconnect_ms)
            await self._clock.back_off_ms(self._randbelow(pause_ms + 1))

    async def _connect(self, writer: SingleWriter[WriteT]) -> None:
        client, role, region = self._credentials.client, self._credentials.role, self._credentials.region
        self._epoch += 1
        now_ms = self._clock.now_ms()
        await self._wire.connect(writer.connection(Presence.OFFLINE, self._epoch, now_ms))
        filters = subscriptions(role, client, region)
        await self._wire.subscribe(filters)
        self._clock.flight.subscribed(client, filters)
        now_ms = self._clock.now_ms()
        self._publish(writer.connection(Presence.ONLINE, self._epoch, now_ms))
        writer.outbox.connect(now_ms)
        self._stats_ms = now_ms + self._policy.stats_ms if self._policy.stats_ms > 0 else None
        self._listening_since_ms = now_ms
        self._ready.set()
        self._wake.set()

    async def _work(self, writer: SingleWriter[WriteT]) -> None:
        while True:
            times = (writer.next_due_ms(), self._stats_ms)
            due_ms = min((instant_ms for instant_ms in times if instant_ms is not None), default=None)
            await wait_for_event(self._clock, self._wake, due_ms)
            self._wake.clear()
            with self._clock.hold():
                await self._round(writer)
            if self._wire.has_arrivals or writer.outbox.has_more():
                self._wake.set()

    async def _round(self, writer: SingleWriter[WriteT]) -> None:
        """Handle what has arrived and what is due, in one transaction."""
        arrivals = self._wire.take(self._policy.batch)
        unknown = writer.unknown_requests((arrival.topic, arrival.payload) for arrival in arrivals)
        if unknown:
            writer.recall(*await self._store.recall(unknown))
        try:
            handled = [self._handle(writer, arrival) for arrival in arrivals]
        except CoreFailedError as error:
            await self._store.suspect(error.digest, error.topic, error.error, self._clock.now_ms())
            raise
        writer.tick(self._clock.now_ms())
        batch = writer.take_batch()
        if batch.must_commit:
            await self._store.commit(batch.changes, batch.writes)
        self._wire.acknowledge(arrivals)
        await self._say(writer, batch)
        for message_id in handled:
            if message_id is not None:
                self._clock.flight.arrived(self._credentials.client, message_id)

    def _handle(self, writer: SingleWriter[WriteT], arrival: Arrival) -> str | None:
        message_id, answer = writer.receive(arrival.topic, arrival.payload, self._clock.now_ms())
        if answer is not None:
            self._publish(answer)
        return message_id

    async def _say(self, writer: SingleWriter[WriteT], batch: Batch[WriteT]) -> None:
        """Publish what the committed batch allows."""
        now_ms = self._clock.now_ms()
        for outgoing in writer.acknowledgements(batch, now_ms):
            self._publish(outgoing)
        for outgoing in writer.publishable(now_ms, self._policy.batch):
            self._publish(outgoing)
        if self._stats_ms is not None and self._stats_ms <= now_ms:
            self._stats_ms = now_ms + self._policy.stats_ms
            self._publish(writer.stats(now_ms))
        await self._wire.drained()

    def _publish(self, outgoing: Outgoing) -> None:
        """Hand one message to the wire; without a connection the outbox still has what must not be lost."""
        if self._wire.connected:
            self._clock.flight.sent(outgoing.message_id, outgoing.topic)
            self._wire.publish(outgoing)
