"""Every state of a slot with every event, against the table."""

import pytest

from chargeloop.protocol.ids import BankId, ReservationId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.station.core.slot import TRANSITIONS, Slot, SlotEvent, SlotRuleError, evolve

BANK, OTHER, RSV = BankId("bnk-1"), BankId("bnk-2"), ReservationId("rsv-1")
NEEDS_BANK = {
    SlotEvent.BANK_GONE,
    SlotEvent.CHARGED,
    SlotEvent.BANK_FREED,
    SlotEvent.MOTOR_STARTED,
    SlotEvent.BANK_OUT,
    SlotEvent.JAMMED,
    SlotEvent.INTERRUPTED,
    SlotEvent.BANK_CLEARED,
}
PAIRS = [(state, event) for state in SlotState for event in SlotEvent]


def slot_for(state: SlotState, event: SlotEvent) -> Slot:
    """Returns a slot in `state` with the content that suits `event`."""
    with_bank = event in NEEDS_BANK or (event is SlotEvent.HELD and state is SlotState.READY)
    return Slot(1, state, BANK if with_bank else None)


def happen(slot: Slot, event: SlotEvent) -> Slot:
    return evolve(slot, event, bank=OTHER, reservation=RSV)


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(SlotState)


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_each_event_does_what_the_table_says_or_is_impossible(state: SlotState, event: SlotEvent) -> None:
    wanted = TRANSITIONS[state].get(event)
    if wanted is None:
        with pytest.raises(SlotRuleError):
            happen(slot_for(state, event), event)
    else:
        assert happen(slot_for(state, event), event).state is wanted


@pytest.mark.parametrize(("state", "event"), [pair for pair in PAIRS if TRANSITIONS[pair[0]].get(pair[1])])
def test_a_bank_comes_and_goes_only_by_the_events_that_say_so(state: SlotState, event: SlotEvent) -> None:
    before = slot_for(state, event)
    after = happen(before, event)
    if event is SlotEvent.BANK_READ:
        assert after.bank == OTHER
    elif event in {SlotEvent.BANK_OUT, SlotEvent.BANK_GONE}:
        assert after.bank is None
    else:
        assert after.bank == before.bank


def test_only_held_and_moving_slots_belong_to_a_reservation() -> None:
    held = happen(Slot(1, SlotState.READY, BANK), SlotEvent.HELD)
    moving = happen(held, SlotEvent.MOTOR_STARTED)
    assert (held.reservation, moving.reservation) == (RSV, RSV)
    for event in (SlotEvent.BANK_OUT, SlotEvent.JAMMED, SlotEvent.INTERRUPTED):
        assert happen(moving, event).reservation is None
    assert happen(held, SlotEvent.BANK_FREED).reservation is None


@pytest.mark.parametrize("event", sorted(NEEDS_BANK))
def test_what_happens_to_a_bank_cannot_happen_to_an_empty_slot(event: SlotEvent) -> None:
    for state in SlotState:
        with pytest.raises(SlotRuleError):
            happen(Slot(1, state), event)


def test_a_full_slot_cannot_read_a_second_bank() -> None:
    for state in SlotState:
        with pytest.raises(SlotRuleError):
            happen(Slot(1, state, BANK), SlotEvent.BANK_READ)


def test_holding_needs_to_be_told_for_whom() -> None:
    with pytest.raises(SlotRuleError):
        evolve(Slot(1), SlotEvent.HELD)
