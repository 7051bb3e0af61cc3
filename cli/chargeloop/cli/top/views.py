"""The tables of the dashboard: what stands in each line, and by what it is sorted."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chargeloop.cli.top.board import ENDED, Board, Cabinet, Courier, Order
from chargeloop.cli.visible import visible
from chargeloop.cli.words import in_words
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.common import Presence
from chargeloop.protocol.messages.rental import OrderState

GOOD: Final = "green"
WARN: Final = "yellow"
BAD: Final = "red"
_STATE_STYLES: Final = {
    OrderState.SETTLED: GOOD,
    OrderState.CANCELLED: WARN,
    OrderState.FAILED: BAD,
    OrderState.RECALLING: WARN,
}
_LATE_S: Final = 300


class View(StrEnum):
    """What the table shows."""

    ORDERS = "orders"
    CABINETS = "cabinets"
    COURIERS = "couriers"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and the value it is sorted by."""

    text: str
    value: float | str
    style: str = ""


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A title, and whether numbers stand in it, which are set to the right."""

    title: str
    is_number: bool = False


COLUMNS: Final[dict[View, tuple[Column, ...]]] = {
    View.ORDERS: (
        Column("order"), Column("user"), Column("n", is_number=True), Column("state"), Column("cabinet"),
        Column("courier"), Column("for", is_number=True),
    ),
    View.CABINETS: (
        Column("cabinet"), Column("name"), Column("is"), Column("ready", is_number=True),
        Column("held", is_number=True), Column("charging", is_number=True), Column("free", is_number=True),
        Column("faults", is_number=True), Column("heard", is_number=True),
    ),
    View.COURIERS: (
        Column("courier"), Column("is"), Column("does"), Column("where"), Column("m", is_number=True),
        Column("heard", is_number=True),
    ),
    View.MESSAGES: (
        Column("topic"), Column("per s", is_number=True), Column("in all", is_number=True),
        Column("last", is_number=True),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column a table is sorted, and whether downwards."""

    column: int = 0
    is_down: bool = False


# Each table begins with what is most worth a look on top.
FIRST_SORTING: Final[dict[View, Sorting]] = {
    View.ORDERS: Sorting(6),
    View.CABINETS: Sorting(0),
    View.COURIERS: Sorting(0),
    View.MESSAGES: Sorting(1, is_down=True),
}


def rows(board: Board, view: View, now_s: float, sorting: Sorting, wanted: str = "") -> list[Row]:
    """Return the lines of a table, sorted, of those in which `wanted` stands (any case)."""
    made: Iterable[Row] = _MAKERS[view](board, now_s)
    if wanted:
        made = (row for row in made if any(wanted.lower() in cell.text.lower() for cell in row))
    return sorted(made, key=lambda row: _key(row, sorting.column), reverse=sorting.is_down)


def _key(row: Row, column: int) -> tuple[bool, float | str, float | str]:
    value = row[column].value
    return isinstance(value, str), value, row[0].value


def _orders(board: Board, _: float) -> Iterable[Row]:
    now_ms = board.world_ms
    return (_order(order, now_ms) for order in board.orders.values())


def _order(order: Order, now_ms: int | None) -> Row:
    age_s = 0 if now_ms is None else max(0, now_ms - order.changed_ms) // 1000
    # Those that have ended come after all that go on.
    rank = age_s + (10**9 if order.state in ENDED else 0)
    state = "" if order.state is None else in_words(order.state)
    return (
        _text(order.order),
        _text(order.user),
        _number(order.quantity),
        Cell(state, state, "" if order.state is None else _STATE_STYLES.get(order.state, "")),
        _text(order.cabinet),
        _text(order.courier),
        Cell("" if now_ms is None else span(age_s), float(rank)),
    )


def _cabinets(board: Board, now_s: float) -> Iterable[Row]:
    return (_cabinet(cabinet, now_s) for cabinet in board.cabinets.values())


