"""What survives: the stores of the services and the journals of the devices, as rows in memory.

A store does what `SqliteStore` does with the same `Changes` and rows: all of a transaction or nothing, and
the rules that stand in the database are kept here too, since a broken one would stop the process. A
transaction is written, then synced; power that fails in between leaves it whole or not at all, and nobody
has been told of it. A test gives the same transactions to both and compares what they load.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chargeloop.broker.device.journal import Entry
from chargeloop.broker.endpoint.changes import (
    Changes,
    ChannelRow,
    EntryRow,
    Kept,
    LeaseRow,
    QuarantineRow,
    ReplyRow,
    RequestRow,
    StateRow,
)
from chargeloop.protocol.ids import IdKind, JournalId

WriteT = TypeVar("WriteT")


class BrokenRuleError(Exception):
    """A transaction breaks a rule that the database keeps: on SQLite it would fail, and the process end."""


@dataclass(slots=True)
class Tables:
    """The endpoint's own tables."""

    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    requests: dict[tuple[str, str], RequestRow] = field(default_factory=dict)
    replies: dict[tuple[str, str, int], ReplyRow] = field(default_factory=dict)
    channels: dict[str, ChannelRow] = field(default_factory=dict)
    entries: dict[str, dict[int, EntryRow]] = field(default_factory=dict)
    leases: dict[str, LeaseRow] = field(default_factory=dict)
    states: dict[str, StateRow] = field(default_factory=dict)
    quarantined: dict[str, QuarantineRow] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


class Store(Generic[WriteT]):
    """One service's store. Subclasses keep the core's rows."""

    def __init__(self, store_id: str) -> None:
        self.tables = Tables()
        self._store_id = store_id
        self._starts = 0
        self._suspects: set[str] = set()
        self._written: tuple[Changes, Sequence[WriteT]] | None = None

    def load(self) -> Kept:
        """Return what the endpoint's tables hold, with a new start counted."""
        self._starts += 1
        tables = self.tables
        return Kept(
            store_id=self._store_id,
            starts=self._starts,
            marks=dict(tables.marks),
            requests=list(tables.requests.values()),
            replies=[row for _, row in sorted(tables.replies.items())],
            channels=[row for _, row in sorted(tables.channels.items())],
            entries=[row for _, rows in sorted(tables.entries.items()) for _, row in sorted(rows.items())],
            leases=[row for _, row in sorted(tables.leases.items())],
            states=[row for _, row in sorted(tables.states.items())],
            digests=set(self._suspects),
            counters=dict(tables.counters),
        )

    def write(self, changes: Changes, writes: Sequence[WriteT]) -> None:
        """Write a transaction; it is durable after `sync`."""
        self._written = (changes, writes)

    def sync(self) -> None:
        """Make what was written durable.

        Raises:
            BrokenRuleError: it breaks a rule of the database.
        """
        if self._written is not None:
            changes, writes = self._written
            self._written = None
            self._apply(changes)
            self.keep(writes)

    def fail(self, draw: random.Random) -> bool:
        """Lose the power before the sync: the transaction is whole or not there at all; tell which."""
        if self._written is not None and draw.random() < 0.5:
            self.sync()
            return True
        self._written = None
        return False

    def suspect(self, digest: str) -> None:
        """Remember a message on which the core failed."""
        self._suspects.add(digest)

    def keep(self, writes: Sequence[WriteT]) -> None:
        """Keep the core's rows of a transaction.

        Raises:
            BrokenRuleError: they break a rule of the database.
        """
        raise NotImplementedError

    def _apply(self, changes: Changes) -> None:
        tables = self.tables
        tables.marks.update(changes.marks)
        for request in changes.requests:
            insert(tables.requests, (request.source, request.id), request)
        for reply in changes.replies:
            insert(tables.replies, (reply.source, reply.request, reply.position), reply)
        for topic in changes.begun_anew:
            tables.entries.pop(topic, None)
        for entry in changes.entries:
            insert(tables.entries.setdefault(entry.topic, {}), entry.seq, entry)
        tables.channels.update(changes.channels)
        for row in changes.channels.values():
            waiting = tables.entries.get(row.topic, {})
            for seq in [seq for seq in waiting if seq <= row.acked]:
                del waiting[seq]
        tables.leases.update(changes.leases)
        for lease in changes.settled:
            tables.leases.pop(lease, None)
        tables.states.update(changes.states)
        tables.counters.update(changes.counters)
        tables.quarantined.update({row.digest: row for row in changes.quarantined})


KeyT = TypeVar("KeyT")
RowT = TypeVar("RowT")


def insert(table: dict[KeyT, RowT], key: KeyT, row: RowT) -> None:
    """Add a row under a key that no row has.

    Raises:
        BrokenRuleError: one has it.
    """
    if key in table:
        raise BrokenRuleError(f"{key} is inserted twice")
    table[key] = row


class UniqueIndex(Generic[KeyT]):
    """Which owner has which keys; a key has one owner at most at the end of a transaction."""

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._owners: dict[KeyT, str] = {}
        self._keys: dict[str, tuple[KeyT, ...]] = {}

    def clear(self, owner: str) -> None:
        """Take all keys from an owner."""
        for key in self._keys.pop(owner, ()):
            if self._owners.get(key) == owner:
                del self._owners[key]

    def put(self, owner: str, keys: Iterable[KeyT]) -> None:
        """Give an owner, which was cleared, these keys.

        Raises:
            BrokenRuleError: somebody else has one of them.
        """
        mine = tuple(keys)
        for key in mine:
            other = self._owners.setdefault(key, owner)
            if other != owner:
                raise BrokenRuleError(f"{self._rule}: {key} of {owner} belongs to {other}")
        if mine:
            self._keys[owner] = mine


class DiskJournal:
    """A device's journal, as `chargeloop.broker.device.journal.Journal` keeps it in a file."""

    def __init__(self, name: str) -> None:
        self.journal_id = JournalId(f"{IdKind.JOURNAL}-{name}")
        self._entries: dict[int, Entry] = {}
        self._acked = 0

    @property
    def last_seq(self) -> int:
        """Return the number of the last entry, 0 when there has been none."""
        return self._acked + len(self._entries)

    @property
    def acked_seq(self) -> int:
        """Return the highest number known to be committed by the platform."""
        return self._acked

    def append(self, payloads: Sequence[bytes]) -> list[int]:
        """Record encoded envelopes that carry the numbers from `last_seq + 1` on; returns those numbers."""
        first = self.last_seq + 1
        for seq, payload in enumerate(payloads, start=first):
            self._entries[seq] = Entry(seq, payload)
        return list(range(first, first + len(payloads)))

    def entry(self, seq: int) -> Entry:
        """Return an entry that has not been acknowledged."""
        return self._entries[seq]

    def acknowledge(self, journal_id: JournalId, seq: int) -> None:
        """Let go of the entries up to `seq`; another journal or a number to come changes nothing."""
        if journal_id == self.journal_id and self._acked < seq <= self.last_seq:
            for number in range(self._acked + 1, seq + 1):
                del self._entries[number]
            self._acked = seq
