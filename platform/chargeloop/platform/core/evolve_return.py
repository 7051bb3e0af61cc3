"""What the events of taking back, ending and disputes make of an order."""

from types import MappingProxyType
from typing import Final

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.dispute import Answer, Dispute, Waiver
from chargeloop.platform.core.order import (
    BankPlace,
    HoldState,
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
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.values import replace

# Taking back.


def _return_asked(order: Order, happened: ev.ReturnAsked, _: Stamp) -> Order:
    return replace(
        order, return_location=happened.location, return_quantity=happened.quantity, reason=None, tried=()
    )


def _banks_collected(order: Order, happened: ev.BanksCollected, stamp: Stamp) -> Order:
    leg = order.leg_of(happened.job)
    # Whoever was called and left, so that the job ended without anybody, came back for the banks only then.
    left = leg is not None and not leg.open and leg.indicated is None
    ended = stamp.mark if leg is None or leg.called is None or left else leg.called
    for bank in happened.banks:
        track = order.bank(bank)
        if track is None or track.rented is None:
            continue
        place = BankPlace.INBOUND if track.place is BankPlace.USER else track.place
        order = with_bank(
            order, replace(track, place=place, job=happened.job, ended=earlier(track.ended, ended))
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
        return without_hold(order, hold.id)
    return with_hold(order, replace(hold, filled=hold.filled + 1))


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
        ended = earlier(ended, stamp.mark)
    return with_bank(order, replace(track, place=BankPlace.BACK, back=stamp.mark, ended=ended))


def _bank_found(order: Order, happened: ev.BankFound, stamp: Stamp) -> Order:
    return moved(order, (happened.bank,), BankPlace.BACK, back=stamp.mark)


def _return_succeeded(order: Order, happened: ev.ReturnSucceeded, stamp: Stamp) -> Order:
    leg = order.leg_of(happened.job)
    brought = any(track.job == happened.job for track in order.banks)
    if leg is not None and leg.kind is LegKind.BACK and brought:
        first = leg.succeeded is None or stamp.time_ms < leg.succeeded.time_ms
        order = with_leg(order, leg.job, succeeded=stamp.mark if first else leg.succeeded)
    claimed = {track.bank for track in order.banks if track.bank in happened.banks and track.back is None}
    for track in order.banks:
        if track.bank in claimed:
            order = with_bank(order, replace(track, claimed=track.claimed or stamp.mark))
    return replace(order, grace_due_ms=happened.grace_due_ms or order.grace_due_ms)


def _word_taken(order: Order, happened: ev.WordTaken, _: Stamp) -> Order:
    return replace(moved(order, happened.banks, BankPlace.BACK), grace_due_ms=None)


# Ending.


def _settled(order: Order, happened: ev.Settled, _: Stamp) -> Order:
    return replace(order, reason=happened.reason, grace_due_ms=None)


def _bought_out(order: Order, happened: ev.BoughtOut, stamp: Stamp) -> Order:
    sold = moved(order, happened.banks, BankPlace.SOLD, ended=stamp.mark)
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
            order = with_bank(order, replace(track, place=BankPlace.ASTRAY, ended=ended))
    return order


RETURN: Final[Applied] = MappingProxyType(
    {
        ev.ReturnAsked: _return_asked,
        ev.BanksCollected: _banks_collected,
        ev.ReturnStarted: noted,
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
