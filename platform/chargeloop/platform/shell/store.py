"""The rental platform's store: what the core asks to write, and the way back into memory.

The endpoint's transaction holds the inbox, the outbox and the rows written here, so they are all on disk or
none is. Orders and tariffs are kept whole as JSON beside the columns that are searched by; the journal of an
order and its fee lines are tables of their own that only grow. `schema.sql` has the rules
that must never break as constraints and triggers: whoever breaks one ends the process before anything wrong
is committed.

`RentalReader` reads the same file through a connection of its own: for HTTP and the export while the platform
runs, and for anyone after it was stopped or killed.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import fields
from importlib import resources
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from chargeloop.broker.endpoint.store import SqliteStore, make_log_last, readable
from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import BankPlace, HoldState, Order
from chargeloop.platform.core.rows import (
    AppendEvent,
    AppendFeeLine,
    BankRecord,
    CabinetRecord,
    DropEarlyReturn,
    EarlyReturn,
    OrderEvent,
    PlatformWrite,
    SaveBank,
    SaveCabinet,
    SaveEarlyReturn,
    SaveIntervention,
    SaveOrder,
    SaveTariff,
)
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.shell import cabinet_rows
from chargeloop.protocol.ids import InvalidIdError, RegionId, is_region

SCHEMA_VERSION: Final = "2"
STORE_NAME: Final = "platform/rental.sqlite3"

ORDERS: Final = TypeAdapter(Order)
TARIFFS: Final = TypeAdapter(Tariff)
INTERVENTIONS: Final = TypeAdapter(Intervention)
_OPEN_PLACES: Final = frozenset(BankPlace) - {BankPlace.BACK, BankPlace.SOLD}
_LIVE_HOLDS: Final = frozenset({HoldState.ASKED, HoldState.HELD})

Statement = tuple[str, Sequence[tuple[Any, ...]]]


class SchemaVersionError(Exception):
    """The file was written by another version of the product; the message says by which."""


class OtherRegionError(Exception):
    """The file belongs to another region; a store and the process that writes it serve one region."""


def store_path(data: Path) -> Path:
    """Return where the rental platform keeps its store in a data directory."""
    return data / STORE_NAME


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, to a store that is there.

    It is not SQLite's own read-only mode, in which the log of a killed writer could not be replayed.

    Raises:
        sqlite3.OperationalError: there is no such file.
        NotAStoreError: it is no SQLite file.
        SchemaVersionError: the file was written by another version, or is still being made.
    """
    connection = _open(path)
    try:
        connection.execute("PRAGMA query_only = ON")
        with readable(path):
            version = _meta(connection, "platform_schema")
        _require_version(version, path)
    except BaseException:
        connection.close()
        raise
    return connection


def region_in(connection: sqlite3.Connection) -> RegionId:
    """Return the region that the store belongs to."""
    return RegionId(str(_meta(connection, "platform_region")))


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)


def _require_version(version: str | None, path: Path) -> None:
    if version != SCHEMA_VERSION:
        held = "no rental store yet" if version is None else f"version {version} of the rental store"
        message = f"{path} holds {held}; this program reads version {SCHEMA_VERSION}"
        raise SchemaVersionError(message)


def _require_ours(connection: sqlite3.Connection, path: Path, region: RegionId) -> None:
    version = _meta(connection, "platform_schema")
    # The version is written last: without one, whoever was making the file was killed, and it can be
    # finished.
    if version is None:
        return
    _require_version(version, path)
    found = region_in(connection)
    if found != region:
        message = f"{path} belongs to the region {found}, not to {region}"
        raise OtherRegionError(message)


def _meta(connection: sqlite3.Connection, key: str) -> str | None:
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'"
    ).fetchone()
    if known is None:
        return None
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if found is None else str(found[0])


