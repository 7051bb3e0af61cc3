"""Reservations at cabinets: whom to ask next, asking, and giving up again.

A reservation that is wanted no longer is released with a command of its own and a higher epoch. The command
lives as long as the reservation could: a cabinet that is offline hears it when it is back, and ends the
reservation on its own clock if it never is. Until then the order keeps the hold, also when the order itself
has ended. A release that is refused, because an eject waits for the motor or another command came first, is
made again after as long as an eject may wait: the reservation may be held once more, and its code with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.fleet import Cabinet
from chargeloop.platform.core.order import BankPlace, Hold, HoldKind, HoldState, Order
from chargeloop.platform.core.order_parts import with_hold
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.fields import MOST_BANKS
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import CabinetId, CommandId, IdKind, ReservationId, derived_id
from chargeloop.protocol.messages.cabinet import (
    EjectBanks,
    ReleaseReservation,
    ReportInventory,
    ReserveBanks,
    ReserveSlots,
)
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.topics import TOPICS
from chargeloop.protocol.values import replace

_COMMAND: Final = TOPICS["cabinet_command"]
_CODE_DIGITS: Final = 6
_WANTS_BANKS: Final = frozenset({OrderState.RESERVING, OrderState.DISPATCHING, OrderState.FETCHING})
_WANTS_SLOTS_FOR_LEG: Final = frozenset({OrderState.RETURN_DISPATCHING, OrderState.COLLECTING})


@dataclass(frozen=True, slots=True)
class Want:
    """What an order needs a cabinet for now, and near which place."""

    kind: HoldKind
    quantity: int
    place: Point


def want(order: Order) -> Want | None:
    """Return what the order needs a reservation for in its present state, or None."""
    leg = order.leg
    back_place = order.return_location or order.location
    if order.state in _WANTS_BANKS:
        return Want(HoldKind.BANKS, order.quantity, order.location)
    if order.state is OrderState.RETURN_RESERVING:
        return Want(HoldKind.SLOTS, order.return_quantity, back_place)
    if order.state in _WANTS_SLOTS_FOR_LEG and leg is not None:
        return Want(HoldKind.SLOTS, leg.quantity, back_place)
    carried = BankPlace.INBOUND if order.state is OrderState.RETURNING else BankPlace.OUTBOUND
    quantity = len(order.banks_at(carried))
    if order.state in {OrderState.RETURNING, OrderState.RECALLING} and quantity and leg is not None:
        return Want(HoldKind.SLOTS, min(quantity, MOST_BANKS), back_place)
    return None


def ask_next(turn: Turn, order: Order) -> bool:
    """Ask the nearest usable cabinet that can serve and was not tried; False when there is none."""
    wanted = want(order)
    if wanted is None:
        return False
    if order.live_hold(wanted.kind) is not None:
        return True
    cabinet = next(_candidates(turn, order, wanted), None)
    if cabinet is None:
        return False
    ask(turn, order, cabinet, wanted)
    return True


def most_available(turn: Turn, order: Order, limit: int) -> int:
    """Return how many banks, at most `limit`, the best cabinet near could give, tried or not."""
    wanted = want(order)
    if wanted is None:
        return 0
    near = _near(turn, replace(order, tried=()), wanted)
    return min(limit, max((cabinet.free(wanted.kind) for cabinet in near), default=0))


def _candidates(turn: Turn, order: Order, wanted: Want) -> Iterator[Cabinet]:
    if len(order.tried) >= turn.policy.max_tried:
        return iter(())
    near = _near(turn, order, wanted)
    return (cabinet for cabinet in near if cabinet.free(wanted.kind) >= wanted.quantity)


def _near(turn: Turn, order: Order, wanted: Want) -> Iterator[Cabinet]:
    if order.walk_up_cabinet is not None and wanted.kind is HoldKind.BANKS:
        cabinet = turn.cabinet(order.walk_up_cabinet)
        usable = cabinet is not None and turn.fleet.usable(cabinet, turn.now_ms)
        named = [cabinet] if cabinet is not None and usable else []
        return (cabinet for cabinet in named if cabinet.id not in order.tried)
    near = turn.fleet.nearest(wanted.place, turn.policy.search_radius_m, turn.now_ms)
    return (cabinet for _, cabinet in near if cabinet.id not in order.tried)


def ask(turn: Turn, order: Order, cabinet: Cabinet, wanted: Want) -> None:
    """Send the reservation request (claims 2 and 4) to the cabinet."""
    policy = turn.policy
    banks = wanted.kind is HoldKind.BANKS
    hold = Hold(
        id=ReservationId(order.derived(IdKind.RESERVATION, order.serial + 1)),
        cabinet=cabinet.id,
        kind=wanted.kind,
        quantity=wanted.quantity,
        code=turn.fleet.unused_code(cabinet, turn.context.draw_code(_CODE_DIGITS)),
        state=HoldState.ASKED,
        until_ms=turn.now_ms + (policy.hold_banks_ms if banks else policy.hold_slots_ms),
        command=CommandId(order.derived(IdKind.COMMAND, order.serial + 1)),
        command_due_ms=turn.now_ms + policy.command_life_ms,
    )
    turn.happen(order.id, ev.ReservationAsked(hold))
    epoch = turn.fleet.next_epoch(cabinet)
    command(
        turn, hold.cabinet, hold.command, _reserve(hold, epoch, policy.min_charge_pct), hold.command_due_ms
    )


def _reserve(hold: Hold, epoch: int, min_charge_pct: int) -> Data:
    if hold.kind is HoldKind.SLOTS:
        return ReserveSlots(
            reservation=hold.id,
            epoch=epoch,
            quantity=hold.quantity,
            hold_until=hold.until_ms,
            code=hold.code,
        )
    return ReserveBanks(
        reservation=hold.id,
        epoch=epoch,
        quantity=hold.quantity,
        min_charge_pct=min_charge_pct,
        hold_until=hold.until_ms,
        code=hold.code,
    )


def release(turn: Turn, order: Order, hold: Hold) -> Order:
    """Give a reservation up; one that is being released already is left alone."""
    return order if hold.state is HoldState.RELEASING else ask_release(turn, order, hold)


def ask_release(turn: Turn, order: Order, hold: Hold) -> Order:
    """Command the cabinet to release a reservation, also one that it has refused to release before."""
    turn.settle_lease(hold.command)
    name = CommandId(order.derived(IdKind.COMMAND, order.serial + 1))
    order = turn.happen(order.id, ev.ReleaseAsked(hold.id, hold.cabinet, name))
    epoch = turn.fleet.next_epoch(turn.fleet.know(hold.cabinet))
    data = ReleaseReservation(reservation=hold.id, epoch=epoch)
    command(turn, hold.cabinet, name, data, hold.until_ms + turn.policy.hold_grace_ms)
    return order


def release_later(turn: Turn, order: Order, hold: Hold) -> None:
    """Note that a release was refused and has to be commanded again after a while."""
    waiting = replace(hold, command_due_ms=turn.now_ms + turn.policy.unlock_life_ms)
    turn.note(with_hold(order, waiting))
    turn.fleet.keep(waiting)


def release_all(turn: Turn, order: Order, *kinds: HoldKind) -> Order:
    """Give up every reservation of these kinds, or of all kinds when none is named."""
    for hold in order.holds:
        if not kinds or hold.kind in kinds:
            order = release(turn, order, hold)
    return order


def eject(turn: Turn, order: Order, hold: Hold) -> Order:
    """Have the cabinet give out the banks now: somebody stands before it."""
    name = CommandId(order.derived(IdKind.COMMAND, order.serial + 1))
    order = turn.happen(order.id, ev.UnlockOrdered(name))
    epoch = turn.fleet.next_epoch(turn.fleet.know(hold.cabinet))
    data = EjectBanks(reservation=hold.id, epoch=epoch)
    command(turn, hold.cabinet, name, data, turn.now_ms + turn.policy.unlock_life_ms)
    return order


def inquire(turn: Turn, order: Order, cabinet: CabinetId) -> Order:
    """Ask the cabinet of an order what it holds: nothing else resolves an eject without an answer."""
    name = CommandId(order.derived(IdKind.COMMAND, order.serial + 1))
    order = turn.happen(order.id, ev.InventoryAsked(name))
    epoch = turn.fleet.next_epoch(turn.fleet.know(cabinet))
    command(turn, cabinet, name, ReportInventory(epoch=epoch), turn.now_ms + turn.policy.inquiry_life_ms)
    return order


def take_stock(turn: Turn, cabinet: Cabinet) -> None:
    """Ask a cabinet whose state is in doubt for its inventory, unless that is under way."""
    if cabinet.inventory is not None and cabinet.inventory_expires_ms > turn.now_ms:
        return
    epoch = turn.fleet.next_epoch(cabinet)
    # Derived, because the longest of cabinet ids leaves no room for anything else.
    name = CommandId(derived_id(IdKind.COMMAND, "inventory", cabinet.id, str(epoch)))
    expires_ms = turn.now_ms + turn.policy.inquiry_life_ms
    turn.fleet.inventory_asked(cabinet, name, expires_ms)
    command(turn, cabinet.id, name, ReportInventory(epoch=epoch), expires_ms)


def take_stock_anew(turn: Turn, cabinet: Cabinet) -> None:
    """Ask for the inventory because what a cabinet has told is gone, an answer to us perhaps with it.

    Our own store may be an older copy: what it has been sent since then had higher epochs than we know of.
    """
    if cabinet.inventory is not None:
        turn.settle_lease(cabinet.inventory)
        turn.fleet.inventory_asked(cabinet, None)
    turn.fleet.outrank(cabinet, turn.now_ms)
    take_stock(turn, cabinet)


def command(turn: Turn, cabinet: CabinetId, name: CommandId, data: Data, expires_ms: int) -> None:
    """Send a command, a lease that ends at `expires_ms`."""
    topic = _COMMAND.topic(turn.memory.region, cabinet=cabinet)
    turn.send(Send(topic, data, id=name, expires_ms=expires_ms))
