"""What gateways may read of a region between two messages: no effect, no promise."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from chargeloop.platform.core import fees, views
from chargeloop.platform.core.alarms import Sight
from chargeloop.platform.core.fleet import Cabinet
from chargeloop.platform.core.order import Hold, HoldKind, Order
from chargeloop.platform.core.rows import SlotRecord
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.core.turn import Memory
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, OrderId, UserId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.rental import HandOver, OrderView
from chargeloop.protocol.time import MINUTE_MS


@dataclass(frozen=True, slots=True)
class CabinetView:
    """A cabinet as people may see it: `ready_banks` and `free_slots` can be had now.

    `distance_m` is None when no place was named to measure from; `last_seen_ms` is 0 before it was heard.
    """

    cabinet: CabinetId
    name: str
    location: Point
    distance_m: int | None
    usable: bool
    last_seen_ms: int
    ready_banks: int
    free_slots: int
    slots: int
    faulty_slots: int


@dataclass(frozen=True, slots=True)
class CabinetInside:
    """A cabinet as operators see it: every slot as last known, and the reservations that have not ended."""

    view: CabinetView
    online: bool
    slots: tuple[SlotRecord, ...]
    holds: tuple[Hold, ...]


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

    @property
    def search_radius_m(self) -> int:
        """Return how far away a cabinet may be that an order is served from."""
        return self._memory.policy.search_radius_m

    @property
    def quoted_rental_ms(self) -> int:
        """Return how long a rental is that fees are quoted for."""
        return self._memory.policy.quoted_rental_ms

    @property
    def metres_per_minute(self) -> int:
        """Return a courier's usual pace."""
        return self._memory.policy.metres_per_minute

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

    def cabinets_after(self, after: str, limit: int, now_ms: int) -> tuple[CabinetView, ...]:
        """Return the cabinets that have introduced themselves whose ids follow `after`, by id."""
        later = (one for one in self._memory.fleet if one.id > after and one.location is not None)
        chosen = heapq.nsmallest(limit, later, key=lambda one: one.id)
        return tuple(self._cabinet_view(cabinet, None, now_ms) for cabinet in chosen)

    def cabinet(self, cabinet: str, now_ms: int) -> CabinetInside | None:
        """Return a cabinet that has introduced itself, with what is in it, or None."""
        found = self._memory.fleet.get(cabinet)
        if found is None or found.location is None:
            return None
        return CabinetInside(
            view=self._cabinet_view(found, None, now_ms),
            online=found.online,
            slots=found.slots,
            holds=tuple(found.holds.values()),
        )

    def cabinet_names(self) -> tuple[CabinetId, ...]:
        """Return the ids of all cabinets that have introduced themselves."""
        return tuple(one.id for one in self._memory.fleet if one.location is not None)

    def sights(self, cabinets: Iterable[CabinetId], now_ms: int) -> Iterator[Sight]:
        """Yield what troubles of these cabinets follow from."""
        fleet = self._memory.fleet
        for name in cabinets:
            one = fleet.know(name)
            yield Sight(
                one.id,
                one.name,
                fleet.was_heard(one, now_ms),
                one.last_seen_ms,
                one.free(HoldKind.BANKS),
                one.slots,
            )

    def open_orders(self) -> tuple[Order, ...]:
        """Return the orders that have not ended."""
        return tuple(order for order in self._memory.orders.values() if not order.final)

    def outstanding(self) -> Iterator[tuple[Order, BankId]]:
        """Yield the banks for which an order still answers that has ended."""
        for record in self._memory.banks.values():
            order = None if record.order is None else self._memory.orders.get(record.order)
            if order is not None and order.final:
                yield order, record.bank

    def _cabinet_view(self, cabinet: Cabinet, distance_m: float | None, now_ms: int) -> CabinetView:
        return CabinetView(
            cabinet=cabinet.id,
            name=cabinet.name,
            location=cabinet.place,
            distance_m=None if distance_m is None else round(distance_m),
            usable=self._memory.fleet.usable(cabinet, now_ms),
            last_seen_ms=cabinet.last_seen_ms,
            ready_banks=cabinet.free(HoldKind.BANKS),
            free_slots=cabinet.free(HoldKind.SLOTS),
            slots=len(cabinet.slots),
            faulty_slots=sum(slot.state is SlotState.FAULTY for slot in cabinet.slots),
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