def schema_text(region: RegionId) -> str:
    """Return the SQL that makes the tables of a region's store where they are not yet there.

    Raises:
        InvalidIdError: the region's id is malformed.
    """
    if not is_region(region):
        message = f"{region!r} is not a region id"
        raise InvalidIdError(message)
    tables = (resources.files("chargeloop.platform.shell") / "schema.sql").read_text(encoding="utf-8")
    rows = f"('platform_schema', '{SCHEMA_VERSION}'), ('platform_region', '{region}')"
    return f"{tables}\nINSERT OR IGNORE INTO meta (key, value) VALUES {rows};\n"


class PlatformStore(SqliteStore[PlatformWrite]):
    """The writing side: one per region and file, owned by the endpoint.

    Raises:
        SchemaVersionError: the file is there and was written by another version.
        OtherRegionError: the file is there and belongs to another region.
        NotAStoreError: the file is there and is no SQLite file.
        StoreFailedError: what has been committed cannot be made to last.
    """

    def __init__(self, path: Path, region: RegionId) -> None:
        if path.exists():
            with closing(_open(path)) as connection, readable(path):
                make_log_last(connection, path)
                _require_ours(connection, path, region)
        super().__init__(path, schema_text(region), statements)


def statements(writes: Sequence[PlatformWrite]) -> Iterator[Statement]:
    """Yield the SQL for the rows of one transaction.

    Of several writes of the same order, cabinet or bank the last one counts. What a constraint looks at is
    cleared for all that changed before any of it is written, so the order of the writes within one
    transaction is free.
    """
    orders = {write.order.id: write.order for write in writes if isinstance(write, SaveOrder)}
    cabinets = {write.record.cabinet: write.record for write in writes if isinstance(write, SaveCabinet)}
    banks = {write.record.bank: write.record for write in writes if isinstance(write, SaveBank)}
    tariffs = [write.tariff for write in writes if isinstance(write, SaveTariff)]
    events = [write.event for write in writes if isinstance(write, AppendEvent)]
    lines = [write.line for write in writes if isinstance(write, AppendFeeLine)]
    every = (
        _tariff_statements(tariffs),
        _order_statements(tuple(orders.values())),
        _journal_statements(events, lines),
        _cabinet_statements(tuple(cabinets.values())),
        _bank_statements(tuple(banks.values())),
        _early_return_statements(writes),
        _intervention_statements(writes),
    )
    yield from ((sql, rows) for sql, rows in chain.from_iterable(every) if rows)


_SAVE_ORDER: Final = (
    "INSERT INTO orders (id, user, state, open, quantity, tariff, placed_ms, changed_ms, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state,"
    " open = excluded.open, quantity = excluded.quantity, changed_ms = excluded.changed_ms,"
    " body = excluded.body"
)
_SAVE_INTERVENTION: Final = (
    "INSERT INTO interventions (command, cabinet, sent_ms, body) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (command) DO UPDATE SET body = excluded.body"
)
_SAVE_CABINET: Final = (
    f"INSERT OR REPLACE INTO cabinets ({cabinet_rows.COLUMNS})"  # noqa: S608
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SAVE_BANK: Final = "INSERT OR REPLACE INTO banks (id, place, cabinet, slot, order_id) VALUES (?, ?, ?, ?, ?)"


def _tariff_statements(tariffs: Sequence[Tariff]) -> Iterator[Statement]:
    rows = [(tariff.version, _json(TARIFFS, tariff)) for tariff in tariffs]
    yield "INSERT INTO tariffs (version, body) VALUES (?, ?) ON CONFLICT (version) DO NOTHING", rows


def _order_statements(orders: Sequence[Order]) -> Iterator[Statement]:
    keys = [(order.id,) for order in orders]
    yield _SAVE_ORDER, [_order_row(order) for order in orders]
    yield "DELETE FROM order_banks WHERE order_id = ?", keys
    yield "DELETE FROM order_holds WHERE order_id = ?", keys
    yield (
        "INSERT INTO order_banks (order_id, bank, open) VALUES (?, ?, ?)",
        [
            (order.id, track.bank, int(not order.final and track.place in _OPEN_PLACES))
            for order in orders
            for track in order.banks
        ],
    )
    yield (
        "INSERT OR IGNORE INTO order_couriers (courier, placed_ms, order_id) VALUES (?, ?, ?)",
        [
            (leg.courier, order.placed_ms, order.id)
            for order in orders
            for leg in order.legs
            if leg.courier is not None
        ],
    )
    yield (
        "INSERT INTO order_holds (id, order_id, cabinet, kind, live, until_ms) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (hold.id, order.id, hold.cabinet, hold.kind, int(hold.state in _LIVE_HOLDS), hold.until_ms)
            for order in orders
            for hold in order.holds
        ],
    )


