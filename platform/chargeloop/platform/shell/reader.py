"""Reading the rental platform's store: by connections of its own, while the platform runs or afterwards.

Every read opens the file, sees one committed state, and closes it again: a reader that holds nothing open can
be used from any thread and never keeps the writer's log from being folded back.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from chargeloop.platform.core.alarms import Unread
from chargeloop.platform.core.fees import FeeKind, FeeLine
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import Order
from chargeloop.platform.core.rows import BankRecord, BankWhere, CabinetRecord, EarlyReturn, OrderEvent
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.shell import cabinet_rows
from chargeloop.platform.shell.store import (
    EARLY_RETURN_COLUMNS,
    EVENT_COLUMNS,
    INTERVENTIONS,
    LINE_COLUMNS,
    ORDERS,
    TARIFFS,
    connect,
    region_in,
)
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import CabinetId, CourierId, OrderId, RegionId, UserId
from chargeloop.protocol.messages.rental import OrderState


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the region needs in memory to go on: no orders that ended long ago, and only banks of orders."""

    tariffs: tuple[Tariff, ...]
    cabinets: tuple[CabinetRecord, ...]
    banks: tuple[BankRecord, ...]
    orders: tuple[Order, ...]
    early_returns: tuple[EarlyReturn, ...]
    interventions: tuple[Intervention, ...]


