"""What cabinets say: the facts that orders move on, and the answers to commands."""

from typing import Final

from chargeloop.platform.core import ending, hand_over, holds, taking_back
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.fleet import Cabinet
from chargeloop.platform.core.order import (
    BankPlace,
    BankTrack,
    Hold,
    HoldKind,
    HoldState,
    Leg,
    Order,
)
from chargeloop.platform.core.rows import BankRecord, BankWhere, SlotRecord
from chargeloop.platform.core.searching import confirmed, search
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import CabinetReason, HoldEnd, Outcome, SlotState
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.values import replace

# An eject that is refused so says nothing about the banks: a command before it has to do with them.
_OUTDONE: Final = frozenset({CabinetReason.STALE_EPOCH, CabinetReason.BUSY})
# Times that were measured, or told by a clock that was in step.
_DATED: Final = frozenset({ClockState.SYNCED, ClockState.FREE})

# Commands.


def command_finished(turn: Turn, cabinet: Cabinet, said: cab.CommandFinished, _: Corrected) -> None:
    """Take the one outcome of a command."""
    order = turn.owner_of(said.command)
    if order is not None and _obeyed_elsewhere(order, said.command, cabinet):
        return
    turn.settle_lease(said.command)
    if said.outcome is Outcome.DONE and said.slots:
        _show_reserved(turn, cabinet, said)
    if cabinet.inventory == said.command:
        turn.fleet.inventory_asked(cabinet, None)
    if order is None:
        return
    hold = next((hold for hold in order.holds if hold.command == said.command), None)
    if hold is not None:
        _reservation_answered(turn, order, hold, said)
    elif order.unlock == said.command:
        _unlock_answered(turn, order, said)
    elif order.inquiry == said.command and said.outcome is not Outcome.DONE:
        _inquiry_refused(turn, order)


def _obeyed_elsewhere(order: Order, command: str, cabinet: Cabinet) -> bool:
    """Tell whether the command went to another cabinet than the one that answers it."""
    told = next((hold.cabinet for hold in order.holds if hold.command == command), None)
    if command in {order.unlock, order.inquiry}:
        told = order.walk_up_cabinet
    return told not in {None, cabinet.id}


def _served(turn: Turn, cabinet: Cabinet, reservation: str) -> Order | None:
    """Return the order of a reservation at this cabinet, which has no say about those at another."""
    order = turn.owner_of(reservation)
    if order is None:
        return None
    hold = order.hold(reservation)
    legs = (leg.cabinet for leg in order.legs if leg.reservation == reservation)
    place = next(legs, order.walk_up_cabinet) if hold is None else hold.cabinet
    return order if place in {None, cabinet.id} else None


def _show_reserved(turn: Turn, cabinet: Cabinet, said: cab.CommandFinished) -> None:
    owner = turn.owner_of(said.command)
    if owner is None or owner.unlock == said.command:
        return  # the slots of an eject are those that gave their banks
    known = {slot.slot: slot for slot in cabinet.slots}
    kept = [
        SlotRecord(
            content.slot,
            SlotState.RESERVED,
            content.bank,
            known[content.slot].charge_pct if content.slot in known else 0,
            said.reservation,
        )
        for content in said.slots
    ]
    turn.fleet.set_slots(cabinet, kept)


def _reservation_answered(turn: Turn, order: Order, hold: Hold, said: cab.CommandFinished) -> None:
    if hold.state is HoldState.RELEASING:
        _release_answered(turn, order, hold, said)
    elif hold.state is HoldState.ASKED and said.outcome is Outcome.DONE:
        confirmed(turn, order, hold)
    elif hold.state is HoldState.ASKED:
        reason = said.outcome if said.reason is None else said.reason
        refused(turn, order, hold, reason, said.available)


def _release_answered(turn: Turn, order: Order, hold: Hold, said: cab.CommandFinished) -> None:
    if said.outcome is Outcome.DONE or said.reason is CabinetReason.UNKNOWN_RESERVATION:
        turn.happen(order.id, ev.ReservationEnded(hold.id, hold.cabinet, HoldEnd.RELEASED))
    else:
        holds.release_later(turn, order, hold)


