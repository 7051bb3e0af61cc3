"""What the events of reservations, delivery jobs and giving out make of an order."""

from collections.abc import Iterable
from itertools import zip_longest
from types import MappingProxyType
from typing import Final

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.dispute import Waiver
from chargeloop.platform.core.fees import FeeKind, Mark
from chargeloop.platform.core.order import (
    OUTWARD_STATES,
    BankPlace,
    BankTrack,
    HoldState,
    Leg,
    Order,
)
from chargeloop.platform.core.order_journal import Stamp
from chargeloop.platform.core.order_parts import (
    Applied,
    earlier,
    moved,
    noted,
    with_bank,
    with_hold,
    with_leg,
    without_hold,
)
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.rental import HandOver, OrderState
from chargeloop.protocol.values import replace

# Reservations.


def _reservation_asked(order: Order, happened: ev.ReservationAsked, _: Stamp) -> Order:
    return replace(order, holds=(*order.holds, happened.hold), serial=order.serial + 1)


def _reservation_confirmed(order: Order, happened: ev.ReservationConfirmed, _: Stamp) -> Order:
    hold = order.hold(happened.reservation)
    return order if hold is None else with_hold(order, replace(hold, state=HoldState.HELD))


def _reservation_refused(order: Order, happened: ev.ReservationRefused, _: Stamp) -> Order:
    hold = order.hold(happened.reservation)
    kept = hold is not None and hold.state is HoldState.RELEASING
    return _tried(order if kept else without_hold(order, happened.reservation), happened)


def _reservation_unknown(order: Order, happened: ev.ReservationUnknown, _: Stamp) -> Order:
    return _tried(order, happened)


def _tried(order: Order, happened: ev.ReservationRefused | ev.ReservationUnknown) -> Order:
    return replace(order, tried=(*order.tried, happened.cabinet))


def _release_asked(order: Order, happened: ev.ReleaseAsked, _: Stamp) -> Order:
    hold = order.hold(happened.reservation)
    if hold is None:
        return order
    released = replace(
        hold, state=HoldState.RELEASING, command=happened.command, command_due_ms=hold.until_ms
    )
    return replace(with_hold(order, released), serial=order.serial + 1)


def _reservation_ended(order: Order, happened: ev.ReservationEnded, _: Stamp) -> Order:
    return without_hold(order, happened.reservation)


def _quantity_reduced(order: Order, happened: ev.QuantityReduced, _: Stamp) -> Order:
    return replace(order, quantity=happened.quantity, tried=())


# Delivery jobs.


def _requested(order: Order, happened: ev.RentalRequested | ev.ReturnRequested, _: Stamp) -> Order:
    return replace(order, legs=(*order.legs, happened.leg), serial=order.serial + 1, tried=())


def _redirected(order: Order, happened: ev.Redirected, _: Stamp) -> Order:
    changed = with_leg(
        order,
        happened.job,
        cabinet=happened.cabinet,
        reservation=happened.reservation,
        quantity=happened.quantity,
        given=False,
    )
    return replace(changed, tried=())


def _job_cancelled(order: Order, happened: ev.JobCancelled, _: Stamp) -> Order:
    return with_leg(order, happened.job, cancelled=True)


def _job_ended(order: Order, happened: ev.JobEnded, stamp: Stamp) -> Order:
    changed = with_leg(order, happened.job, open=False)
    for track in order.banks:
        if track.bank in happened.astray and track.place is BankPlace.USER:
            # A courier left with it, whose collection was never told.
            leg = order.leg_of(happened.job)
            ended = stamp.mark if leg is None or leg.called is None else leg.called
            changed = with_bank(changed, replace(track, ended=earlier(track.ended, ended)))
    return moved(changed, happened.astray, BankPlace.ASTRAY, job=happened.job)


def _indicated(order: Order, happened: ev.Indicated, stamp: Stamp) -> Order:
    leg = order.leg_of(happened.job)
    if leg is None:
        return order
    called = earlier(leg.called, stamp.mark)
    if leg.succeeded is not None and leg.indicated is not None and stamp.time_ms < leg.indicated.time_ms:
        # Of a courier who had left before the one who did it.
        changed = with_leg(order, leg.job, called=called)
    else:
        changed = with_leg(order, leg.job, courier=happened.courier, indicated=stamp.mark, called=called)
    if leg.kind is LegKind.BACK:
        for track in order.banks:
            # The cabinet may have been heard before the courier platform.
            if track.job == happened.job and track.ended is not None:
                changed = with_bank(changed, replace(track, ended=earlier(track.ended, called)))
    return changed


def _courier_left(order: Order, happened: ev.CourierLeft, _: Stamp) -> Order:
    changed = with_leg(order, happened.job, courier=None, indicated=None)
    held = tuple(track.bank for track in order.banks_at(BankPlace.OUTBOUND) if track.job == happened.job)
    return moved(changed, held, BankPlace.ASTRAY)


