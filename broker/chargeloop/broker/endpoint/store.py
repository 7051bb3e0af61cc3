"""The endpoint's memory on disk: SQLite, one transaction for each batch of messages.

WAL with `synchronous=FULL`: a commit that has returned survives a power cut (with NORMAL, acknowledged
commits were seen to vanish). aiosqlite runs the connection in a thread of its own, so the event loop never
waits for the disk. An error of a commit is fatal: the memory of the process is then ahead of the disk, so the
process must end and start again from the disk.

A commit whose sync failed is whole in SQLite's log, and counts at the next start, which would acknowledge it
as a repeat. So opening makes the log last first: it is written over itself and synced. A checkpoint would
not do instead: its own sync of such a log writes nothing, and a power cut while it copies would leave some
pages of that commit in the file, and the log that has all of them gone.
"""

import asyncio
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import aiosqlite

from chargeloop.broker.disk import write_again
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
from chargeloop.broker.endpoint.inbox import REQUESTS_IN_MEMORY
from chargeloop.broker.endpoint.nonsense import OUR_FINDINGS

WriteT = TypeVar("WriteT")
WriteT_contra = TypeVar("WriteT_contra", contravariant=True)
ArgumentT = TypeVar("ArgumentT")
Statement = tuple[str, Sequence[tuple[Any, ...]]]

# A peer that sends nonsense for ever must not fill the disk, nor drive out what came from others.
_MAX_QUARANTINED = 10_000
_MAX_OF_TOPIC = 500
_MAX_QUARANTINED_BYTES = 16 * 1024

# What the driver raises of its own accord: an integer of more than 64 bits, a lone surrogate.
_FAILURES = (sqlite3.Error, OverflowError, UnicodeError)

_PRAGMAS = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA foreign_keys=ON;
"""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_marks (
  source TEXT NOT NULL, journal TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (source, journal)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  source TEXT NOT NULL, id TEXT NOT NULL, fingerprint TEXT NOT NULL, received_ms INTEGER NOT NULL,
  PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS requests_by_time ON requests (received_ms);
CREATE TABLE IF NOT EXISTS replies (
  source TEXT NOT NULL, request TEXT NOT NULL, position INTEGER NOT NULL, topic TEXT NOT NULL,
  message_id TEXT NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (source, request, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channels (
  topic TEXT PRIMARY KEY, journal TEXT NOT NULL, last INTEGER NOT NULL, acked INTEGER NOT NULL,
  CHECK (0 <= acked AND acked <= last)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  topic TEXT NOT NULL, seq INTEGER NOT NULL, message_id TEXT NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY (topic, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (
  id TEXT PRIMARY KEY, topic TEXT NOT NULL, expires_ms INTEGER NOT NULL, payload TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS states (
  topic TEXT PRIMARY KEY, message_id TEXT NOT NULL, payload TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine (
  number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, topic TEXT NOT NULL, fault TEXT NOT NULL,
  detail TEXT NOT NULL, size INTEGER NOT NULL, payload BLOB NOT NULL, received_ms INTEGER NOT NULL,
  times INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS quarantine_of_topic ON quarantine (topic, fault);
CREATE TABLE IF NOT EXISTS suspects (
  digest TEXT PRIMARY KEY, topic TEXT NOT NULL, error TEXT NOT NULL, received_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

_LATEST_REQUESTS = "SELECT * FROM requests ORDER BY received_ms DESC, source, id LIMIT ?"
_LATEST_REPLIES = """
SELECT replies.*
FROM (SELECT source, id FROM requests ORDER BY received_ms DESC, source, id LIMIT ?) AS latest
JOIN replies ON replies.source = latest.source AND replies.request = latest.id
ORDER BY replies.source, replies.request, replies.position
"""
_ONE_REQUEST = "SELECT * FROM requests WHERE source = ? AND id = ?"
_ITS_REPLIES = "SELECT * FROM replies WHERE source = ? AND request = ? ORDER BY position"


class StoreFailedError(Exception):
    """A transaction did not commit. Memory is ahead of the disk: end the process and start it again."""


class Store(Protocol[WriteT_contra]):
    """What the endpoint needs of a store."""

    async def load(self) -> Kept:
        """Return what the endpoint's tables hold, with a new start counted."""

    async def recall(self, keys: Sequence[tuple[str, str]]) -> tuple[list[RequestRow], list[ReplyRow]]:
        """Return the requests of these (source, id) that were taken before, and the answers to them."""

    async def commit(self, changes: Changes, writes: Sequence[WriteT_contra]) -> None:
        """Write all of it in one durable transaction.

        Raises:
            StoreFailedError: nothing of it can be relied upon; end the process.
        """

    async def suspect(self, digest: str, topic: str, error: str, received_ms: int) -> None:
        """Remember, durably, a message on which the core failed."""


