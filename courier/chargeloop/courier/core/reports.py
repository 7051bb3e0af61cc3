"""What the rental platform is told of each event of a job, and what the phone is."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from chargeloop.courier.core import job_events as ev
from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.job import Job
from chargeloop.courier.core.offer import Offer
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import JobOffered, LegKind, Refusal, Work, WorkJob
from chargeloop.protocol.messages.delivery import JobEnd

_MILESTONES: Final[Mapping[type[ev.JobEvent], str]] = MappingProxyType(
    {
        ev.CabinetReached: "arrived_at_cabinet",
        ev.UserReached: "arrived_at_user",
        ev.RecallOrdered: "bringing_back",
    }
)


def reports_of(job: Job, event: ev.JobEvent) -> Sequence[Data]:
    """Return the reports that follow from `event`; `job` is the job after it."""
    match event:
        case ev.JobTaken(courier) | ev.CourierCameBack(courier):
            indication = delivery.FirstIndication if job.leg is LegKind.OUTWARD else delivery.SecondIndication
            taken = indication(job=job.id, order=job.order, courier=courier)
            # Of a job whose end has been told, only what became of the banks is of interest.
            return (taken,) if job.is_under_way else ()
        case ev.CabinetReached() | ev.UserReached() | ev.RecallOrdered():
            milestone = _MILESTONES[type(event)]
            return (delivery.CourierProgressed(job=job.id, order=job.order, milestone=milestone),)
        case ev.ProblemMet(problem):
            return (delivery.DeliveryProblem(job=job.id, order=job.order, problem=problem),)
        case ev.CourierLeft() | ev.CourierLeftWithBanks():
            return _departure(job, event)
        case ev.CalledOff() | ev.CourierNotFound() | ev.CodesExhausted():
            return (_failure(job, job.end or JobEnd.CANCELLED),)
        case _:
            return _banks_moved(job, event)


def _banks_moved(job: Job, event: ev.JobEvent) -> Sequence[Data]:
    match event:
        case ev.PickupMade(banks):
            return (delivery.BanksPickedUp(job=job.id, order=job.order, banks=banks),)
        case ev.HandoverMade(banks):
            return (delivery.RentalSucceeded(job=job.id, order=job.order, banks=banks),)
        case ev.CollectionMade(banks):
            return (delivery.BanksCollected(job=job.id, order=job.order, banks=banks),)
        case ev.ReturnCompleted(_, evidence):
            return (delivery.ReturnSucceeded(job=job.id, order=job.order, banks=job.back, evidence=evidence),)
        case _:
            return ()


def _departure(job: Job, event: ev.CourierLeft | ev.CourierLeftWithBanks) -> Sequence[Data]:
    banks = event.banks if isinstance(event, ev.CourierLeftWithBanks) else ()
    left = delivery.CourierGaveUp(
        job=job.id,
        order=job.order,
        courier=event.courier,
        reason=event.reason,
        banks=banks,
        offered_again=not banks,
    )
    return (left, _failure(job, JobEnd.GAVE_UP_WITH_BANKS)) if banks else (left,)


def _failure(job: Job, why: JobEnd) -> Data:
    return delivery.DeliveryFailed(job=job.id, order=job.order, why=why, banks=job.held)


def offered(offer: Offer, job: Job) -> JobOffered:
    """Return what the phone is shown of an offer."""
    return JobOffered(
        offer=offer.id,
        job=job.id,
        leg=job.leg,
        quantity=job.quantity,
        cabinet_location=Location.of(job.stop.location),
        user_location=Location.of(job.user_location),
        distance_m=offer.distance_m,
        pay_minor=job.pay_minor,
        pay_max_minor=job.pay_max_minor,
        currency=job.currency,
    )


def work_of(courier: Courier, jobs: Sequence[Job]) -> Work:
    """Return all that the courier has to do; `jobs` are theirs, oldest first."""
    return Work(
        version=courier.work_version,
        on_duty=courier.on_duty,
        jobs=tuple(_work_job(job) for job in jobs),
        refusals=tuple(Refusal(event=refusal.event, reason=refusal.reason) for refusal in courier.refusals),
    )


def _work_job(job: Job) -> WorkJob:
    return WorkJob(
        job=job.id,
        leg=job.leg,
        step=job.step,
        quantity=job.quantity,
        cabinet=job.stop.cabinet,
        cabinet_location=Location.of(job.stop.location),
        user=job.user,
        user_location=Location.of(job.user_location),
        reservation=job.stop.reservation,
        code=job.stop.code,
        banks=job.held,
        deliver_by=job.deliver_by_ms,
    )
