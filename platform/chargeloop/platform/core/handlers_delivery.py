"""What a courier platform says: indications, progress, problems and ends of delivery jobs.

A report is about one leg. The same report again, or one that comes after a later one of the same journal,
is ignored; one about a leg that is no longer the order's present one still tells where banks are.
"""

from typing import Final

from chargeloop.platform.core import ending, hand_over, holds, legs
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.handlers_cabinet import refused
from chargeloop.platform.core.order import (
    OUTWARD_STATES,
    RENTED_STATES,
    BankPlace,
    BankTrack,
    Claim,
    HoldKind,
    HoldState,
    Leg,
    Order,
    may_happen,
)
from chargeloop.platform.core.order_journal import EventKind
from chargeloop.platform.core.searching import search
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.courier import LegKind, Problem
from chargeloop.protocol.messages.delivery import JobEnd
from chargeloop.protocol.messages.rental import OrderState


def indicated(
    turn: Turn,
    order: Order,
    leg: Leg,
    said: delivery.FirstIndication | delivery.SecondIndication,
    when: Corrected,
) -> None:
    """Show the user that the order, or the return, is being processed (claims 6 and 7).

    Heard when the order does not wait for it any more, it moves nothing but the fees. Of a way that was
    travelled before, it is said by a courier platform that has lost its memory: that changes nothing.
    """
    outward = isinstance(said, delivery.FirstIndication)
    if leg.kind is not (LegKind.OUTWARD if outward else LegKind.BACK):
        return
    if leg.indicated is not None and leg.succeeded is not None and leg.succeeded.time_ms <= when.time_ms:
        return
    happened = (ev.Indicated if outward else ev.SecondIndicated)(leg.job, said.courier)
    if leg is not order.legs[-1] or not may_happen(order.state, happened.KIND):
        happened = ev.IndicatedEarlier(leg.job, said.courier)
    ending.review(turn, ending.book(turn, turn.happen(order.id, happened, when)))


def progressed(turn: Turn, order: Order, leg: Leg, said: delivery.CourierProgressed, when: Corrected) -> None:
    """Note a milestone."""
    turn.happen(order.id, ev.CourierProgressed(leg.job, said.milestone[:80]), when)


def picked_up(turn: Turn, order: Order, leg: Leg, said: delivery.BanksPickedUp, when: Corrected) -> None:
    """Take the courier's word for what came out; the cabinet may be silent for a while."""
    if leg is not order.leg or not may_happen(order.state, EventKind.PICKED_UP):
        return
    taken = hand_over.believe(turn, order, leg, said.banks)
    new = tuple(bank for bank in taken if order.bank(bank) is None)
    if not taken or (order.state in {OrderState.DELIVERING, OrderState.RECALLING} and not new):
        return
    order = turn.happen(order.id, ev.PickedUp(leg.job, taken), when)
    if order.state is OrderState.RECALLING:
        holds.ask_next(turn, order)


def rental_succeeded(
    turn: Turn, order: Order, leg: Leg, said: delivery.RentalSucceeded, when: Corrected
) -> None:
    """Begin the rental of the banks that were handed over."""
    named = tuple(dict.fromkeys(said.banks))
    hand_over.begin(turn, order, leg, Claim(named, when.time_ms, when.state))


def collected(turn: Turn, order: Order, leg: Leg, said: delivery.BanksCollected, when: Corrected) -> None:
    """End the rental of the banks that the courier took from the user."""
    rented = order.state in RENTED_STATES or order.state is OrderState.SETTLED
    banks = tuple(bank for bank in said.banks if _may_be_collected(order, leg, bank, when))
    banks = (*banks, *_misnamed(turn, order, banks, said.banks, when))
    if leg.kind is not LegKind.BACK or not rented or not banks:
        return
    order = turn.happen(order.id, ev.BanksCollected(leg.job, banks), when)
    if order.state is OrderState.SETTLED:
        ending.book(turn, order)
        return
    if not order.banks_at(BankPlace.USER):
        order = _nothing_left_to_fetch(turn, order, leg)
    starts = order.state is not OrderState.RETURNING and may_happen(order.state, EventKind.RETURN_STARTED)
    if starts and order.banks_at(BankPlace.INBOUND):
        order = turn.happen(order.id, ev.ReturnStarted(leg.job), when)
    ending.review(turn, order)


