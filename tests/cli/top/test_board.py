"""The board knows from messages how a city stands."""

import pytest

from chargeloop.cli.top import board as boards
from chargeloop.cli.top.board import UNKNOWN, Board, Near
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.common import Location, Presence
from chargeloop.protocol.messages.courier import DutyChanged, Position
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import MINUTE_MS
from tests.cli.top.city import (
    CABINET,
    COURIER,
    INFO,
    NOON_MS,
    OFFLINE,
    ORDER,
    PLACE,
    SLOTS,
    STORY,
    USER,
    message,
    moved,
    topic,
    view,
    work,
)


def take(board: Board, name: str, data: Data, *, at_ms: int = NOON_MS, retained: bool = False) -> None:
    board.take(topic(name), message(data, time_ms=at_ms), now_s=1.0, retained=retained)


def test_a_city_is_known_from_what_its_participants_say() -> None:
    board = Board()
    for number, (_, name, data) in enumerate(STORY):
        board.take(topic(name), message(data, id=f"m-{number}"), now_s=float(number), retained=False)
    order, cabinet, courier = board.orders[ORDER], board.cabinets[CABINET], board.couriers[COURIER]
    assert (order.user, order.quantity, order.state) == (USER, 2, OrderState.FETCHING)
    assert (cabinet.name, cabinet.presence, cabinet.faults, cabinet.held) == (
        "Harbour Café", Presence.ONLINE, 1, 1,
    )  # fmt: skip
    assert (courier.on_duty, courier.jobs, courier.task) == (True, 1, f"to cabinet {CABINET}")
    assert board.near(courier) == Near("Harbour Café", 0)
    assert cabinet.heard_s == 8.0
    assert board.states() == {OrderState.FETCHING: 1}
    assert board.rate.total == len(STORY)


def test_older_news_of_an_order_does_not_move_it_back() -> None:
    board = Board()
    take(board, "order_event", moved(ORDER, OrderState.IN_USE), at_ms=NOON_MS + MINUTE_MS)
    take(board, "user_orders", view(ORDER, OrderState.FETCHING))
    take(board, "order_event", moved(ORDER, OrderState.DELIVERING))
    assert board.orders[ORDER].state is OrderState.IN_USE
    assert board.orders[ORDER].quantity == 2


def test_a_message_that_comes_twice_is_one_event_and_a_retained_one_is_none() -> None:
    board = Board()
    take(board, "cabinet_connection", OFFLINE, retained=True)
    assert not board.events
    for _ in range(2):
        take(board, "order_event", moved(ORDER, OrderState.FETCHING))
    assert [event.text for event in board.events] == ["ord-1 fetching"]


def test_events_never_show_codes() -> None:
    board = Board()
    take(board, "courier_work", work())
    take(board, "courier_event", DutyChanged(on_duty=True, location=PLACE))
    assert [event.text for event in board.events] == [
        "cou-0001 duty changed on_duty=true location=43.45200,5.23300"
    ]


def test_the_nearest_cabinet_is_looked_for_again_when_a_courier_has_moved() -> None:
    board = Board()
    take(board, "cabinet_info", INFO)
    take(board, "courier_position", Position(location=PLACE))
    assert board.near(board.courier(COURIER)) == Near("Harbour Café", 0)
    north = Location(lat_e7=PLACE.lat_e7 + 10_000, lon_e7=PLACE.lon_e7)
    take(board, "courier_position", Position(location=north))
    assert board.near(board.courier(COURIER)) == Near("Harbour Café", 111)


def test_the_world_s_time_is_the_platforms_latest_and_no_device_s() -> None:
    board = Board()
    take(board, "cabinet_slots", SLOTS, at_ms=NOON_MS + 99 * MINUTE_MS)
    assert board.world_ms is None
    take(board, "order_event", moved(ORDER, OrderState.FETCHING), at_ms=NOON_MS + MINUTE_MS)
    take(board, "order_event", moved(ORDER, OrderState.FETCHING))
    assert board.world_ms == NOON_MS + MINUTE_MS


def test_what_is_not_understood_is_counted_and_changes_nothing() -> None:
    board = Board()
    board.take("somebody/else", b"hello", now_s=1.0, retained=False)
    board.take(topic("cabinet_slots"), b"{", now_s=1.0, retained=False)
    assert board.rates[UNKNOWN].total == 1
    assert board.rates["cabinet_slots"].total == 1
    assert not board.cabinets


def test_a_long_look_forgets_the_orders_that_ended_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "_ORDERS_KEPT", 3)
    board = Board()
    take(board, "order_event", moved("ord-open", OrderState.IN_USE))
    for number in range(5):
        take(board, "order_event", moved(f"ord-{number}", OrderState.SETTLED))
    assert list(board.orders) == ["ord-open", "ord-3", "ord-4"]


def test_slots_are_counted_by_their_state() -> None:
    board = Board()
    take(board, "cabinet_slots", SLOTS)
    counted = board.cabinets[CABINET].slots
    assert {state: counted[state] for state in counted} == {
        SlotState.READY: 1, SlotState.RESERVED: 1, SlotState.EMPTY: 1, SlotState.FAULTY: 1,
    }  # fmt: skip
