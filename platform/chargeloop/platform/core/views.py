"""What a user is shown of an order, made from the order alone."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from chargeloop.platform.core.fleet import Fleet
from chargeloop.platform.core.order import BankPlace, HoldKind, Leg, Order
from chargeloop.protocol.codec import MAX_BYTES
from chargeloop.protocol.ids import CabinetId
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.rental import OrderState, OrderView

SHOWN: Final = 6
# The envelope and the members around the orders take less than 1 KiB, however long the ids are.
_ROOM_BYTES: Final = MAX_BYTES - 1024


class Shown(NamedTuple):
    """An order as its user sees it, and how much of a message that takes."""

    view: OrderView
    size_bytes: int


def to_show(orders: Iterable[Order]) -> list[Order]:
    """Return those of a user's orders that are to be shown: the open ones, newest first, then ended ones."""
    return sorted(orders, key=lambda order: (order.final, -order.placed_ms))[:SHOWN]


def show(order: Order, fleet: Fleet) -> Shown:
    """Return the order as its user sees it, measured."""
    view = order_view(order, fleet)
    return Shown(view, len(view.model_dump_json(exclude_none=True).encode()))


def fitting(found: Iterable[Shown]) -> tuple[OrderView, ...]:
    """Return as many of the first of them as fit into one message, the newest order first."""
    left_bytes = _ROOM_BYTES
    shown = []
    for one in found:
        left_bytes -= one.size_bytes + len(",")
        if left_bytes < 0:
            break
        shown.append(one.view)
    return tuple(sorted(shown, key=lambda view: view.placed, reverse=True))


def order_view(order: Order, fleet: Fleet) -> OrderView:
    """Return the order as its user sees it. The hand-over code is shown while a courier is to come."""
    leg = _leg_shown(order)
    cabinet = _cabinet_shown(order, leg)
    place = None if cabinet is None else fleet.know(cabinet).location
    return OrderView(
        order=order.id,
        state=order.state,
        quantity=order.quantity,
        banks=tuple(track.bank for track in order.banks_at(BankPlace.USER))[:20],
        hand_over=order.hand_over,
        cabinet=cabinet,
        cabinet_location=None if place is None else Location.of(place),
        courier=None if leg is None else leg.courier,
        handover_code=None if leg is None else leg.handover_code,
        reason=order.reason,
        placed=order.placed_ms,
        changed=order.changed_ms,
    )


def looks_different(before: Order, after: Order) -> bool:
    """Tell whether the user would see a difference that is worth a message."""
    return _look(before) != _look(after)


def _look(order: Order) -> tuple[object, ...]:
    leg = _leg_shown(order)
    banks = tuple(track.bank for track in order.banks_at(BankPlace.USER))
    courier = None if leg is None else (leg.courier, leg.handover_code)
    # Answers and bill are no part of the message: it tells the user that there is something to read.
    beside = (tuple(dispute.answer for dispute in order.disputes), len(order.lines))
    return order.state, order.quantity, banks, _cabinet_shown(order, leg), courier, order.reason, beside


def _leg_shown(order: Order) -> Leg | None:
    leg = order.leg
    return None if leg is None or leg.cancelled else leg


def _cabinet_shown(order: Order, leg: Leg | None) -> CabinetId | None:
    if leg is not None:
        return leg.cabinet
    if order.state in {OrderState.RESERVING, OrderState.UNLOCKING}:
        hold = order.live_hold(HoldKind.BANKS)
        return order.walk_up_cabinet if hold is None else hold.cabinet
    return None
