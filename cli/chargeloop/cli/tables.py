"""Tables for people: one order, several orders, a quote, and the end of a demo. Standard output, by rich."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from chargeloop.cli.words import in_words
from chargeloop.protocol.money import Money
from chargeloop.protocol.time import parse_instant

_FEES = ("courier_out", "rental", "courier_back")
_WIDTH_WITHOUT_TERMINAL = 160
Reply = Mapping[str, Any]


def show(what: Table | Group | Text) -> None:
    """Print on standard output, wide enough for the tables when it is not a terminal."""
    # What stands in brackets or between colons is text, and not for rich to read.
    console = Console(markup=False, emoji=False)
    if console.is_terminal:
        console.print(what)
        return
    text = io.StringIO()
    Console(width=_WIDTH_WITHOUT_TERMINAL, file=text, markup=False, emoji=False).print(what)
    # Programs, and people who compare files, have no use for the blanks that fill a column.
    print("\n".join(line.rstrip() for line in text.getvalue().splitlines()))


def money(amount_minor: int | None, currency: str) -> str:
    """Return the amount for people; nothing for None."""
    return "" if amount_minor is None else str(Money(amount_minor, currency))


def _plain(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table without lines; it has no title, and no head, when these are empty."""
    table = Table(
        title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0),
        show_header=any(columns),
    )  # fmt: skip
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _duration(from_time: str, to_time: str) -> str:
    seconds = max(0, parse_instant(to_time) - parse_instant(from_time)) // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def quote_table(reply: Reply) -> Table:
    """Return a quote as a table: what each part is expected to cost, and what it costs at most."""
    where = reply["cabinet"]
    title = "no cabinet near has so many" if where is None else f"from {where}, {reply['distance_m']} m away"
    rows = [
        (in_words(part), _money(reply[part]["estimate"]), _money(reply[part]["maximum"]))
        for part in (*_FEES, "total")
    ]
    table = _plain(title, ("fee", "expected", "at most"), rows)
    table.caption = f"expected: with {_spoken(reply['rental_minutes'])} of rental"
    table.caption_justify = "left"
    return table


def _spoken(minutes: int) -> str:
    number, unit = (minutes, "minute") if minutes % 60 else (minutes // 60, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _money(amount: Reply | None) -> str:
    return "" if amount is None else money(amount["amount_minor"], amount["currency"])


def order_table(reply: Reply) -> Group:
    """Return an order with its timeline and fee lines, as far as the reply has them."""
    facts = [(in_words(name), _fact(name, reply[name])) for name in _FACTS if _text(reply.get(name))]
    # Not as the table's title, which would be broken where the table ends: people copy it.
    parts: list[Table | Text] = [Text(str(reply["id"])), _plain("", ("", ""), facts)]
    if reply.get("events"):
        parts.append(
            _plain(
                "timeline",
                ("time (UTC)", "what happened"),
                [(moment(event["time"]), in_words(event["type"])) for event in reply["events"]],
            )
        )
    if reply.get("fee_lines"):
        parts.append(
            _plain(
                "fees", ("fee", "from (UTC)", "to", "duration", "amount"), map(_fee_row, reply["fee_lines"])
            )
        )
    return Group(*parts)


_FACTS = (
    "state",
    "reason",
    "quantity",
    "banks",
    "hand_over",
    "cabinet",
    "courier",
    "handover_code",
    "placed",
    "changed",
)


_TIMES = frozenset({"placed", "changed"})
_NAMES = frozenset({"state", "hand_over"})


def _fact(name: str, value: object) -> str:
    if name in _TIMES:
        return f"{moment(str(value))} UTC"
    return in_words(str(value)) if name in _NAMES else _text(value)


def moment(time: str) -> str:
    """Return a time as people read it, to the second: `2026-06-01 08:00:05`, in the zone it was given in."""
    return f"{time[:10]} {time[11:19]}"


def _text(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fee_row(line: Reply) -> tuple[str, ...]:
    return (
        f"{in_words(line['fee'])} {line.get('bank') or ''}".strip(),
        moment(line["from_time"]),
        moment(line["to_time"]),
        _duration(line["from_time"], line["to_time"]),
        money(line["amount_minor"], line["currency"]),
    )


def orders_table(reply: Reply) -> Table:
    """Return a user's orders as a table."""
    rows = [
        (
            order["id"],
            in_words(order["state"]),
            str(order["quantity"]),
            moment(order["placed"]),
            moment(order["changed"]),
        )
        for order in reply["orders"]
    ]
    return _plain("orders", ("order", "state", "banks", "placed (UTC)", "changed"), rows)


def end_table(records: Sequence[Reply], currency: str) -> Group:
    """Return the end of a demo: each order with the times that its fees are made of, the fees, and reasons.

    It fits a terminal of 80 columns.
    """
    orders = [record for record in records if record["record"] == "order"]
    events = [record for record in records if record["record"] == "event"]
    lines = [record for record in records if record["record"] == "fee_line"]
    rows = [
        _end_row(
            order,
            {event["type"]: event["time"][11:16] for event in events if event["order"] == order["id"]},
            [line for line in lines if line["order"] == order["id"]],
        )
        for order in orders
    ]
    columns = (
        "order", "n", "end", "place", "taken", "given", "fetch", "back", "trip 1", "rent", "trip 2",
    )  # fmt: skip
    parts = [_plain(f"orders: times (UTC), then the fees in {currency}", columns, rows)]
    reasons = [(_short(order), order["reason"]) for order in orders if order.get("reason")]
    if reasons:
        parts.append(_plain("why some ended otherwise", ("order", "reason"), reasons))
    return Group(*parts)


def _end_row(order: Reply, times: Mapping[str, str], lines: Sequence[Reply]) -> tuple[str, ...]:
    given = times.get("rental_success", times.get("unlocked", ""))
    back = times.get("return_success", times.get("bank_returned", ""))
    return (
        _short(order), str(order["quantity"]), order["state"],
        times.get("placed", ""), times.get("first_indication", ""), given,
        times.get("second_indication", ""), back,
        *(_fee_total([line for line in lines if line["fee"] == fee]) for fee in _FEES),
    )  # fmt: skip


def _short(order: Reply) -> str:
    return str(order["id"])[:12]


def _fee_total(lines: Sequence[Reply]) -> str:
    if not lines:
        return ""
    return money(sum(line["amount_minor"] for line in lines), lines[0]["currency"]).split()[0]


def totals(document: Reply) -> Table:
    """Return the totals of a demo or replay as a table; each violation is a row."""
    currency = str(document["currency"])
    rows = [
        ("orders", ", ".join(f"{count} {state}" for state, count in document["orders"].items())),
        (
            "fees",
            ", ".join(
                f"{in_words(fee)} {money(due, currency)}" for fee, due in document["fees_minor"].items()
            ),
        ),
        ("messages", ", ".join(f"{count} {kind}" for kind, count in document["messages"].items())),
        *((in_words(name), _text(document[name])) for name in document if name not in _TOTALS),
        ("checks", "all hold" if not document["violations"] else f"{len(document['violations'])} violations"),
        *(("violation", violation) for violation in document["violations"]),
        ("data", str(document["data"])),
    ]
    return _plain("totals", ("", ""), rows)


_TOTALS = frozenset({"orders", "fees_minor", "currency", "messages", "violations", "data"})
