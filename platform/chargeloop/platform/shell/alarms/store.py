"""The alarms of a region in a SQLite database of their own: DATA/gateway/alarms.sqlite3."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import aiosqlite

from chargeloop.platform.core.alarms import (
    Alarm,
    AlarmKind,
    Handling,
    Key,
    Severity,
    SubjectKind,
    Trouble,
)

_VERSION: Final = "1"
_COLUMNS: Final = (
    "id, kind, subject_kind, subject, part, severity, text, since_ms, cleared_ms, acknowledged_by,"
    " acknowledged_ms, assignee, closed_by, closed_ms, close_reason"
)
_RAISE: Final = (
    "INSERT INTO alarms (id, kind, subject_kind, subject, part, severity, text, since_ms)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHANGE: Final = "UPDATE alarms SET severity = ?, text = ?, cleared_ms = ? WHERE id = ?"
_CLOSE: Final = (
    "UPDATE alarms SET closed_by = ?, closed_ms = ?, close_reason = ? WHERE id = ? AND closed_ms IS NULL"
)
_UNTOUCHED: Final = " AND acknowledged_ms IS NULL AND assignee IS NULL"


class AlarmsVersionError(Exception):
    """The file was written by another version of the product."""


def alarms_path(data: Path) -> Path:
    """Return where the alarms of a data directory are."""
    return data / "gateway" / "alarms.sqlite3"


class AlarmStore:
    """All alarms there were. Open it before use, and close it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: aiosqlite.Connection | None = None
        # One connection, and so one transaction at a time.
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Open the file, made when it is not there.

        Raises:
            AlarmsVersionError: another version of the product has written it.
            OSError, sqlite3.Error: it can be neither read nor made.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = await aiosqlite.connect(self.path, isolation_level=None)
        try:
            await self._prepare(self._db)
        except BaseException:
            await self.close()
            raise

    async def _prepare(self, db: aiosqlite.Connection) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            await db.execute(f"PRAGMA {pragma}")
        schema = (resources.files("chargeloop.platform.shell.alarms") / "schema.sql").read_text("utf-8")
        await db.executescript(f"BEGIN IMMEDIATE;\n{schema}\nCOMMIT;")
        await db.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('version', ?)", (_VERSION,))
        async with db.execute("SELECT value FROM meta WHERE key = 'version'") as rows:
            found = await rows.fetchone()
        if found is None or found[0] != _VERSION:
            message = f"{self.path} was written by another version; this program reads version {_VERSION}"
            raise AlarmsVersionError(message)

    async def close(self) -> None:
        """Close the file; more than once does no harm."""
        if self._db is not None:
            await self._db.close()
            self._db = None

    # What follows from a look at the region.

    async def pending(self) -> Mapping[Key, Alarm]:
        """Return what `reconcile` goes by: the open alarms, and those closed while their trouble lasted."""
        where = "closed_ms IS NULL OR cleared_ms IS NULL ORDER BY closed_ms IS NULL, closed_ms"
        return {alarm.key: alarm for alarm in await self._list(where, -1)}

    async def keep(self, news: Iterable[Trouble | Alarm]) -> None:
        """Raise alarms of troubles, and keep alarms that have changed by themselves, in one transaction.

        One that an operator has touched meanwhile does not close by itself.
        """
        async with self._transaction() as db:
            for one in news:
                if isinstance(one, Trouble):
                    await db.execute(_RAISE, _raised(one))
                    continue
                await db.execute(_CHANGE, (one.severity, one.text, one.cleared_ms, one.id))
                if one.closed is not None:
                    await db.execute(_CLOSE + _UNTOUCHED, (*_columns(one.closed), one.id))

    # What operators do.

    async def acknowledge(self, alarm: str, done: Handling) -> Alarm | None:
        """Note that somebody has seen an open alarm: the first one counts. None: no such alarm is open."""
        sql = (
            "UPDATE alarms SET acknowledged_by = coalesce(acknowledged_by, ?),"
            " acknowledged_ms = coalesce(acknowledged_ms, ?) WHERE id = ? AND closed_ms IS NULL"
        )
        return await self._act(alarm, "acknowledged", done, sql, (done.by, done.at_ms))

    async def assign(self, alarm: str, done: Handling, assignee: str) -> Alarm | None:
        """Note who looks after an open alarm. None: no such alarm is open."""
        sql = "UPDATE alarms SET assignee = ? WHERE id = ? AND closed_ms IS NULL"
        assigned = Handling(done.by, done.at_ms, assignee)
        return await self._act(alarm, "assigned", assigned, sql, (assignee,))

    async def close_alarm(self, alarm: str, done: Handling) -> Alarm | None:
        """Close an open alarm for the reason given. None: no such alarm is open."""
        return await self._act(alarm, "closed", done, _CLOSE, _columns(done))

    async def _act(
        self, alarm: str, act: str, done: Handling, sql: str, values: tuple[object, ...]
    ) -> Alarm | None:
        async with self._transaction() as db:
            async with db.execute(sql, (*values, alarm)) as changed:
                if changed.rowcount == 0:
                    return None
            await db.execute(
                "INSERT INTO acts (alarm, act, by, at_ms, detail) VALUES (?, ?, ?, ?, ?)",
                (alarm, act, done.by, done.at_ms, done.reason),
            )
        return await self.get(alarm)

    # What they see.

    async def list_open(self, limit: int) -> list[Alarm]:
        """Return at most so many open alarms, the latest first."""
        return await self._list("closed_ms IS NULL ORDER BY since_ms DESC, id", limit)

    async def list_closed(self, limit: int) -> list[Alarm]:
        """Return at most so many closed alarms, the latest closed first."""
        return await self._list("closed_ms IS NOT NULL ORDER BY closed_ms DESC, id", limit)

    async def get(self, alarm: str) -> Alarm | None:
        """Return an alarm by its id."""
        found = await self._list("id = ?", 1, alarm)
        return found[0] if found else None

    async def _list(self, where: str, limit: int, *values: object) -> list[Alarm]:
        sql = f"SELECT {_COLUMNS} FROM alarms WHERE {where} LIMIT ?"  # noqa: S608
        async with self._opened().execute(sql, (*values, limit)) as rows:
            return [_alarm(row) async for row in rows]

    # The connection.

    def _opened(self) -> aiosqlite.Connection:
        if self._db is None:
            raise RuntimeError("open the alarms first")
        return self._db

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        db = self._opened()
        async with self._turn:
            await db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                await db.execute("ROLLBACK")
                raise
            await db.execute("COMMIT")


def _raised(trouble: Trouble) -> tuple[object, ...]:
    key = trouble.key
    name = f"alm-{secrets.token_hex(10)}"
    return (
        *(name, key.kind, key.subject_kind, key.subject, key.part),
        *(trouble.severity, trouble.text, trouble.since_ms),
    )


def _columns(done: Handling) -> tuple[str, int, str]:
    return done.by, done.at_ms, done.reason


def _alarm(row: Any) -> Alarm:
    name, kind, subject_kind, subject, part, severity, text, since_ms, cleared_ms, *handled = row
    seen_by, seen_ms, assignee, closed_by, closed_ms, reason = handled
    return Alarm(
        id=name,
        key=Key(AlarmKind(kind), SubjectKind(subject_kind), subject, part),
        severity=Severity(severity),
        text=text,
        since_ms=since_ms,
        cleared_ms=cleared_ms,
        acknowledged=None if seen_ms is None else Handling(seen_by, seen_ms),
        assignee=assignee,
        closed=None if closed_ms is None else Handling(closed_by, closed_ms, reason),
    )