# Giving out.


def _unlock_ordered(order: Order, happened: ev.UnlockOrdered, _: Stamp) -> Order:
    return replace(order, unlock=happened.command, serial=order.serial + 1)


def _inventory_asked(order: Order, happened: ev.InventoryAsked, _: Stamp) -> Order:
    return replace(order, inquiry=happened.command, serial=order.serial + 1)


def _bank_ejected(order: Order, happened: ev.BankEjected, stamp: Stamp) -> Order:
    known = order.bank(happened.bank)
    if known is not None and (known.rented is not None or _is_late(known, stamp)):
        # The courier's word came before the cabinet's, or another cabinet has told already that it is back.
        ejected = known.ejected or stamp.mark
        rented = None if known.rented is None else _begun(known.rented, ejected)
        told = replace(known, ejected=ejected, rented=rented, given_by=known.given_by or happened.cabinet)
        if known.reservation is None:
            told = replace(told, reservation=happened.reservation, left_job=happened.job)
        return with_bank(order, told)
    others = (track for track in order.banks if track.ejected is not None and track.bank != happened.bank)
    wanted = _wanted(order, others)
    # While an order looks for a cabinet nobody has asked for its banks but an operator.
    waits = order.state is not OrderState.RESERVING and not order.final
    if order.hand_over is HandOver.WALK_UP and waits and wanted > 0:
        track = BankTrack(happened.bank, BankPlace.USER, ejected=stamp.mark, rented=stamp.mark)
        return with_bank(order, replace(track, given_by=happened.cabinet))
    leg = order.leg
    waited_for = leg is not None and leg.job == happened.job and order.state in OUTWARD_STATES and wanted > 0
    place = BankPlace.OUTBOUND if waited_for else BankPlace.ASTRAY
    left = BankTrack(
        happened.bank,
        place,
        happened.job,
        stamp.mark,
        reservation=happened.reservation,
        left_job=happened.job,
        given_by=happened.cabinet,
    )
    return with_bank(order, left)


def _is_late(known: BankTrack, left: Stamp) -> bool:
    return known.back is not None and left.time_ms <= known.back.time_ms


def _pickup_finished(order: Order, happened: ev.PickupFinished, _: Stamp) -> Order:
    leg = None if happened.job is None else order.leg_of(happened.job)
    if leg is None:
        return order
    told = [track for track in order.banks if track.left_for(leg)]
    told = [track for track in told if track.reservation in {None, happened.reservation}]
    for_leg = bool(told) or happened.reservation == leg.reservation
    if not for_leg or len(told) < happened.ejected:
        return order
    order = with_leg(order, leg.job, given=True)
    order = order if leg.succeeded is None else _named_rightly(order, leg)
    return replace(order, banks=tuple(track for track in order.banks if not _is_only_named(track, leg)))


def _is_only_named(track: BankTrack, leg: Leg) -> bool:
    """Tell whether nothing is known of a bank but that a courier has named it for a job."""
    return track.job == leg.job and track.ejected is None and track.rented is None and track.back is None


def _named_rightly(order: Order, leg: Leg) -> Order:
    """Let the rentals of banks that a courier named, and that never left, go over to those that did."""
    named = [track for track in order.banks if track.rented is not None and track.ejected is None]
    left = [track for track in order.banks if track.left_for(leg) and track.rented is None]
    left.sort(key=lambda track: _likelihood(track, leg))
    for wrong, right in zip_longest(named, left[: len(named)]):
        if right is not None:
            order = with_bank(order, _taken_over(wrong, right, final=order.final))
            if Waiver(FeeKind.RENTAL, wrong.bank) in order.waived:
                order = replace(order, waived=(*order.waived, Waiver(FeeKind.RENTAL, right.bank)))
        place = BankPlace.ASTRAY if wrong.back is None else BankPlace.BACK
        order = with_bank(order, replace(wrong, place=place, rented=None, ended=None, claimed=None))
    rented = sum(track.rented is not None for track in order.banks)
    return replace(order, quantity=rented) if named and rented else order


def _likelihood(track: BankTrack, leg: Leg) -> int:
    """Return a lower number the likelier it is that a bank, of those that left, was handed over.

    What came back after the hand-over was; what came back before was not; of the rest nobody knows.
    """
    if track.back is None or leg.succeeded is None:
        return 1
    return 0 if track.back.time_ms >= leg.succeeded.time_ms else 2


def _taken_over(wrong: BankTrack, right: BankTrack, *, final: bool) -> BankTrack:
    """Return the right bank with the rental of the wrong one, unless a cabinet has told when it was back."""
    begun = None if wrong.rented is None else _begun(wrong.rented, right.ejected)
    if right.back is not None:
        ended = right.back if wrong.back is not None else earlier(wrong.ended, right.back)
        return replace(right, place=BankPlace.BACK, job=wrong.job, rented=begun, ended=ended)
    if wrong.back is not None:
        return replace(right, place=BankPlace.ASTRAY if final else BankPlace.USER, rented=begun)
    as_believed = replace(wrong, bank=right.bank, ejected=right.ejected, rented=begun)
    return replace(
        as_believed, reservation=right.reservation, left_job=right.left_job, given_by=right.given_by
    )