def refused(turn: Turn, order: Order, hold: Hold, reason: str, available: int | None) -> Order:
    """Go on to the next cabinet: this one keeps, or gives, nothing."""
    happened = ev.ReservationRefused(hold.id, hold.cabinet, reason, available)
    return search(turn, turn.happen(order.id, happened))


def _unlock_answered(turn: Turn, order: Order, said: cab.CommandFinished) -> None:
    if order.state is not OrderState.UNLOCKING:
        return
    # An acknowledgement is no bank: those it speaks of may still be told of, or are asked for in time.
    awaited = said.outcome is Outcome.DONE and _came_out(order) < (len(said.slots) or order.quantity)
    if not awaited and not _outdone(order, said):
        end_unlocking(turn, order, said.outcome if said.reason is None else said.reason)


def _outdone(order: Order, said: cab.CommandFinished) -> bool:
    """Tell whether another command for the same banks, such as an operator's, may be giving them out."""
    return said.reason in _OUTDONE and order.live_hold(HoldKind.BANKS) is not None


def _inquiry_refused(turn: Turn, order: Order) -> None:
    """Have the inventory asked for again, after a while: another command may have been in its way."""
    if order.state is OrderState.UNLOCKING:
        turn.note(replace(order, inquiry=None, changed_ms=turn.now_ms))


def _came_out(order: Order) -> int:
    return sum(track.rented is not None for track in order.banks)


def end_unlocking(turn: Turn, order: Order, reason: str) -> None:
    """Conclude a walk-up from what came out; nothing is asked of the cabinet for it any more."""
    for command in (order.unlock, order.inquiry):
        if command is not None:
            turn.settle_lease(command)
    out = _came_out(order)
    if out == 0:
        ending.fail(turn, order, f"the cabinet gave out no bank: {reason}")
        return
    order = turn.happen(order.id, ev.Unlocked(out))
    ending.review(turn, holds.release_all(turn, order, HoldKind.BANKS))


def reservation_ended(turn: Turn, cabinet: Cabinet, said: cab.ReservationEnded, _: Corrected) -> None:
    """Note that a reservation holds nothing any more, and look for another one if it was needed."""
    freed = [_freed(slot) for slot in cabinet.slots if slot.reservation == said.reservation]
    turn.fleet.set_slots(cabinet, freed)
    order = _served(turn, cabinet, said.reservation)
    hold = None if order is None else order.hold(said.reservation)
    if order is None or hold is None:
        return
    if hold.state is HoldState.RELEASING:
        turn.settle_lease(hold.command)
    end_hold(turn, order, hold, said.why)


def end_hold(turn: Turn, order: Order, hold: Hold, why: str) -> Order:
    """Drop a reservation that holds nothing any more; one that was still needed is replaced."""
    needed = hold.state is not HoldState.RELEASING and why != HoldEnd.FULFILLED
    order = turn.happen(order.id, ev.ReservationEnded(hold.id, hold.cabinet, why))
    return search(turn, order) if needed else order


def _freed(slot: SlotRecord) -> SlotRecord:
    if slot.state is not SlotState.RESERVED:
        return SlotRecord(slot.slot, slot.state, slot.bank, slot.charge_pct)
    state = SlotState.EMPTY if slot.bank is None else SlotState.READY
    return SlotRecord(slot.slot, state, slot.bank, slot.charge_pct)


# Giving out.


