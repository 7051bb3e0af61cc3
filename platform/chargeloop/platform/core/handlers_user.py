"""What users, and operators for them, ask: placing, cancelling, returning. Each request gets one answer."""

from chargeloop.platform.core import ending, holds
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.order import (
    BACK_STATES,
    OUTWARD_STATES,
    BankPlace,
    HoldKind,
    Order,
)
from chargeloop.platform.core.order_evolve import place
from chargeloop.platform.core.rows import SaveTariff
from chargeloop.platform.core.searching import search
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import IdKind, OrderId, UserId, derived_id
from chargeloop.protocol.messages.rental import (
    CancelOrder,
    HandOver,
    OrderState,
    PlaceOrder,
    RefusalCode,
    RequestDone,
    RequestRefused,
    RequestReturn,
)
from chargeloop.protocol.time import HOUR_MS

Answer = RequestDone | RequestRefused


def done(order: Order) -> RequestDone:
    """Return the answer that tells where the order stands."""
    return RequestDone(order=order.id, state=order.state, quantity=order.quantity)


def refuse(code: RefusalCode, detail: str, available: int | None = None) -> RequestRefused:
    """Return the answer that nothing was changed, and why."""
    return RequestRefused(code=code, detail=detail, available=available)


# Placing.


def place_order(turn: Turn, request: PlaceOrder, source: str, message_id: str) -> Answer:
    """Begin an order (claim 1), unless nobody near can serve it.

    A message is known by its source and id: the same one places one order, and nobody can make another of
    the same name, also when the order has long been forgotten here. People scan a cabinet twice when nothing
    seems to happen: for a moment that is one order too.
    """
    name = OrderId(derived_id(IdKind.ORDER, turn.memory.region, request.user, source, message_id))
    known = turn.find(name) or _of_same_scan(turn, request)
    if known is not None:
        return done(known)
    quantity = _servable(turn, request)
    if isinstance(quantity, RequestRefused):
        return quantity
    _keep_tariff(turn)
    order = place(name, request, turn.memory.tariff, quantity, turn.now_ms)
    turn.add(order)
    search(turn, order)
    return done(turn.order(name))


def _orders_of(turn: Turn, user: UserId) -> list[Order]:
    shelf = turn.memory.users.get(user)
    return [] if shelf is None else [turn.order(name) for name in shelf.orders]


def _of_same_scan(turn: Turn, request: PlaceOrder) -> Order | None:
    """Return the open order that its user began a moment ago at the same cabinet, for as many banks."""
    if request.hand_over is not HandOver.WALK_UP:
        return None
    for order in _orders_of(turn, request.user):
        same = (order.walk_up_cabinet, order.asked_quantity) == (request.cabinet, request.quantity)
        if same and not order.final and turn.now_ms - order.placed_ms < turn.policy.same_scan_ms:
            return order
    return None


def _keep_tariff(turn: Turn) -> None:
    tariff = turn.memory.tariff
    if tariff.version not in turn.memory.tariffs:
        turn.memory.tariffs[tariff.version] = tariff
        turn.effects.writes.append(SaveTariff(tariff))


def _servable(turn: Turn, request: PlaceOrder) -> int | RequestRefused:
    """Return how many banks the order begins with, or why there is none."""
    open_orders = sum(not order.final for order in _orders_of(turn, request.user))
    if open_orders >= turn.policy.max_open_orders:
        return refuse(RefusalCode.TOO_MANY, f"you have {turn.policy.max_open_orders} open orders already")
    if request.hand_over is HandOver.WALK_UP:
        return _servable_by_named(turn, request)
    available = stock_near(turn, request.location.point, HoldKind.BANKS, request.quantity)
    if available is None:
        detail = f"no cabinet within {turn.policy.search_radius_m} m can be reached now"
        return refuse(RefusalCode.NO_CABINET_NEAR, detail)
    where = f"no cabinet within {turn.policy.search_radius_m} m has"
    return _enough(request, available, where)


