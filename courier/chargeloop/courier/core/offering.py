"""Offering a job: rounds of offers to the nearest free couriers until one accepts or the search ends.

A round asks a few couriers at once. It ends when every one of them has declined or when the offers expire,
and the next one looks further away. The first acceptance that is handled while its offer is open and not
expired wins; all others hear that the offer is closed, however late they come. When nobody at all is free,
the search looks again a few seconds later. It ends when its time is over and no offer is open any more.
"""

from typing import Final

from chargeloop.courier.core import job_events as ev
from chargeloop.courier.core.assignment import Candidate
from chargeloop.courier.core.board import Turn
from chargeloop.courier.core.courier import answered, missed
from chargeloop.courier.core.job import Job, JobState, evolve
from chargeloop.courier.core.job_decide import FindNobody, JobCommand, Refused, Take, decide
from chargeloop.courier.core.offer import TOLD_AS, Offer, OfferEvent, OfferState, allows, offer_id
from chargeloop.courier.core.offer import evolve as evolve_offer
from chargeloop.courier.core.reports import reports_of
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import CourierId, OfferId
from chargeloop.protocol.messages.courier import LegKind, OfferEnd
from chargeloop.protocol.values import replace

# Nobody is looked for any more: the job has ended, or somebody has it without having been asked.
_ENDS_SEARCH: Final = ev.CalledOff | ev.CourierNotFound | ev.CourierCameBack


def carry_out(turn: Turn, job: Job, command: JobCommand) -> Refused | None:
    """Do what the job decides on `command`: save, report, and go on offering where it is open again."""
    decision = decide(job, command, turn.board.policy.wrong_codes_limit)
    if isinstance(decision, Refused):
        return decision
    for event in decision:
        job = _apply(turn, job, event)
    if any(isinstance(event, _ENDS_SEARCH) for event in decision):
        _close_open(turn, job, OfferEvent.WITHDRAWN)
    if any(isinstance(event, ev.CourierLeft) for event in decision):
        search(turn, job)
    return None


def _apply(turn: Turn, job: Job, event: ev.JobEvent) -> Job:
    fact = _placed(turn, _earliest_ms(job, event))
    if isinstance(event, ev.CourierLeft | ev.CourierCameBack) and job.offer is not None:
        # Only one offer of a job may stand as accepted, so this one makes room before the next can be.
        _close(turn, turn.board.offers[job.offer], OfferEvent.WITHDRAWN)
    # What a cabinet has seen, and perhaps could not date, moves nothing that a phone tells.
    is_told = turn.fact is not None and not turn.is_evidence
    fact_ms = fact.time_ms if is_told else job.fact_ms
    job = turn.save_job(evolve(job, event, now_ms=turn.now_ms, fact_ms=fact_ms))
    turn.report(reports_of(job, event), fact)
    return job


def _earliest_ms(job: Job, event: ev.JobEvent) -> int:
    """Return the earliest time at which the event can have happened: not before the one that led to it.

    When the user gave banks away is not moved by what others did before that was heard of.
    """
    collection = isinstance(event, ev.CollectionMade | ev.CourierCameBack)
    return job.created_ms if collection and (job.has_ended or job.offer is None) else job.fact_ms


def _placed(turn: Turn, earliest_ms: int) -> Corrected:
    """Return when the fact that is handled happened."""
    if turn.fact is None:
        return Corrected(turn.now_ms, ClockState.SYNCED)
    if turn.fact.time_ms >= earliest_ms:
        return turn.fact
    return Corrected(earliest_ms, ClockState.INFERRED)


def search(turn: Turn, job: Job) -> None:
    """Begin the next round of a job that nobody has, unless offers are open; or end the search."""
    if job.state is not JobState.OFFERING or turn.board.open_offers(job.id):
        return
    policy = turn.board.policy
    # While this process was down nobody was asked: that time is not part of the search.
    since_ms = max(job.search_since_ms, turn.board.listening_since_ms)
    if turn.now_ms >= since_ms + policy.give_up_offering_ms:
        carry_out(turn, job, FindNobody())
        return
    found = _candidates(turn, job)
    wait_ms = policy.offer_life_ms if found else policy.retry_ms
    job = evolve(job, ev.RoundBegun(turn.now_ms + wait_ms), now_ms=turn.now_ms, fact_ms=job.fact_ms)
    job = turn.save_job(job)
    for candidate in found:
        _offer(turn, job, candidate)


