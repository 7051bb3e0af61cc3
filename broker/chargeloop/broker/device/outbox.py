"""What a device has to say: its journal, its states, its questions, its probes of the time; without I/O.

Theory: everything that must not be lost has a place where it stays until the other side's *application* has
answered: journal entries until they are acknowledged, questions until they are answered, the probe until the
reply. States are said at every connection, and again with each later probe of it: a broker drops what it has
acknowledged when a reader is away or slow, and a lost birth would leave a device off line for as long as its
connection holds. What may be lost is said once, or, without a connection, not at all. Times of resending
exist only while something waits, so a device that asks for no time has no timer when idle.

What was recorded in this boot waits for the first exchange of times: the platform dates an entry when it
takes it, and without a sample of the boot it knows no more than when the entry arrived, hours late perhaps.
So the probe that reports the exchange goes out first on the connection, and the entries behind it. A platform
that does not answer is waited for only so long; what earlier boots recorded does not wait, as no sample will
come.
"""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from chargeloop.broker.clock import Clock
from chargeloop.broker.device.clock import DeviceClock
from chargeloop.broker.device.journal import EventJournal
from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.window import SendWindow
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.codec import JSON, Codec
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.common import JournalAck, SyncSample, TimeProbe, TimeReply
from chargeloop.protocol.topics import TOPICS, Delivery, Role, TopicSpec, parse_topic, source_of

_MAX_DOUBLINGS = 8
# Of the default, until somewhat more than five minutes.
_PROBE_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """Intervals in milliseconds of the clock, and limits.

    Attributes:
        resend_ms: how long to wait for an acknowledgement or answer before sending again; it doubles.
        window: journal entries on the wire at once.
        probe_ms: how often the platform's time is asked for, and states are said again; 0: only at the
            beginning of a connection.
        hold_ms: so long entries of this boot wait for the first exchange of times to be reported.
        reconnect_ms: each attempt to connect again waits a random time up to this, beginning with a
            sixteenth of it and doubling.
    """

    resend_ms: int = 5_000
    window: int = 64
    probe_ms: int = 300_000
    hold_ms: int = 10_000
    reconnect_ms: int = 60_000

    @classmethod
    def of(cls, clock: Clock, *, probe_ms: int = 300_000) -> "LinkPolicy":
        """Return the defaults, none of them shorter than the wire needs by this clock."""
        return cls(
            resend_ms=max(5_000, clock.patience_ms(2_000)),
            probe_ms=probe_ms,
            hold_ms=max(10_000, clock.patience_ms(4_000)),
            reconnect_ms=max(60_000, clock.patience_ms(2_000)),
        )


@dataclass(slots=True)
class _Waiting:
    """Something said that waits for an answer."""

    outgoing: Outgoing
    due_ms: int = 0
    vain: int = 0

    def take(self, now_ms: int, resend_ms: int) -> Outgoing:
        self.due_ms = now_ms + (resend_ms << min(self.vain, _MAX_DOUBLINGS))
        self.vain += 1
        return self.outgoing


