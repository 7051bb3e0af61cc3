"""The alarms of a region in a file of their own: DATA/gateway/alarms.sqlite3."""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from chargeloop.platform.core.alarms import (
    Alarm,
    AlarmKind,
    Handling,
    Key,
    Severity,
    SubjectKind,
    Trouble,
)
from chargeloop.platform.shell.gateway_file import GatewayFile

_VERSION: Final = 1
_COLUMNS: Final = (
    "id, kind, subject_kind, subject, part, severity, text, since_ms, cleared_ms, acknowledged_by,"
    " acknowledged_ms, assignee, closed_by, closed_ms, close_reason"
)
_RAISE: Final = (
    "INSERT INTO alarms (id, kind, subject_kind, subject, part, severity, text, since_ms)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHANGE: Final = "UPDATE alarms SET severity = ?, text = ?, cleared_ms = ? WHERE id = ?"
_ACT: Final = (
    "INSERT INTO acts (alarm, act, by, at_ms, detail) SELECT :alarm, :act, :by, :at_ms, :detail"
    " WHERE NOT EXISTS (SELECT 1 FROM acts WHERE alarm = :alarm AND act = :act AND by = :by"
    " AND detail = :detail AND (act <> 'assigned'"
    " OR number = (SELECT max(number) FROM acts WHERE alarm = :alarm AND act = 'assigned')))"
)
_CLOSE: Final = (
    "UPDATE alarms SET closed_by = ?, closed_ms = ?, close_reason = ? WHERE id = ? AND closed_ms IS NULL"
)
# The severest first: a list that is cut must not lose them to many lesser ones of later.
_URGENCY: Final = "CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END"
_UNTOUCHED: Final = " AND acknowledged_ms IS NULL AND assignee IS NULL"


def alarms_path(data: Path) -> Path:
    """Return where the alarms of a data directory are."""
    return data / "gateway" / "alarms.sqlite3"


class AlarmStore(GatewayFile):
    """All alarms there were. Open it before use, and close it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "alarms", _VERSION, "chargeloop.platform.shell.alarms")

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
        """Note that somebody has seen an open alarm: the first one counts. None: no such alarm is open.

        Whoever says so again adds nothing.
        """
        sql = (
            "UPDATE alarms SET acknowledged_by = coalesce(acknowledged_by, ?),"
            " acknowledged_ms = coalesce(acknowledged_ms, ?) WHERE id = ? AND closed_ms IS NULL"
        )
        return await self._act(alarm, "acknowledged", done, sql, (done.by, done.at_ms))

    async def assign(self, alarm: str, done: Handling, assignee: str) -> Alarm | None:
        """Note who looks after an open alarm. None: no such alarm is open.

        Whoever says so again, and nobody has said otherwise meanwhile, adds nothing.
        """
        sql = "UPDATE alarms SET assignee = ? WHERE id = ? AND closed_ms IS NULL"
        assigned = Handling(done.by, done.at_ms, assignee)
        return await self._act(alarm, "assigned", assigned, sql, (assignee,))

    async def close_alarm(self, alarm: str, done: Handling) -> Alarm | None:
        """Close an open alarm for the reason given. None: no such alarm is open.

        Who has closed it for this reason already is given it as it stands.
        """
        closed = await self._act(alarm, "closed", done, _CLOSE, _columns(done))
        if closed is not None:
            return closed
        known = await self.get(alarm)
        earlier = None if known is None else known.closed
        is_repeat = earlier is not None and (earlier.by, earlier.reason) == (done.by, done.reason)
        return known if is_repeat else None

    async def _act(
        self, alarm: str, act: str, done: Handling, sql: str, values: tuple[object, ...]
    ) -> Alarm | None:
        async with self._transaction() as db:
            async with db.execute(sql, (*values, alarm)) as changed:
                if changed.rowcount == 0:
                    return None
            names = {"alarm": alarm, "act": act, "by": done.by, "at_ms": done.at_ms, "detail": done.reason}
            await db.execute(_ACT, names)
        return await self.get(alarm)

    # What they see.

    async def list_open(self, limit: int) -> list[Alarm]:
        """Return at most so many open alarms: the severest first, and of one severity the latest."""
        return await self._list(f"closed_ms IS NULL ORDER BY {_URGENCY}, since_ms DESC, id", limit)

    async def list_closed(self, limit: int) -> list[Alarm]:
        """Return at most so many closed alarms, the latest closed first."""
        return await self._list("closed_ms IS NOT NULL ORDER BY closed_ms DESC, id", limit)

    async def count(self, *, is_open: bool) -> int:
        """Return how many alarms are open, or closed."""
        which = "IS NULL" if is_open else "IS NOT NULL"
        ((found,),) = await self._all(f"SELECT count(*) FROM alarms WHERE closed_ms {which}")  # noqa: S608
        return int(found)

    async def get(self, alarm: str) -> Alarm | None:
        """Return an alarm by its id."""
        found = await self._list("id = ?", 1, alarm)
        return found[0] if found else None

    async def _list(self, where: str, limit: int, *values: object) -> list[Alarm]:
        sql = f"SELECT {_COLUMNS} FROM alarms WHERE {where} LIMIT ?"  # noqa: S608
        return [_alarm(row) for row in await self._all(sql, *values, limit)]


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