def _candidates(turn: Turn, job: Job) -> list[Candidate]:
    """Return whom to ask in the next round: a radius in which nobody is free is not waited for."""
    board, policy = turn.board, turn.board.policy
    step = job.round_number - job.first_round
    while True:
        radius_m = policy.radius_m(step)
        found = board.free.nearest(
            _start(job),
            radius_m,
            policy.offers_per_round,
            lambda courier: (
                courier not in job.passed and board.couriers[courier].is_present(turn.now_ms, policy)
            ),
        )
        if found or radius_m >= policy.largest_radius_m:
            return found
        step += 1


def _start(job: Job) -> Point:
    """Return where the courier has to go first: to the cabinet, or to the user when banks come back."""
    return job.stop.location if job.leg is LegKind.OUTWARD else job.user_location


def _offer(turn: Turn, job: Job, candidate: Candidate) -> None:
    offer = Offer(
        id=offer_id(job.id, job.round_number, candidate.courier),
        job=job.id,
        courier=candidate.courier,
        round_number=job.round_number,
        distance_m=candidate.distance_m,
        made_ms=turn.now_ms,
        expires_ms=turn.now_ms + turn.board.policy.offer_life_ms,
    )
    turn.save_offer(offer)
    turn.save_courier(replace(turn.board.courier(candidate.courier), offer=offer.id))
    turn.show_offer(offer, job)


def accept(turn: Turn, courier: CourierId, offer_named: OfferId) -> None:
    """Give the job to the courier when the offer is theirs, open and not expired; else say it is closed."""
    offer = _answerable(turn, courier, offer_named)
    if offer is None:
        return
    job = turn.board.jobs[offer.job]
    if len(turn.board.courier(courier).jobs) >= turn.board.policy.jobs_per_courier:
        # A job they had lost came back to life meanwhile: its banks are in their hands.
        _close(turn, offer, OfferEvent.WITHDRAWN)
        search(turn, job)
        return
    turn.save_courier(answered(turn.board.courier(courier)))
    _close(turn, offer, OfferEvent.ACCEPTED)
    carry_out(turn, job, Take(courier, offer.id, turn.free_place(courier)))
    _close_open(turn, job, OfferEvent.TAKEN_BY_ANOTHER)


def decline(turn: Turn, courier: CourierId, offer_named: OfferId) -> None:
    """Note that the courier does not want the job; it is not offered to them again."""
    offer = _answerable(turn, courier, offer_named)
    if offer is None:
        return
    turn.save_courier(answered(turn.board.courier(courier)))
    _close(turn, offer, OfferEvent.DECLINED)
    job = turn.board.jobs[offer.job]
    job = turn.save_job(evolve(job, ev.CourierPassed(courier), now_ms=turn.now_ms, fact_ms=job.fact_ms))
    search(turn, job)


def _answerable(turn: Turn, courier: CourierId, offer_named: OfferId) -> Offer | None:
    """Return the offer when it can still be answered; else tell the courier (but the one who has the job)."""
    offer = turn.board.offers.get(offer_named)
    if offer is None or offer.courier != courier:
        turn.tell_closed(courier, offer_named, OfferEnd.EXPIRED)
        return None
    if offer.is_open and turn.now_ms >= offer.expires_ms:
        expire(turn, offer)
        return None
    if offer.is_open:
        return offer
    if offer.state is not OfferState.ACCEPTED:
        turn.tell_closed(courier, offer.id, TOLD_AS[offer.state])
    return None


def expire(turn: Turn, offer: Offer) -> None:
    """Close an offer whose time is over; so many in a row end its courier's duty."""
    before = turn.board.courier(offer.courier)
    after = missed(before, turn.board.policy.missed_offers_limit)
    turn.save_courier(after, tell=after.on_duty is not before.on_duty)
    _close(turn, offer, OfferEvent.EXPIRED)
    search(turn, turn.board.jobs[offer.job])


def withdraw(turn: Turn, offer: Offer) -> None:
    """Take back an open offer, as its courier cannot take it any more, and ask others."""
    _close(turn, offer, OfferEvent.WITHDRAWN)
    search(turn, turn.board.jobs[offer.job])


def _close_open(turn: Turn, job: Job, event: OfferEvent) -> None:
    for offer in turn.board.open_offers(job.id):
        _close(turn, offer, event)


def _close(turn: Turn, offer: Offer, event: OfferEvent) -> None:
    if not allows(offer, event):
        return
    offer = evolve_offer(offer, event)
    turn.save_offer(offer)
    courier = turn.board.courier(offer.courier)
    if courier.offer == offer.id:
        turn.save_courier(replace(courier, offer=None))
    turn.tell_closed(offer.courier, offer.id, TOLD_AS[offer.state])