def _wanted(order: Order, given: Iterable[BankTrack]) -> int:
    """Return how many banks are wanted beside those given; any more are astray, whoever tells of them."""
    own = sum(track.rented is not None or track.place is BankPlace.OUTBOUND for track in given)
    return max(0, order.asked_quantity - own)


def _picked_up(order: Order, happened: ev.PickedUp, _: Stamp) -> Order:
    unknown = tuple(bank for bank in dict.fromkeys(happened.banks) if order.bank(bank) is None)
    wanted = _wanted(order, order.banks)
    order = moved(order, unknown[:wanted], BankPlace.OUTBOUND, job=happened.job)
    return moved(order, unknown[wanted:], BankPlace.ASTRAY, job=happened.job)


def _begun(handed_over: Mark, ejected: Mark | None) -> Mark:
    """Return when a rental began that a courier tells of: not before its bank left, by its cabinet's clock.

    One of the two clocks is wrong, so it is inferred. A cabinet that does not know the time corrects nobody.
    """
    known = ejected is not None and ejected.quality in {ClockState.SYNCED, ClockState.FREE}
    if ejected is None or not known or ejected.time_ms <= handed_over.time_ms:
        return handed_over
    return Mark(ejected.event, ejected.time_ms, ClockState.INFERRED)


def _rental_succeeded(order: Order, happened: ev.RentalSucceeded, stamp: Stamp) -> Order:
    changed = with_leg(order, happened.job, open=False, succeeded=stamp.mark)
    leg = order.leg_of(happened.job)
    for bank in happened.banks:
        track = order.bank(bank) or BankTrack(bank, BankPlace.USER)
        if leg is not None and _was_put_back(track, leg, stamp):
            track = BankTrack(bank, BankPlace.USER)  # by an earlier courier; it has left again since
        # A bank that a cabinet has already seen again was given to the user and brought back since.
        place = BankPlace.BACK if track.back is not None else BankPlace.USER
        begun = _begun(stamp.mark, track.ejected)
        rented = replace(track, place=place, job=happened.job, rented=begun, ended=track.back)
        changed = with_bank(changed, rented)
    kept = tuple(track.bank for track in changed.banks_at(BankPlace.OUTBOUND))
    changed = moved(changed, kept, BankPlace.ASTRAY)
    return replace(changed, quantity=len(happened.banks), ending=None, reason=None)


def _was_put_back(track: BankTrack, leg: Leg, handed_over: Stamp) -> bool:
    """Tell whether a bank had left with an earlier courier, and came back before it was handed over."""
    by_another = track.reservation is not None and not track.left_for(leg)
    return by_another and track.back is not None and track.back.time_ms < handed_over.time_ms


def _unlocked(order: Order, happened: ev.Unlocked, _: Stamp) -> Order:
    return replace(order, quantity=happened.quantity)


def _delivery_lost(order: Order, happened: ev.DeliveryLost, _: Stamp) -> Order:
    return replace(order, attempt=order.attempt + 1, reason=happened.reason, tried=())


def _called_off(order: Order, happened: ev.CalledOff, _: Stamp) -> Order:
    return replace(order, ending=happened.ending, reason=happened.reason, tried=())


OUTWARD: Final[Applied] = MappingProxyType(
    {
        ev.ReservationAsked: _reservation_asked,
        ev.ReservationConfirmed: _reservation_confirmed,
        ev.ReservationRefused: _reservation_refused,
        ev.ReservationUnknown: _reservation_unknown,
        ev.ReleaseAsked: _release_asked,
        ev.ReservationEnded: _reservation_ended,
        ev.QuantityReduced: _quantity_reduced,
        ev.RentalRequested: _requested,
        ev.ReturnRequested: _requested,
        ev.UnlockOrdered: _unlock_ordered,
        ev.InventoryAsked: _inventory_asked,
        ev.Redirected: _redirected,
        ev.JobCancelled: _job_cancelled,
        ev.JobEnded: _job_ended,
        ev.Indicated: _indicated,
        ev.SecondIndicated: _indicated,
        ev.IndicatedEarlier: _indicated,
        ev.CourierLeft: _courier_left,
        ev.CourierProgressed: noted,
        ev.ProblemReported: noted,
        ev.BankEjected: _bank_ejected,
        ev.EjectFailed: noted,
        ev.PickupFinished: _pickup_finished,
        ev.PickedUp: _picked_up,
        ev.DeliveryLost: _delivery_lost,
        ev.RentalSucceeded: _rental_succeeded,
        ev.Unlocked: _unlocked,
        ev.CalledOff: _called_off,
    }
)
