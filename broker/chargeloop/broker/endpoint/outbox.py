"""The sending half of never lost: every message of the core, kept as its topic's row in the table says.

Theory: `put` turns a `Send` into bytes once and files it by delivery class; after the commit, `due` gives
out what is to be published now. A journal entry stays until the receiver has acknowledged its commit
(window.py). A lease is sent again until its outcome settles it or it expires, since a stale command must not
be carried out. A state stays for ever and is sent at every connection, because a broker may forget what it
retained. What is sent once or may be lost is given out once and, without a connection, dropped: a repetition
of its cause brings it again.

A store that was restored from a backup gives out numbers anew that its receiver has taken long ago, and would
take for repeats. An acknowledgement of what this store never gave out shows it: then another journal is
begun, and all that waits is numbered anew there. So that it shows before much is lost, a run begins with one
new entry alone; the others follow when it has been acknowledged.

Pure: it knows the time from its caller and nothing of sockets; what goes out
while there is no connection to give it to is nobody's business but this module's.
"""

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field

from chargeloop.broker.endpoint.acknowledging import acknowledger
from chargeloop.broker.endpoint.changes import (
    Changes,
    ChannelRow,
    EntryRow,
    Kept,
    LeaseRow,
    Outgoing,
    StateRow,
)
from chargeloop.broker.window import SendWindow
from chargeloop.protocol.codec import JSON, Codec, Fault
from chargeloop.protocol.effects import Send
from chargeloop.protocol.ids import IdKind, derived_id
from chargeloop.protocol.messages.common import JournalAck
from chargeloop.protocol.topics import Delivery, Role, Topic, parse_topic, source_of
from chargeloop.protocol.values import replace

_MAX_LEASE_DOUBLINGS = 3


@dataclass(frozen=True, slots=True)
class OutboxPolicy:
    """How long to wait before sending again (ms of the clock), and how much may be on its way."""

    window: int = 256
    journal_resend_ms: int = 5_000
    lease_resend_ms: int = 5_000


@dataclass(slots=True)
class _Channel:
    journal: str
    window: SendWindow
    entries: dict[int, Outgoing] = field(default_factory=dict)


@dataclass(slots=True)
class _Lease:
    outgoing: Outgoing
    expires_ms: int
    due_ms: int
    sent: int = 0


class UnsendableError(ValueError):
    """The core asked for a message that this service may not or cannot send: a bug in the core."""


