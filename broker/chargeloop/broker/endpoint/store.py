"""The endpoint's memory on disk: SQLite, one transaction for each batch of messages.

WAL with `synchronous=FULL`: a commit that has returned survives a power cut (with NORMAL, acknowledged
commits were seen to vanish). One thread owns the connection, and a whole batch is one visit to it. An error
of a commit is fatal: the memory of the process is then ahead of the disk, so the process must end and start
again from the disk.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

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

WriteT = TypeVar("WriteT")
WriteT_contra = TypeVar("WriteT_contra", contravariant=True)
ResultT = TypeVar("ResultT")
Statement = tuple[str, Sequence[tuple[Any, ...]]]

# A peer that sends nonsense for ever must not fill the disk.
_MAX_QUARANTINED = 10_000
_MAX_QUARANTINED_BYTES = 16 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox_marks (
  source TEXT NOT NULL, journal TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (source, journal)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  source TEXT NOT NULL, id TEXT NOT NULL, fingerprint TEXT NOT NULL, received_ms INTEGER NOT NULL,
  PRIMARY KEY (source, id)
) WITHOUT ROWID;
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
CREATE TABLE IF NOT EXISTS suspects (
  digest TEXT PRIMARY KEY, topic TEXT NOT NULL, error TEXT NOT NULL, received_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class StoreFailedError(Exception):
    """A transaction did not commit. Memory is ahead of the disk: end the process and start it again."""


class Store(Protocol[WriteT_contra]):
    """What the endpoint needs of a store."""

    async def load(self) -> Kept:
        """Return what the endpoint's tables hold, with a new start counted."""

    async def commit(self, changes: Changes, writes: Sequence[WriteT_contra]) -> None:
        """Write all of it in one durable transaction.

        Raises:
            StoreFailedError: nothing of it can be relied upon; end the process.
        """

    async def suspect(self, digest: str, topic: str, error: str, received_ms: int) -> None:
        """Remember, durably, a message on which the core failed."""


class SqliteStore(Generic[WriteT]):
    """The store of one region of one service, in one SQLite file.

    Extend it with a schema of your own and with methods that load it through `read`. Only the endpoint
    writes.

    Args:
        path: the file; it is made when missing, its directory too.
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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"store-{path.stem}")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file and make missing tables. Call it once, before anything else."""
        await self._visit(self._open)

    async def close(self) -> None:
        """Close the file; the store cannot be used again."""
        await self._visit(self._close)
        self._thread.shutdown()

    async def read(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query, as committed."""
        return await self._visit(lambda: self._opened.execute(sql, parameters).fetchall())

    async def load(self) -> Kept:
        """Return what the endpoint's tables hold, with a new start counted."""
        return await self._visit(self._load)

    async def commit(self, changes: Changes, writes: Sequence[WriteT]) -> None:
        """Write all of it in one durable transaction.

        Raises:
            StoreFailedError: nothing of it can be relied upon; end the process.
        """
        statements = [*_endpoint_statements(changes), *self._statements(writes)]
        await self._visit(lambda: self._transact(statements))

    async def suspect(self, digest: str, topic: str, error: str, received_ms: int) -> None:
        """Remember, durably, a message on which the core failed."""
        row = (digest, topic, error, received_ms)
        sql = "INSERT OR REPLACE INTO suspects VALUES (?, ?, ?, ?)"
        await self._visit(lambda: self._transact([(sql, [row])]))

    async def _visit(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreFailedError(f"{self.path} is not open")
        return self._connection

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, isolation_level=None)
        self._connection = connection
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.executescript(_SCHEMA + self._schema)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _transact(self, statements: Iterable[Statement]) -> None:
        connection = self._opened
        try:
            connection.execute("BEGIN IMMEDIATE")
            for sql, rows in statements:
                connection.executemany(sql, rows)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreFailedError(f"{self.path}: a transaction failed: {error}") from error

    def _load(self) -> Kept:
        rows = self._opened.execute
        new_start = "INSERT INTO meta VALUES ('starts', '1') ON CONFLICT DO UPDATE SET value = value + 1"
        new_store = "INSERT OR IGNORE INTO meta VALUES ('store_id', ?)"
        self._transact([(new_start, [()]), (new_store, [(secrets.token_hex(10),)])])
        meta = dict(rows("SELECT key, value FROM meta"))
        return Kept(
            store_id=meta["store_id"],
            starts=int(meta["starts"]),
            marks={(source, journal): seq for source, journal, seq in rows("SELECT * FROM inbox_marks")},
            requests=[RequestRow(*row) for row in rows("SELECT * FROM requests")],
            replies=[
                ReplyRow(*row) for row in rows("SELECT * FROM replies ORDER BY source, request, position")
            ],
            channels=[ChannelRow(*row) for row in rows("SELECT * FROM channels ORDER BY topic")],
            entries=[EntryRow(*row) for row in rows("SELECT * FROM outbox ORDER BY topic, seq")],
            leases=[LeaseRow(*row) for row in rows("SELECT * FROM leases ORDER BY id")],
            states=[StateRow(*row) for row in rows("SELECT * FROM states ORDER BY topic")],
            digests={digest for (digest,) in rows("SELECT digest FROM suspects")},
            counters=dict(rows("SELECT name, value FROM counters")),
        )


def _endpoint_statements(changes: Changes) -> Iterable[Statement]:
    """Return the endpoint's part of a transaction; what is inserted and acknowledged in one goes again."""
    marks = [(source, journal, seq) for (source, journal), seq in changes.marks.items()]
    acked = [(row.topic, row.acked) for row in changes.channels.values()]
    every: list[Statement] = [
        ("INSERT OR REPLACE INTO inbox_marks VALUES (?, ?, ?)", marks),
        ("INSERT INTO requests VALUES (?, ?, ?, ?)", changes.requests),
        ("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?)", changes.replies),
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
    cut = "DELETE FROM quarantine WHERE number <= (SELECT max(number) FROM quarantine) - ?"
    kept = [row._replace(payload=row.payload[:_MAX_QUARANTINED_BYTES]) for row in rows]
    return [(insert, kept), (cut, [(_MAX_QUARANTINED,)])]
