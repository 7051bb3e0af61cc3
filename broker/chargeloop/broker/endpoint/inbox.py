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

Requests are remembered for ever, but not all in memory: only the latest are, the others stay in the store.
Before it judges requests the caller asks which of them are `unknown` here and has the store's rows put back
by `recall`. An answer given so late that its request is not in memory any more is sent but not kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chargeloop.broker.endpoint.changes import Changes, Outgoing, ReplyRow, RequestRow

# A kilobyte each, and more than are asked while anybody still repeats a question.
REQUESTS_IN_MEMORY: Final = 20_000


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
        requests: those taken before, the oldest first.
        replies: the answers given to them, in the order of their positions.
        complete: whether `requests` are all that were ever taken.
        limit: requests in memory at most, as of `forget_oldest`.
    """

    def __init__(
        self,
        marks: Mapping[tuple[str, str], int],
        requests: Iterable[RequestRow],
        replies: Iterable[ReplyRow],
        *,
        complete: bool = True,
        limit: int = REQUESTS_IN_MEMORY,
    ) -> None:
        self._marks = dict(marks)
        self._requests: dict[tuple[str, str], _Request] = {}
        self._complete = complete
        self._limit = limit
        self.recall(requests, replies)

    def unknown(self, keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return those (source, id) of which only the store can tell whether they were taken before."""
        return [] if self._complete else [key for key in dict.fromkeys(keys) if key not in self._requests]

    def recall(self, requests: Iterable[RequestRow], replies: Iterable[ReplyRow]) -> None:
        """Take requests and their answers into memory again, as the store has them."""
        self._requests |= {(row.source, row.id): _Request(row.fingerprint) for row in requests}
        for row in replies:
            self._requests[row.source, row.request].replies.append(row)

    def forget_oldest(self) -> None:
        """Keep no more than the limit in memory. Call it only when everything taken has been committed."""
        while len(self._requests) > self._limit:
            del self._requests[next(iter(self._requests))]
            self._complete = False

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