@dataclass(frozen=True, slots=True)
class OrderFile:
    """One order with its tariff, its journal and all its fee lines, both in the order of writing."""

    order: Order
    tariff: Tariff
    events: tuple[OrderEvent, ...]
    lines: tuple[FeeLine, ...]


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders: those of a user, and in one of these states; None and empty mean all."""

    user: UserId | None = None
    states: tuple[OrderState, ...] = ()

    def conditions(self) -> tuple[list[str], list[Any]]:
        """Return the conditions in SQL and their values."""
        conditions, values = [], list[Any](self.states)
        if self.states:
            conditions.append(f"state IN ({', '.join('?' * len(self.states))})")
        if self.user is not None:
            conditions.append("user = ?")
            values.append(self.user)
        return conditions, values


@dataclass(frozen=True, slots=True)
class OrderPlace:
    """Where in the list of orders, the newest first, one page ends: at this order."""

    placed_ms: int
    order: OrderId


class RentalReader:
    """Reads one store. Every method raises SchemaVersionError or NotAStoreError for a file that is none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, ended_since_ms: int) -> Loaded:
        """Return what the region needs to go on.

        Of the orders: those that are open, that changed at `ended_since_ms` or later, whose dispute waits
        for an answer, or that a bank's row names. Of the banks: those whose row names an order. Early returns
        and interventions since then too.
        """
        with closing(connect(self.path)) as db, db:
            db.execute("BEGIN")
            return Loaded(
                tariffs=tuple(
                    TARIFFS.validate_json(body) for (body,) in db.execute("SELECT body FROM tariffs")
                ),
                cabinets=tuple(map(cabinet_rows.record_of, db.execute(_CABINETS))),
                banks=tuple(_banks(db)),
                orders=tuple(
                    ORDERS.validate_json(body) for (body,) in db.execute(_NEEDED, (ended_since_ms,))
                ),
                early_returns=tuple(
                    EarlyReturn(bank, cabinet, slot, time_ms, ClockState(quality))
                    for bank, cabinet, slot, time_ms, quality in db.execute(_EARLY, (ended_since_ms,))
                ),
                interventions=tuple(
                    INTERVENTIONS.validate_json(body) for (body,) in db.execute(_SENT, (ended_since_ms,))
                ),
            )

    def order_file(self, order: OrderId) -> OrderFile | None:
        """Return an order with its journal and fee lines, or None."""
        with closing(connect(self.path)) as db, db:
            db.execute("BEGIN")
            row = db.execute(f"{_ORDERS} WHERE orders.id = ?", (order,)).fetchone()
            return None if row is None else _file(db, row)

    def orders(self, wanted: OrderFilter, limit: int, after: OrderPlace | None = None) -> tuple[Order, ...]:
        """Return at most so many orders, the newest first, from `after` on."""
        conditions, values = wanted.conditions()
        if after is not None:
            conditions.append("(placed_ms < ? OR (placed_ms = ? AND id > ?))")
            values += [after.placed_ms, after.placed_ms, after.order]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        newest = f"SELECT body FROM orders{where} ORDER BY placed_ms DESC, id LIMIT ?"  # noqa: S608
        with closing(connect(self.path)) as db:
            return tuple(ORDERS.validate_json(body) for (body,) in db.execute(newest, (*values, limit)))

    def order(self, order: OrderId) -> Order | None:
        """Return an order, or None."""
        with closing(connect(self.path)) as db:
            row = db.execute("SELECT body FROM orders WHERE id = ?", (order,)).fetchone()
            return None if row is None else ORDERS.validate_json(row[0])

    def carried_by(self, courier: CourierId, since_ms: int) -> Iterator[Order]:
        """Yield the orders that a courier has taken a trip for, placed at `since_ms` or later.

        The newest come first. Take them without a pause: meanwhile the file is open.
        """
        with closing(connect(self.path)) as db:
            for (body,) in db.execute(_CARRIED, (courier, since_ms)):
                yield ORDERS.validate_json(body)

    def disputed(self, limit: int, *, answered: bool | None = None) -> tuple[Order, ...]:
        """Return the orders of the disputes that were opened last, of so many disputes at most.

        Only of those with, or without, an answer, unless `answered` is None.
        """
        with closing(connect(self.path)) as db:
            rows = db.execute(_DISPUTED, {"limit": limit, "answered": answered})
            return tuple(ORDERS.validate_json(body) for (body,) in rows)

    def interventions(self, cabinet: CabinetId, limit: int) -> tuple[Intervention, ...]:
        """Return at most so many of what operators had a cabinet do, the latest first."""
        latest = "SELECT body FROM interventions WHERE cabinet = ? ORDER BY sent_ms DESC LIMIT ?"
        with closing(connect(self.path)) as db:
            return tuple(
                INTERVENTIONS.validate_json(body) for (body,) in db.execute(latest, (cabinet, limit))
            )

    def history(self, cabinet: CabinetId, limit: int) -> tuple[OrderEvent, ...]:
        """Return at most so many journal entries of orders that happened at a cabinet, the latest first."""
        with closing(connect(self.path)) as db:
            return tuple(map(_event, db.execute(_HISTORY, (cabinet, limit))))

    def quarantined(self) -> tuple[Unread, ...]:
        """Return on which topics messages came that could not be read, those with the latest first."""
        with closing(connect(self.path)) as db:
            return tuple(Unread(*row) for row in db.execute(_QUARANTINED))

    def region(self) -> RegionId:
        """Return the region that the store belongs to."""
        with closing(connect(self.path)) as db:
            return region_in(db)

    def everything(self) -> Iterator[Tariff | OrderFile]:
        """Yield every tariff, then every order, the oldest first, all of one committed state.

        They are read from a copy, made in SQLite's directory for temporary files: whoever takes them may take
        hours, and an open read would keep all that the writer writes meanwhile in its log.

        Raises:
            sqlite3.OperationalError: there is no room for the copy.
        """
        with closing(sqlite3.connect("")) as db:
            with closing(connect(self.path)) as store:
                store.backup(db)
            for (body,) in db.execute("SELECT body FROM tariffs ORDER BY version"):
                yield TARIFFS.validate_json(body)
            for row in db.execute(f"{_ORDERS} ORDER BY orders.placed_ms, orders.id"):
                yield _file(db, row)