class Outbox:
    """All that one service has to say.

    Args:
        client: the service's id.
        role: its role; it sends only on topics this role writes.
        kept: what its store held.
        policy: intervals and limits.
        codec: turns messages into bytes.
    """

    def __init__(
        self, client: str, role: Role, kept: Kept, policy: OutboxPolicy, codec: Codec = JSON
    ) -> None:
        self._codec = codec
        self._source = source_of(client, role)
        self._acknowledge = acknowledger(self._source, codec)
        self._role = role
        self._policy = policy
        self._store_id = kept.store_id
        self._prefix = f"{client}.{kept.starts}"
        self._number = itertools.count(1)
        self._connected = False
        self._ready: deque[Outgoing] = deque()
        self._channels: dict[str, _Channel] = {}
        self._leases: dict[str, _Lease] = {}
        self._lease_times: list[tuple[int, int, str]] = []
        self._turn = itertools.count()
        self._states: dict[str, Outgoing] = {}
        self._put = {
            Delivery.STATE: self._put_state,
            Delivery.JOURNAL: self._put_entry,
            Delivery.LEASE: self._put_lease,
            Delivery.ONCE: self._put_once,
            Delivery.LOSSY: self._put_once,
        }
        self._load(kept)

    @property
    def depth(self) -> int:
        """Return how many messages wait for an acknowledgement, an outcome, or the wire."""
        entries = sum(len(channel.entries) for channel in self._channels.values())
        return entries + len(self._leases) + len(self._ready)

    def message_id(self) -> str:
        """Return an id that no message of this service, in this or any other run, has had."""
        return f"{self._prefix}.{next(self._number)}"

    def put(self, send: Send, now_ms: int, changes: Changes) -> Outgoing:
        """File a message; it is given out by `due` after the caller has committed `changes`.

        Raises:
            UnsendableError: the topic is not in the table or not ours to write, the message type does not
                belong there, or a lease has no id or no expiry.
        """
        topic = parse_topic(send.topic)
        put = None if topic is None else self._put.get(topic.spec.delivery)
        if topic is None or put is None or not self._may_send(topic, send):
            raise UnsendableError(f"{self._source} may not send {send.data.TYPE} on {send.topic}")
        changes.urgent = changes.urgent or topic.spec.delivery not in {Delivery.ONCE, Delivery.LOSSY}
        return put(topic, send, now_ms, changes)

    def settle(self, lease: str, changes: Changes) -> None:
        """Stop sending a lease; one that is not held, or no longer, is nothing to settle."""
        if self._leases.pop(lease, None) is not None:
            self._forget_lease(lease, changes)
            changes.urgent = True

    def acknowledge(self, topic: str, ack: JournalAck, now_ms: int, changes: Changes) -> None:
        """Take a receiver's report about one of our journals; one about another journal is not for us."""
        channel = self._channels.get(topic)
        if channel is None or channel.journal != ack.journal:
            return
        if ack.seq > channel.window.given_out:
            self._begin_anew(topic, channel, now_ms, changes)
            return
        if ack.seq == channel.window.until:
            channel.window.until = None
        before = channel.window.acked
        if channel.window.acknowledge(ack.seq, now_ms, gap=ack.gap):
            for seq in range(before + 1, channel.window.acked + 1):
                del channel.entries[seq]
            changes.channels[topic] = self._channel_row(topic, channel)

    def _begin_anew(self, topic: str, channel: _Channel, now_ms: int, changes: Changes) -> None:
        """Put what is new into a new journal: of the present one this store has forgotten numbers.

        What had a number before this run began had it in the forgotten run too, and has been taken.
        """
        first = channel.window.until or 1
        waiting = [channel.entries[seq] for seq in sorted(channel.entries) if seq >= first]
        begun = _Channel(
            self._journal_id(topic, now_ms, channel.journal), self._window(last=len(waiting), acked=0)
        )
        for seq, entry in enumerate(waiting, start=1):
            begun.entries[seq] = self._renumbered(entry, channel.journal, begun.journal, seq)
        self._channels[topic] = begun
        changes.begun_anew[topic] = None
        changes.entries = [row for row in changes.entries if row.topic != topic]
        changes.entries += [
            EntryRow(topic, seq, entry.message_id, entry.payload.decode())
            for seq, entry in begun.entries.items()
        ]
        changes.channels[topic] = self._channel_row(topic, begun)
        changes.urgent = True

    def _renumbered(self, entry: Outgoing, old: str, new: str, seq: int) -> Outgoing:
        message = self._codec.decode(entry.payload)
        if isinstance(message, Fault):
            raise UnsendableError(f"an entry for {entry.topic} cannot be read: {message}")
        named = not entry.message_id.startswith(f"{old}.")
        message_id = entry.message_id if named else f"{new}.{seq}"
        envelope = self._codec.seal(
            message.data,
            id=message_id,
            source=message.source,
            time=message.time,
            subject=message.subject,
            clockstate=message.clockstate,
            correlationid=message.correlationid,
            causationid=message.causationid,
            expirytime=message.expirytime,
            journalid=new,
            seq=seq,
        )
        return replace(entry, payload=self._codec.encode(envelope), message_id=message_id)

    def _journal_id(self, topic: str, now_ms: int, *before: str) -> str:
        """Return the id of a journal that is begun now; no copy of this store has begun it before."""
        return derived_id(IdKind.JOURNAL, self._store_id, topic, str(now_ms), *before)

    def connect(self, now_ms: int) -> None:
        """A connection has begun: states, leases and unacknowledged entries are due at once."""
        self._connected = True
        self._ready.extend(self._states.values())
        self._lease_times.clear()
        for lease_id, lease in self._leases.items():
            lease.sent = 0
            self._schedule(lease_id, lease, now_ms)
        for channel in self._channels.values():
            channel.window.restart()

    def disconnect(self) -> None:
        """The connection is gone: nothing is given out until the next one."""
        self._connected = False
        self._ready.clear()

    def hurry(self, owner: str, now_ms: int) -> None:
        """A participant has come back: its leases need not wait for their next turn."""
        for lease_id, lease in self._leases.items():
            if lease.sent > 0 and f"/{owner}/" in lease.outgoing.topic:
                self._schedule(lease_id, lease, now_ms)

    def due(self, now_ms: int, limit: int, changes: Changes) -> list[Outgoing]:
        """Return up to `limit` messages to publish now, in order, and drop leases that have expired."""
        if not self._connected:
            return []
        self._renew_leases(now_ms, changes)
        batch = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        for channel in self._channels.values():
            batch += [self._marked(channel, seq) for seq in channel.window.take(now_ms)]
        return batch

    def has_more(self) -> bool:
        """Tell whether `due` would give out more at this instant."""
        waiting = any(channel.window.has_more() for channel in self._channels.values())
        return self._connected and (bool(self._ready) or waiting)

    def next_due_ms(self) -> int | None:
        """Return when `due` is to be called again if nothing else happens; None while not connected."""
        if not self._connected:
            return None
        windows = (channel.window.resend_at_ms for channel in self._channels.values())
        times = [instant_ms for instant_ms in windows if instant_ms is not None]
        lease_ms = self._next_lease_ms()
        return min(times if lease_ms is None else [*times, lease_ms], default=None)

    def seal(self, send: Send, now_ms: int, **attributes: object) -> Outgoing:
        """Return the bytes of a message that is kept nowhere."""
        topic = parse_topic(send.topic)
        if topic is None:
            raise UnsendableError(f"{send.topic} is not in the topic table")
        return self._outgoing(topic, send, send.id or self.message_id(), now_ms, **attributes)

    def acknowledgement(self, topic: str, journal: str, now_ms: int, *, seq: int, gap: bool) -> Outgoing:
        """Return the acknowledgement of somebody's journal up to `seq`; it is kept nowhere."""
        message_id = self.message_id()
        payload = self._acknowledge(message_id, now_ms, journal, seq, gap)
        return Outgoing(topic, payload, 1, retain=False, message_id=message_id)

    def _may_send(self, topic: Topic, send: Send) -> bool:
        return topic.spec.writer is self._role and type(send.data) in topic.spec.messages

    def _outgoing(
        self, topic: Topic, send: Send, message_id: str, now_ms: int, **attributes: object
    ) -> Outgoing:
        envelope = self._codec.seal(
            send.data,
            id=message_id,
            source=self._source,
            time=now_ms if send.time_ms is None else send.time_ms,
            subject=send.subject,
            clockstate=send.clock_state,
            correlationid=send.correlation_id,
            causationid=send.causation_id,
            expirytime=send.expires_ms,
            **attributes,
        )
        return Outgoing(
            send.topic, self._codec.encode(envelope), topic.spec.qos, topic.spec.retain, message_id
        )

    def _put_state(self, topic: Topic, send: Send, now_ms: int, changes: Changes) -> Outgoing:
        outgoing = self._outgoing(topic, send, send.id or self.message_id(), now_ms)
        self._states[send.topic] = outgoing
        changes.states[send.topic] = StateRow(send.topic, outgoing.message_id, outgoing.payload.decode())
        self._make_ready(outgoing)
        return outgoing

    def _put_entry(self, topic: Topic, send: Send, now_ms: int, changes: Changes) -> Outgoing:
        channel = self._channels.get(send.topic)
        if channel is None:
            journal = self._journal_id(send.topic, now_ms)
            channel = self._channels[send.topic] = _Channel(journal, self._window(last=0, acked=0))
        seq = channel.window.last + 1
        message_id = send.id or f"{channel.journal}.{seq}"
        outgoing = self._outgoing(topic, send, message_id, now_ms, journalid=channel.journal, seq=seq)
        channel.window.last = seq
        channel.entries[seq] = outgoing
        changes.entries.append(EntryRow(send.topic, seq, message_id, outgoing.payload.decode()))
        changes.channels[send.topic] = self._channel_row(send.topic, channel)
        return outgoing

    def _put_lease(self, topic: Topic, send: Send, now_ms: int, changes: Changes) -> Outgoing:
        if send.id is None or send.expires_ms is None:
            raise UnsendableError(f"{send.data.TYPE} is a lease: it needs an id and an expiry")
        outgoing = self._outgoing(topic, send, send.id, now_ms)
        lease = self._leases[send.id] = _Lease(outgoing, send.expires_ms, now_ms)
        self._schedule(send.id, lease, now_ms)
        changes.settled.pop(send.id, None)
        changes.leases[send.id] = LeaseRow(send.id, send.topic, send.expires_ms, outgoing.payload.decode())
        return outgoing

    def _put_once(self, topic: Topic, send: Send, now_ms: int, changes: Changes) -> Outgoing:
        del changes  # nothing of it is kept
        outgoing = self._outgoing(topic, send, send.id or self.message_id(), now_ms)
        self._make_ready(outgoing)
        return outgoing

    def repeat(self, topic: str, message_id: str, payload: str) -> None:
        """Give out an answer of earlier once more."""
        self._make_ready(Outgoing(topic, payload.encode(), 1, retain=False, message_id=message_id))

    def _make_ready(self, outgoing: Outgoing) -> None:
        if self._connected:
            self._ready.append(outgoing)

    def _renew_leases(self, now_ms: int, changes: Changes) -> None:
        while (due_ms := self._next_lease_ms()) is not None and due_ms <= now_ms:
            lease_id = heapq.heappop(self._lease_times)[2]
            lease = self._leases[lease_id]
            if lease.expires_ms <= now_ms:
                del self._leases[lease_id]
                self._forget_lease(lease_id, changes)
                continue
            self._ready.append(lease.outgoing)
            pause_ms = self._policy.lease_resend_ms << min(lease.sent, _MAX_LEASE_DOUBLINGS)
            lease.sent += 1
            self._schedule(lease_id, lease, min(now_ms + pause_ms, lease.expires_ms))

    def _schedule(self, lease_id: str, lease: _Lease, due_ms: int) -> None:
        lease.due_ms = due_ms
        heapq.heappush(self._lease_times, (due_ms, next(self._turn), lease_id))

    def _next_lease_ms(self) -> int | None:
        """Return when a lease is due next, passing over times of leases settled or moved meanwhile."""
        while self._lease_times:
            due_ms, _, lease_id = self._lease_times[0]
            lease = self._leases.get(lease_id)
            if lease is not None and lease.due_ms == due_ms:
                return due_ms
            heapq.heappop(self._lease_times)
        return None

    @staticmethod
    def _forget_lease(lease: str, changes: Changes) -> None:
        changes.leases.pop(lease, None)
        changes.settled[lease] = None

    @staticmethod
    def _channel_row(topic: str, channel: _Channel) -> ChannelRow:
        return ChannelRow(topic, channel.journal, channel.window.last, channel.window.acked)

    def _window(self, *, last: int, acked: int) -> SendWindow:
        return SendWindow(self._policy.window, self._policy.journal_resend_ms, acked=acked, last=last)

    def _load(self, kept: Kept) -> None:
        for row in kept.channels:
            window = self._window(last=row.last, acked=row.acked)
            window.until = row.last + 1
            self._channels[row.topic] = _Channel(row.journal, window)
        for topic, seq, message_id, payload in kept.entries:
            entry = Outgoing(topic, payload.encode(), 1, retain=False, message_id=message_id)
            self._channels[topic].entries[seq] = entry
        for lease in kept.leases:
            command = Outgoing(lease.topic, lease.payload.encode(), 1, retain=False, message_id=lease.id)
            self._leases[lease.id] = _Lease(command, lease.expires_ms, due_ms=0)
        for topic, message_id, payload in kept.states:
            self._states[topic] = Outgoing(topic, payload.encode(), 1, retain=True, message_id=message_id)

    def _marked(self, channel: _Channel, seq: int) -> Outgoing:
        entry = channel.entries[seq]
        if not channel.window.is_marked(seq):
            return entry
        return replace(entry, payload=self._codec.with_kept_from(entry.payload, seq))
