"""From an event to the next value of the order: nothing is decided here, everything is only written down.

`evolve` is total over all events in all states that `TRANSITIONS` and `FACTS` allow, and reads nothing but
its arguments, so replaying a journal gives the same order again.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.dispute import Answer, Dispute, Waiver
from chargeloop.platform.core.fees import Mark
from chargeloop.platform.core.order import (
    INITIAL,
    OUTWARD_STATES,
    BankPlace,
    BankTrack,
    Hold,
    HoldState,
    Order,
    next_state,
)
from chargeloop.platform.core.order_journal import Happening, Stamp
from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.ids import BankId, JobId, OrderId
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.rental import HandOver, PlaceOrder
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.values import replace


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


# Parts of an order, replaced by name.


def _with_hold(order: Order, hold: Hold) -> Order:
    return replace(order, holds=tuple(hold if old.id == hold.id else old for old in order.holds))


def _with_leg(order: Order, job: JobId, **changes: Any) -> Order:
    legs = tuple(replace(leg, **changes) if leg.job == job else leg for leg in order.legs)
    return replace(order, legs=legs)


def _with_bank(order: Order, track: BankTrack) -> Order:
    if order.bank(track.bank) is None:
        return replace(order, banks=(*order.banks, track))
    return replace(order, banks=tuple(track if old.bank == track.bank else old for old in order.banks))


def _moved(order: Order, banks: Iterable[BankId], place: BankPlace, **changes: Any) -> Order:
    for bank in banks:
        track = order.bank(bank) or BankTrack(bank, place)
        order = _with_bank(order, replace(track, place=place, **changes))
    return order


def _earlier(known: Mark | None, new: Mark) -> Mark:
    """Return the earlier of two ends of a rental; the known one when they are equal."""
    return known if known is not None and known.time_ms <= new.time_ms else new


# Reservations.


def _reservation_asked(order: Order, happened: ev.ReservationAsked, _: Stamp) -> Order:
    return replace(order, holds=(*order.holds, happened.hold), serial=order.serial + 1)


def _reservation_confirmed(order: Order, happened: ev.ReservationConfirmed, _: Stamp) -> Order:
    hold = order.hold(happened.reservation)
    return order if hold is None else _with_hold(order, replace(hold, state=HoldState.HELD))


def _reservation_refused(order: Order, happened: ev.ReservationRefused, _: Stamp) -> Order:
    hold = order.hold(happened.reservation)
    kept = hold is not None and hold.state is HoldState.RELEASING
    return _tried(order if kept else _without_hold(order, happened.reservation), happened)


def _reservation_unknown(order: Order, happened: ev.ReservationUnknown, _: Stamp) -> Order:
    return _tried(order, happened)


def _tried(order: Order, happened: ev.ReservationRefused | ev.ReservationUnknown) -> Order:
    return replace(order, tried=(*order.tried, happened.cabinet))


def _without_hold(order: Order, reservation: str) -> Order:
    return replace(order, holds=tuple(hold for hold in order.holds if hold.id != reservation))


def _release_asked(order: Order, happened: ev.ReleaseAsked, _: Stamp) -> Order:
    hold = order.hold(happened.reservation)
    if hold is None:
        return order
    released = replace(
        hold, state=HoldState.RELEASING, command=happened.command, command_due_ms=hold.until_ms
    )
    return replace(_with_hold(order, released), serial=order.serial + 1)


def _reservation_ended(order: Order, happened: ev.ReservationEnded, _: Stamp) -> Order:
    return _without_hold(order, happened.reservation)


def _quantity_reduced(order: Order, happened: ev.QuantityReduced, _: Stamp) -> Order:
    return replace(order, quantity=happened.quantity, tried=())


# Delivery jobs.


def _requested(order: Order, happened: ev.RentalRequested | ev.ReturnRequested, _: Stamp) -> Order:
    return replace(order, legs=(*order.legs, happened.leg), serial=order.serial + 1, tried=())


def _redirected(order: Order, happened: ev.Redirected, _: Stamp) -> Order:
    changed = _with_leg(
        order,
        happened.job,
        cabinet=happened.cabinet,
        reservation=happened.reservation,
        quantity=happened.quantity,
    )
    return replace(changed, tried=())


def _job_cancelled(order: Order, happened: ev.JobCancelled, _: Stamp) -> Order:
    return _with_leg(order, happened.job, cancelled=True)


def _job_ended(order: Order, happened: ev.JobEnded, stamp: Stamp) -> Order:
    changed = _with_leg(order, happened.job, open=False)
    for track in order.banks:
        if track.bank in happened.astray and track.place is BankPlace.USER:
            # A courier left with it, whose collection was never told.
            leg = order.leg_of(happened.job)
            ended = stamp.mark if leg is None or leg.called is None else leg.called
            changed = _with_bank(changed, replace(track, ended=_earlier(track.ended, ended)))
    return _moved(changed, happened.astray, BankPlace.ASTRAY, job=happened.job)


def _indicated(order: Order, happened: ev.Indicated, stamp: Stamp) -> Order:
    leg = order.leg_of(happened.job)
    called = _earlier(None if leg is None else leg.called, stamp.mark)
    changed = _with_leg(order, happened.job, courier=happened.courier, indicated=stamp.mark, called=called)
    for track in order.banks:
        # Of the back leg: the cabinet may have been heard before the courier platform.
        if track.job == happened.job and track.ended is not None:
            changed = _with_bank(changed, replace(track, ended=_earlier(track.ended, called)))
    return changed


def _courier_left(order: Order, happened: ev.CourierLeft, _: Stamp) -> Order:
    changed = _with_leg(order, happened.job, courier=None, indicated=None)
    held = tuple(track.bank for track in order.banks_at(BankPlace.OUTBOUND) if track.job == happened.job)
    return _moved(changed, held, BankPlace.ASTRAY)


def _noted(order: Order, _: Happening, __: Stamp) -> Order:
    return order


# Giving out.


def _unlock_ordered(order: Order, happened: ev.UnlockOrdered, _: Stamp) -> Order:
    return replace(order, unlock=happened.command, serial=order.serial + 1)


def _inventory_asked(order: Order, happened: ev.InventoryAsked, _: Stamp) -> Order:
    return replace(order, inquiry=happened.command, serial=order.serial + 1)


def _bank_ejected(order: Order, happened: ev.BankEjected, stamp: Stamp) -> Order:
    known = order.bank(happened.bank)
    if known is not None and known.rented is not None:
        # The courier's word came before the cabinet's: only the fact is new.
        return _with_bank(order, replace(known, ejected=known.ejected or stamp.mark))
    if known is not None and known.back is not None and stamp.time_ms <= known.back.time_ms:
        # Another cabinet has told already that the bank is back: this one was heard late.
        return _with_bank(order, replace(known, ejected=known.ejected or stamp.mark))
    if order.hand_over is HandOver.WALK_UP and not order.final:
        track = BankTrack(happened.bank, BankPlace.USER, ejected=stamp.mark, rented=stamp.mark)
        return _with_bank(order, track)
    leg = order.leg
    waited_for = leg is not None and leg.job == happened.job and order.state in OUTWARD_STATES
    place = BankPlace.OUTBOUND if waited_for else BankPlace.ASTRAY
    return _with_bank(order, BankTrack(happened.bank, place, happened.job, ejected=stamp.mark))


def _picked_up(order: Order, happened: ev.PickedUp, _: Stamp) -> Order:
    unknown = (bank for bank in happened.banks if order.bank(bank) is None)
    return _moved(order, unknown, BankPlace.OUTBOUND, job=happened.job)


def _rental_succeeded(order: Order, happened: ev.RentalSucceeded, stamp: Stamp) -> Order:
    changed = _with_leg(order, happened.job, open=False, succeeded=stamp.mark)
    for bank in happened.banks:
        track = order.bank(bank) or BankTrack(bank, BankPlace.USER)
        # A bank that a cabinet has already seen again was given to the user and brought back since.
        place = BankPlace.BACK if track.back is not None else BankPlace.USER
        rented = replace(track, place=place, job=happened.job, rented=stamp.mark, ended=track.back)
        changed = _with_bank(changed, rented)
    kept = tuple(track.bank for track in changed.banks_at(BankPlace.OUTBOUND))
    changed = _moved(changed, kept, BankPlace.ASTRAY)
    return replace(changed, quantity=len(happened.banks), ending=None, reason=None)


def _unlocked(order: Order, happened: ev.Unlocked, _: Stamp) -> Order:
    return replace(order, quantity=happened.quantity)


def _delivery_lost(order: Order, happened: ev.DeliveryLost, _: Stamp) -> Order:
    return replace(order, attempt=order.attempt + 1, reason=happened.reason, tried=())


def _called_off(order: Order, happened: ev.CalledOff, _: Stamp) -> Order:
    return replace(order, ending=happened.ending, reason=happened.reason, tried=())


# Taking back.


def _return_asked(order: Order, happened: ev.ReturnAsked, _: Stamp) -> Order:
    return replace(
        order, return_location=happened.location, return_quantity=happened.quantity, reason=None, tried=()
    )


def _banks_collected(order: Order, happened: ev.BanksCollected, stamp: Stamp) -> Order:
    leg = order.leg_of(happened.job)
    ended = stamp.mark if leg is None or leg.called is None else leg.called
    for bank in happened.banks:
        track = order.bank(bank)
        if track is None or track.rented is None:
            continue
        place = BankPlace.INBOUND if track.place is BankPlace.USER else track.place
        order = _with_bank(
            order, replace(track, place=place, job=happened.job, ended=_earlier(track.ended, ended))
        )
    return order


def _return_dropped(order: Order, happened: ev.ReturnDropped, _: Stamp) -> Order:
    return replace(order, reason=happened.reason, tried=())


def _returned_in_part(order: Order, happened: ev.ReturnedInPart, _: Stamp) -> Order:
    return replace(order, reason=f"{happened.left} still with you", grace_due_ms=None, tried=())


def _filled(order: Order, reservation: str | None) -> Order:
    """Count a bank in a kept slot; when the last one is filled the cabinet keeps nothing any more."""
    hold = None if reservation is None else order.hold(reservation)
    if hold is None or hold.state is not HoldState.HELD:
        return order
    if hold.filled + 1 == hold.quantity:
        return _without_hold(order, hold.id)
    return _with_hold(order, replace(hold, filled=hold.filled + 1))


def _bank_returned(order: Order, happened: ev.BankReturned, stamp: Stamp) -> Order:
    order = _filled(order, happened.reservation)
    track = order.bank(happened.bank)
    if track is None:
        return order
    ended = track.ended
    if track.place is BankPlace.USER:
        ended = stamp.mark
    elif track.rented is not None and ended is not None and track.rented.time_ms <= stamp.time_ms:
        # Heard of late: it may have been put back before it was sold, or a courier was called for it.
        ended = _earlier(ended, stamp.mark)
    return _with_bank(order, replace(track, place=BankPlace.BACK, back=stamp.mark, ended=ended))


def _bank_found(order: Order, happened: ev.BankFound, stamp: Stamp) -> Order:
    return _moved(order, (happened.bank,), BankPlace.BACK, back=stamp.mark)


def _return_succeeded(order: Order, happened: ev.ReturnSucceeded, stamp: Stamp) -> Order:
    leg = order.leg_of(happened.job)
    brought = any(track.job == happened.job for track in order.banks)
    if leg is not None and leg.kind is LegKind.BACK and brought:
        first = leg.succeeded is None or stamp.time_ms < leg.succeeded.time_ms
        order = _with_leg(order, leg.job, succeeded=stamp.mark if first else leg.succeeded)
    claimed = {track.bank for track in order.banks if track.bank in happened.banks and track.back is None}
    for track in order.banks:
        if track.bank in claimed:
            order = _with_bank(order, replace(track, claimed=track.claimed or stamp.mark))
    return replace(order, grace_due_ms=happened.grace_due_ms or order.grace_due_ms)


def _word_taken(order: Order, happened: ev.WordTaken, _: Stamp) -> Order:
    return replace(_moved(order, happened.banks, BankPlace.BACK), grace_due_ms=None)


# Ending.


def _settled(order: Order, happened: ev.Settled, _: Stamp) -> Order:
    return replace(order, reason=happened.reason, grace_due_ms=None)


def _bought_out(order: Order, happened: ev.BoughtOut, stamp: Stamp) -> Order:
    sold = _moved(order, happened.banks, BankPlace.SOLD, ended=stamp.mark)
    return replace(sold, reason=f"{len(happened.banks)} bought")


def _ended(order: Order, happened: ev.Cancelled | ev.Failed, _: Stamp) -> Order:
    return replace(order, reason=happened.reason, grace_due_ms=None)


def _fees_booked(order: Order, happened: ev.FeesBooked, _: Stamp) -> Order:
    return replace(order, lines=(*order.lines, *happened.lines))


# Disputes.


def _dispute_opened(order: Order, happened: ev.DisputeOpened, stamp: Stamp) -> Order:
    opened = Dispute(stamp.event, happened.bank, happened.text, stamp.time_ms)
    return replace(order, disputes=(*order.disputes, opened))


def _dispute_answered(order: Order, happened: ev.DisputeAnswered, stamp: Stamp) -> Order:
    answer = Answer(happened.operator, happened.text, stamp.time_ms)
    disputes = tuple(
        replace(one, answer=answer) if one.id == happened.dispute else one for one in order.disputes
    )
    return replace(order, disputes=disputes)


def _fee_waived(order: Order, happened: ev.FeeWaived, _: Stamp) -> Order:
    return replace(order, waived=(*order.waived, Waiver(happened.fee, happened.of)))


def _rental_closed(order: Order, happened: ev.RentalClosed, stamp: Stamp) -> Order:
    for track in order.banks:
        if track.bank in happened.banks:
            # One that a courier has collected had its end then.
            ended = stamp.mark if track.place is BankPlace.USER else track.ended
            order = _with_bank(order, replace(track, place=BankPlace.ASTRAY, ended=ended))
    return order


_APPLY: Final[Mapping[type[Happening], Callable[[Order, Any, Stamp], Order]]] = MappingProxyType(
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
        ev.CourierProgressed: _noted,
        ev.ProblemReported: _noted,
        ev.BankEjected: _bank_ejected,
        ev.EjectFailed: _noted,
        ev.PickupFinished: _noted,
        ev.PickedUp: _picked_up,
        ev.DeliveryLost: _delivery_lost,
        ev.RentalSucceeded: _rental_succeeded,
        ev.Unlocked: _unlocked,
        ev.CalledOff: _called_off,
        ev.ReturnAsked: _return_asked,
        ev.BanksCollected: _banks_collected,
        ev.ReturnStarted: _noted,
        ev.ReturnDropped: _return_dropped,
        ev.ReturnedInPart: _returned_in_part,
        ev.BankReturned: _bank_returned,
        ev.BankFound: _bank_found,
        ev.ReturnSucceeded: _return_succeeded,
        ev.WordTaken: _word_taken,
        ev.Settled: _settled,
        ev.BoughtOut: _bought_out,
        ev.Cancelled: _ended,
        ev.Failed: _ended,
        ev.FeesBooked: _fees_booked,
        ev.DisputeOpened: _dispute_opened,
        ev.DisputeAnswered: _dispute_answered,
        ev.FeeWaived: _fee_waived,
        ev.RentalClosed: _rental_closed,
    }
)
