"""The single writer of a region, without I/O: messages go in, rows and messages to publish come out.

Theory: one object sees every message of the region in turn. `receive` judges each by its topic's delivery
class, hands what is new to the core, and gathers rows (`Changes` of the endpoint, writes of the core) until
the caller takes the batch, commits it in one transaction, and only then acknowledges and publishes. A
journal entry counts as taken in the same transaction as its effects; the acknowledgement of a journal is its
high-water mark, so one message per journal and batch is enough.

When anything raises on a message, or the core asks for what cannot be sent, the memory cannot be trusted, so
the process must end (`CoreFailedError`); the caller first writes down the message's digest. After the restart
the same message comes again, is recognised by that digest, goes to quarantine without touching the core, and
the stream behind it goes on: one crash for each poisoned message, never a crash loop.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from chargeloop.broker.endpoint.changes import Changes, Kept, Outgoing, QuarantineRow, ReplyRow, RequestRow
from chargeloop.broker.endpoint.core import RegionCore
from chargeloop.broker.endpoint.inbox import REQUESTS_IN_MEMORY, Inbox, Verdict
from chargeloop.broker.endpoint.nonsense import KEPT, MOST_IN_A_TURN, OUR_FINDINGS, TOLD, Allowance
from chargeloop.broker.endpoint.outbox import Outbox, OutboxPolicy
from chargeloop.broker.intake import Checked, Salvage, check, is_source, salvage
from chargeloop.protocol.codec import JSON, Codec, Fault, FaultKind
from chargeloop.protocol.effects import Context, Effects, Incoming, Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages.common import ConnectionState, JournalAck, Presence, TimeProbe, TimeReply
from chargeloop.protocol.messages.rental import RefusalCode, RequestRefused
from chargeloop.protocol.messages.service import Quarantined, ServiceStats
from chargeloop.protocol.topics import TOPICS, Delivery, Role, Topic, parse_topic, source_of

WriteT = TypeVar("WriteT")

# A core that is still due after so many turns at one instant would keep the region busy for ever.
_MAX_TICKS = 100
_COUNTERS = ("received", "published", "duplicates", "quarantined")


class CoreFailedError(Exception):
    """The core raised on a message: a bug. End the process after `Store.suspect(digest, topic, …)`."""

    def __init__(self, digest: str, topic: str, error: str) -> None:
        super().__init__(f"the core failed on a message of {topic}: {error}")
        self.digest = digest
        self.topic = topic
        self.error = error


@dataclass(slots=True)
class Batch(Generic[WriteT]):
    """What one transaction writes, and the journals to acknowledge after it."""

    changes: Changes = field(default_factory=Changes)
    writes: list[WriteT] = field(default_factory=list)
    # Topic of the acknowledgement and journal -> (source, whether a gap was seen).
    acks: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    @property
    def must_commit(self) -> bool:
        """Tell whether anything may be acknowledged or published only after a commit."""
        return self.changes.urgent or bool(self.writes)


class _Numbers(NamedTuple):
    """What a journal entry is counted by; None where its sender told nothing that can be read."""

    source: str
    journal: str | None
    seq: int | None
    kept_from: int | None


class SingleWriter(Generic[WriteT]):
    """Inbox, core and outbox of one service in one region.

    Args:
        core: decides.
        kept: what the service's store held.
        client: the service's id.
        role: its role.
        region: its region.
        randbelow: unpredictable numbers for the core.
        policy: of the outbox.
        requests_in_memory: how many requests are known without asking the store.
        codec: turns messages into bytes and back.
    """

    def __init__(  # noqa: PLR0913 - the parts of a service, named by the caller
        self,
        *,
        core: RegionCore[WriteT],
        kept: Kept,
        client: str,
        role: Role,
        region: str,
        randbelow: Callable[[int], int],
        policy: OutboxPolicy,
        requests_in_memory: int = REQUESTS_IN_MEMORY,
        codec: Codec = JSON,
    ) -> None:
        self.outbox = Outbox(client, role, kept, policy, codec)
        self._codec = codec
        self._core = core
        self._inbox = Inbox(
            kept.marks, kept.requests, kept.replies, complete=kept.all_requests, limit=requests_in_memory
        )
        self._suspects = kept.digests
        self._client = client
        self._role = role
        self._region = region
        self._randbelow = randbelow
        self._counts = {name: kept.counters.get(name, 0) for name in _COUNTERS}
        self._batch: Batch[WriteT] = Batch()
        self._kept = Allowance(KEPT)
        self._told = Allowance(TOLD)
        # By topic, of the messages of this turn.
        self._nonsense: Counter[str] = Counter()

    def counters(self) -> Mapping[str, int]:
        """Return what has been counted since the store was made, and the depth of the outbox."""
        return {**self._counts, "outbox": self.outbox.depth}

    def unknown_requests(self, messages: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
        """Return (source, id) of requests among `messages` that have to be looked up in the store.

        Call it before `receive`, when everything has been committed, and give `recall` what was found.
        """
        self._inbox.forget_oldest()
        return self._inbox.unknown(_request_keys(messages))

    def recall(self, requests: Iterable[RequestRow], replies: Iterable[ReplyRow]) -> None:
        """Take the rows of requests that were looked up."""
        self._inbox.recall(requests, replies)

    def receive(self, topic: str, payload: bytes, now_ms: int) -> tuple[str | None, Outgoing | None]:
        """Take one message into the batch.

        Returns:
            Its id if it could be read, and an answer to be published at once (the time, for a probe).

        Raises:
            CoreFailedError: the core has a bug, or what is done before it; this batch must not be committed.
        """
        self._counts["received"] += 1
        if self._nonsense and self._nonsense[topic] >= MOST_IN_A_TURN:
            # Others have their turn first. What was good among it comes again when it is owed an answer.
            self._counts["quarantined"] += 1
            return None, None
        checked = check(topic, payload, self._role, self._region, self._codec)
        if isinstance(checked, Fault):
            return self._refuse(topic, payload, checked, now_ms), None
        if self._suspects and _digest(topic, payload) in self._suspects:
            fault = Fault(FaultKind.HANDLING_FAILED, "the service failed on this message before")
            return self._refuse(topic, payload, fault, now_ms), None
        try:
            answer = self._time_reply(checked, now_ms)
            if self._is_for_core(checked, payload, now_ms):
                incoming = Incoming(checked.topic, checked.message, now_ms)
                self._apply(self._core.receive(incoming, Context(now_ms, self._randbelow)), now_ms)
        except Exception as error:
            raise CoreFailedError(_digest(topic, payload), topic, repr(error)) from error
        return checked.message.id, answer

    def tick(self, now_ms: int) -> None:
        """Let the core do what is due, into the batch."""
        for _ in range(_MAX_TICKS):
            due_ms = self._core.next_due_ms()
            if due_ms is None or due_ms > now_ms:
                return
            self._apply(self._core.tick(Context(now_ms, self._randbelow)), now_ms)
        raise RuntimeError(f"the core is still due at {now_ms} after {_MAX_TICKS} turns")

    def next_due_ms(self) -> int | None:
        """Return when to call `tick` and `publishable` if nothing arrives before."""
        times = (self._core.next_due_ms(), self.outbox.next_due_ms())
        return min((instant_ms for instant_ms in times if instant_ms is not None), default=None)

    def take_batch(self) -> Batch[WriteT]:
        """Return what has gathered and begin anew; changes that need no commit stay for the next one."""
        self._nonsense.clear()
        batch = self._batch
        self._batch = Batch() if batch.must_commit else Batch(changes=batch.changes)
        if batch.must_commit:
            batch.changes.counters = dict(self._counts)
        return batch

    def last_batch(self) -> Batch[WriteT]:
        """Return everything that has not been committed, counters too, for an orderly end."""
        self._batch.changes.counters = dict(self._counts)
        return self._batch

    def acknowledgements(self, batch: Batch[WriteT], now_ms: int) -> list[Outgoing]:
        """Return the acknowledgements of the journals of a batch that has been committed."""
        answers = []
        for (topic, journal), (source, gap) in batch.acks.items():
            taken = self._inbox.mark(source, journal)
            ack = self.outbox.acknowledgement(topic, journal, now_ms, seq=taken, gap=gap)
            answers.append(self._count_published(ack))
        return answers

    def publishable(self, now_ms: int, limit: int) -> list[Outgoing]:
        """Return what is to be published now. Call it after the batch has been committed."""
        outgoing = self.outbox.due(now_ms, limit, self._batch.changes)
        self._counts["published"] += len(outgoing)
        return outgoing

    def connection(self, presence: Presence, epoch: int, now_ms: int) -> Outgoing:
        """Return the birth, goodbye or last will of one connection."""
        spec = TOPICS[f"{self._role}_connection"]
        topic = spec.topic(self._region, **{str(self._role): self._client})
        data = ConnectionState(state=presence, connection_epoch=epoch)
        return self.outbox.seal(Send(topic, data), now_ms)

    def stats(self, now_ms: int) -> Outgoing:
        """Return the service's counters as a message."""
        topic = TOPICS[f"{self._role}_stats"].topic(self._region, **{str(self._role): self._client})
        return self._count_published(self.outbox.seal(Send(topic, ServiceStats(**self.counters())), now_ms))

    def _is_for_core(self, checked: Checked, payload: bytes, now_ms: int) -> bool:
        """Deduplicate, and keep to ourselves what is the endpoint's own business."""
        topic, message = checked.topic, checked.message
        if isinstance(message.data, JournalAck):
            self._acknowledged(topic, message.data, now_ms)
            return False
        if isinstance(message.data, ConnectionState) and message.data.state is Presence.ONLINE:
            self.outbox.hurry(topic.owner, now_ms)
        if topic.spec.delivery is Delivery.JOURNAL and self._acknowledges(topic):
            numbers = _Numbers(message.source, message.journalid, message.seq, message.keptfrom)
            return self._is_next_entry(topic, payload, numbers, now_ms)
        if topic.spec.delivery is Delivery.REQUEST:
            return self._is_new_request(topic, message, now_ms)
        return True

    def _acknowledged(self, topic: Topic, ack: JournalAck, now_ms: int) -> None:
        spec = next(row for row in TOPICS.values() if row.acked_by == topic.spec.name)
        journal_topic = spec.topic(topic.region, **topic.ids)
        self.outbox.acknowledge(journal_topic, ack, now_ms, self._batch.changes)

    def _acknowledges(self, topic: Topic) -> bool:
        return topic.spec.acked_by is not None and TOPICS[topic.spec.acked_by].writer is self._role

    def _is_next_entry(self, topic: Topic, payload: bytes, numbers: _Numbers, now_ms: int) -> bool:
        source, journal, seq, kept_from = numbers
        if journal is None or seq is None or topic.spec.acked_by is None:
            return False
        mark = self._inbox.mark(source, journal)
        verdict = self._inbox.entry(source, journal, seq, self._batch.changes, kept_from=kept_from)
        if verdict is Verdict.DUPLICATE:
            self._counts["duplicates"] += 1
        if verdict is Verdict.NEW and seq > mark + 1:
            # Operators are shown the entries that are gone.
            gone = f"{mark + 1} to {seq - 1} of {journal} were acknowledged and let go"
            topic_text = topic.spec.topic(topic.region, **topic.ids)
            self._quarantine(topic_text, payload, Fault(FaultKind.ENTRIES_MISSING, gone), now_ms)
        key = (_ack_topic(topic.spec.acked_by, topic.region, topic.spec.owner, topic.owner), journal)
        gap_before = self._batch.acks.get(key, (source, False))[1]
        self._batch.acks[key] = (source, gap_before or verdict is Verdict.GAP)
        return verdict is Verdict.NEW

    def _is_new_request(self, topic: Topic, message: Envelope[Data], now_ms: int) -> bool:
        fingerprint = hashlib.sha256(f"{message.type}\n{message.data.model_dump_json()}".encode()).hexdigest()
        row = RequestRow(message.source, message.id, fingerprint, now_ms)
        verdict = self._inbox.request(row, self._batch.changes)
        if verdict is Verdict.DUPLICATE:
            self._counts["duplicates"] += 1
            for reply in self._inbox.replies(message.source, message.id):
                self.outbox.repeat(reply.topic, reply.message_id, reply.payload)
        elif verdict is Verdict.REUSED:
            detail = f"{message.id} was used for another request"
            self._refuse_request(topic, message.id, RefusalCode.KEY_REUSED, detail, now_ms)
        return verdict is Verdict.NEW

    def _refuse_request(
        self, topic: Topic, request: str, code: RefusalCode, detail: str, now_ms: int
    ) -> None:
        """Answer a request without keeping the answer: only that to the first use of an id is repeated."""
        spec = TOPICS[topic.spec.name.removesuffix("_request") + "_reply"]
        refusal = RequestRefused(code=code, detail=detail)
        send = Send(spec.topic(topic.region, **topic.ids), refusal, correlation_id=request)
        self.outbox.put(send, now_ms, self._batch.changes)

    def _time_reply(self, checked: Checked, now_ms: int) -> Outgoing | None:
        probe = checked.message.data
        if not isinstance(probe, TimeProbe):
            return None
        spec = TOPICS[checked.topic.spec.name.removesuffix("_time") + "_clock"]
        reply = TimeReply(platform_time=now_ms, sent_uptime_ms=probe.sent_uptime_ms)
        topic = spec.topic(checked.topic.region, **checked.topic.ids)
        send = Send(topic, reply, correlation_id=checked.message.id)
        return self._count_published(self.outbox.seal(send, now_ms))

    def _apply(self, effects: Effects[WriteT], now_ms: int) -> None:
        changes = self._batch.changes
        self._batch.writes += effects.writes
        for send in effects.sends:
            outgoing = self.outbox.put(send, now_ms, changes)
            if send.correlation_id is not None:
                self._keep_reply(send, send.correlation_id, outgoing)
        for lease in effects.settled:
            self.outbox.settle(lease, changes)

    def _keep_reply(self, send: Send, request: str, outgoing: Outgoing) -> None:
        topic = parse_topic(send.topic)
        if topic is not None and topic.spec.name.endswith("_reply"):
            source = source_of(topic.owner, topic.spec.readers[0])
            self._inbox.keep_reply(source, request, outgoing, self._batch.changes)

    def _refuse(self, topic_text: str, payload: bytes, fault: Fault, now_ms: int) -> str | None:
        """Put a message into quarantine; a journal entry whose number can be read counts as taken.

        Of what comes in numbers some is only counted, and not answered either: see `nonsense`.
        """
        saved = salvage(payload)
        topic = parse_topic(topic_text)
        if topic is not None and self._is_unreadable_entry(topic, saved):
            numbers = _Numbers(saved.source or "", saved.journal, saved.seq, saved.kept_from)
            if not self._is_next_entry(topic, payload, numbers, now_ms):
                return saved.message_id
        row = self._quarantine(topic_text, payload, fault, now_ms)
        if row is not None and topic is not None and saved.message_id is not None and self._is_asked(topic):
            # Without an answer the asker would send it again for ever.
            self._refuse_request(topic, saved.message_id, RefusalCode.INVALID, row.detail, now_ms)
        return saved.message_id

    def _quarantine(self, topic_text: str, payload: bytes, fault: Fault, now_ms: int) -> QuarantineRow | None:
        self._counts["quarantined"] += 1
        ours = fault.kind in OUR_FINDINGS
        self._nonsense[topic_text] += not ours
        source = f"{ours}/{topic_text}"
        if fault.kind is not FaultKind.HANDLING_FAILED and not self._kept.takes(source, now_ms):
            return None
        digest = _digest(topic_text, payload)
        row = QuarantineRow(
            digest, topic_text[:256], fault.kind, fault.detail[:200], len(payload), payload, now_ms
        )
        self._batch.changes.quarantined.append(row)
        self._batch.changes.urgent = True
        if self._told.takes(source, now_ms):
            self._tell_quarantine(row, now_ms)
        return row

    def _is_asked(self, topic: Topic) -> bool:
        ours = topic.region == self._region and self._role in topic.spec.readers
        return ours and topic.spec.delivery is Delivery.REQUEST

    def _is_unreadable_entry(self, topic: Topic, saved: Salvage) -> bool:
        numbered = saved.journal is not None and saved.seq is not None
        ours = topic.region == self._region and self._acknowledges(topic)
        return numbered and ours and saved.source is not None and is_source(topic, saved.source)

    def _tell_quarantine(self, row: QuarantineRow, now_ms: int) -> None:
        spec = TOPICS[f"{self._role}_quarantine"]
        told = Quarantined(
            on_topic=row.topic,
            fault=row.fault,
            detail=row.detail,
            size=row.size,
            payload_sha256=hashlib.sha256(row.payload).hexdigest(),
        )
        topic = spec.topic(self._region, **{str(self._role): self._client})
        self.outbox.put(Send(topic, told), now_ms, self._batch.changes)

    def _count_published(self, outgoing: Outgoing) -> Outgoing:
        self._counts["published"] += 1
        return outgoing


@lru_cache(maxsize=16_384)
def _ack_topic(name: str, region: str, placeholder: str, owner: str) -> str:
    """Return the topic on which a journal of the owner is acknowledged."""
    return TOPICS[name].topic(region, **{placeholder: owner})


def _digest(topic: str, payload: bytes) -> str:
    return hashlib.sha256(topic.encode() + b"\0" + payload).hexdigest()


def _request_keys(messages: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str]]:
    for topic_text, payload in messages:
        topic = parse_topic(topic_text)
        if topic is not None and topic.spec.delivery is Delivery.REQUEST:
            saved = salvage(payload)
            if saved.source is not None and saved.message_id is not None:
                yield saved.source, saved.message_id
