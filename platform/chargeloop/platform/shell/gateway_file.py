"""A small SQLite file of the gateway's own, DATA/gateway/NAME.sqlite3: accounts, alarms.

They stand apart from the rental platform's store, whose only writer is the endpoint. Several programs may
have such a file open at the same time, so each waits for the others. A file that is somebody else's, or of
another version, is refused before anything in it is changed. One of an earlier version that can be brought
up to this one is, in one transaction, and keeps what it holds.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import aiosqlite

from chargeloop.broker.endpoint.store import make_log_last

_BUSY_S: Final = 5
_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
_META: Final = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"


class GatewayFileError(Exception):
    """The file holds something else, or another version of it; the message says what."""


class GatewayFile:
    """The file and its one connection. Open it before use, and close it.

    Extend it with what is asked of one kind of file.

    Args:
        path: the file; it is made when missing, its directory too.
        holds: what is in it, which is the name of one of its tables as well.
        version: of its tables: it changes when they do.
        package: where their `schema.sql` is: `CREATE … IF NOT EXISTS`.
        earlier: versions that only lack what `schema.sql` makes.
    """

    def __init__(
        self, path: Path, holds: str, version: int, package: str, earlier: Collection[int] = ()
    ) -> None:
        self.path = path
        self._holds = holds
        self._version = version
        self._package = package
        self._earlier = frozenset(map(str, earlier))
        self._db: aiosqlite.Connection | None = None
        # One connection, and so one transaction at a time.
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Open the file, made when it is not there, for its owner alone to read.

        Raises:
            GatewayFileError: it holds something else, or another version of it.
            StoreFailedError: what has been committed cannot be made to last.
            OSError, sqlite3.Error: it can be neither read nor made.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        # Transactions are begun and ended in so many words, see _transaction.
        self._db = await aiosqlite.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        try:
            await self._require_ours()
            await self._db._execute(make_log_last, self._db._conn, self.path)  # type: ignore[no-untyped-call]  # noqa: SLF001
            await self._prepare(self._db)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the file; more than once does no harm."""
        if self._db is not None:
            await self._db.close()
            self._db = None

    async def _require_ours(self) -> None:
        try:
            tables = {
                name for (name,) in await self._all("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise GatewayFileError(f"{self.path} is no SQLite file") from None
        if not tables:
            return
        if not {"meta", self._holds} <= tables:
            raise GatewayFileError(f"{self.path} holds something else than the gateway's {self._holds}")
        found = await self._one("SELECT value FROM meta WHERE key = 'version'")
        # Without one, whoever was making the file was killed, and it can be finished.
        if found is not None and found[0] not in {str(self._version), *self._earlier}:
            held = f"version {found[0]} of the gateway's {self._holds}"
            raise GatewayFileError(f"{self.path} holds {held}; this program reads version {self._version}")

    async def _prepare(self, db: aiosqlite.Connection) -> None:
        for pragma in _PRAGMAS:
            await db.execute(f"PRAGMA {pragma}")
        schema = (resources.files(self._package) / "schema.sql").read_text("utf-8")
        version = f"INSERT OR IGNORE INTO meta (key, value) VALUES ('version', '{self._version}');"  # noqa: S608
        # Only from one of these: another program may have brought the file to a later version meanwhile.
        earlier = ", ".join(f"'{number}'" for number in sorted(self._earlier))
        known = f"UPDATE meta SET value = '{self._version}' WHERE key = 'version' AND value IN ({earlier});"  # noqa: S608
        await db.executescript(f"BEGIN IMMEDIATE;\n{_META}\n{schema}\n{version}\n{known}\nCOMMIT;")

    def _opened(self) -> aiosqlite.Connection:
        if self._db is None:
            raise RuntimeError(f"open the {self._holds} first")
        return self._db

    async def _one(self, sql: str, *values: object) -> Any:
        async with self._opened().execute(sql, values) as rows:
            return await rows.fetchone()

    async def _all(self, sql: str, *values: object) -> list[Any]:
        async with self._opened().execute(sql, values) as rows:
            return list(await rows.fetchall())

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Commit what is done while the context lasts, or nothing of it."""
        db = self._opened()
        async with self._turn:
            try:
                await db.execute("BEGIN IMMEDIATE")
                yield db
                await db.execute("COMMIT")
            except BaseException:
                # Whoever was cancelled while waiting for the thread of the connection does not know whether
                # a transaction was begun; this comes after it there, and without one does nothing.
                await db.rollback()
                raise
