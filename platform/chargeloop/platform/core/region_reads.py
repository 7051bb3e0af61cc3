"""What gateways may read of a region between two messages: no effect, no promise."""

from dataclasses import dataclass
from itertools import islice

from chargeloop.platform.core import fees, views
from chargeloop.platform.core.fleet import Cabinet
from chargeloop.platform.core.order import HoldKind, Order
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.core.turn import Memory
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import CabinetId, OrderId, UserId
from chargeloop.protocol.messages.rental import HandOver, OrderView
from chargeloop.protocol.time import MINUTE_MS


@dataclass(frozen=True, slots=True)
class CabinetView:
    """A cabinet as people may see it: `ready_banks` and `free_slots` can be had now."""

    cabinet: CabinetId
    name: str
    location: Point
    distance_m: int
    usable: bool
    ready_banks: int
    free_slots: int


@dataclass(frozen=True, slots=True)
class RegionQuote:
    """What an order would come from and cost. `cabinet` is None when nobody near has so many.

    `available` is what one cabinet near can give, at most the quantity asked for.
    """

    cabinet: CabinetId | None
    distance_m: int | None
    available: int
    fees: fees.Quote


class RegionReads:
    """The reading side of a region."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @property
    def tariff(self) -> Tariff:
        """Return the tariff in force for new orders."""
        return self._memory.tariff

    def order(self, order: str) -> Order | None:
        """Return an open or recently ended order; older ones are only in the store."""
        return self._memory.orders.get(OrderId(order))

    def orders_of(self, user: str) -> tuple[Order, ...]:
        """Return the user's open and recent orders, newest first."""
        shelf = self._memory.users.get(UserId(user))
        names = [] if shelf is None else shelf.orders
        return tuple(self._memory.orders[name] for name in reversed(names))

    def view(self, order: Order) -> OrderView:
        """Return the order as its user sees it."""
        return views.order_view(order, self._memory.fleet)

    def cabinets_near(
        self, location: Point, radius_m: int, now_ms: int, limit: int = 50
    ) -> tuple[CabinetView, ...]:
        """Return the cabinets within the radius, nearest first, reachable or not."""
        near = self._memory.fleet.all_near(location, radius_m)
        return tuple(
            self._cabinet_view(cabinet, distance, now_ms) for distance, cabinet in islice(near, limit)
        )

    def _cabinet_view(self, cabinet: Cabinet, distance_m: float, now_ms: int) -> CabinetView:
        return CabinetView(
            cabinet=cabinet.id,
            name=cabinet.name,
            location=cabinet.place,
            distance_m=round(distance_m),
            usable=self._memory.fleet.usable(cabinet, now_ms),
            ready_banks=cabinet.free(HoldKind.BANKS),
            free_slots=cabinet.free(HoldKind.SLOTS),
        )

    def quote(
        self, location: Point, quantity: int, now_ms: int, *, hand_over: HandOver = HandOver.COURIER
    ) -> RegionQuote:
        """Return which cabinet would serve the order now, and what it would cost for a usual rental."""
        policy = self._memory.policy
        available = 0
        found: tuple[float, CabinetId] | None = None
        for distance_m, cabinet in self._memory.fleet.nearest(location, policy.search_radius_m, now_ms):
            free = min(quantity, cabinet.free(HoldKind.BANKS))
            available = max(available, free)
            if free == quantity:
                found = (distance_m, cabinet.id)
                break
        # A courier is not at the cabinet yet: about as far again.
        trip_m = 0 if found is None else 2 * round(found[0])
        trip_ms = trip_m * MINUTE_MS // policy.metres_per_minute if hand_over is HandOver.COURIER else None
        quoted = fees.quote(
            self._memory.tariff,
            quantity,
            held_ms=policy.quoted_rental_ms,
            outward_ms=trip_ms,
            back_ms=trip_ms,
        )
        return RegionQuote(
            cabinet=None if found is None else found[1],
            distance_m=None if found is None else round(found[0]),
            available=available,
            fees=quoted,
        )
