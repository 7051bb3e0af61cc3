"""A device's way to the broker: it connects for ever, and says what it must until it is heard.

Theory: aiomqtt carries the bytes and nothing is left to it that matters. Its queue of arriving messages has
no limit (a full one would discard), QoS 1 acknowledgements count for nothing because only the platform's
application does (outbox.py), and every connection begins a clean session. Messages are handled one by one,
in order, by one task that outlives connections, so that a broken connection never interrupts what hands and
motors are doing.
"""

import asyncio
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiomqtt

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import Clock, act_as, wait_for_event
from chargeloop.broker.credentials import Credentials
from chargeloop.broker.device.clock import DeviceClock
from chargeloop.broker.device.connection import SubscriptionRefusedError, answered, enter, leave, subscribe
from chargeloop.broker.device.files import count_up
from chargeloop.broker.device.journal import Journal
from chargeloop.broker.device.outbox import DeviceOutbox, LinkPolicy
from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.intake import Checked, check, salvage
from chargeloop.broker.outage import OUTAGES
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.codec import Fault
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages.common import ConnectionState, JournalAck, Presence, TimeReply
from chargeloop.protocol.topics import TOPICS

_KEEPALIVE_S = 30
# aiomqtt warns about every publish in flight beyond this.
_MANY_PUBLISHES = 10_000

_log = logging.getLogger(__name__)


class _Question:
    """Somebody here waits for the answer to a message."""

    def __init__(self, answers: tuple[type[Data], ...]) -> None:
        self.answers = answers
        self.answer: Envelope[Data] | None = None
        self.done = asyncio.Event()


