"""What the rental platform asks for: rental and return requests, redirections, cancellations."""

from chargeloop.courier.core.board import Turn
from chargeloop.courier.core.job import Job
from chargeloop.courier.core.job_decide import CallOff, Redirect
from chargeloop.courier.core.job_events import Stop
from chargeloop.courier.core.offering import carry_out, search
from chargeloop.protocol.envelope import Envelope
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.delivery import (
    DeliveryCancelled,
    DeliveryRedirected,
    RentalRequested,
    ReturnRequested,
)


def requested(turn: Turn, message: Envelope[RentalRequested] | Envelope[ReturnRequested]) -> None:
    """Begin a job and look for a courier. A job that is known already is not begun again."""
    request = message.data
    if request.job in turn.board.jobs:
        return
    stop = Stop(request.cabinet, request.cabinet_location.point, request.reservation, request.code)
    job = Job(
        id=request.job,
        leg=LegKind.OUTWARD if isinstance(request, RentalRequested) else LegKind.BACK,
        order=request.order,
        user=request.user,
        user_location=request.user_location.point,
        quantity=request.quantity,
        stop=stop,
        reservations=(stop.reservation,),
        cabinets=((stop.reservation, stop.cabinet),),
        handover_sha256=request.handover_sha256,
        deliver_by_ms=request.deliver_by,
        pay_minor=request.pay_minor,
        pay_max_minor=request.pay_max_minor,
        currency=request.currency,
        created_ms=turn.now_ms,
        search_since_ms=turn.now_ms,
        next_round_ms=turn.now_ms,
        fact_ms=turn.now_ms,
    )
    search(turn, turn.save_job(job))


def redirected(turn: Turn, message: Envelope[DeliveryRedirected]) -> None:
    """Go on with another cabinet; void when the banks are out already or the job is over."""
    redirection = message.data
    job = turn.board.jobs.get(redirection.job)
    if job is None:
        return
    stop = Stop(
        redirection.cabinet, redirection.cabinet_location.point, redirection.reservation, redirection.code
    )
    carry_out(turn, job, Redirect(stop, redirection.quantity))


def cancelled(turn: Turn, message: Envelope[DeliveryCancelled]) -> None:
    """Stop the job; banks in hands go to the cabinet named."""
    cancellation = message.data
    job = turn.board.jobs.get(cancellation.job)
    if job is not None:
        carry_out(turn, job, CallOff(_stop_of(cancellation)))


def _stop_of(cancellation: DeliveryCancelled) -> Stop | None:
    cabinet, location = cancellation.cabinet, cancellation.cabinet_location
    reservation, code = cancellation.reservation, cancellation.code
    if cabinet is None or location is None or reservation is None or code is None:
        return None
    return Stop(cabinet, location.point, reservation, code)
