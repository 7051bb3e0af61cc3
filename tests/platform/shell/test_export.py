"""The export: records of the shape that was promised, from which every fee can be recomputed."""

import json
from pathlib import Path
from typing import Any

import pytest

from chargeloop.broker.endpoint.changes import Changes
from chargeloop.platform.core.fees import FeeKind, Mark, Span, lines
from chargeloop.platform.core.rows import AppendEvent, AppendFeeLine
from chargeloop.platform.shell.export import NoStoreError, records
from chargeloop.platform.shell.store import PlatformStore, store_path
from chargeloop.protocol.time import parse_instant
from tests.platform.shell import books
from tests.platform.shell.books import REGION, TARIFF


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """Returns a data directory with a bill that was corrected once."""
    store = PlatformStore(store_path(tmp_path), REGION)
    await store.open()
    order = books.order_in_use()
    earlier = books.event_of(order, 3, "bank_returned", 20)
    span = Span(FeeKind.RENTAL, "bnk-000017", Mark.of(books.journal_of(order)[0]), Mark.of(earlier))
    added = lines(order.id, TARIFF, books.rental_lines(order), [span])
    await store.commit(Changes(), books.walk_up_rental())
    await store.commit(Changes(), [AppendEvent(earlier), *(AppendFeeLine(line) for line in added)])
    await store.close()
    return tmp_path


def exported(data: Path) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(record)) for record in records(data)]


def test_the_records_have_the_promised_members(data: Path) -> None:
    found = {record["record"]: set(record) for record in exported(data)}
    assert found["order"] >= {"record", "id", "region", "state", "quantity", "currency", "tariff"}
    assert found["event"] >= {"record", "id", "order", "type", "time", "received"}
    assert found["fee_line"] >= {
        "record", "order", "fee", "from_event", "to_event", "from_time", "to_time", "amount_minor", "tariff",
        "bank", "currency", "reverses", "quality",
    }  # fmt: skip
    assert found["tariff"] >= {"record", "id", "currency", "rental", "courier"}


def test_records_come_as_tariff_order_events_and_fee_lines(data: Path) -> None:
    kinds = [record["record"] for record in exported(data)]
    assert kinds == ["tariff", "order", "event", "event", "event", "fee_line", "fee_line", "fee_line"]


def test_fee_lines_name_events_of_their_order_and_repeat_their_times(data: Path) -> None:
    every = exported(data)
    events = {record["id"]: record for record in every if record["record"] == "event"}
    for line in (record for record in every if record["record"] == "fee_line"):
        for end in ("from", "to"):
            event = events[line[f"{end}_event"]]
            assert (event["order"], event["time"]) == (line["order"], line[f"{end}_time"])


def test_every_amount_can_be_recomputed_from_the_records_alone(data: Path) -> None:
    every = exported(data)
    tariffs = {record["id"]: record for record in every if record["record"] == "tariff"}
    amounts = []
    for line in (record for record in every if record["record"] == "fee_line"):
        rule = tariffs[line["tariff"]]["rental"]
        held_ms = parse_instant(line["to_time"]) - parse_instant(line["from_time"])
        units = -(-held_ms // (rule["unit_minutes"] * 60_000))
        expected = units * rule["price_minor"] if held_ms > rule["free_minutes"] * 60_000 else 0
        assert line["amount_minor"] == (expected if line["reverses"] is None else -expected)
        amounts.append(line["amount_minor"])
    assert amounts == [300, -300, 100]


def test_a_directory_without_a_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoStoreError, match="holds no store of a rental platform"):
        records(tmp_path)