class DeviceLink:
    """One participant that is not a service: a cabinet, a phone, a user, a gateway.

    Args:
        credentials: who connects.
        broker: where to.
        clock: the world's.
        device_clock: the device's own.
        journal: where `record` keeps events; None for participants without a journal.
        state_dir: a directory of the device's own, where the connection epoch is counted.
        subscriptions: topic filters.
        receive: called for each message, one at a time, but for acknowledgements, the time, and answers to
            `ask`. It must not wait for world time: virtual time stands still until it returns.
        birth: called at each connection; what it returns is published first.
        policy: intervals and limits.
    """

    def __init__(  # noqa: PLR0913 - the parts of a device, named by the caller
        self,
        *,
        credentials: Credentials,
        broker: BrokerAddress,
        clock: Clock,
        device_clock: DeviceClock,
        journal: Journal | None,
        state_dir: Path,
        subscriptions: Sequence[str],
        receive: Callable[[Incoming], Awaitable[None]],
        birth: Callable[[], Sequence[Send]] = tuple,
        policy: LinkPolicy | None = None,
        randbelow: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._credentials = credentials
        self._broker = broker
        self._clock = clock
        self._state_dir = state_dir
        self._subscriptions = list(subscriptions)
        self._receive = receive
        self._birth = birth
        self._policy = LinkPolicy.of(clock) if policy is None else policy
        self._randbelow = randbelow
        self._outbox = _outbox(credentials, device_clock, journal, self._policy)
        self._arrivals: asyncio.Queue[Checked] = asyncio.Queue()
        self._questions: dict[str, _Question] = {}
        self._wake = asyncio.Event()
        # The connection.
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._ready = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._epoch = 0
        self._pause_ms = 0
        self._was_connected = False

    @property
    def connected(self) -> bool:
        """Tell whether there is a connection now."""
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        """Return when there is a connection and the subscriptions hold."""
        await self._ready.wait()

    async def run(self) -> None:
        """Stay connected until cancelled; then say goodbye.

        What `receive` raises ends it as an ExceptionGroup: the device has a bug and must stop.
        """
        act_as(self._credentials.client)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._handle_arrivals())
            tasks.create_task(self._stay_connected())

    async def record(
        self,
        *data: Data,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        subject: str | None = None,
        at: DeviceTime | None = None,
    ) -> list[int]:
        """Record events in the journal and return their numbers; the platform hears of them sooner or later.

        `at` is when they happened by the device's clocks, None for now: what was decided before a power cut
        keeps its own boot and time when it is recorded after it.
        When it returns they survive a power cut, whether there is a connection or not.
        """
        like = Send("", data[0], subject=subject, correlation_id=correlation_id, causation_id=causation_id)
        numbers = self._outbox.record(data, like, at)
        self._wake.set()
        return numbers

    async def publish(self, send: Send) -> None:
        """Publish a state (again at every connection), or something that is sent once or may be lost."""
        self._outbox.say(self._outbox.seal(send))
        self._wake.set()

    async def ask(
        self,
        topic: str,
        data: Data,
        *,
        answers: type[Data] | tuple[type[Data], ...],
        message_id: str | None = None,
        within_ms: int | None = None,
    ) -> Envelope[Data]:
        """Send a request, again and again under the same id, and return its answer.

        A second question with an id that is still being asked waits for the first one's answer and then asks
        on its own; the other side repeats what it said, or refuses the reuse of the id.

        Raises:
            TimeoutError: no answer came within `within_ms` of the clock. Whether the request was carried out
            is
                unknown; ask again with the same id.
        """
        outgoing = self._outbox.seal(Send(topic, data, id=message_id))
        while (before := self._questions.get(outgoing.message_id)) is not None:
            await before.done.wait()
        wanted = answers if isinstance(answers, tuple) else (answers,)
        question = self._questions[outgoing.message_id] = _Question(wanted)
        self._outbox.ask(outgoing)
        self._wake.set()
        until_ms = None if within_ms is None else self._clock.now_ms() + within_ms
        try:
            await wait_for_event(self._clock, question.done, until_ms)
        finally:
            self._outbox.answered(outgoing.message_id)
            del self._questions[outgoing.message_id]
            question.done.set()
        if question.answer is None:
            raise TimeoutError(f"no answer to {outgoing.message_id} on {topic} within {within_ms} ms")
        return question.answer

    def cut(self) -> None:
        """Lose the network: the connection ends as if the broker had missed the device, until `restore`."""
        self._reachable.clear()
        if self._reading is not None:
            self._reading.cancel()

    def restore(self) -> None:
        """Have the network again."""
        self._reachable.set()

    async def _stay_connected(self) -> None:
        while True:
            await self._reachable.wait()
            try:
                await self._connection()
            except (aiomqtt.exceptions.MqttConnectError, SubscriptionRefusedError) as error:
                OUTAGES.refused(self._broker, self._credentials.client, error)
            except (aiomqtt.MqttError, OSError) as error:
                OUTAGES.lost(self._broker, "the connection was lost" if self._was_connected else error)
            self._was_connected = False
            if self._reachable.is_set():
                longest_ms = self._policy.reconnect_ms
                self._pause_ms = min(max(2 * self._pause_ms, longest_ms // 16), longest_ms)
                await self._clock.back_off_ms(self._randbelow(self._pause_ms + 1))

    async def _connection(self) -> None:
        """Hold one connection until it is lost, cut or cancelled.

        Raises:
            MqttError: it could not be made or was lost.
        """
        self._epoch = count_up(self._state_dir / "connection-epoch")
        client = self._new_client()
        with self._clock.hold():
            await enter(client)
        try:
            with self._clock.hold():
                await subscribe(client, self._subscriptions)
                if not self._reachable.is_set():
                    return  # cut meanwhile
                self._begin()
            await self._read_and_write(client)
        finally:
            self._end()
            await self._leave(client)

    def _begin(self) -> None:
        self._clock.flight.subscribed(self._credentials.client, self._subscriptions)
        first = [self._outbox.seal(send) for send in (*self._presence(Presence.ONLINE), *self._birth())]
        self._outbox.connect(first, self._clock.now_ms())
        self._pause_ms = 0
        self._was_connected = True
        OUTAGES.connected(self._broker, self._credentials.client)
        self._ready.set()
        self._wake.set()

    def _end(self) -> None:
        self._ready.clear()
        self._outbox.disconnect()
        OUTAGES.disconnected(self._broker, self._credentials.client)
        self._clock.flight.disconnected(self._credentials.client)

    async def _leave(self, client: aiomqtt.Client) -> None:
        """Say goodbye if there is still somebody to hear it."""
        with self._clock.hold():
            try:
                for send in self._presence(Presence.OFFLINE):
                    outgoing = self._outbox.seal(send)
                    self._clock.flight.sent(outgoing.message_id, outgoing.topic)
                    goodbye = client.publish(outgoing.topic, outgoing.payload, 1, retain=True, timeout=2.0)
                    await answered(goodbye)
            except aiomqtt.MqttError as error:
                _log.info("%s: left without goodbye: %s", self._credentials.client, error)
            finally:
                await leave(client)

    async def _read_and_write(self, client: aiomqtt.Client) -> None:
        self._reading = asyncio.create_task(self._read(client))
        writing = asyncio.create_task(self._write(client))
        try:
            await asyncio.wait((self._reading, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = [task for task in (self._reading, writing) if task.done() and not task.cancelled()]
            self._reading.cancel()
            writing.cancel()
            await asyncio.gather(self._reading, writing, return_exceptions=True)
            self._reading = None
        for task in ended:
            task.result()

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._arrived(str(message.topic), message.payload)

    async def _write(self, client: aiomqtt.Client) -> None:
        while True:
            await wait_for_event(self._clock, self._wake, self._outbox.next_due_ms())
            self._wake.clear()
            with self._clock.hold():
                await self._publish_all(client, self._outbox.due(self._clock.now_ms()))

    async def _publish_all(self, client: aiomqtt.Client, batch: Sequence[Outgoing]) -> None:
        """Publish in order without waiting for each answer before the next."""
        publishing = []
        for outgoing in batch:
            self._clock.flight.sent(outgoing.message_id, outgoing.topic)
            publishing.append(client.publish(outgoing.topic, outgoing.payload, outgoing.qos, outgoing.retain))
        for result in await asyncio.gather(*publishing, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def _arrived(self, topic: str, payload: bytes) -> None:
        checked = check(topic, payload, self._credentials.role, self._credentials.region)
        if isinstance(checked, Fault):
            _log.warning("%s: refused on %s: %s", self._credentials.client, topic, checked)
            self._handled(salvage(payload).message_id)
            return
        message = checked.message
        question = self._questions.get(message.correlationid or "")
        if isinstance(message.data, JournalAck):
            self._outbox.acknowledge(message.data, self._clock.now_ms())
        elif isinstance(message.data, TimeReply):
            self._outbox.learn_time(message.data, message.correlationid, self._clock.now_ms())
        elif question is not None and isinstance(message.data, question.answers):
            question.answer = message
            question.done.set()
        else:
            self._arrivals.put_nowait(checked)
            return
        self._wake.set()
        self._handled(message.id)

    async def _handle_arrivals(self) -> None:
        while True:
            checked = await self._arrivals.get()
            await self._receive(Incoming(checked.topic, checked.message, self._clock.now_ms()))
            self._handled(checked.message.id)

    def _handled(self, message_id: str | None) -> None:
        if message_id is not None:
            self._clock.flight.arrived(self._credentials.client, message_id)

    def _presence(self, presence: Presence) -> list[Send]:
        """Return the birth or goodbye of this connection; users and gateways have none."""
        role = self._credentials.role
        spec = TOPICS.get(f"{role}_connection")
        if spec is None:
            return []
        topic = spec.topic(self._credentials.region, **{str(role): self._credentials.client})
        return [Send(topic, ConnectionState(state=presence, connection_epoch=self._epoch))]

    def _new_client(self) -> aiomqtt.Client:
        wills = [self._outbox.seal(send) for send in self._presence(Presence.OFFLINE)]
        will = [aiomqtt.Will(last.topic, last.payload, last.qos, last.retain) for last in wills]
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._credentials.client,
            password=self._credentials.password,
            identifier=self._credentials.client,
            clean_session=True,
            keepalive=_KEEPALIVE_S,
            will=will[0] if will else None,
            # Small packets one after the other would wait 40 ms for the broker's delayed TCP acknowledgement.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = _MANY_PUBLISHES
        return client


def _outbox(
    credentials: Credentials, device_clock: DeviceClock, journal: Journal | None, policy: LinkPolicy
) -> DeviceOutbox:
    return DeviceOutbox(
        client=credentials.client,
        role=credentials.role,
        region=credentials.region,
        clock=device_clock,
        journal=journal,
        policy=policy,
    )
