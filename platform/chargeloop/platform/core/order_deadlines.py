"""When an order has to be looked at again, so that every order ends even when nobody ever answers.

One wait has no end: a tariff may say that banks are never sold. Their rental goes on, and is charged by the
tariff, until they are back or an operator ends it; the alarm that an order is stuck asks for one.
"""

from typing import Final

from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.platform.core.policy import Policy
from chargeloop.protocol.messages.rental import OrderState


def due_ms(order: Order, policy: Policy) -> int | None:
    """Return the earliest moment at which the order needs attention if nothing else happens, or None."""
    due = [state_due_ms(order, policy), order.grace_due_ms]
    due += [hold_due_ms(hold.due_ms, policy) for hold in order.holds]
    return min((instant_ms for instant_ms in due if instant_ms is not None), default=None)


def is_due(order: Order, policy: Policy, now_ms: int) -> bool:
    """Tell whether the order needs attention now."""
    instant_ms = due_ms(order, policy)
    return instant_ms is not None and instant_ms <= now_ms


def is_overdue(order: Order, policy: Policy, now_ms: int) -> bool:
    """Tell whether the order has been in its state for too long."""
    instant_ms = state_due_ms(order, policy)
    return instant_ms is not None and instant_ms <= now_ms


def hold_due_ms(due_ms: int, policy: Policy) -> int:
    """Return when the platform acts on a reservation whose own time ends at `due_ms`."""
    return due_ms + policy.answer_grace_ms


def state_due_ms(order: Order, policy: Policy) -> int | None:
    """Return when the order has been in its state for too long, or None; for an ended one, when to forget it.

    That is when nothing has happened to it for long enough, which is what the store is asked for too.
    """
    if order.state is OrderState.IN_USE:
        return _kept_too_long_ms(order, policy)
    if order.state is OrderState.UNLOCKING:
        return _unlock_due_ms(order, policy)
    if order.final:
        return order.changed_ms + policy.remember_ms
    due = order.since_ms + _limit_ms(order, policy)
    if order.state in _COURIER_SOUGHT and order.legs:
        # Couriers who take the job and leave it again do not make the wait any longer.
        due = min(due, order.legs[-1].requested_ms + policy.dispatching_ms + policy.fetching_ms)
    return due


_COURIER_SOUGHT: Final = frozenset(
    {
        OrderState.DISPATCHING,
        OrderState.FETCHING,
        OrderState.RETURN_DISPATCHING,
        OrderState.COLLECTING,
    }
)


def _limit_ms(order: Order, policy: Policy) -> int:
    match order.state:
        case OrderState.RESERVING | OrderState.RETURN_RESERVING:
            return policy.reserving_ms
        case OrderState.DISPATCHING | OrderState.RETURN_DISPATCHING:
            return policy.dispatching_ms
        case OrderState.FETCHING | OrderState.COLLECTING:
            return policy.fetching_ms
        case OrderState.DELIVERING:
            return policy.delivering_ms
        case OrderState.RETURNING:
            return policy.returning_ms
        case OrderState.RECALLING:
            out = order.banks_at(BankPlace.OUTBOUND)
            return policy.recalling_ms if out else policy.recall_answer_ms
        case _:
            message = f"an order {order.state} waits for nobody"
            raise ValueError(message)


def unlock_end_ms(order: Order, policy: Policy) -> int:
    """Return when unlocking ends with what was heard until then, whatever is still asked."""
    return order.since_ms + policy.inquiry_life_ms


def _unlock_due_ms(order: Order, policy: Policy) -> int:
    """Return when to ask for the inventory, at first or again, or when nothing is waited for any longer."""
    end_ms = unlock_end_ms(order, policy)
    return min(order.changed_ms + policy.unlock_patience_ms, end_ms) if order.inquiry is None else end_ms


def _kept_too_long_ms(order: Order, policy: Policy) -> int | None:
    if order.buyout_after_ms is None and order.banks_at(BankPlace.USER):
        return None
    limit_ms = policy.in_use_ms if order.buyout_after_ms is None else order.buyout_after_ms
    kept = (track for track in order.banks if track.ended is None)
    starts = [track.rented.time_ms for track in kept if track.rented is not None]
    return min(starts, default=order.since_ms) + limit_ms
