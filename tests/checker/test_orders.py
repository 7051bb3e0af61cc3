"""Orders move by their table, and each bank that is out has one of them."""

from typing import Any

import pytest
from chargeloop_checker.order_table import FACTS, FINAL, MOVES, after
from checker_stream import MINUTE_MS, NOON_MS, Stream, courier_rental, walk_up_rental

ORDER, OTHER = "ord-7a", "ord-8c"


def in_use(order: str, *, walk_up: bool = True) -> Stream:
    """Returns a stream with an order whose user has bnk-1."""
    stream = Stream().tariff().order(order, walk_up=walk_up)
    stream.event(order, "placed", "nothing > reserving").event(
        order, "unlock_ordered", "reserving > unlocking"
    )
    return stream.ejected(order, "unlocking")


# The table.


def test_every_state_that_is_led_to_is_in_the_table() -> None:
    assert {state for moves in MOVES.values() for state in moves.values()} <= set(MOVES)
    assert not {kind for moves in MOVES.values() for kind in moves} & FACTS


def test_nothing_leads_out_of_a_final_state() -> None:
    assert all(set(MOVES[state].values()) <= {state} for state in FINAL)
    assert all(set(MOVES[state].values()) - {state} for state in set(MOVES) - FINAL)


def test_an_order_begins_by_being_placed() -> None:
    assert after(None, "placed") == "reserving"
    assert after(None, "settled") is None
    assert after("reserving", "placed") is None


# Journals.


def test_an_order_is_placed_once() -> None:
    assert courier_rental().repeat("order").broken() == {"orders.placed"}


def test_events_are_of_an_order_that_was_placed() -> None:
    stream = courier_rental().event(OTHER, "placed", "nothing > reserving")
    assert stream.broken() == {"orders.placed"}


def test_an_order_has_a_journal() -> None:
    assert courier_rental().order(OTHER).broken() == {"orders.placed"}


@pytest.mark.parametrize("quantity", [0, 3])
def test_an_order_begins_with_as_many_banks_as_were_asked_for_or_fewer(quantity: int) -> None:
    asked = courier_rental().change("order", asked_quantity=2, quantity=1)
    assert asked.broken() == set()
    assert asked.change("order", quantity=quantity).broken() == {"orders.placed"}


def test_a_journal_begins_with_placed() -> None:
    assert "orders.moves" in courier_rental().change("event", 0, type="fees_booked").broken()


@pytest.mark.parametrize(
    "change",
    [
        {"type": "settled"},
        {"to_state": "delivering"},
        {"from_state": "dispatching"},
        {"type": "nothing_known"},
    ],
)
def test_an_order_moves_as_the_table_says(change: dict[str, str]) -> None:
    assert courier_rental().change("event", 2, **change).broken() == {"orders.moves"}


def test_a_final_order_takes_facts_only() -> None:
    stream = courier_rental().event(ORDER, "problem_reported", "settled")
    assert stream.broken() == set()
    again_ms = NOON_MS + 110 * MINUTE_MS
    stream.event(ORDER, "second_indication", "settled", at_ms=again_ms, job="job-7a-4", courier="cou-2")
    assert stream.broken() == set()
    assert stream.event(ORDER, "return_asked", "settled > return_reserving").broken() >= {"orders.moves"}


def test_entries_are_numbered_without_gaps() -> None:
    assert courier_rental().change("event", 2, event=f"{ORDER}-e4").broken() == {"orders.numbers"}
    assert courier_rental().drop("event", 2).broken() >= {"orders.numbers"}


def test_nothing_happens_after_it_was_heard_of() -> None:
    stream = courier_rental()
    received_ms = stream.records[-5][9]
    assert stream.broken() == set()
    assert stream.change("event", -1, time_ms=received_ms + 1).broken() == {"orders.times"}


def test_a_detail_that_cannot_be_read_is_told_of() -> None:
    stream = in_use(ORDER)
    for detail in (
        "{",
        "[]",
        "{}",
        '{"bank":{}}',
        "[" * 100_000,
        '{"bank":"bnk-1","cabinet":"cab-1","slot":"1"}',
    ):
        assert stream.change("event", 2, detail=detail).broken() == {"record", "orders.end"}


@pytest.mark.parametrize("told", [{"banks": 5}, {"banks": [["bnk-1"]]}, {"bank": ["bnk-1"]}])
def test_banks_that_are_no_names_are_told_of_too(told: dict[str, Any]) -> None:
    stream = in_use(ORDER).event(ORDER, "rental_requested", "in_use", leg={"job": "job-1", "kind": "back"})
    assert "record" not in stream.broken()
    stream.event(ORDER, "first_indication", "in_use", job="job-1", courier="cou-1", **told)
    assert "record" in stream.broken()


def test_in_the_end_every_order_is_final() -> None:
    assert in_use(ORDER).broken() == {"orders.end"}


# One open order for each bank.


def taken_by_another(stream: Stream) -> Stream:
    """Lets another order give out bnk-1."""
    stream.wait(1).order(OTHER, walk_up=True).event(OTHER, "placed", "nothing > reserving")
    stream.event(OTHER, "unlock_ordered", "reserving > unlocking")
    return stream.ejected(OTHER, "unlocking")


def test_a_bank_is_not_given_out_by_two_orders() -> None:
    assert taken_by_another(in_use(ORDER)).broken() == {"orders.holder", "orders.end"}


def test_a_bank_that_is_back_may_be_given_out_again() -> None:
    stream = in_use(ORDER).event(ORDER, "bank_returned", "unlocking", bank="bnk-1", cabinet="cab-1", slot=1)
    assert taken_by_another(stream).broken() == {"orders.end"}


def test_an_ejection_heard_late_may_be_taken_back_in_the_same_transaction() -> None:
    stream = taken_by_another(in_use(ORDER))
    stream.event(OTHER, "bank_returned", "unlocking", bank="bnk-1", cabinet="cab-1", slot=1)
    assert stream.broken() == {"orders.end"}


def test_a_bank_of_an_order_that_is_over_may_be_given_out_again() -> None:
    stream = in_use(ORDER).event(ORDER, "failed", "unlocking > failed")
    assert taken_by_another(stream).broken() == {"orders.end"}


def picked_up() -> Stream:
    """Returns an order whose courier has named bnk-1."""
    stream = Stream().tariff().order(ORDER).event(ORDER, "placed", "nothing > reserving")
    leg = {"job": "job-7a-2", "kind": "outward", "reservation": "rsv-7a-1"}
    stream.event(ORDER, "rental_requested", "reserving > dispatching", leg=leg)
    return stream.event(ORDER, "picked_up", "dispatching > delivering", job="job-7a-2", banks=["bnk-1"])


def test_a_bank_with_a_courier_is_answered_for_too() -> None:
    assert taken_by_another(picked_up()).broken() == {"orders.holder", "orders.end"}


def test_a_bank_that_a_courier_only_named_is_answered_for_until_its_cabinet_tells_which_left() -> None:
    stream = picked_up()
    left: dict[str, Any] = {
        "bank": "bnk-2",
        "cabinet": "cab-1",
        "slot": 2,
        "job": "job-7a-2",
        "reservation": "rsv-7a-1",
    }
    stream.event(ORDER, "bank_ejected", "delivering", **left)
    finished: dict[str, Any] = {"reservation": "rsv-7a-1", "ejected": 1, "missing": 0, "job": "job-7a-2"}
    stream.event(ORDER, "pickup_finished", "delivering", **finished)
    assert "orders.holder" not in taken_by_another(stream).broken()


def test_the_whole_walk_up_is_right() -> None:
    assert walk_up_rental().broken() == set()
