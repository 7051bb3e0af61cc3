"""What happens when nothing happens: every wait of an order ends here at the latest."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from chargeloop.platform.core import ending, holds
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.handlers_cabinet import end_hold, end_unlocking, reservation_unknown
from chargeloop.platform.core.order import FINAL, BankPlace, Hold, HoldState, Order
from chargeloop.platform.core.order_deadlines import hold_due_ms, is_overdue, unlock_end_ms
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.messages.cabinet import HoldEnd
from chargeloop.protocol.messages.rental import OrderState


def attend(turn: Turn, order: Order) -> None:
    """Do what is due for one order."""
    order = _holds_due(turn, order)
    order = _grace_due(turn, order)
    if not is_overdue(order, turn.policy, turn.now_ms):
        return
    if order.state in FINAL:
        _forget(turn, order)
    else:
        _OVERDUE[order.state](turn, order)


def _holds_due(turn: Turn, order: Order) -> Order:
    for listed in order.holds:
        hold = order.hold(listed.id)
        if hold is None or hold_due_ms(hold.due_ms, turn.policy) > turn.now_ms:
            continue
        order = _hold_due(turn, order, hold)
    return order


def _hold_due(turn: Turn, order: Order, hold: Hold) -> Order:
    if hold.state is HoldState.ASKED:
        order = reservation_unknown(turn, order, hold)
        left = order.hold(hold.id)
        over = left is not None and hold_due_ms(left.until_ms, turn.policy) <= turn.now_ms
        return _hold_due(turn, order, left) if left is not None and over else order
    if hold.state is HoldState.RELEASING and hold_due_ms(hold.until_ms, turn.policy) > turn.now_ms:
        return holds.ask_release(turn, order, hold)
    turn.settle_lease(hold.command)
    return end_hold(turn, order, hold, HoldEnd.EXPIRED)


def _grace_due(turn: Turn, order: Order) -> Order:
    """Take the courier's word where the cabinet stayed silent."""
    if order.grace_due_ms is None or order.grace_due_ms > turn.now_ms:
        return order
    places = (BankPlace.INBOUND, BankPlace.OUTBOUND)
    claimed = tuple(track.bank for track in order.banks_at(*places) if track.claimed is not None)
    order = turn.happen(order.id, ev.WordTaken(claimed))
    return order if order.final else ending.review(turn, order)


def _forget(turn: Turn, order: Order) -> None:
    """Drop an ended order from memory, unless banks of it may still turn up or a dispute waits for an answer.

    `RentalRegion.load` is given the same orders.
    """
    if not order.open_disputes and all(turn.memory.holder(track.bank) != order.id for track in order.banks):
        turn.forget(order)


# Waits that took too long, by state.


def _no_answer(turn: Turn, order: Order) -> None:
    ending.fail(turn, order, "no cabinet answered in time")


def _no_delivery(turn: Turn, order: Order) -> None:
    ending.call_off(turn, order, OrderState.FAILED, "the delivery took too long")


def _no_unlock(turn: Turn, order: Order) -> None:
    """Ask for the inventory first; when even that is never answered, conclude from what was heard."""
    hold_cabinet = order.walk_up_cabinet
    over = unlock_end_ms(order, turn.policy) <= turn.now_ms
    if order.inquiry is None and hold_cabinet is not None and not over:
        holds.inquire(turn, order, hold_cabinet)
    else:
        end_unlocking(turn, order, "it never answered")


def _kept(turn: Turn, order: Order) -> None:
    if order.banks_at(BankPlace.USER):
        ending.buy_out(turn, order)
    else:
        ending.settle(turn, order, "the banks never came back from the courier")


def _no_return(turn: Turn, order: Order) -> None:
    ending.drop_return(turn, order, "no courier came in time; try later, or walk to a cabinet")


def _never_brought_back(turn: Turn, order: Order) -> None:
    """Give up on the courier: what was collected is no longer the user's affair."""
    left = tuple(track.bank for track in order.banks_at(BankPlace.INBOUND, BankPlace.OUTBOUND))
    job = order.legs[-1].job
    ending.review(turn, turn.happen(order.id, ev.JobEnded(job, "overdue", left)))


def _never_called_back(turn: Turn, order: Order) -> None:
    left = tuple(track.bank for track in order.banks_at(BankPlace.OUTBOUND))
    leg = order.leg
    if leg is not None:
        order = turn.happen(order.id, ev.JobEnded(leg.job, "overdue", left))
    ending.end_recall(turn, order)


_OVERDUE: Final[Mapping[OrderState, Callable[[Turn, Order], object]]] = MappingProxyType(
    {
        OrderState.RESERVING: _no_answer,
        OrderState.DISPATCHING: _no_delivery,
        OrderState.FETCHING: _no_delivery,
        OrderState.DELIVERING: _no_delivery,
        OrderState.UNLOCKING: _no_unlock,
        OrderState.IN_USE: _kept,
        OrderState.RETURN_RESERVING: _no_return,
        OrderState.RETURN_DISPATCHING: _no_return,
        OrderState.COLLECTING: _no_return,
        OrderState.RETURNING: _never_brought_back,
        OrderState.RECALLING: _never_called_back,
    }
)
