"""What a demo or a replay comes to: counts, fees, messages and violations, gathered after the stop."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chargeloop.cli import checks
from chargeloop.cli.books import Books, OrderRow
from chargeloop.cli.exporting import export_records
from chargeloop.cli.scenario import Scenario
from chargeloop.cli.truth import read_truth

_FEES = ("courier_out", "rental", "courier_back")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result in numbers; `reasons` counts why orders failed or were cancelled."""

    orders: Mapping[str, int]
    fees_minor: Mapping[str, int]
    currency: str
    messages: Mapping[str, int]
    violations: tuple[str, ...]
    data: Path
    rows: tuple[OrderRow, ...]
    records: tuple[Mapping[str, Any], ...]

    def document(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return {
            "orders": dict(self.orders),
            "fees_minor": dict(self.fees_minor),
            "currency": self.currency,
            "messages": dict(self.messages),
            "violations": list(self.violations),
            "data": str(self.data),
        }


def gather(scenario: Scenario, data: Path) -> Outcome:
    """Read the books and the truth of a stopped world and check them."""
    books = Books(data)
    rows = tuple(books.orders())
    records = tuple(export_records(data))
    return Outcome(
        orders=_counts(rows),
        fees_minor=_fees(records),
        currency=next((str(r["currency"]) for r in records if r["record"] == "tariff"), "EUR"),
        messages=books.messages(),
        violations=tuple(_violations(scenario, data, books, records)),
        data=data,
        rows=rows,
        records=records,
    )


def _violations(
    scenario: Scenario, data: Path, books: Books, records: Sequence[Mapping[str, Any]]
) -> list[str]:
    return [
        *checks.bank_conservation(scenario.banks, read_truth(data), books.sold_banks()),
        *checks.reservation_release(books.idle_holds()),
        *checks.orders_ended(books.orders()),
        *checks.one_rental_at_a_time(books.rentals()),
        *checks.fees_recomputed(records),
    ]


def _counts(rows: Sequence[OrderRow]) -> dict[str, int]:
    states = Counter(row.state for row in rows)
    ended = {state: states[state] for state in ("settled", "cancelled", "failed")}
    return {"placed": len(rows), **ended, "open": sum(row.is_open for row in rows)}


def _fees(records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    totals = dict.fromkeys(_FEES, 0)
    for record in records:
        if record["record"] == "fee_line":
            totals[record["fee"]] += int(record["amount_minor"])
    return totals


def printed(document: Mapping[str, object]) -> str:
    """Return a document as one line of JSON."""
    return json.dumps(document, ensure_ascii=False)
