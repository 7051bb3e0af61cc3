"""Returns that were heard of before the rentals that they end.

A bank is given out by a cabinet, or taken by a courier, whose network is gone; its user brings it back to
another cabinet, which is heard at once. When the rental is heard of at last, the bank has been back for long:
without this it would be charged for until somebody saw it again.

A return ends such a rental when it came, by its earliest possible time, after the bank had been set aside for
the rental in another cabinet: so it had been carried from there. What one cabinet tells comes in order, and
needs nothing of this.
"""

from typing import Final

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core import taking_back
from chargeloop.platform.core.order import BankPlace, BankTrack, Order
from chargeloop.platform.core.rows import EarlyReturn
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.clock_map import Corrected

_AWAY: Final = frozenset({BankPlace.USER, BankPlace.ASTRAY})


def claim(turn: Turn) -> None:
    """End what the orders that changed in this turn have out, where the banks are back already."""
    if not turn.memory.early_returns:
        return
    for order in turn.changed():
        for track in order.banks:
            early = turn.memory.early_returns.get(track.bank)
            if early is not None and track.place in _AWAY and _is_of(early, order, track):
                _claim(turn, order.id, track, early)


def _is_of(early: EarlyReturn, order: Order, track: BankTrack) -> bool:
    """Tell whether the bank was carried from the cabinet of its rental to that of the return."""
    leg = None if track.job is None else order.leg_of(track.job)
    believed, asked_ms = (
        (order.walk_up_cabinet, order.placed_ms) if leg is None else (leg.cabinet, leg.requested_ms)
    )
    # A courier who was sent to another cabinet since may have it of the first one.
    given_by = track.given_by or believed
    return given_by is not None and given_by != early.cabinet and early.time_ms >= asked_ms


def _claim(turn: Turn, order: str, track: BankTrack, early: EarlyReturn) -> None:
    turn.drop_early_return(early.bank)
    when = Corrected(early.time_ms, early.quality)
    if track.rented is not None:
        when = when.not_before(track.rented.time_ms)
    happened = ev.BankReturned(early.bank, early.cabinet, early.slot)
    taking_back.inside(turn, early.cabinet, early.slot, early.bank)
    taking_back.back(turn, turn.order(order), happened, when)
