"""The table of transitions, walked cell by cell."""

import pytest

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core import order_evolve
from chargeloop.platform.core.order import (
    FINAL,
    TRANSITIONS,
    Order,
    TransitionError,
    may_happen,
    next_state,
    order_of,
)
from chargeloop.platform.core.order_journal import FACTS, EventKind, Stamp
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import IdKind, OrderId, UserId
from chargeloop.protocol.messages.rental import HandOver, OrderState
from tests.platform.core.script import HOME

CELLS = [(state, kind) for state in OrderState for kind in EventKind]


@pytest.mark.parametrize(("state", "kind"), CELLS)
def test_a_state_allows_exactly_the_events_of_its_row_and_all_facts(
    state: OrderState, kind: EventKind
) -> None:
    if kind in FACTS:
        assert next_state(state, kind) is state
    elif kind in TRANSITIONS[state]:
        assert next_state(state, kind) is TRANSITIONS[state][kind]
    else:
        assert not may_happen(state, kind)
        with pytest.raises(TransitionError):
            next_state(state, kind)


def test_every_state_has_its_row_and_only_the_three_ends_are_final() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    assert {OrderState.SETTLED, OrderState.CANCELLED, OrderState.FAILED} == FINAL


def test_every_event_either_moves_the_state_or_is_a_fact() -> None:
    moving = {kind for moves in TRANSITIONS.values() for kind in moves}
    assert moving.isdisjoint(FACTS)
    assert moving | FACTS | {EventKind.PLACED} == set(EventKind)


def test_every_state_can_be_reached_and_every_state_can_end() -> None:
    reached = {OrderState.RESERVING}
    for _ in OrderState:
        reached |= {target for state in reached for target in TRANSITIONS[state].values()}
    assert reached == set(OrderState)
    ending = set(FINAL)
    for _ in OrderState:
        ending |= {state for state, moves in TRANSITIONS.items() if ending & set(moves.values())}
    assert ending == set(OrderState)


def test_every_kind_of_event_can_be_written_down() -> None:
    written = {happened.KIND for happened in order_evolve._APPLY}
    assert written == set(EventKind) - {EventKind.PLACED}


def test_an_event_that_the_state_does_not_allow_changes_nothing() -> None:
    order = Order(
        id=OrderId("ord-1"),
        user=UserId("usr-1"),
        location=HOME,
        quantity=1,
        asked_quantity=1,
        accept_fewer=False,
        hand_over=HandOver.COURIER,
        state=OrderState.SETTLED,
        tariff="t",
        buyout_after_ms=None,
        placed_ms=0,
        since_ms=0,
        changed_ms=0,
    )
    with pytest.raises(TransitionError):
        order_evolve.evolve(order, ev.Failed("late"), Stamp("e", 1, ClockState.SYNCED, 1))


def test_derived_ids_name_their_order() -> None:
    for kind in (IdKind.RESERVATION, IdKind.COMMAND, IdKind.JOB):
        assert order_of(f"{kind}-0123456789abcdef0123-17") == "ord-0123456789abcdef0123"