def bank_ejected(turn: Turn, cabinet: Cabinet, said: cab.BankEjected, when: Corrected) -> None:
    """Take the physical fact that a bank left: whoever was believed to hold it does not."""
    turn.fleet.set_slots(cabinet, [SlotRecord(said.slot, SlotState.EMPTY)])
    early = turn.memory.early_returns.get(said.bank)
    if early is not None and early.cabinet == cabinet.id:
        turn.drop_early_return(said.bank)
    order = _given_for(turn, cabinet, said)
    known = None if order is None else order.bank(said.bank)
    when = _at_latest(known, when)
    left_again = _left_again(turn, said.bank, when, order)
    if left_again is None:
        _seen_elsewhere(turn, cabinet, said, when, order)
    elif order is None:
        return
    if order is None:
        turn.save_bank(BankRecord(said.bank, BankWhere.AWAY))
        return
    leg = order.leg_served(said.reservation)
    job = None if leg is None else leg.job
    happened = ev.BankEjected(said.bank, cabinet.id, said.slot, job, said.reservation)
    # No bank leaves before it was asked for, whatever the cabinet's clock says.
    asked_ms = order.since_ms if order.state is OrderState.UNLOCKING else order.placed_ms
    order = ending.book(turn, turn.happen(order.id, happened, when.not_before(asked_ms)))
    if left_again is not None:
        turn.save_bank(left_again)
        if known is not None and known.back is not None:
            return
        returned = ev.BankReturned(said.bank, cabinet.id, said.slot)
        inferred = Corrected(when.time_ms, ClockState.INFERRED).not_before(asked_ms)
        taking_back.back(turn, order, returned, inferred)
        return
    if order.state is OrderState.RECALLING:
        holds.ask_next(turn, order)


def _at_latest(known: BankTrack | None, when: Corrected) -> Corrected:
    """Return the time of an ejection; one that is not dated came before what is known to have followed."""
    if known is None or known.ejected is not None or when.state in _DATED:
        return when
    followed = (mark.time_ms for mark in (known.rented, known.back) if mark is not None)
    return Corrected(min((when.time_ms, *followed)), ClockState.INFERRED)


def _given_for(turn: Turn, cabinet: Cabinet, said: cab.BankEjected) -> Order | None:
    """Return the order that a bank was given out for: its reservation tells, or else its command."""
    if said.reservation is not None:
        return _served(turn, cabinet, said.reservation)
    if said.command is None:
        return None
    by_operator = turn.memory.interventions.get(cabinet.id, {}).get(said.command)
    if by_operator is not None and by_operator.reservation is not None:
        return _served(turn, cabinet, by_operator.reservation)
    order = turn.owner_of(said.command)
    if order is None or order.unlock != said.command or _obeyed_elsewhere(order, said.command, cabinet):
        return None
    return order


def _left_again(turn: Turn, bank: BankId, when: Corrected, order: Order | None) -> BankRecord | None:
    """Return the bank's row when another order's rental of it began later than this ejection, heard late.

    The bank came back in between, nobody knows when: the earlier rental costs nothing more, and the later
    one goes on.
    """
    other = taking_back.holder(turn, bank)
    track = None if other is None else other.bank(bank)
    if other is None or track is None or other is order:
        return None
    out_ms = hand_over.out_ms(turn, other, track)
    return turn.memory.banks[bank] if out_ms is not None and when.time_ms < out_ms else None


def _seen_elsewhere(
    turn: Turn, cabinet: Cabinet, said: cab.BankEjected, when: Corrected, order: Order | None
) -> None:
    """End the hold of another order on the bank: it must have been returned, since it was in a slot."""
    other = taking_back.holder(turn, said.bank)
    if other is None or (order is not None and other.id == order.id):
        return
    happened = ev.BankReturned(said.bank, cabinet.id, said.slot)
    taking_back.back(turn, other, happened, Corrected(when.time_ms, ClockState.INFERRED))


def eject_failed(turn: Turn, cabinet: Cabinet, said: cab.EjectFailed, when: Corrected) -> None:
    """Take a jam: the bank is inside, the slot is faulty."""
    turn.fleet.set_slots(cabinet, [SlotRecord(said.slot, SlotState.FAULTY, said.bank)])
    order = None if said.reservation is None else _served(turn, cabinet, said.reservation)
    if order is not None:
        happened = ev.EjectFailed(said.bank, cabinet.id, said.slot, said.reason)
        turn.happen(order.id, happened, when)


def pickup_finished(turn: Turn, cabinet: Cabinet, said: cab.PickupFinished, when: Corrected) -> None:
    """Go on with what came out: all, fewer, or none and then another cabinet."""
    order = _served(turn, cabinet, said.reservation)
    if order is None:
        return
    served = order.leg_served(said.reservation)
    job = None if served is None else served.job
    order = turn.happen(order.id, ev.PickupFinished(said.reservation, said.ejected, said.missing, job), when)
    if order.state is OrderState.UNLOCKING:
        end_unlocking(turn, order, "nothing came out")
        return
    _picked_up(turn, order, said, when)
    hand_over.take_up(turn, turn.order(order.id), job)


