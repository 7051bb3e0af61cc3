"""The tables of the dashboard: sorted, filtered, and worth a look on top."""

import pytest

from chargeloop.cli.top.board import Board
from chargeloop.cli.top.views import COLUMNS, FIRST_SORTING, Sorting, View, rows, span, summary
from chargeloop.cli.visible import visible
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.courier import Position
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.topics import TOPICS
from tests.cli.top.city import (
    INFO,
    NOON_MS,
    OFFLINE,
    ONLINE,
    PLACE,
    REGION,
    STORY,
    message,
    moved,
    slots,
    topic,
)


@pytest.fixture
def board() -> Board:
    board = Board()
    for _, name, data in STORY:
        board.take(topic(name), message(data), now_s=10.0, retained=False)
    return board


@pytest.mark.parametrize("view", View)
def test_every_line_has_a_cell_for_each_column(view: View, board: Board) -> None:
    lines = rows(board, view, 12.0, FIRST_SORTING[view])
    assert lines
    assert all(len(line) == len(COLUMNS[view]) for line in lines)


@pytest.mark.parametrize("view", View)
def test_every_column_can_be_sorted_by_both_ways(view: View, board: Board) -> None:
    board.take(topic("order_event"), message(moved("ord-2", OrderState.IN_USE)), now_s=1.0, retained=False)
    for column in range(len(COLUMNS[view])):
        up = [line[column].value for line in rows(board, view, 12.0, Sorting(column))]
        down = [line[column].value for line in rows(board, view, 12.0, Sorting(column, is_down=True))]
        assert up == sorted(up, key=lambda value: (isinstance(value, str), value))
        assert down == up[::-1]


def test_orders_that_have_ended_come_after_those_under_way() -> None:
    board = Board()
    for minutes, order, state in (
        (0, "ord-old", OrderState.IN_USE),
        (5, "ord-ended", OrderState.SETTLED),
        (4, "ord-new", OrderState.FETCHING),
    ):
        payload = message(moved(order, state), time_ms=NOON_MS + minutes * MINUTE_MS)
        board.take(topic("order_event"), payload, now_s=1.0, retained=False)
    lines = rows(board, View.ORDERS, 1.0, FIRST_SORTING[View.ORDERS])
    assert [(line[0].text, line[-1].text) for line in lines] == [
        ("ord-new", "1m"), ("ord-old", "5m"), ("ord-ended", "0s"),
    ]  # fmt: skip


def test_no_text_of_others_reaches_the_terminal_with_what_a_terminal_obeys() -> None:
    """Both turn the rest of their line round: the name of a cabinet and the reason of an order's end."""
    board = Board()
    reason = "\u202enuf"
    ended = moved("ord-1", OrderState.CANCELLED, OrderState.FETCHING).model_copy(update={"reason": reason})
    for name, data in (
        ("cabinet_info", INFO.model_copy(update={"name": "\u202eruobraH"})),
        ("courier_position", Position(location=PLACE)),
        ("order_event", ended),
    ):
        board.take(topic(name), message(data), now_s=1.0, retained=False)
    cells = [cell for view in View for line in rows(board, view, 1.0, FIRST_SORTING[view]) for cell in line]
    texts = [*(cell.text for cell in cells), *(event.text for event in board.events)]
    assert all(text == visible(text) for text in texts)
    assert {"\\u202eruobraH"} < set(texts)
    assert any("(\\u202enuf)" in text for text in texts)


def test_a_filter_leaves_the_lines_in_which_the_text_stands_anywhere(board: Board) -> None:
    sorting = FIRST_SORTING[View.CABINETS]
    assert len(rows(board, View.CABINETS, 12.0, sorting, "harbour")) == 1
    assert len(rows(board, View.CABINETS, 12.0, sorting, "ONLINE")) == 1
    assert rows(board, View.CABINETS, 12.0, sorting, "nowhere") == []


def test_the_summary_counts_what_is_wrong(board: Board) -> None:
    other = TOPICS["cabinet_connection"].topic(REGION, cabinet="cab-0002")
    board.take(other, message(OFFLINE), now_s=1.0, retained=False)
    board.take(topic("order_event"), message(moved("ord-2", OrderState.FAILED)), now_s=1.0, retained=False)
    assert summary(board) == [
        ("orders", "1 under way: 1 fetching"),
        ("ended", "1: 1 failed"),
        ("cabinets", "2: 1 offline, 1 with faults; 1 banks ready, 1 slots free"),
        ("couriers", "1: 1 on duty, 1 busy"),
    ]


def test_a_cabinet_without_ready_banks_and_a_faulty_slot_have_a_colour() -> None:
    board = Board()
    for name, data in (
        ("cabinet_connection", ONLINE),
        ("cabinet_slots", slots(SlotState.EMPTY, SlotState.FAULTY)),
    ):
        board.take(topic(name), message(data), now_s=1.0, retained=False)
    (line,) = rows(board, View.CABINETS, 1.0, FIRST_SORTING[View.CABINETS])
    styles = {column.title: cell.style for column, cell in zip(COLUMNS[View.CABINETS], line, strict=True)}
    assert (styles["ready"], styles["faults"], styles["free"]) == ("yellow", "red", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (7_200, "2h"), (172_800, "2d")],
)
def test_a_span_of_time_takes_a_few_characters(seconds: int, text: str) -> None:
    assert span(seconds) == text
