"""The receiving half of never twice: what has been taken, by application ids, committed with its effects.

Theory: an MQTT packet id or DUP flag says nothing about an earlier delivery, so ids of the application
decide. A journal entry is known by source, journal and number. Only the number after the high-water mark is
taken; a lower one is a duplicate, a higher one means a loss on the way and is refused, so the mark alone
says what has been taken and one row per journal is enough for ever. One exception: a sender lets go of what
we have acknowledged, so if our store was lost or is an older copy, entries between the mark and the first
one kept cannot come any more. An entry that says it is the first one kept is taken across that hole. A
request is known by source and id. Its answers are kept and repeated; the same id with different content is
a fault of the asker and is told so, not answered with somebody else's result. Pure: changes are collected,
the caller commits them before it acknowledges anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chargeloop.broker.endpoint.changes import Changes, Outgoing, ReplyRow, RequestRow


class Verdict(StrEnum):
    """What an arriving journal entry or request is."""

    NEW = "new"
    DUPLICATE = "duplicate"
    GAP = "gap"  # journal entries: an earlier one is missing
    REUSED = "reused"  # requests: the id is known with other content


@dataclass(slots=True)
class _Request:
    fingerprint: str
    replies: list[ReplyRow] = field(default_factory=list)


class Inbox:
    """High-water marks of journals, and requests with their answers.

    Args:
        marks: highest number taken by (source, journal).
        requests: those taken before.
        replies: the answers given to them, in the order of their positions.
    """

    def __init__(
        self,
        marks: Mapping[tuple[str, str], int],
        requests: Iterable[RequestRow],
        replies: Iterable[ReplyRow],
    ) -> None:
        self._marks = dict(marks)
        self._requests = {(row.source, row.id): _Request(row.fingerprint) for row in requests}
        for row in replies:
            self._requests[row.source, row.request].replies.append(row)

    def mark(self, source: str, journal: str) -> int:
        """Return the highest number taken from a journal, 0 when none has been."""
        return self._marks.get((source, journal), 0)

    def entry(
        self, source: str, journal: str, seq: int, changes: Changes, *, kept_from: int | None = None
    ) -> Verdict:
        """Judge a journal entry; a new one counts as taken. `kept_from` is the first its sender still has."""
        mark = self.mark(source, journal)
        if seq <= mark:
            return Verdict.DUPLICATE
        if seq > mark + 1 and seq != kept_from:
            return Verdict.GAP
        self._marks[source, journal] = changes.marks[source, journal] = seq
        changes.urgent = True
        return Verdict.NEW

    def request(self, row: RequestRow, changes: Changes) -> Verdict:
        """Judge a request; a new one counts as taken."""
        known = self._requests.get((row.source, row.id))
        if known is not None:
            return Verdict.DUPLICATE if known.fingerprint == row.fingerprint else Verdict.REUSED
        self._requests[row.source, row.id] = _Request(row.fingerprint)
        changes.requests.append(row)
        changes.urgent = True
        return Verdict.NEW

    def replies(self, source: str, request: str) -> list[ReplyRow]:
        """Return the answers given so far to a request that has been taken."""
        return self._requests[source, request].replies

    def keep_reply(self, source: str, request: str, reply: Outgoing, changes: Changes) -> None:
        """Keep an answer for repetition; one to a request never taken is not kept."""
        known = self._requests.get((source, request))
        if known is None:
            return
        position = len(known.replies)
        text = reply.payload.decode()
        row = ReplyRow(source, request, position, reply.topic, reply.message_id, text)
        known.replies.append(row)
        changes.replies.append(row)
        changes.urgent = True