def _servable_by_named(turn: Turn, request: PlaceOrder) -> int | RequestRefused:
    if request.cabinet is None:
        return refuse(RefusalCode.UNKNOWN_CABINET, "a walk-up order names its cabinet")
    cabinet = turn.cabinet(request.cabinet)
    if cabinet is None:
        detail = f"there is no cabinet {request.cabinet} in this region"
        return refuse(RefusalCode.UNKNOWN_CABINET, detail)
    if not turn.fleet.usable(cabinet, turn.now_ms):
        return refuse(RefusalCode.CABINET_OFFLINE, f"{cabinet.id} cannot be reached now")
    available = min(request.quantity, cabinet.free(HoldKind.BANKS))
    return _enough(request, available, f"{cabinet.id} does not have")


def _enough(request: PlaceOrder, available: int, where: str) -> int | RequestRefused:
    if available == request.quantity or (request.accept_fewer and available > 0):
        return available
    detail = f"{where} {request.quantity} banks; {available} can be had"
    return refuse(RefusalCode.NOT_ENOUGH_BANKS, detail, available)


def stock_near(turn: Turn, point: Point, kind: HoldKind, quantity: int) -> int | None:
    """Return how many, at most `quantity`, one cabinet near can serve; None when none can be reached."""
    best: int | None = None
    for _, cabinet in turn.fleet.nearest(point, turn.policy.search_radius_m, turn.now_ms):
        best = max(best or 0, min(quantity, cabinet.free(kind)))
        if best == quantity:
            break
    return best


# Cancelling.


def cancel_order(turn: Turn, request: CancelOrder, *, by_operator: bool) -> Answer:
    """Stop an order whose banks have not reached the user; a repeat is answered with where it stands."""
    order = owned(turn, request.order, None if by_operator else request.user)
    if isinstance(order, RequestRefused):
        return order
    if order.state is OrderState.CANCELLED or order.ending is OrderState.CANCELLED:
        return done(order)
    if order.state is OrderState.RESERVING:
        return done(ending.cancel(turn, order, request.reason))
    if order.state in OUTWARD_STATES and order.state is not OrderState.RECALLING:
        return done(ending.call_off(turn, order, OrderState.CANCELLED, request.reason))
    return refuse(RefusalCode.WRONG_STATE, _advice(order))


def owned(turn: Turn, name: str, user: str | None) -> Order | RequestRefused:
    """Return an open or recent order, of the user unless that is None, or why there is none."""
    order = turn.find(name)
    if order is None:
        hours = turn.policy.remember_ms // HOUR_MS
        detail = f"no order {name} is open or has changed in the last {hours} h; an older one stays as it is"
        return refuse(RefusalCode.UNKNOWN_ORDER, detail)
    if user is not None and order.user != user:
        return refuse(RefusalCode.NOT_YOURS, f"{name} is not an order of {user}")
    return order


def _advice(order: Order) -> str:
    if order.final or order.state is OrderState.RECALLING:
        return f"the order is {order.state} already"
    if order.state is OrderState.UNLOCKING:
        return "the cabinet is giving out the banks; put them back when you do not want them"
    return "you have the banks: ask for their return, or put them into any cabinet"


# Returning.


def request_return(turn: Turn, request: RequestReturn) -> Answer:
    """Have banks fetched (claim 3); asking again while that is under way is answered with where it stands."""
    order = owned(turn, request.order, request.user)
    if isinstance(order, RequestRefused):
        return order
    if order.state in BACK_STATES or order.state is OrderState.RETURN_RESERVING:
        return done(order)
    with_user = len(order.banks_at(BankPlace.USER))
    if order.state is not OrderState.IN_USE or with_user == 0:
        return refuse(RefusalCode.WRONG_STATE, f"the order is {order.state}: there is nothing to fetch")
    if request.quantity > with_user:
        banks = "1 bank" if with_user == 1 else f"{with_user} banks"
        return refuse(RefusalCode.TOO_MANY, f"you have {banks} of this order", with_user)
    return _fetch(turn, order, request)


def _fetch(turn: Turn, order: Order, request: RequestReturn) -> Answer:
    point = request.location.point
    room = stock_near(turn, point, HoldKind.SLOTS, request.quantity)
    if room is None or room < request.quantity:
        detail = f"no cabinet within {turn.policy.search_radius_m} m has {request.quantity} free slots"
        return refuse(RefusalCode.NO_ROOM_NEAR, detail, room)
    order = turn.happen(order.id, ev.ReturnAsked(request.quantity, point))
    holds.ask_next(turn, order)
    return done(turn.order(order.id))
