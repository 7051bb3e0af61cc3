"""How an order may move, written out anew: state -> what happens -> the state after it.

What is in `FACTS` moves nothing and may be recorded in every state, final ones too.
"""

from collections.abc import Mapping
from typing import Final

FIRST_STATE: Final = "reserving"
FIRST_EVENT: Final = "placed"

MOVES: Final[Mapping[str, Mapping[str, str]]] = {
    "reserving": {
        "rental_requested": "dispatching",
        "unlock_ordered": "unlocking",
        "rental_success": "in_use",
        "cancelled": "cancelled",
        "failed": "failed",
    },
    "dispatching": {
        "first_indication": "fetching",
        "picked_up": "delivering",
        "rental_success": "in_use",
        "delivery_lost": "reserving",
        "called_off": "recalling",
        "failed": "failed",
    },
    "fetching": {
        "first_indication": "fetching",
        "courier_left": "dispatching",
        "picked_up": "delivering",
        "rental_success": "in_use",
        "delivery_lost": "reserving",
        "called_off": "recalling",
        "failed": "failed",
    },
    "delivering": {
        "first_indication": "delivering",
        "picked_up": "delivering",
        "courier_left": "dispatching",
        "rental_success": "in_use",
        "delivery_lost": "reserving",
        "called_off": "recalling",
        "failed": "failed",
    },
    "recalling": {
        "first_indication": "recalling",
        "picked_up": "recalling",
        "courier_left": "recalling",
        "rental_success": "in_use",
        "cancelled": "cancelled",
        "failed": "failed",
    },
    "unlocking": {"unlocked": "in_use", "failed": "failed"},
    "in_use": {
        "return_asked": "return_reserving",
        "second_indication": "in_use",
        "return_started": "returning",
        "settled": "settled",
        "bought_out": "settled",
    },
    "return_reserving": {
        "return_requested": "return_dispatching",
        "second_indication": "return_reserving",
        "return_dropped": "in_use",
        "settled": "settled",
    },
    "return_dispatching": {
        "second_indication": "collecting",
        "return_started": "returning",
        "return_dropped": "in_use",
        "settled": "settled",
    },
    "collecting": {
        "second_indication": "collecting",
        "courier_left": "return_dispatching",
        "return_started": "returning",
        "return_dropped": "in_use",
        "settled": "settled",
    },
    "returning": {
        "second_indication": "returning",
        "returned_in_part": "in_use",
        "settled": "settled",
    },
    # A late word of the courier ends a rental and begins the fee of the way back.
    "settled": {"second_indication": "settled"},
    "cancelled": {},
    "failed": {},
}

FACTS: Final = frozenset(
    {
        "reservation_asked",
        "reservation_confirmed",
        "reservation_refused",
        "reservation_unknown",
        "release_asked",
        "reservation_ended",
        "quantity_reduced",
        "redirected",
        "job_cancelled",
        "job_ended",
        "courier_progressed",
        "problem_reported",
        "bank_ejected",
        "eject_failed",
        "pickup_finished",
        "inventory_asked",
        "banks_collected",
        "bank_returned",
        "return_success",
        "word_taken",
        "bank_found",
        "fees_booked",
        "dispute_opened",
        "dispute_answered",
        "fee_waived",
        "rental_closed",
        "earlier_indication",
    }
)

FINAL: Final = frozenset({"settled", "cancelled", "failed"})


def after(state: str | None, event: str) -> str | None:
    """Return the state after an event, or None when it must not happen; None is no order yet."""
    if state is None:
        return FIRST_STATE if event == FIRST_EVENT else None
    if event in FACTS:
        return state
    return MOVES.get(state, {}).get(event)
