"""Every state of a reservation with every event, against the table."""

import pytest

from chargeloop.protocol.ids import ReservationId
from chargeloop.station.core.reservation import (
    TRANSITIONS,
    HoldEvent,
    HoldKind,
    HoldRuleError,
    HoldState,
    Reservation,
    evolve,
)


def reservation(state: HoldState) -> Reservation:
    return Reservation(
        ReservationId("rsv-1"), HoldKind.BANKS, epoch=1, quantity=2, until_ms=1000, code="1234", state=state
    )


@pytest.mark.parametrize("state", HoldState)
@pytest.mark.parametrize("event", HoldEvent)
def test_each_event_does_what_the_table_says_or_is_impossible(state: HoldState, event: HoldEvent) -> None:
    wanted = TRANSITIONS[state].get(event)
    if wanted is None:
        with pytest.raises(HoldRuleError):
            evolve(reservation(state), event)
    else:
        assert evolve(reservation(state), event).state is wanted


def test_the_end_is_final() -> None:
    assert TRANSITIONS[HoldState.ENDED] == {}


def test_it_is_over_at_its_end_and_not_a_millisecond_before() -> None:
    held = reservation(HoldState.HELD)
    assert not held.is_over(999)
    assert held.is_over(1000)


def test_it_does_not_run_out_while_its_banks_come_out() -> None:
    assert not reservation(HoldState.GIVING).is_over(5000)