class NotAStoreError(Exception):
    """The file is no SQLite file, or a damaged one; the message says which."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Read a file that may be none of SQLite's.

    Raises:
        NotAStoreError: it is none, or is damaged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
            raise
        message = f"{path}: {error}"
        raise NotAStoreError(message) from None


def make_log_last(connection: sqlite3.Connection, path: Path) -> None:
    """Return when all that earlier processes committed to the file is on the disk, synced or not as it was.

    Do it before the last connection to the file is closed, which would fold its log back.

    Raises:
        StoreFailedError: the disk failed.
        sqlite3.OperationalError: another process does not stop writing.
    """
    log = path.with_name(f"{path.name}-wal")
    # While this transaction lasts no other process writes.
    connection.execute("BEGIN IMMEDIATE")
    try:
        # After an orderly end there is none, or an empty one.
        content = log.read_bytes() if log.exists() else b""
        if content:
            write_again(log, content)
    except OSError as error:
        raise StoreFailedError(f"{log}: {error.strerror}") from error
    finally:
        connection.execute("ROLLBACK")


class SqliteStore(Generic[WriteT]):
    """The store of one region of one service, in one SQLite file.

    Extend it with a schema of your own and with methods that load it through `read`. Only the endpoint
    writes.

    Args:
        path: the file; it is made when missing, its directory too, which nothing else needs to be read in.
        schema: `CREATE TABLE IF NOT EXISTS …` of the service's own tables.
        statements: turns the core's rows into (SQL, tuples of parameters), run in order with the endpoint's.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        statements: Callable[[Sequence[WriteT]], Iterable[Statement]],
    ) -> None:
        self.path = path
        self._schema = schema
        self._statements = statements
        self._connection: aiosqlite.Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> None:
        """Open the file, for its owner alone to read, and make missing tables. Call it once, first of all.

        Raises:
            NotAStoreError: the file is there and is no SQLite file.
            StoreFailedError: what has been committed cannot be made to last.
            OSError, sqlite3.Error: it can be neither read nor made, or not be kept from others.
        """
        self._keep_from_others()
        # Transactions are begun and ended in so many words, see _transact.
        self._connection = await aiosqlite.connect(self.path, isolation_level=None)
        try:
            with readable(self.path):
                await self._connection.executescript(_PRAGMAS)
                await self._on_thread(make_log_last, self.path)
                await self._connection.executescript(_SCHEMA + self._schema)
        except BaseException:
            await self.close()
            raise

    def _keep_from_others(self) -> None:
        """Make what is missing for the owner alone; what is there may be of a version that did not."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        # What a killed writer left beside it keeps its mode; new ones get that of the file.
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + end).chmod(0o600)

    async def close(self) -> None:
        """Close the file; the store cannot be used again."""
        async with self._one_at_a_time:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def read(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query, as committed."""
        return [tuple(row) for row in await self._opened.execute_fetchall(sql, parameters)]

    async def load(self) -> Kept:
        """Return what the endpoint's tables hold, with a new start counted."""
        new_start = "INSERT INTO meta VALUES ('starts', '1') ON CONFLICT DO UPDATE SET value = value + 1"
        new_store = "INSERT OR IGNORE INTO meta VALUES ('store_id', ?)"
        await self._transact([(new_start, [()]), (new_store, [(secrets.token_hex(10),)])])
        meta = dict(await self.read("SELECT key, value FROM meta"))
        latest = await self.read(_LATEST_REQUESTS, (REQUESTS_IN_MEMORY + 1,))
        requests = [RequestRow(*row) for row in reversed(latest[:REQUESTS_IN_MEMORY])]
        replies = await self.read(_LATEST_REPLIES, (REQUESTS_IN_MEMORY,))
        entries = await self.read("SELECT * FROM outbox ORDER BY topic, seq")
        return Kept(
            store_id=meta["store_id"],
            starts=int(meta["starts"]),
            marks={
                (source, journal): seq
                for source, journal, seq in await self.read("SELECT * FROM inbox_marks")
            },
            requests=requests,
            replies=[ReplyRow(*row) for row in replies],
            all_requests=len(latest) == len(requests),
            channels=[ChannelRow(*row) for row in await self.read("SELECT * FROM channels ORDER BY topic")],
            entries=[EntryRow(*row) for row in entries],
            leases=[LeaseRow(*row) for row in await self.read("SELECT * FROM leases ORDER BY id")],
            states=[StateRow(*row) for row in await self.read("SELECT * FROM states ORDER BY topic")],
            digests={digest for (digest,) in await self.read("SELECT digest FROM suspects")},
            counters=dict(await self.read("SELECT name, value FROM counters")),
        )

    async def recall(self, keys: Sequence[tuple[str, str]]) -> tuple[list[RequestRow], list[ReplyRow]]:
        """Return the requests of these (source, id) that were taken before, and the answers to them."""
        requests: list[RequestRow] = []
        replies: list[ReplyRow] = []
        for key in keys:
            requests += [RequestRow(*row) for row in await self.read(_ONE_REQUEST, key)]
            replies += [ReplyRow(*row) for row in await self.read(_ITS_REPLIES, key)]
        return requests, replies

    async def commit(self, changes: Changes, writes: Sequence[WriteT]) -> None:
        """Write all of it in one durable transaction.

        Raises:
            StoreFailedError: nothing of it can be relied upon; end the process.
        """
        await self._transact([*_endpoint_statements(changes), *self._statements(writes)])

    async def suspect(self, digest: str, topic: str, error: str, received_ms: int) -> None:
        """Remember, durably, a message on which the core failed."""
        row = (digest, topic, error, received_ms)
        await self._transact([("INSERT OR REPLACE INTO suspects VALUES (?, ?, ?, ?)", [row])])

    @property
    def _opened(self) -> aiosqlite.Connection:
        if self._connection is None:
            raise StoreFailedError(f"{self.path} is not open")
        return self._connection

    async def _on_thread(self, work: Callable[[sqlite3.Connection, ArgumentT], None], on: ArgumentT) -> None:
        connection = self._opened
        await connection._execute(work, connection._conn, on)  # type: ignore[no-untyped-call]  # noqa: SLF001

    async def _transact(self, statements: Iterable[Statement]) -> None:
        # A caller who is cancelled must not leave half a transaction open for the next one.
        await asyncio.shield(asyncio.ensure_future(self._one_transaction(statements)))

    async def _one_transaction(self, statements: Iterable[Statement]) -> None:
        async with self._one_at_a_time:
            try:
                # One visit to the connection's thread: one for each statement cost more than the writing.
                await self._on_thread(_write, statements)
            except _FAILURES as error:
                raise StoreFailedError(f"{self.path}: a transaction failed: {error}") from error