def _cabinet(cabinet: Cabinet, now_s: float) -> Row:
    slots = cabinet.slots
    return (
        _text(cabinet.cabinet),
        _text(cabinet.name),
        _presence(cabinet.presence),
        _number(slots[SlotState.READY], WARN if slots[SlotState.READY] == 0 else ""),
        _number(cabinet.held),
        _number(slots[SlotState.CHARGING]),
        _number(slots[SlotState.EMPTY]),
        _number(cabinet.faults, BAD if cabinet.faults else ""),
        _heard(cabinet.heard_s, now_s),
    )


def _couriers(board: Board, now_s: float) -> Iterable[Row]:
    return (_courier(board, courier, now_s) for courier in board.couriers.values())


def _courier(board: Board, courier: Courier, now_s: float) -> Row:
    near = board.near(courier)
    return (
        _text(courier.courier),
        _busy(courier),
        _text(courier.task),
        _text("" if near is None else near.name),
        Cell("", -1.0) if near is None else _number(near.distance_m),
        _heard(courier.heard_s, now_s),
    )


def _busy(courier: Courier) -> Cell:
    if courier.presence is Presence.OFFLINE:
        return Cell("offline", "offline", BAD)
    if not courier.on_duty:
        return Cell("off duty", "off duty", WARN)
    return Cell("busy", "busy") if courier.jobs else Cell("free", "free", GOOD)


def _messages(board: Board, now_s: float) -> Iterable[Row]:
    return (
        (
            _text(in_words(name)),
            Cell(f"{rate.per_second(now_s):.1f}", rate.per_second(now_s)),
            _number(rate.total),
            _heard(rate.last_s or 0.0, now_s),
        )
        for name, rate in board.rates.items()
    )


_MAKERS: Final[dict[View, Callable[[Board, float], Iterable[Row]]]] = {
    View.ORDERS: _orders,
    View.CABINETS: _cabinets,
    View.COURIERS: _couriers,
    View.MESSAGES: _messages,
}


def _text(text: str) -> Cell:
    """Return the cell of a text that others have written."""
    seen = visible(text)
    return Cell(seen, seen)


def _number(number: int, style: str = "") -> Cell:
    return Cell(f"{number:,}", float(number), style)


def _presence(presence: Presence | None) -> Cell:
    if presence is None:
        return Cell("?", "?")
    return Cell(presence.value, presence.value, BAD if presence is Presence.OFFLINE else "")


def _heard(at_s: float, now_s: float) -> Cell:
    if at_s == 0:
        return Cell("", -1.0)
    age_s = max(0, int(now_s - at_s))
    return Cell(span(age_s), float(age_s), WARN if age_s > _LATE_S else "")


def span(seconds: int) -> str:
    """Return so many seconds in a few characters: 12s, 3m, 5h, 2d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def summary(board: Board) -> list[tuple[str, str]]:
    """Return the lines on top of the screen: what is counted, and the counts."""
    states = board.states()
    ended = {state: count for state, count in states.items() if state in ENDED}
    going_on = {state: count for state, count in states.items() if state not in ENDED}
    return [
        ("orders", f"{_sum(going_on)} under way{_listed(going_on)}"),
        ("ended", f"{_sum(ended)}{_listed(ended)}"),
        ("cabinets", _cabinets_line(list(board.cabinets.values()))),
        ("couriers", _couriers_line(list(board.couriers.values()))),
    ]


def _sum(counts: dict[OrderState, int]) -> int:
    return sum(counts.values())


def _listed(counts: dict[OrderState, int]) -> str:
    listed = ", ".join(f"{counts[state]} {in_words(state)}" for state in OrderState if counts.get(state))
    return f": {listed}" if listed else ""


def _cabinets_line(cabinets: Sequence[Cabinet]) -> str:
    offline = sum(one.presence is Presence.OFFLINE for one in cabinets)
    faulty = sum(one.faults > 0 for one in cabinets)
    ready = sum(one.slots[SlotState.READY] for one in cabinets)
    free = sum(one.slots[SlotState.EMPTY] for one in cabinets)
    return f"{len(cabinets)}: {offline} offline, {faulty} with faults; {ready} banks ready, {free} slots free"


def _couriers_line(couriers: Sequence[Courier]) -> str:
    present = [one for one in couriers if one.presence is not Presence.OFFLINE and one.on_duty]
    return f"{len(couriers)}: {len(present)} on duty, {sum(one.jobs > 0 for one in present)} busy"
