"""The region's memory, and one turn of work on it: everything that follows from one input.

A handler changes orders only by `Turn.happen`, which writes the journal entry, evolves the order, keeps
the indexes right and tells operators. At the end of the turn every changed order and cabinet is written
once, and every user whose orders changed is shown them once. Nothing here looks at all orders.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core import views
from chargeloop.platform.core.fleet import Cabinet, Fleet
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import BankPlace, Order, order_of
from chargeloop.platform.core.order_deadlines import due_ms, is_due
from chargeloop.platform.core.order_detail import detail
from chargeloop.platform.core.order_evolve import evolve
from chargeloop.platform.core.order_journal import Happening, Stamp
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.core.rows import (
    AppendEvent,
    AppendFeeLine,
    BankRecord,
    BankWhere,
    DropEarlyReturn,
    EarlyReturn,
    OrderEvent,
    PlatformWrite,
    SaveBank,
    SaveCabinet,
    SaveEarlyReturn,
    SaveOrder,
)
from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.effects import Context, Effects, Send
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, DispatchId, OrderId, RegionId, UserId
from chargeloop.protocol.messages.rental import OrderMoved, UserOrders
from chargeloop.protocol.topics import TOPICS
from chargeloop.protocol.values import replace

_ORDER_EVENT: Final = TOPICS["order_event"]
_USER_ORDERS: Final = TOPICS["user_orders"]
_WHERE: Final[Mapping[BankPlace, BankWhere]] = MappingProxyType(
    {
        BankPlace.OUTBOUND: BankWhere.COURIER,
        BankPlace.USER: BankWhere.USER,
        BankPlace.INBOUND: BankWhere.COURIER,
        BankPlace.ASTRAY: BankWhere.COURIER,
        BankPlace.BACK: BankWhere.CABINET,  # by a courier's word
        BankPlace.SOLD: BankWhere.SOLD,
    }
)


class UserShelf:
    """A user's orders in memory, oldest first, and what the user was shown of them last."""

    __slots__ = ("orders", "shown", "version")

    def __init__(self) -> None:
        self.orders: list[OrderId] = []
        self.version = 0
        self.shown: dict[OrderId, views.Shown] = {}


@dataclass(slots=True)
class Memory:
    """Everything a region knows. `banks` are those that an order answers for; the store has all."""

    region: RegionId
    dispatch: DispatchId
    policy: Policy
    tariff: Tariff
    fleet: Fleet
    tariffs: dict[str, Tariff] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    users: dict[UserId, UserShelf] = field(default_factory=dict)
    banks: dict[BankId, BankRecord] = field(default_factory=dict)
    # The last order that each bank came back from, as long as that is in memory.
    came_back: dict[BankId, OrderId] = field(default_factory=dict)
    early_returns: dict[BankId, EarlyReturn] = field(default_factory=dict)
    interventions: dict[CabinetId, dict[CommandId, Intervention]] = field(default_factory=dict)
    deadlines: list[tuple[int, OrderId]] = field(default_factory=list)
    watched: dict[OrderId, int] = field(default_factory=dict)

    def watch(self, order: Order) -> None:
        """See to it that the order is looked at when its next deadline comes.

        An earlier entry of the order on the heap is enough: the order is watched again when that one comes
        up.
        """
        due = due_ms(order, self.policy)
        watched = self.watched.get(order.id)
        if due is not None and (watched is None or due < watched):
            self.watched[order.id] = due
            heapq.heappush(self.deadlines, (due, order.id))

    def take_due(self, now_ms: int) -> Order | None:
        """Return an order whose deadline has come, watched no longer, or None when none has."""
        while self.deadlines and self.deadlines[0][0] <= now_ms:
            due, name = heapq.heappop(self.deadlines)
            if self.watched.get(name) != due:
                continue  # replaced by an earlier one, which has been taken
            del self.watched[name]
            order = self.orders.get(name)
            if order is None:
                continue
            if is_due(order, self.policy, now_ms):
                return order
            self.watch(order)
        return None

    def shelve(self, order: Order) -> None:
        """List the order among its user's; of those that ended, only as many stay as may be shown."""
        shelf = self.users.setdefault(order.user, UserShelf())
        shelf.orders.append(order.id)
        shelf.version = max(shelf.version, order.view_version)
        if len(shelf.orders) > 2 * views.SHOWN:
            known = [self.orders[name] for name in shelf.orders if name in self.orders]
            ended = [one.id for one in known if one.final][-views.SHOWN :]
            shelf.orders = [one.id for one in known if not one.final or one.id in ended]

    def forget(self, order: Order) -> None:
        """Drop an order that ended long ago from memory; the store keeps it."""
        del self.orders[order.id]
        shelf = self.users[order.user]
        if order.id in shelf.orders:
            shelf.orders.remove(order.id)
        for track in order.banks:
            if self.came_back.get(track.bank) == order.id:
                del self.came_back[track.bank]

    def index_returns(self, order: Order) -> None:
        """Note the banks that came back from the order, unless they came back from another one later."""
        for track in order.banks:
            if track.back is None:
                continue
            other = self.orders.get(self.came_back.get(track.bank, order.id))
            known = None if other is None else other.bank(track.bank)
            if known is None or known.back is None or known.back.time_ms <= track.back.time_ms:
                self.came_back[track.bank] = order.id

    def index_holds(self, before: Order | None, order: Order) -> None:
        """Keep the cabinets' reservations in step with the order's."""
        if before is not None and before.holds is order.holds:
            return
        for hold in order.holds:
            self.fleet.keep(hold)
        for hold in before.holds if before is not None else ():
            if order.hold(hold.id) is None:
                self.fleet.drop(hold)

    def keep_bank(self, record: BankRecord) -> None:
        """Note where a bank is, as long as an order answers for it."""
        if record.order is None:
            self.banks.pop(record.bank, None)
        else:
            self.banks[record.bank] = record

    def holder(self, bank: BankId) -> OrderId | None:
        """Return the order that answers for a bank: it is out, or back only by a courier's word."""
        record = self.banks.get(bank)
        return None if record is None else record.order


