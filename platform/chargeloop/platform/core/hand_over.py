"""Which banks a courier has, and has handed over: what cabinets saw leave, not what the courier names.

Once the cabinet of the job has told which banks left for it, only those count, and of a hand-over as many of
them as the courier speaks of: who reads a wrong number from a bank has given its user the right bank all the
same. Before that the courier is believed, but not for a bank that stands in another cabinet. When nothing is
left of what a courier names, the hand-over waits for the cabinet's word. When the cabinet is heard at last
(`evolve_outward`), a rental that began by a courier's word alone goes over to the bank that left, and what
was only named is forgotten: it makes no difference what is heard first.
"""

from collections.abc import Iterator
from typing import Final

from chargeloop.platform.core import ending, holds, legs
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.order import BankPlace, BankTrack, Claim, HoldKind, Leg, Order, may_happen
from chargeloop.platform.core.order_journal import EventKind
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.ids import BankId, CabinetId, JobId
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.values import replace

_NOT_LEFT: Final = "named banks that had not left for it"
# Of the banks that left for a job, those that its courier has are believed to be handed over first.
_NEAREST: Final = (BankPlace.OUTBOUND, BankPlace.ASTRAY)


def begin(turn: Turn, order: Order, leg: Leg, claim: Claim) -> None:
    """Begin the rental of the banks that were handed over; a courier who had been given up counts too.

    After the end of the order nobody is charged any more; it is noted for operators.
    """
    when = Corrected(claim.time_ms, claim.quality)
    if order.final and leg.kind is LegKind.OUTWARD and leg.succeeded is None:
        turn.happen(order.id, ev.ProblemReported(leg.job, "handed over after the end"), when)
        return
    allowed = may_happen(order.state, EventKind.RENTAL_SUCCESS) and leg.kind is LegKind.OUTWARD
    if not claim.banks or not allowed or leg.succeeded is not None:
        return
    banks = _handed_over(turn, order, leg, claim.banks)
    if leg.claim is None and not set(claim.banks) <= set(banks):
        order = turn.happen(order.id, ev.ProblemReported(leg.job, _NOT_LEFT), when)
    if not banks:
        _remember(turn, order, leg, claim)
        return
    other = order.leg
    if other is not None and other.job != leg.job:
        order = legs.cancel(turn, order, other, "delivered by another courier")
    order = turn.happen(order.id, ev.RentalSucceeded(leg.job, banks), when)
    order = holds.release_all(turn, order)
    ending.review(turn, order)


def take_up(turn: Turn, order: Order, job: JobId | None) -> None:
    """Draw the conclusion from what the cabinet has told now about banks that a courier had named before."""
    leg = None if job is None else order.leg_of(job)
    if leg is None:
        return
    if leg.succeeded is not None:
        ending.book(turn, ending.review(turn, order))
    elif leg.claim is not None:
        begin(turn, order, leg, leg.claim)


def may_hold(turn: Turn, order: Order, bank: BankId) -> bool:
    """Tell whether a courier's word for a bank can be true: no other open order answers for it."""
    holder = turn.memory.holder(bank)
    other = None if holder is None else turn.find(holder)
    return other is None or other.id == order.id or other.final


def out_ms(turn: Turn, order: Order, track: BankTrack) -> int | None:
    """Return since when an order has had a bank, None when that is not sure.

    Its cabinet tells, or a courier whose word fits what is known: the bank stood in a cabinet of the job.
    """
    if track.ejected is not None:
        return track.ejected.time_ms
    leg = None if track.job is None else order.leg_of(track.job)
    if leg is None or not _givers(order, leg) & set(_showing(turn, order, track.bank)):
        return None
    return leg.requested_ms if track.rented is None else track.rented.time_ms


def believe(turn: Turn, order: Order, leg: Leg, named: tuple[BankId, ...]) -> tuple[BankId, ...]:
    """Return the banks that can have left for an outward job, of those that its courier names."""
    left = {track.bank for track in order.banks if track.left_for(leg)}
    return tuple(
        bank
        for bank in dict.fromkeys(named)
        if bank in left
        or (not leg.given and may_hold(turn, order, bank) and not _is_elsewhere(turn, order, leg, bank))
    )


def _remember(turn: Turn, order: Order, leg: Leg, claim: Claim) -> None:
    noted = replace(leg, claim=claim)
    turn.note(replace(order, legs=tuple(noted if one.job == leg.job else one for one in order.legs)))


def _handed_over(turn: Turn, order: Order, leg: Leg, named: tuple[BankId, ...]) -> tuple[BankId, ...]:
    """Return the banks of a reported hand-over that count: no more than were asked for."""
    believed = believe(turn, order, leg, named)
    left = {track.bank: track for track in order.banks if track.left_for(leg)}
    if leg.given:
        likely = sorted(left.values(), key=_distance)
        found = dict.fromkeys((*believed, *(track.bank for track in likely)))
        return tuple(found)[: min(len(named), order.asked_quantity)]
    known_first = sorted(believed, key=lambda bank: (bank not in left, order.bank(bank) is None))
    return tuple(known_first[: order.asked_quantity])


def _distance(track: BankTrack) -> int:
    return _NEAREST.index(track.place) if track.place in _NEAREST else len(_NEAREST)


def _is_elsewhere(turn: Turn, order: Order, leg: Leg, bank: BankId) -> bool:
    """Tell whether the bank stands in a cabinet near, and in none that may have given it to this courier."""
    found = set(_showing(turn, order, bank))
    return bool(found) and not found & _givers(order, leg)


def _givers(order: Order, leg: Leg) -> set[CabinetId]:
    """Return the cabinets that may have given banks to the courier of a job."""
    return {leg.cabinet, *(hold.cabinet for hold in order.holds if hold.kind is HoldKind.BANKS)}


def _showing(turn: Turn, order: Order, bank: BankId) -> Iterator[CabinetId]:
    for _, cabinet in turn.fleet.all_near(order.location, turn.policy.search_radius_m):
        if any(slot.bank == bank for slot in cabinet.slots):
            yield cabinet.id
