"""The search for a cabinet: the next one when one cannot serve, and what follows when none can."""

from chargeloop.platform.core import ending, holds, legs
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.order import Hold, Order
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.messages.rental import HandOver, OrderState


def search(turn: Turn, order: Order) -> Order:
    """Ask the next cabinet for what the order needs now, or go on without; return the order after it."""
    if holds.want(order) is None or holds.ask_next(turn, order):
        return turn.order(order.id)
    return _without(turn, order)


def _without(turn: Turn, order: Order) -> Order:
    """Draw the conclusion from there being no cabinet."""
    if order.state is OrderState.RESERVING:
        return _with_fewer(turn, order)
    if order.state in {OrderState.DISPATCHING, OrderState.FETCHING}:
        reason = "no other cabinet near has the banks"
        return ending.call_off(turn, order, OrderState.FAILED, reason)
    if order.state is OrderState.RETURN_RESERVING:
        return ending.drop_return(turn, order, "no cabinet near has room; try later, or walk to one")
    # A courier on the way back, or called off, finds a free slot even without a reservation.
    return order


def _with_fewer(turn: Turn, order: Order) -> Order:
    fewer = holds.most_available(turn, order, order.quantity - 1) if order.accept_fewer else 0
    if fewer > 0:
        order = turn.happen(order.id, ev.QuantityReduced(fewer))
        if holds.ask_next(turn, order):
            return turn.order(order.id)
    return ending.fail(turn, order, f"no cabinet near could set {order.quantity} banks aside")


def confirmed(turn: Turn, order: Order, hold: Hold) -> Order:
    """Go on with what a cabinet has set aside; give it back when the order has no use for it any more."""
    order = turn.happen(order.id, ev.ReservationConfirmed(hold.id, hold.cabinet))
    wanted = holds.want(order)
    if wanted is None or wanted.kind is not hold.kind:
        return holds.release(turn, order, order.hold(hold.id) or hold)
    leg = order.leg
    if order.state is OrderState.RECALLING and leg is not None:
        return legs.cancel(turn, order, leg, order.reason or "called off", hold)
    if order.state is OrderState.RESERVING and order.hand_over is HandOver.WALK_UP:
        return holds.eject(turn, order, hold)
    if order.state in {OrderState.RESERVING, OrderState.RETURN_RESERVING} or leg is None:
        return legs.request(turn, order, hold)
    return legs.redirect(turn, order, leg, hold)