def _nothing_left_to_fetch(turn: Turn, order: Order, leg: Leg) -> Order:
    """Call off a later return: the courier of an earlier one has had the banks all the time."""
    why, later = "another courier has the banks", order.leg
    if later is not None and later.job != leg.job and not later.cancelled:
        order = legs.cancel(turn, order, later, why)
    return ending.drop_return(turn, order, why) if order.state is OrderState.RETURN_RESERVING else order


def _may_be_collected(order: Order, leg: Leg, bank: BankId, when: Corrected) -> bool:
    """Tell whether the claim can be true: the user had the bank, and no cabinet has seen it since."""
    track = order.bank(bank)
    if track is None or track.rented is None or track.place is BankPlace.SOLD:
        return False
    return track.job == leg.job or track.back is None or track.back.time_ms >= when.time_ms


def _misnamed(
    turn: Turn, order: Order, known: tuple[BankId, ...], named: tuple[BankId, ...], when: Corrected
) -> tuple[BankId, ...]:
    """Return the banks for which names stand that nobody knows.

    Numbers are misread. With as many names as the user had banks then, the courier has them all; else a wrong
    number may have been read at the hand-over, while the cabinet was silent: then the right one is read now.
    """
    new = [bank for bank in dict.fromkeys(named) if order.bank(bank) is None]
    unknown = sum(hand_over.may_hold(turn, order, bank) for bank in new)
    had = [track for track in order.banks if track.bank not in known and _had_then(track, when)]
    if unknown < len(had):
        had = [track for track in had if track.place is BankPlace.USER and track.ejected is None]
    return tuple(track.bank for track in had)[:unknown]


def _had_then(track: BankTrack, when: Corrected) -> bool:
    """Tell whether the user had a bank at a time: they have it still, or it has come back since."""
    back_since = track.back is not None and track.back.time_ms >= when.time_ms
    return track.rented is not None and (track.place is BankPlace.USER or back_since)


def _carried(order: Order, leg: Leg) -> tuple[BankId, ...]:
    return tuple(track.bank for track in ending.astray(order.banks, leg.job))


def return_succeeded(
    turn: Turn, order: Order, leg: Leg, said: delivery.ReturnSucceeded, when: Corrected
) -> None:
    """Take the courier platform's word that banks are back; the cabinet has a time of grace to say so too."""
    order = _collected_before(turn, order, leg, said, when)
    claimed = tuple(bank for bank in said.banks if _awaited(order, bank))
    grace_due_ms = turn.now_ms + turn.policy.return_grace_ms if claimed else None
    happened = ev.ReturnSucceeded(leg.job, tuple(said.banks), said.evidence, grace_due_ms)
    order = turn.happen(order.id, happened, when)
    left = tuple(bank for bank in _carried(order, leg) if bank not in said.banks)
    order = turn.happen(order.id, ev.JobEnded(leg.job, "returned", left))
    if order.final:
        ending.book(turn, order)
    elif order.leg is None and order.state in _COURIER_AWAITED:
        ending.drop_return(turn, order, "the courier came back without banks of yours")
    elif order.leg is None and order.state in OUTWARD_STATES and order.state is not OrderState.RECALLING:
        ending.call_off(turn, order, OrderState.FAILED, "the courier brought the banks back")
    else:
        ending.review(turn, order)


_COURIER_AWAITED: Final = frozenset({OrderState.RETURN_DISPATCHING, OrderState.COLLECTING})


def _collected_before(
    turn: Turn, order: Order, leg: Leg, said: delivery.ReturnSucceeded, when: Corrected
) -> Order:
    """Record the collection of banks that are said to be back and were still believed to be with the user."""
    with_user = tuple(track.bank for track in order.banks_at(BankPlace.USER) if track.bank in said.banks)
    if leg.kind is not LegKind.BACK or order.final or not with_user:
        return order
    order = turn.happen(order.id, ev.BanksCollected(leg.job, with_user), when)
    if order.state is not OrderState.RETURNING and may_happen(order.state, EventKind.RETURN_STARTED):
        return turn.happen(order.id, ev.ReturnStarted(leg.job), when)
    return order


def _awaited(order: Order, bank: BankId) -> bool:
    track = order.bank(bank)
    return track is not None and track.place in {BankPlace.OUTBOUND, BankPlace.INBOUND, BankPlace.ASTRAY}


# What goes wrong.