_CABINETS: Final = f"SELECT {cabinet_rows.COLUMNS} FROM cabinets"  # noqa: S608
_BANKS: Final = "SELECT id, place, cabinet, slot, order_id FROM banks WHERE order_id IS NOT NULL"
_QUARANTINED: Final = (
    "SELECT topic, sum(times), fault, min(received_ms), max(received_ms) FROM quarantine"
    " GROUP BY topic ORDER BY max(received_ms) DESC LIMIT 200"
)
_NEEDED: Final = (
    "SELECT body FROM orders WHERE open = 1 OR changed_ms >= ?"
    " OR id IN (SELECT order_id FROM banks WHERE order_id IS NOT NULL)"
    " OR id IN (SELECT order_id FROM order_events AS opened WHERE type = 'dispute_opened'"
    " AND NOT EXISTS (SELECT 1 FROM order_events AS answer WHERE answer.order_id = opened.order_id"
    " AND answer.type = 'dispute_answered' AND json_extract(answer.detail, '$.dispute') = opened.id))"
    " ORDER BY placed_ms, id"
)
_EARLY: Final = f"SELECT {EARLY_RETURN_COLUMNS} FROM early_returns WHERE time_ms >= ?"  # noqa: S608
_ORDERS: Final = (
    "SELECT orders.body, tariffs.body FROM orders JOIN tariffs ON tariffs.version = orders.tariff"
)
_SENT: Final = "SELECT body FROM interventions WHERE sent_ms >= ?"
_CARRIED: Final = (
    "SELECT body FROM order_couriers AS c JOIN orders ON orders.id = c.order_id"
    " WHERE c.courier = ? AND c.placed_ms >= ? ORDER BY c.placed_ms DESC, c.order_id"
)
_DISPUTED: Final = (
    "SELECT body FROM orders WHERE id IN (SELECT d.order_id FROM order_events AS d"
    " WHERE d.type = 'dispute_opened' AND (:answered IS NULL OR :answered = EXISTS ("
    "  SELECT 1 FROM order_events AS a WHERE a.order_id = d.order_id AND a.type = 'dispute_answered'"
    "  AND json_extract(a.detail, '$.dispute') = d.id))"
    " ORDER BY d.time_ms DESC LIMIT :limit)"
)
# The same expression as that of the index `events_of_cabinet`.
_CABINET: Final = "coalesce(json_extract(detail, '$.cabinet'), json_extract(detail, '$.hold.cabinet'))"
_HISTORY: Final = (
    f"SELECT {EVENT_COLUMNS} FROM order_events WHERE {_CABINET} = ?"  # noqa: S608
    " ORDER BY time_ms DESC LIMIT ?"
)
_EVENTS: Final = f"SELECT {EVENT_COLUMNS} FROM order_events WHERE order_id = ? ORDER BY rowid"  # noqa: S608
_LINES: Final = f"SELECT {LINE_COLUMNS} FROM fee_lines WHERE order_id = ? ORDER BY rowid"  # noqa: S608
_LINE_FIELDS: Final = [field.name for field in fields(FeeLine)]


def _banks(db: sqlite3.Connection) -> Iterator[BankRecord]:
    places = {str(place): place for place in BankWhere}
    for bank, place, cabinet, slot, order in db.execute(_BANKS):
        yield BankRecord(bank, places[place], cabinet, slot, order)


def _file(db: sqlite3.Connection, row: tuple[str, str]) -> OrderFile:
    order, tariff = ORDERS.validate_json(row[0]), TARIFFS.validate_json(row[1])
    events = tuple(_event(event) for event in db.execute(_EVENTS, (order.id,)))
    return OrderFile(order, tariff, events, tuple(_line(line) for line in db.execute(_LINES, (order.id,))))


def _event(row: tuple[Any, ...]) -> OrderEvent:
    key, order, kind, time_ms, received_ms, quality, detail = row
    return OrderEvent(key, order, kind, time_ms, received_ms, ClockState(quality), detail)


def _line(row: tuple[Any, ...]) -> FeeLine:
    values = dict(zip(_LINE_FIELDS, row, strict=True))
    return FeeLine(**values | {"fee": FeeKind(values["fee"]), "quality": ClockState(values["quality"])})