def _order_row(order: Order) -> tuple[Any, ...]:
    return (
        order.id,
        order.user,
        order.state,
        int(not order.final),
        order.quantity,
        order.tariff,
        order.placed_ms,
        order.changed_ms,
        _json(ORDERS, order),
    )


# The columns of the two tables that only grow, in the order of the fields of OrderEvent and FeeLine.
EVENT_COLUMNS: Final = "id, order_id, type, time_ms, received_ms, quality, detail"
LINE_COLUMNS: Final = (
    "id, order_id, fee, subject, from_event, to_event, from_ms, to_ms, amount_minor, currency, tariff,"
    " quality, reverses"
)


EARLY_RETURN_COLUMNS: Final = "bank, cabinet, slot, time_ms, quality"


_EARLY_RETURN_ROW: Final = attrgetter(*(field.name for field in fields(EarlyReturn)))
_EVENT_ROW: Final = attrgetter(*(field.name for field in fields(OrderEvent)))
_LINE_ROW: Final = attrgetter(*(field.name for field in fields(FeeLine)))


def _journal_statements(events: Sequence[OrderEvent], lines: Sequence[FeeLine]) -> Iterator[Statement]:
    yield (
        f"INSERT INTO order_events ({EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        [_EVENT_ROW(event) for event in events],
    )
    yield (
        f"INSERT INTO fee_lines ({LINE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        [_LINE_ROW(line) for line in lines],
    )


def _cabinet_statements(cabinets: Sequence[CabinetRecord]) -> Iterator[Statement]:
    yield _SAVE_CABINET, [cabinet_rows.row_of(record) for record in cabinets]
    yield "DELETE FROM slot_holds WHERE cabinet = ?", [(record.cabinet,) for record in cabinets]
    yield (
        "INSERT INTO slot_holds (cabinet, slot, reservation) VALUES (?, ?, ?)",
        [
            (record.cabinet, slot.slot, slot.reservation)
            for record in cabinets
            for slot in record.slots
            if slot.reservation is not None
        ],
    )


def _bank_statements(banks: Sequence[BankRecord]) -> Iterator[Statement]:
    yield (
        _SAVE_BANK,
        [(record.bank, record.where, record.cabinet, record.slot, record.order) for record in banks],
    )


def _early_return_statements(writes: Sequence[PlatformWrite]) -> Iterator[Statement]:
    last: dict[str, EarlyReturn | None] = {}
    for write in writes:
        match write:
            case SaveEarlyReturn(record):
                last[record.bank] = record
            case DropEarlyReturn(bank):
                last[bank] = None
            case _:
                continue
    yield "DELETE FROM early_returns WHERE bank = ?", [(bank,) for bank in last]
    yield (
        f"INSERT INTO early_returns ({EARLY_RETURN_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
        [_EARLY_RETURN_ROW(record) for record in last.values() if record is not None],
    )


def _intervention_statements(writes: Sequence[PlatformWrite]) -> Iterator[Statement]:
    last = {
        write.intervention.command: write.intervention
        for write in writes
        if isinstance(write, SaveIntervention)
    }
    yield (
        _SAVE_INTERVENTION,
        [(one.command, one.cabinet, one.sent_ms, _json(INTERVENTIONS, one)) for one in last.values()],
    )


def _json(adapter: TypeAdapter[Any], value: object) -> str:
    return adapter.dump_json(value).decode()
