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

from chargeloop.platform.core.fees import FeeKind, FeeLine
from chargeloop.platform.core.order import Order
from chargeloop.platform.core.rows import BankRecord, CabinetRecord, OrderEvent
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.shell.store import (
    BANKS,
    CABINETS,
    EVENT_COLUMNS,
    LINE_COLUMNS,
    ORDERS,
    TARIFFS,
    connect,
)
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import OrderId, UserId


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the region needs in memory to go on: all but the orders that ended long ago."""

    tariffs: tuple[Tariff, ...]
    cabinets: tuple[CabinetRecord, ...]
    banks: tuple[BankRecord, ...]
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class OrderFile:
    """One order with its journal and all its fee lines, each in the order of writing."""

    order: Order
    events: tuple[OrderEvent, ...]
    lines: tuple[FeeLine, ...]


class RentalReader:
    """Reads one store. Every method raises SchemaVersionError for a file of another version."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, ended_since_ms: int) -> Loaded:
        """Return what the region needs: open orders, and those that ended at that time or later."""
        with closing(connect(self.path)) as db, db:
            db.execute("BEGIN")
            recent = "SELECT body FROM orders WHERE open = 1 OR changed_ms >= ? ORDER BY placed_ms, id"
            return Loaded(
                tariffs=tuple(
                    TARIFFS.validate_json(body) for (body,) in db.execute("SELECT body FROM tariffs")
                ),
                cabinets=tuple(
                    CABINETS.validate_json(body) for (body,) in db.execute("SELECT body FROM cabinets")
                ),
                banks=tuple(BANKS.validate_json(body) for (body,) in db.execute("SELECT body FROM banks")),
                orders=tuple(ORDERS.validate_json(body) for (body,) in db.execute(recent, (ended_since_ms,))),
            )

    def order_file(self, order: OrderId) -> OrderFile | None:
        """Return an order with its journal and fee lines, or None."""
        with closing(connect(self.path)) as db, db:
            db.execute("BEGIN")
            body = db.execute("SELECT body FROM orders WHERE id = ?", (order,)).fetchone()
            return None if body is None else _file(db, ORDERS.validate_json(body[0]))

    def orders_of(self, user: UserId, limit: int) -> tuple[Order, ...]:
        """Return at most so many orders of a user, the newest first."""
        newest = "SELECT body FROM orders WHERE user = ? ORDER BY placed_ms DESC, id LIMIT ?"
        with closing(connect(self.path)) as db:
            return tuple(ORDERS.validate_json(body) for (body,) in db.execute(newest, (user, limit)))

    def tariffs(self) -> tuple[Tariff, ...]:
        """Return every version of the tariff that an order was placed under."""
        with closing(connect(self.path)) as db:
            every = db.execute("SELECT body FROM tariffs ORDER BY version")
            return tuple(TARIFFS.validate_json(body) for (body,) in every)

    def order_files(self) -> Iterator[OrderFile]:
        """Yield every order with its journal and fee lines, the oldest first, all of one committed state."""
        with closing(connect(self.path)) as db, db:
            db.execute("BEGIN")
            for (body,) in db.execute("SELECT body FROM orders ORDER BY placed_ms, id"):
                yield _file(db, ORDERS.validate_json(body))


_EVENTS: Final = f"SELECT {EVENT_COLUMNS} FROM order_events WHERE order_id = ? ORDER BY rowid"  # noqa: S608
_LINES: Final = f"SELECT {LINE_COLUMNS} FROM fee_lines WHERE order_id = ? ORDER BY rowid"  # noqa: S608

_LINE_FIELDS: Final = [field.name for field in fields(FeeLine)]


def _file(db: sqlite3.Connection, order: Order) -> OrderFile:
    events = tuple(_event(row) for row in db.execute(_EVENTS, (order.id,)))
    return OrderFile(order, events, tuple(_line(row) for row in db.execute(_LINES, (order.id,))))


def _event(row: tuple[Any, ...]) -> OrderEvent:
    key, order, kind, time_ms, received_ms, quality, detail = row
    return OrderEvent(key, order, kind, time_ms, received_ms, ClockState(quality), detail)


def _line(row: tuple[Any, ...]) -> FeeLine:
    values = dict(zip(_LINE_FIELDS, row, strict=True))
    return FeeLine(**values | {"fee": FeeKind(values["fee"]), "quality": ClockState(values["quality"])})