class Turn:
    """One input and what follows from it."""

    def __init__(self, memory: Memory, context: Context, cause: str | None = None) -> None:
        self.memory = memory
        self.now_ms = context.now_ms
        self.context = context
        self.cause = cause
        self.effects: Effects[PlatformWrite] = Effects()
        self._touched: dict[OrderId, Order | None] = {}
        self._looked_after: dict[OrderId, None] = {}

    @property
    def policy(self) -> Policy:
        """Return the region's policy."""
        return self.memory.policy

    @property
    def fleet(self) -> Fleet:
        """Return the region's cabinets."""
        return self.memory.fleet

    # Orders.

    def order(self, order: str) -> Order:
        """Return the order as it stands now.

        Raises:
            KeyError: it is not in memory.
        """
        return self.memory.orders[OrderId(order)]

    def find(self, order: str) -> Order | None:
        """Return the order when it is in memory."""
        return self.memory.orders.get(OrderId(order))

    def changed(self) -> tuple[Order, ...]:
        """Return the orders that have changed in this turn, as they stand now."""
        return tuple(self.memory.orders[name] for name in self._touched)

    def owner_of(self, derived: str) -> Order | None:
        """Return the order of a reservation, command or job, when it is in memory."""
        return self.find(order_of(derived))

    def add(self, order: Order) -> None:
        """Take a new order into memory; its first journal entry is `placed`."""
        self._touched[order.id] = None
        self.memory.orders[order.id] = order
        self.memory.shelve(order)
        placed = ev.Placed(order.quantity, order.hand_over)
        self._journal(
            order, None, placed, Stamp(f"{order.id}-e1", self.now_ms, ClockState.SYNCED, self.now_ms)
        )

    def happen(self, order: str, happened: Happening, when: Corrected | None = None) -> Order:
        """Record an event and return the order after it; `when` is its corrected time, None means now.

        Raises:
            TransitionError: the event may not happen in the order's state.
        """
        before = self.order(order)
        when = when or Corrected(self.now_ms, ClockState.SYNCED)
        stamp = Stamp(f"{before.id}-e{before.events + 1}", when.time_ms, when.state, self.now_ms)
        after = evolve(before, happened, stamp)
        self._touched.setdefault(before.id, before)
        self.memory.orders[before.id] = after
        self.memory.index_holds(before, after)
        self._follow_banks(before, after)
        self._journal(after, before, happened, stamp)
        return after

    def _follow_banks(self, before: Order, after: Order) -> None:
        """Write who answers for each bank that moved; a cabinet's word is written where it is heard."""
        if after.banks is before.banks:
            return
        self.memory.index_returns(after)
        for track in after.banks:
            known = before.bank(track.bank)
            moved = known is None or known.place is not track.place
            if moved and track.back is None:
                self.save_bank(BankRecord(track.bank, _WHERE[track.place], order=after.id))
        for track in before.banks:
            if after.bank(track.bank) is None and self.memory.holder(track.bank) == after.id:
                self.save_bank(BankRecord(track.bank, BankWhere.AWAY))

    def _journal(self, order: Order, before: Order | None, happened: Happening, stamp: Stamp) -> None:
        entry = OrderEvent(
            id=stamp.event,
            order=order.id,
            type=happened.KIND,
            time_ms=stamp.time_ms,
            received_ms=self.now_ms,
            quality=stamp.quality,
            detail=detail(happened),
        )
        self.effects.writes.append(AppendEvent(entry))
        if isinstance(happened, ev.FeesBooked):
            self.effects.writes += [AppendFeeLine(line) for line in happened.lines]
        moved = OrderMoved(
            order=order.id,
            event=happened.KIND,
            from_state=None if before is None else before.state,
            to_state=order.state,
            reason=order.reason if before is None or before.reason != order.reason else None,
        )
        topic = _ORDER_EVENT.topic(self.memory.region, order=order.id)
        self.send(Send(topic, moved, time_ms=stamp.time_ms, subject=order.id))

    def look_after(self, order: Order) -> None:
        """Watch the order again at the end of the turn, though nothing may happen to it."""
        self._looked_after[order.id] = None

    def forget(self, order: Order) -> None:
        """Drop an order that ended long ago from memory; the store keeps it."""
        self._looked_after.pop(order.id, None)
        self.memory.forget(order)

    def note(self, order: Order) -> None:
        """Keep a change of the order that is no event of its life: which reports were taken."""
        self._touched.setdefault(order.id, self.memory.orders[order.id])
        self.memory.orders[order.id] = order

    # Effects.

    def send(self, send: Send) -> None:
        """Publish a message that follows from this turn's input."""
        self.effects.sends.append(send.caused_by(self.cause))

    def settle_lease(self, command: str) -> None:
        """Send a command no more: its outcome is known or wanted no longer."""
        self.effects.settled.append(command)

    def save_bank(self, record: BankRecord) -> None:
        """Write where a bank is."""
        if self.memory.banks.get(record.bank) != record:
            self.memory.keep_bank(record)
            self.effects.writes.append(SaveBank(record))

    def keep_early_return(self, record: EarlyReturn) -> None:
        """Write that a bank is back, for the rental that may be heard of later."""
        self.memory.early_returns[record.bank] = record
        self.effects.writes.append(SaveEarlyReturn(record))

    def drop_early_return(self, bank: BankId) -> None:
        """Forget such a return: its rental has been found, or the bank has left again."""
        if self.memory.early_returns.pop(bank, None) is not None:
            self.effects.writes.append(DropEarlyReturn(bank))

    def cabinet(self, cabinet: str) -> Cabinet | None:
        """Return a cabinet that has introduced itself."""
        found = self.fleet.get(cabinet)
        return None if found is None or found.location is None else found

    # The end.

    def finish(self) -> Effects[PlatformWrite]:
        """Write what changed, show users what changed, watch the deadlines, and return all effects."""
        shown: dict[UserId, None] = {}
        for name, before in self._touched.items():
            order = self.memory.orders[name]
            shelf = self.memory.users[order.user]
            shelf.shown.pop(name, None)
            # One that is on the shelf no longer is not shown, whatever is heard of it.
            if name in shelf.orders and (before is None or views.looks_different(before, order)):
                shown[order.user] = None
        for user in shown:
            self._show(user)
        for name in self._touched:
            self.effects.writes.append(SaveOrder(self.memory.orders[name]))
        for name in (*self._touched, *self._looked_after):
            order = self.memory.orders[name]
            # An ended order that stays only because banks of it may turn up has no deadline any more.
            if not order.final or not is_due(order, self.policy, self.now_ms):
                self.memory.watch(order)
        self.effects.writes += [SaveCabinet(record) for record in self.fleet.take_changed()]
        return self.effects

    def _show(self, user: UserId) -> None:
        shelf = self.memory.users[user]
        shelf.version = max(shelf.version + 1, self.now_ms)
        newest = self.order(shelf.orders[-1])
        self.note(replace(newest, view_version=shelf.version))
        orders = views.to_show([self.order(name) for name in shelf.orders])
        # An order that did not change looks as it did.
        shelf.shown = {
            order.id: shelf.shown[order.id] if order.id in shelf.shown else views.show(order, self.fleet)
            for order in orders
        }
        topic = _USER_ORDERS.topic(self.memory.region, user=user)
        fitting = views.fitting(shelf.shown.values())
        self.send(Send(topic, UserOrders(version=shelf.version, orders=fitting)))
