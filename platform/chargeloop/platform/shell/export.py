"""The export: all orders of a data directory as records that anyone can check the fees with.

Tariffs come first with their full rules; then each order, its journal, and its fee lines. A fee line names
two events of its order and repeats their times, so its amount can be recomputed from the records alone; a
line that reverses another has the negated amount.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.order import Order
from chargeloop.platform.core.rows import OrderEvent
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.store import store_path
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.time import format_instant

Record = Mapping[str, Any]


class NoStoreError(FileNotFoundError):
    """The data directory holds no store of a rental platform."""


def records(data: Path) -> Iterator[Record]:
    """Yield every record of a data directory, of a platform that runs, was stopped or was killed.

    Raises:
        NoStoreError: there is no rental store in it.
        SchemaVersionError: another version of the product wrote it.
        NotAStoreError: it is no SQLite file.
    """
    path = store_path(data)
    if not path.is_file():
        message = f"{data} holds no store of a rental platform ({path} is missing)"
        raise NoStoreError(message)
    return _records(RentalReader(path))


def _records(reader: RentalReader) -> Iterator[Record]:
    region = reader.region()
    for stored in reader.everything():
        if isinstance(stored, Tariff):
            yield stored.record()
            continue
        yield _order(stored.order, region, stored.tariff.currency)
        yield from map(_event, stored.events)
        yield from map(_line, stored.lines)


def _order(order: Order, region: RegionId, currency: str) -> Record:
    return {
        "record": "order",
        "id": order.id,
        "region": region,
        "state": order.state,
        "quantity": order.quantity,
        "currency": currency,
        "tariff": order.tariff,
        "asked_quantity": order.asked_quantity,
        "user": order.user,
        "hand_over": order.hand_over,
        "reason": order.reason,
        "placed": format_instant(order.placed_ms),
    }


def _event(event: OrderEvent) -> Record:
    return {
        "record": "event",
        "id": event.id,
        "order": event.order,
        "type": event.type,
        "time": format_instant(event.time_ms),
        "received": format_instant(event.received_ms),
        "quality": event.quality,
    }


def _line(line: FeeLine) -> Record:
    return {
        "record": "fee_line",
        "id": line.id,
        "order": line.order,
        "fee": line.fee,
        "from_event": line.from_event,
        "to_event": line.to_event,
        "from_time": format_instant(line.from_ms),
        "to_time": format_instant(line.to_ms),
        "duration_ms": line.to_ms - line.from_ms,
        "amount_minor": line.amount_minor,
        "currency": line.currency,
        "tariff": line.tariff,
        "bank": line.bank,
        "quality": line.quality,
        "reverses": line.reverses,
    }