def gave_up(turn: Turn, order: Order, leg: Leg, said: delivery.CourierGaveUp, when: Corrected) -> None:
    """Wait for another courier. One who left with banks is followed by `DeliveryFailed`."""
    known = leg is order.leg and leg.courier == said.courier
    if not known or not said.offered_again or not may_happen(order.state, EventKind.COURIER_LEFT):
        return
    order = turn.happen(order.id, ev.CourierLeft(leg.job, said.courier, said.reason), when)
    search(turn, order)


def problem(turn: Turn, order: Order, leg: Leg, said: delivery.DeliveryProblem, when: Corrected) -> None:
    """Redirect the courier to another cabinet, or call the job off when the user is not there."""
    order = turn.happen(order.id, ev.ProblemReported(leg.job, said.problem), when)
    if leg.job != (None if order.leg is None else order.leg.job):
        return
    if said.problem is Problem.USER_ABSENT:
        _nobody_there(turn, order, leg)
        return
    kind = HoldKind.BANKS if said.problem is Problem.CABINET_GAVE_NOTHING else HoldKind.SLOTS
    wanted = holds.want(order)
    if wanted is None or wanted.kind is not kind:
        return
    hold = order.live_hold(kind)
    if hold is not None and hold.state is HoldState.HELD:
        order = holds.release(turn, order, hold)
        refused(turn, order, hold, said.problem, None)
    else:
        search(turn, order)


def _nobody_there(turn: Turn, order: Order, leg: Leg) -> None:
    if order.state is OrderState.DELIVERING:
        ending.call_off(turn, order, OrderState.FAILED, "nobody was there to take the banks")
    elif leg.kind is LegKind.BACK and not leg.cancelled and may_happen(order.state, EventKind.RETURN_DROPPED):
        ending.drop_return(turn, order, "nobody was there to give the banks back")


def delivery_failed(
    turn: Turn, order: Order, leg: Leg, said: delivery.DeliveryFailed, when: Corrected
) -> None:
    """Draw the conclusion from a job that is over: begin again, fail, end a recall, or leave the banks."""
    current = leg is order.leg
    left = tuple(dict.fromkeys((*_stray(turn, order, leg, said.banks), *_carried(order, leg))))
    order = turn.happen(order.id, ev.JobEnded(leg.job, said.why, left), when)
    if not current or order.final:
        return
    if order.state is OrderState.RECALLING:
        ending.end_recall(turn, order)
    elif leg.kind is LegKind.OUTWARD:
        _outward_failed(turn, order, said)
    else:
        order = ending.review(turn, order)
        if order.state in _COURIER_AWAITED:
            ending.drop_return(turn, order, _WHY[said.why])


def _stray(turn: Turn, order: Order, leg: Leg, named: tuple[BankId, ...]) -> tuple[BankId, ...]:
    """Return the banks with which a courier has left, of those named: no cabinet, user or buyer has them."""
    if leg.kind is LegKind.BACK:
        elsewhere = {BankPlace.BACK, BankPlace.SOLD}
        own = (track for bank in named if (track := order.bank(bank)) is not None)
        possible = [track.bank for track in own if track.place not in elsewhere]
        return tuple(bank for bank in possible if hand_over.may_hold(turn, order, bank))
    elsewhere = {BankPlace.BACK, BankPlace.SOLD, BankPlace.USER}
    found = {track.bank for track in order.banks if track.place in elsewhere}
    return tuple(bank for bank in hand_over.believe(turn, order, leg, named) if bank not in found)


_WHY = {
    JobEnd.NO_COURIER: "no courier was free",
    JobEnd.CANCELLED: "the courier platform stopped the job",
    JobEnd.GAVE_UP_WITH_BANKS: "the courier left with the banks",
    JobEnd.WRONG_CODES: "too many wrong hand-over codes",
}


def _outward_failed(turn: Turn, order: Order, said: delivery.DeliveryFailed) -> None:
    order = holds.release_all(turn, order, HoldKind.BANKS)
    lost = said.why is JobEnd.GAVE_UP_WITH_BANKS and order.attempt < turn.policy.max_attempts
    if lost and may_happen(order.state, EventKind.DELIVERY_LOST):
        search(turn, turn.happen(order.id, ev.DeliveryLost(_WHY[said.why])))
    elif may_happen(order.state, EventKind.FAILED):
        ending.fail(turn, order, _WHY[said.why])
