"""The offer's table."""

from dataclasses import replace
from itertools import product

import pytest

from chargeloop.courier.core.offer import (
    TOLD_AS,
    TRANSITIONS,
    Offer,
    OfferEvent,
    OfferState,
    allows,
    evolve,
    offer_id,
)
from tests.courier.core.making import JOB, NOW_MS, A, B

OFFER = Offer(offer_id(JOB, 1, A), JOB, A, 1, 640, NOW_MS, NOW_MS + 25_000)


@pytest.mark.parametrize(("state", "event"), list(product(OfferState, OfferEvent)))
def test_evolve_follows_the_table_and_nothing_else(state: OfferState, event: OfferEvent) -> None:
    offer = replace(OFFER, state=state)
    assert allows(offer, event) is (event in TRANSITIONS[state])
    if allows(offer, event):
        assert evolve(offer, event).state is TRANSITIONS[state][event]
    else:
        with pytest.raises(KeyError):
            evolve(offer, event)


def test_every_state_but_open_can_be_told_to_the_phone() -> None:
    assert set(TOLD_AS) == set(OfferState) - {OfferState.OPEN}


def test_no_event_opens_an_offer_again() -> None:
    assert all(OfferState.OPEN not in moves.values() for moves in TRANSITIONS.values())


def test_the_id_follows_from_job_round_and_courier() -> None:
    assert offer_id(JOB, 1, A) == OFFER.id
    assert len({offer_id(JOB, number, who) for number in (1, 2) for who in (A, B)}) == 4
