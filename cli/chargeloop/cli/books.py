"""What the platforms have written, read from their SQLite stores by SQL alone, for checks and reports."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FINAL_STATES = ("settled", "cancelled", "failed")
_COUNTERS = ("published", "received", "duplicates", "quarantined")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order of the rental platform's books; times in milliseconds since 1970 UTC."""

    id: str
    user: str
    state: str
    quantity: int
    placed_ms: int
    changed_ms: int

    @property
    def is_open(self) -> bool:
        """Tell whether the order has not ended."""
        return self.state not in FINAL_STATES


@dataclass(frozen=True, slots=True)
class Held:
    """A rental of one bank by one order, from and to in milliseconds since 1970 UTC, as charged."""

    order: str
    bank: str
    from_ms: int
    to_ms: int


class Books:
    """Reads the stores in one data directory; safe while the platforms run. A missing store is empty."""

    def __init__(self, data: Path) -> None:
        self._rental = data / "platform" / "rental.sqlite3"
        self._dispatch = data / "courier" / "dispatch.sqlite3"

    def orders(self) -> list[OrderRow]:
        """Return all orders, the oldest first."""
        sql = "SELECT id, user, state, quantity, placed_ms, changed_ms FROM orders ORDER BY placed_ms, id"
        return [OrderRow(*row) for row in rows(self._rental, sql)]

    def sold_banks(self) -> frozenset[str]:
        """Return the banks that have been bought out."""
        return frozenset(bank for (bank,) in rows(self._rental, "SELECT id FROM banks WHERE place = 'sold'"))

    def idle_holds(self) -> list[str]:
        """Return the reservations that are live although their order has ended, or that no order knows."""
        live = (
            "SELECT h.id FROM order_holds h JOIN orders o ON o.id = h.order_id"
            " WHERE h.live = 1 AND o.open = 0"
        )
        slots = (
            "SELECT s.reservation FROM slot_holds s LEFT JOIN order_holds h ON h.id = s.reservation"
            " LEFT JOIN orders o ON o.id = h.order_id WHERE o.id IS NULL OR o.open = 0"
        )
        found = [*rows(self._rental, live), *rows(self._rental, slots)]
        return sorted({str(reservation) for (reservation,) in found})

    def rentals(self) -> list[Held]:
        """Return every rental that was charged and not taken back, by bank and time."""
        sql = (
            "SELECT l.order_id, l.subject, l.from_ms, l.to_ms FROM fee_lines l WHERE l.fee = 'rental' AND"
            " l.reverses IS NULL AND NOT EXISTS (SELECT 1 FROM fee_lines r WHERE r.reverses = l.id)"
            " ORDER BY l.subject, l.from_ms"
        )
        return [Held(*row) for row in rows(self._rental, sql)]

    def messages(self) -> dict[str, int]:
        """Return the counters of both platforms together: published, received, duplicates, quarantined."""
        counted = dict.fromkeys(_COUNTERS, 0)
        for path in (self._rental, self._dispatch):
            for name, value in rows(path, "SELECT name, value FROM counters"):
                if name in counted:
                    counted[name] += int(value)
        return counted

    def legs(self) -> dict[str, int]:
        """Return how many courier legs were charged, by fee: `courier_out` and `courier_back`."""
        sql = (
            "SELECT l.fee, COUNT(*) FROM fee_lines l WHERE l.fee IN ('courier_out', 'courier_back') AND"
            " l.reverses IS NULL AND NOT EXISTS (SELECT 1 FROM fee_lines r WHERE r.reverses = l.id)"
            " GROUP BY l.fee"
        )
        return {"courier_out": 0, "courier_back": 0} | {
            str(fee): int(n) for fee, n in rows(self._rental, sql)
        }


def rows(path: Path, sql: str, parameters: Sequence[object] = ()) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a query on a store; safe while its owner runs. A missing store is empty."""
    if not path.is_file():
        return []
    with _reading(path) as connection:
        return connection.execute(sql, parameters).fetchall()


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    # Not SQLite's read-only mode: it could not replay the log of a writer that was killed.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)) as connection:
        connection.execute("PRAGMA query_only = ON")
        yield connection
