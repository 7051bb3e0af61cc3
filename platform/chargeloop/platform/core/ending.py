"""How orders end, and what they need before they may.

`review` is called after every physical fact and draws the conclusion: settled when no bank is with the
user or on the way, back in use when a courier's part is done, failed when the courier put everything
back. Closing an order releases what is reserved for it and stops the job that is open, whatever the end.
"""

from typing import Final

from chargeloop.platform.core import fees, holds, legs
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.order import (
    RENTED_STATES,
    BankPlace,
    BankTrack,
    HoldKind,
    Leg,
    Order,
)
from chargeloop.platform.core.order_deadlines import is_overdue, state_due_ms
from chargeloop.platform.core.order_spans import spans
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.delivery import Evidence
from chargeloop.protocol.messages.rental import OrderState

_ON_THE_WAY: Final = (BankPlace.OUTBOUND, BankPlace.INBOUND)


def review(turn: Turn, order: Order) -> Order:
    """Draw the conclusion from where the order's banks are; return the order after it."""
    if order.state in RENTED_STATES:
        return _review_rented(turn, note_returns(turn, order))
    nothing_out = not order.banks_at(*_ON_THE_WAY)
    if order.state is OrderState.DELIVERING and nothing_out:
        return call_off(turn, order, OrderState.FAILED, "the banks were put back before they reached you")
    if order.state is OrderState.RECALLING and nothing_out and order.leg is None:
        return end_recall(turn, order)
    return order


def _review_rented(turn: Turn, order: Order) -> Order:
    if order.banks_at(*_ON_THE_WAY) or _waits_for_indication(turn, order):
        return order
    with_user = order.banks_at(BankPlace.USER)
    if not with_user:
        return settle(turn, order)
    if order.state is not OrderState.RETURNING:
        return order
    order = holds.release_all(turn, order, HoldKind.SLOTS)
    return turn.happen(order.id, ev.ReturnedInPart(len(with_user)))


def _waits_for_indication(turn: Turn, order: Order) -> bool:
    """Tell whether the cabinet was faster than the courier platform, whose report has a time of grace."""
    unheard = any(leg.succeeded is not None and leg.indicated is None for leg in order.legs)
    overdue = is_overdue(order, turn.policy, turn.now_ms)
    return unheard and not overdue and order.grace_due_ms is not None and turn.now_ms < order.grace_due_ms


def note_returns(turn: Turn, order: Order) -> Order:
    """Record return success, on the cabinets' evidence, of each back leg whose banks are all in cabinets."""
    for leg in order.legs:
        if leg.kind is LegKind.BACK:
            order = _note_return(turn, order, leg)
    return order


def _note_return(turn: Turn, order: Order, leg: Leg) -> Order:
    carried = [track for track in order.banks if track.job == leg.job and track.rented is not None]
    backs = [track.back for track in carried if track.back is not None]
    if not backs or len(backs) < len(carried):
        return order
    last = max(backs, key=lambda mark: mark.time_ms)
    if leg.succeeded is not None and leg.succeeded.time_ms <= last.time_ms:
        return order
    happened = ev.ReturnSucceeded(
        leg.job,
        tuple(track.bank for track in carried),
        Evidence.CABINET,
        turn.now_ms + turn.policy.return_grace_ms if leg.indicated is None else None,
    )
    return turn.happen(order.id, happened, Corrected(last.time_ms, last.quality))


def drop_return(turn: Turn, order: Order, reason: str) -> Order:
    """Leave the banks with the user, who may ask again or walk; release the slots and stop the job."""
    order = holds.release_all(turn, order, HoldKind.SLOTS)
    leg = order.leg
    if leg is not None and not leg.cancelled:
        order = legs.cancel(turn, order, leg, reason)
    order = turn.happen(order.id, ev.ReturnDropped(reason))
    return _started(turn, order)


def _started(turn: Turn, order: Order) -> Order:
    """Wait for a courier with all the banks that the order still waits for, whichever job it was."""
    if order.banks_at(BankPlace.INBOUND) and not order.banks_at(BankPlace.USER):
        return turn.happen(order.id, ev.ReturnStarted(order.legs[-1].job))
    return order


# Ends.


def settle(turn: Turn, order: Order, reason: str | None = None) -> Order:
    """End a rental whose banks are all accounted for, and charge for it."""
    lost = sum(track.job is not None for track in order.banks_at(BankPlace.ASTRAY))
    reason = reason or (f"{lost} still with a courier" if lost else None)
    order = turn.happen(_closed(turn, order, "settled").id, ev.Settled(reason))
    return book(turn, order)


def buy_out(turn: Turn, order: Order) -> Order:
    """End a rental whose banks the user has kept so long that they are sold."""
    due_ms = state_due_ms(order, turn.policy)
    sold_ms = turn.now_ms if due_ms is None else min(due_ms, turn.now_ms)
    kept = tuple(track.bank for track in order.banks_at(BankPlace.USER))
    order = _closed(turn, order, "bought")
    sold = ev.BoughtOut(kept)
    order = turn.happen(order.id, sold, Corrected(sold_ms, ClockState.SYNCED))
    return book(turn, order)


def fail(turn: Turn, order: Order, reason: str) -> Order:
    """End an order that could not be served; nothing is charged."""
    return turn.happen(_closed(turn, order, reason).id, ev.Failed(reason))


def cancel(turn: Turn, order: Order, reason: str) -> Order:
    """End an order that nobody wants any more; nothing is charged."""
    return turn.happen(_closed(turn, order, reason).id, ev.Cancelled(reason))


def call_off(turn: Turn, order: Order, ending: OrderState, reason: str) -> Order:
    """Stop a delivery that a courier platform works on; the order ends when that says who holds what.

    Banks that are out need slots: when a cabinet has confirmed them, the courier is told where.
    """
    order = turn.happen(order.id, ev.CalledOff(ending, reason))
    order = holds.release_all(turn, order, HoldKind.BANKS)
    leg = order.leg
    if leg is None:
        return review(turn, order)
    order = legs.cancel(turn, order, leg, reason)
    holds.ask_next(turn, order)
    return turn.order(order.id)


def end_recall(turn: Turn, order: Order) -> Order:
    """End an order that was called off; banks that are still out are astray."""
    end = cancel if order.ending is OrderState.CANCELLED else fail
    return end(turn, order, order.reason or "called off")


def _closed(turn: Turn, order: Order, reason: str) -> Order:
    order = holds.release_all(turn, order)
    leg = order.leg
    if leg is not None and not leg.cancelled and leg.succeeded is None:
        order = legs.cancel(turn, order, leg, reason)
    return order


def book(turn: Turn, order: Order) -> Order:
    """Add the fee lines that are due as the facts stand now; nothing when nothing changed."""
    if order.state is not OrderState.SETTLED:
        return order
    tariff = turn.memory.tariffs[order.tariff]
    added = fees.lines(order.id, tariff, order.lines, spans(order))
    return turn.happen(order.id, ev.FeesBooked(added)) if added else order


def astray(tracks: tuple[BankTrack, ...], job: str) -> tuple[BankTrack, ...]:
    """Return those of the tracks that a courier of this job holds."""
    return tuple(track for track in tracks if track.job == job and track.place in _ON_THE_WAY)
