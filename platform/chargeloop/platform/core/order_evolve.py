"""From an event to the next value of the order: nothing is decided here, everything is only written down.

`evolve` is total over all events in all states that `TRANSITIONS` and `FACTS` allow, and reads nothing but
its arguments, so replaying a journal gives the same order again. What each event changes stands in
`evolve_outward` and `evolve_return`.
"""

from types import MappingProxyType
from typing import Final

from chargeloop.platform.core.evolve_outward import OUTWARD
from chargeloop.platform.core.evolve_return import RETURN
from chargeloop.platform.core.order import INITIAL, Order, next_state
from chargeloop.platform.core.order_journal import Happening, Stamp
from chargeloop.platform.core.order_parts import Applied
from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.ids import OrderId
from chargeloop.protocol.messages.rental import HandOver, PlaceOrder
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.values import replace

_APPLY: Final[Applied] = MappingProxyType({**OUTWARD, **RETURN})


def place(order: OrderId, request: PlaceOrder, tariff: Tariff, quantity: int, now_ms: int) -> Order:
    """Return the new order that a request makes; the tariff in force is frozen into it."""
    buyout_minutes = tariff.rental.buyout_after_minutes
    return Order(
        id=order,
        user=request.user,
        location=request.location.point,
        quantity=quantity,
        asked_quantity=request.quantity,
        accept_fewer=request.accept_fewer,
        hand_over=request.hand_over,
        state=INITIAL,
        tariff=tariff.version,
        buyout_after_ms=None if buyout_minutes is None else buyout_minutes * MINUTE_MS,
        placed_ms=now_ms,
        since_ms=now_ms,
        changed_ms=now_ms,
        walk_up_cabinet=request.cabinet if request.hand_over is HandOver.WALK_UP else None,
        events=1,
    )


def evolve(order: Order, happened: Happening, stamp: Stamp) -> Order:
    """Return the order after the event.

    Raises:
        TransitionError: the event may not happen in the order's state.
    """
    state = next_state(order.state, happened.KIND)
    changed = _APPLY[type(happened)](order, happened, stamp)
    since_ms = order.since_ms if state is order.state else stamp.now_ms
    return replace(changed, state=state, since_ms=since_ms, changed_ms=stamp.now_ms, events=order.events + 1)