class DeviceOutbox:
    """All that one device has to say.

    Args:
        client: the device's id.
        role: its role.
        region: its region.
        clock: its own clock; every message carries its boot, uptime and wall time.
        journal: where its events are recorded, None when it has none.
        policy: intervals and limits.
        codec: turns messages into bytes.
    """

    def __init__(  # noqa: PLR0913 - the parts of a device, named by the caller
        self,
        *,
        client: str,
        role: Role,
        region: str,
        clock: DeviceClock,
        journal: EventJournal | None,
        policy: LinkPolicy,
        codec: Codec = JSON,
    ) -> None:
        self._codec = codec
        self._client = client
        self._role = role
        self._region = region
        self._clock = clock
        self._journal = journal
        self._policy = policy
        self._journal_topic = self._own_topic("event")
        self._window = SendWindow(policy.window, policy.resend_ms)
        if journal is not None:
            self._window = SendWindow(
                policy.window, policy.resend_ms, acked=journal.acked_seq, last=journal.last_seq
            )
        self._last_of_earlier_boots = self._window.last
        self._number = itertools.count(1)
        self._connected = False
        self._ready: deque[Outgoing] = deque()
        self._states: dict[str, Outgoing] = {}
        self._questions: dict[str, _Waiting] = {}
        self._probe_ms: int | None = None
        self._probe_id: str | None = None
        self._probe_reports = False
        # Whether a sample of this boot has surely arrived; without one, until when entries of it wait.
        self._dated = False
        self._held_until_ms: int | None = None
        self._vain_probes = 0
        self._exchanges = 0

    def message_id(self) -> str:
        """Return an id that no message of this device has had."""
        return f"{self._client}.{self._clock.boot_id}.{next(self._number)}"

    def seal(self, send: Send) -> Outgoing:
        """Return the bytes of a message that is not an entry of the journal.

        Raises:
            ValueError: the topic is not in the table, or is not for such a message.
        """
        topic = parse_topic(send.topic)
        if topic is None or type(send.data) not in topic.spec.messages:
            raise ValueError(f"{send.data.TYPE} does not belong on {send.topic}")
        message_id = send.id or self.message_id()
        return Outgoing(
            send.topic,
            self._encode(send, message_id, self._clock.time()),
            topic.spec.qos,
            topic.spec.retain,
            message_id,
        )

    def record(self, data: Sequence[Data], like: Send, at: DeviceTime | None = None) -> list[int]:
        """Record events durably, in order, and return their numbers.

        `like` gives their subject, correlation and causation, `at` when they happened by the device's clocks
        (perhaps of an earlier boot; None: now).

        Raises:
            ValueError: the device has no journal, or its role keeps none.
        """
        if self._journal is None or self._journal_topic is None:
            raise ValueError(f"{self._client} keeps no journal")
        first = self._journal.last_seq + 1
        time = self._clock.time() if at is None else at
        payloads = []
        for seq, event in enumerate(data, start=first):
            attributes = {"journalid": self._journal.journal_id, "seq": seq}
            payloads.append(self._encode(like, self._entry_id(seq), time, data=event, **attributes))
        numbers = self._journal.append(payloads)
        self._window.last = self._journal.last_seq
        return numbers

    def say(self, outgoing: Outgoing) -> None:
        """Say something once; a state is remembered and said again, as the theory above tells."""
        if outgoing.retain:
            self._states[outgoing.topic] = outgoing
        if self._connected:
            self._ready.append(outgoing)

    def ask(self, outgoing: Outgoing) -> None:
        """Say something again and again until `answered`."""
        self._questions[outgoing.message_id] = _Waiting(outgoing)

    def answered(self, message_id: str) -> None:
        """Stop asking."""
        self._questions.pop(message_id, None)

    def acknowledge(self, ack: JournalAck, now_ms: int) -> None:
        """Take the platform's report on our journal."""
        if self._journal is not None and ack.journal == self._journal.journal_id:
            self._window.acknowledge(ack.seq, now_ms, gap=ack.gap)
            self._journal.acknowledge(ack.journal, ack.seq)

    def learn_time(self, reply: TimeReply, probe_id: str | None, now_ms: int) -> None:
        """Take the answer to the latest probe; the second probe of a connection follows at once.

        It reports the first exchange to the platform, which corrects the times of our events by it.
        """
        if probe_id is None or probe_id != self._probe_id:
            return
        self._probe_id = None
        self._dated = self._dated or self._probe_reports
        uptime_ms = self._clock.uptime_ms()
        sent_uptime_ms = min(reply.sent_uptime_ms, uptime_ms)
        self._clock.learn(
            SyncSample(
                platform_time=reply.platform_time,
                sent_uptime_ms=sent_uptime_ms,
                received_uptime_ms=uptime_ms,
            )
        )
        later_ms = now_ms + self._policy.probe_ms if self._policy.probe_ms > 0 else None
        self._probe_ms = now_ms if self._exchanges == 0 else later_ms
        self._exchanges += 1
        self._vain_probes = 0

    def connect(self, first: Sequence[Outgoing], now_ms: int) -> None:
        """A connection has begun: `first`, states, questions, entries and a probe are due at once."""
        self._connected = True
        said = {outgoing.topic for outgoing in first}
        self._ready.extend(first)
        self._ready.extend(state for topic, state in self._states.items() if topic not in said)
        self._states.update((outgoing.topic, outgoing) for outgoing in first if outgoing.retain)
        for question in self._questions.values():
            question.due_ms, question.vain = now_ms, 0
        self._window.restart()
        self._exchanges = self._vain_probes = 0
        self._probe_id = None
        asks = f"{self._role}_time" in TOPICS
        self._probe_ms = now_ms if asks else None
        self._held_until_ms = now_ms + self._policy.hold_ms if asks and not self._dated else None

    def disconnect(self) -> None:
        """The connection is gone: nothing is given out until the next one."""
        self._connected = False
        self._ready.clear()

    def due(self, now_ms: int) -> list[Outgoing]:
        """Return what is to be published now, in order."""
        if not self._connected:
            return []
        batch = list(self._ready)
        self._ready.clear()
        if self._probe_ms is not None and self._probe_ms <= now_ms:
            if self._exchanges > 1 and self._vain_probes == 0:
                batch += self._states.values()
            batch.append(self._probe(now_ms))
        batch += [
            question.take(now_ms, self._policy.resend_ms)
            for question in self._questions.values()
            if question.due_ms <= now_ms
        ]
        if self._held_until_ms is not None and self._held_until_ms <= now_ms:
            self._held_until_ms = None
        self._window.until = None if self._held_until_ms is None else self._last_of_earlier_boots
        return batch + [self._entry(seq) for seq in self._window.take(now_ms)]

    def next_due_ms(self) -> int | None:
        """Return when `due` is to be called again if nothing else happens."""
        if not self._connected:
            return None
        times = [self._probe_ms, self._window.resend_at_ms, self._released_ms()]
        times += [question.due_ms for question in self._questions.values()]
        return min((instant_ms for instant_ms in times if instant_ms is not None), default=None)

    def _released_ms(self) -> int | None:
        """Return when entries that are held back go without a report of the time, None when none is."""
        waits = self._window.last > max(self._window.acked, self._last_of_earlier_boots)
        return self._held_until_ms if waits else None

    def _probe(self, now_ms: int) -> Outgoing:
        # Replies may be lost, and a platform may be away: ask again, ever more rarely. But what does not know
        # the time can do little, so not so rarely that it would be missed when the platform is there again.
        self._probe_ms = now_ms + (self._policy.resend_ms << min(self._vain_probes, _PROBE_DOUBLINGS))
        self._vain_probes += 1
        spec = TOPICS[f"{self._role}_time"]
        sent_ms = self._clock.uptime_ms()
        probe = TimeProbe(sent_uptime_ms=sent_ms, previous=self._clock.last_sample)
        outgoing = self.seal(Send(self._topic(spec), probe))
        self._probe_id = outgoing.message_id
        self._probe_reports = probe.previous is not None
        if self._probe_reports:
            self._held_until_ms = None  # what follows on this connection arrives behind it
        return outgoing

    def _entry(self, seq: int) -> Outgoing:
        if self._journal is None or self._journal_topic is None:
            raise ValueError(f"{self._client} keeps no journal")
        payload = self._journal.entry(seq).payload
        if self._window.is_marked(seq):
            payload = self._codec.with_kept_from(payload, seq)
        return Outgoing(self._journal_topic, payload, 1, retain=False, message_id=self._entry_id(seq))

    def _entry_id(self, seq: int) -> str:
        journal_id = "" if self._journal is None else self._journal.journal_id
        return f"{journal_id}.{seq}"

    def _own_topic(self, word: str) -> str | None:
        spec = TOPICS.get(f"{self._role}_{word}")
        journal = spec is not None and spec.delivery is Delivery.JOURNAL and spec.writer is self._role
        return self._topic(spec) if spec is not None and journal else None

    def _topic(self, spec: TopicSpec) -> str:
        return spec.topic(self._region, **{str(self._role): self._client})

    def _encode(self, send: Send, message_id: str, at: DeviceTime, **attributes: object) -> bytes:
        members = {
            "data": send.data,
            "id": message_id,
            "source": source_of(self._client, self._role),
            "time": at.wall_ms if send.time_ms is None else send.time_ms,
            "subject": send.subject,
            "bootid": at.boot,
            "uptimems": at.uptime_ms,
            "clockstate": send.clock_state or at.clock_state,
            "correlationid": send.correlation_id,
            "causationid": send.causation_id,
            "expirytime": send.expires_ms,
        }
        return self._codec.encode(self._codec.seal(**{**members, **attributes}))  # type: ignore[arg-type]
