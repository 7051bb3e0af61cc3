"""What must hold when a demo or a replay has ended: banks conserved, reservations released, fees right.

The checks use the physical truth (`truth`), the platforms' books (`books`) and the records that `export`
gives to anybody. The fees are computed again here from those records alone, by the rule in the tariff's
record and with arithmetic of their own. A violation is a sentence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from chargeloop.cli.books import Held, OrderRow
from chargeloop.cli.truth import Truth
from chargeloop.protocol.time import parse_instant

Record = Mapping[str, Any]
_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS


def bank_conservation(banks: Iterable[str], truth: Truth, sold: frozenset[str]) -> Iterator[str]:
    """Yield a sentence for each bank that is nowhere, in two places, or not at rest."""
    known = set(banks)
    for bank in sorted(known | set(truth.places)):
        places = truth.places.get(bank, ())
        if bank not in known:
            yield f"bank {bank} in {places[0]} is none of the scenario's"
        elif not places and bank not in sold:
            yield f"bank {bank} is nowhere"
        elif len(places) > 1:
            yield f"bank {bank} is in {len(places)} places: {', '.join(places)}"
        elif bank in truth.in_hands and bank not in sold:
            yield f"bank {bank} is still in the hands of {places[0]}"
        elif bank in truth.in_trays and bank not in sold:
            yield f"bank {bank} lies in the tray of {places[0]}, where nobody has taken it"


def reservation_release(idle_holds: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each reservation that outlived its order."""
    return (f"reservation {reservation} is still held, but its order has ended" for reservation in idle_holds)


def orders_ended(orders: Iterable[OrderRow]) -> Iterator[str]:
    """Yield a sentence for each order that has not ended."""
    return (
        f"order {order.id} of {order.user} is still open: {order.state}" for order in orders if order.is_open
    )


def one_rental_at_a_time(rentals: Sequence[Held]) -> Iterator[str]:
    """Yield a sentence for each bank that two orders were charged for at the same time.

    Args:
        rentals: ordered by bank and by the time at which they began.
    """
    for first, second in pairwise(rentals):
        if first.bank == second.bank and second.from_ms < first.to_ms:
            yield f"bank {first.bank} was rented by {first.order} and {second.order} at the same time"


def fees_recomputed(records: Sequence[Record]) -> Iterator[str]:
    """Yield a sentence for each fee line that cannot be computed again from the exported records."""
    tariffs = {record["id"]: record for record in records if record["record"] == "tariff"}
    orders = {record["id"]: record for record in records if record["record"] == "order"}
    events = {record["id"]: record for record in records if record["record"] == "event"}
    lines = {record["id"]: record for record in records if record["record"] == "fee_line"}
    for line in lines.values():
        yield from _line_faults(line, lines, events, orders, tariffs)
    yield from _charged_for_nothing(lines.values(), events.values())


def _line_faults(
    line: Record,
    lines: Mapping[str, Record],
    events: Mapping[str, Record],
    orders: Mapping[str, Record],
    tariffs: Mapping[str, Record],
) -> Iterator[str]:
    name = f"fee line {line['id']} of {line['order']}"
    for end in ("from", "to"):
        event = events.get(line[f"{end}_event"])
        if event is None or event["order"] != line["order"] or event["time"] != line[f"{end}_time"]:
            yield f"{name} names {line[f'{end}_event']}, which is not in the order's journal at that time"
    if line["tariff"] != orders[line["order"]]["tariff"]:
        yield f"{name} has the tariff {line['tariff']}, which is not the order's"
    due_minor = _due_minor(line, lines, tariffs[line["tariff"]])
    if due_minor != line["amount_minor"]:
        yield f"{name} charges {line['amount_minor']}, computed again it is {due_minor}"


def _due_minor(line: Record, lines: Mapping[str, Record], tariff: Record) -> int:
    reversed_line = line.get("reverses")
    if reversed_line is not None:
        return -int(lines[reversed_line]["amount_minor"])
    held_ms = parse_instant(line["to_time"]) - parse_instant(line["from_time"])
    if held_ms < 0:
        return 0  # its ends contradict each other
    if line["fee"] == "rental":
        return rental_minor(tariff["rental"], held_ms)
    return courier_minor(tariff["courier"], held_ms)


def rental_minor(rule: Record, held_ms: int) -> int:
    """Return what holding one bank so long costs, in minor units."""
    if held_ms <= rule["free_minutes"] * _MINUTE_MS:
        return 0
    total = 0
    while held_ms > 0:
        window_ms = held_ms if rule["cap_per_24h_minor"] is None else min(held_ms, _DAY_MS)
        units = (window_ms + rule["unit_minutes"] * _MINUTE_MS - 1) // (rule["unit_minutes"] * _MINUTE_MS)
        window_minor = units * rule["price_minor"]
        cap_minor = rule["cap_per_24h_minor"]
        total += window_minor if cap_minor is None else min(window_minor, cap_minor)
        held_ms -= window_ms
    return int(total if rule["total_cap_minor"] is None else min(total, rule["total_cap_minor"]))


def courier_minor(rule: Record, took_ms: int) -> int:
    """Return what a trip of so long costs, in minor units; minutes beyond the promised ones are not paid."""
    minutes = min((took_ms + _MINUTE_MS - 1) // _MINUTE_MS, rule["promised_minutes"])
    return int(rule["base_minor"] + minutes * rule["per_minute_minor"])


def _charged_for_nothing(lines: Iterable[Record], events: Iterable[Record]) -> Iterator[str]:
    """Yield a sentence for each order that pays although no bank ever left a cabinet for it."""
    gave_out = {
        event["order"] for event in events if event["type"] in {"bank_ejected", "picked_up", "rental_success"}
    }
    charged: dict[str, int] = {}
    for line in lines:
        charged[line["order"]] = charged.get(line["order"], 0) + int(line["amount_minor"])
    for order, amount_minor in charged.items():
        if amount_minor != 0 and order not in gave_out:
            yield f"order {order} got no bank and is charged {amount_minor}"