def _picked_up(turn: Turn, order: Order, said: cab.PickupFinished, when: Corrected) -> None:
    leg = order.leg
    if leg is None or leg.kind is not LegKind.OUTWARD:
        return
    taken = tuple(track.bank for track in order.banks_at(BankPlace.OUTBOUND) if track.job == leg.job)
    hold = order.hold(said.reservation)
    if taken:
        _taken_by_courier(turn, order, leg, taken, when)
        _release_others(turn, order.id, said.reservation)
    elif leg.reservation == said.reservation and hold is not None and hold.state is HoldState.HELD:
        refused(turn, order, hold, CabinetReason.JAM, 0)


def _taken_by_courier(turn: Turn, order: Order, leg: Leg, taken: tuple[BankId, ...], when: Corrected) -> None:
    if order.state in {OrderState.DISPATCHING, OrderState.FETCHING}:
        order = turn.happen(order.id, ev.PickedUp(leg.job, taken), when)
    if order.state is OrderState.DELIVERING and len(taken) < order.quantity:
        turn.happen(order.id, ev.QuantityReduced(len(taken)))


def _release_others(turn: Turn, name: str, used: str) -> None:
    """Give up the reservation of a redirection that the courier was too fast for."""
    order = turn.order(name)
    for hold in order.holds:
        if hold.kind is HoldKind.BANKS and hold.id != used:
            order = holds.release(turn, order, hold)


# The cabinet itself.


def slot_changed(turn: Turn, cabinet: Cabinet, said: cab.SlotChanged, _: Corrected) -> None:
    """Take a slot out of use, or back into it; without the bank that its cabinet misses."""
    known = cabinet.slot_of(said.slot)
    if known is None or said.reason is CabinetReason.NO_BANK_IN_SLOT:
        changed = SlotRecord(said.slot, said.state)
    else:
        changed = SlotRecord(said.slot, said.state, known.bank, known.charge_pct)
    turn.fleet.set_slots(cabinet, [changed])


def inventory_reported(turn: Turn, cabinet: Cabinet, said: cab.InventoryReported, when: Corrected) -> None:
    """Take the cabinet's own list as the truth about its slots, and resolve what was unknown.

    The inventory is a journal entry, so everything that had happened before it has been heard.
    """
    turn.fleet.inventory(cabinet, said.slots)
    inside = [(status.slot, status.bank.bank) for status in said.slots if status.bank is not None]
    if said.command is not None or when.state in _DATED:
        for slot, bank in inside:
            taking_back.found_inside(turn, cabinet, slot, bank, when)
    elif any(taking_back.is_out(turn, bank, when) for _, bank in inside):
        # Of a boot that never learned the time: nobody knows whether they have left since.
        holds.take_stock(turn, cabinet)
    order = None if said.command is None else turn.owner_of(said.command)
    if said.command is None or (order is not None and _obeyed_elsewhere(order, said.command, cabinet)):
        return
    turn.settle_lease(said.command)
    if cabinet.inventory == said.command:
        turn.fleet.inventory_asked(cabinet, None)
    if order is not None and order.inquiry == said.command and order.state is OrderState.UNLOCKING:
        end_unlocking(turn, order, "it still holds them all")


def nothing_to_do(_: Turn, __: Cabinet, ___: object, ____: Corrected) -> None:
    """Take a report that only shows the cabinet to be alive."""


def reservation_unknown(turn: Turn, order: Order, hold: Hold) -> Order:
    """Go on without the answer of a cabinet: release what it may hold, take stock of it, ask the next."""
    order = turn.happen(order.id, ev.ReservationUnknown(hold.id, hold.cabinet))
    order = holds.release(turn, order, order.hold(hold.id) or hold)
    holds.take_stock(turn, turn.fleet.know(hold.cabinet))
    return search(turn, order)