def _write(connection: sqlite3.Connection, statements: Iterable[Statement]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for sql, rows in statements:
        connection.executemany(sql, rows)
    connection.execute("COMMIT")


def _endpoint_statements(changes: Changes) -> Iterable[Statement]:
    """Return the endpoint's part of a transaction; what is inserted and acknowledged in one goes again."""
    marks = [(source, journal, seq) for (source, journal), seq in changes.marks.items()]
    acked = [(row.topic, row.acked) for row in changes.channels.values()]
    every: list[Statement] = [
        ("INSERT OR REPLACE INTO inbox_marks VALUES (?, ?, ?)", marks),
        ("INSERT INTO requests VALUES (?, ?, ?, ?)", changes.requests),
        ("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?)", changes.replies),
        ("DELETE FROM outbox WHERE topic = ?", [(topic,) for topic in changes.begun_anew]),
        ("INSERT INTO outbox VALUES (?, ?, ?, ?)", changes.entries),
        ("INSERT OR REPLACE INTO channels VALUES (?, ?, ?, ?)", list(changes.channels.values())),
        ("DELETE FROM outbox WHERE topic = ? AND seq <= ?", acked),
        ("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", list(changes.leases.values())),
        ("DELETE FROM leases WHERE id = ?", [(lease,) for lease in changes.settled]),
        ("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", list(changes.states.values())),
        ("INSERT OR REPLACE INTO counters VALUES (?, ?)", list(changes.counters.items())),
        *_quarantine_statements(changes.quarantined),
    ]
    return ((sql, rows) for sql, rows in every if rows)


def _quarantine_statements(rows: Sequence[QuarantineRow]) -> list[Statement]:
    if not rows:
        return []
    insert = (
        "INSERT INTO quarantine (digest, topic, fault, detail, size, payload, received_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET times = times + 1"
    )
    kept = [row._replace(payload=row.payload[:_MAX_QUARANTINED_BYTES]) for row in rows]
    topics = sorted({(row.topic, row.fault in OUR_FINDINGS, _MAX_OF_TOPIC) for row in rows})
    kinds = sorted({(ours, _MAX_QUARANTINED, ours, _MAX_QUARANTINED * 9 // 10) for _, ours, _ in topics})
    return [(insert, kept), (_CUT_TOPIC, topics), (_CUT_ALL, kinds)]


# What we found ourselves and what could not be read are counted apart: neither drives out the other.
_OURS = ", ".join(f"'{fault}'" for fault in sorted(OUR_FINDINGS))
_IS_OURS = f"(fault IN ({_OURS}))"
_CUT_TOPIC = f"""
DELETE FROM quarantine WHERE number IN (
  SELECT number FROM quarantine WHERE topic = ? AND {_IS_OURS} = ? ORDER BY number DESC LIMIT -1 OFFSET ?
)
"""  # noqa: S608
# When there are too many in all, topics that have many lose their oldest first. That sorts all of them, so a
# tenth goes at once.
_CUT_ALL = f"""
DELETE FROM quarantine WHERE (SELECT count(*) FROM quarantine WHERE {_IS_OURS} = ?) > ? AND number IN (
  SELECT number FROM quarantine WHERE {_IS_OURS} = ?
  ORDER BY row_number() OVER (PARTITION BY topic ORDER BY number DESC), number DESC LIMIT -1 OFFSET ?
)
"""  # noqa: S608
