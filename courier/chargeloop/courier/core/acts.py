"""What couriers do and what cabinets see of it, turned into commands to jobs and offers.

An act that is refused is listed in the courier's work by the id of its event, so the phone knows which of
its reports did not count. What the cabinet reports is evidence: it is never refused, and a courier who was
faster is not contradicted by it. What another cabinet says of the same reservation is none.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from chargeloop.courier.core import job_decide as cmd
from chargeloop.courier.core.board import Turn
from chargeloop.courier.core.job import Job
from chargeloop.courier.core.job_decide import WRONG_CODE, JobCommand
from chargeloop.courier.core.offering import accept, carry_out, decline
from chargeloop.protocol.clock_map import Lean
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import CabinetId, CourierId, ReservationId
from chargeloop.protocol.messages import cabinet, courier

# Which end of the doubt is taken for the time of an act. The back leg is paid for until the banks are back:
# the customer must not pay for our doubt. Elsewhere a later time is good for one fee and bad for the next.
LEANS: Final[Mapping[type[Data], Lean]] = MappingProxyType({courier.PutBack: Lean.EARLIEST})


# Jobs that were called off or lost come back when their banks come to light. A phone that makes up such banks
# must not get more jobs than one `Work` message holds, each with all the banks a job can have.
MOST_JOBS: Final = 4


def accepted(turn: Turn, who: CourierId, message: Envelope[courier.OfferAccepted]) -> None:
    """The courier takes an offer."""
    accept(turn, who, message.data.offer)


def declined(turn: Turn, who: CourierId, message: Envelope[courier.OfferDeclined]) -> None:
    """The courier does not want an offer."""
    decline(turn, who, message.data.offer)


def acted(turn: Turn, who: CourierId, message: Envelope[Any]) -> None:
    """The courier did something for a job."""
    job = turn.board.jobs.get(message.data.job)
    if job is None:
        turn.refuse(who, "the job is not known")
        return
    theirs = turn.board.courier(who).jobs
    if job.id not in theirs and _may_revive(message.data) and len(theirs) >= MOST_JOBS:
        turn.refuse(who, "too many jobs at once")
        return
    wrong_codes = _wrong_codes(job)
    refused = carry_out(turn, job, COMMANDS[type(message.data)](who, message.data))
    if refused is None and _wrong_codes(turn.board.jobs[job.id]) > wrong_codes:
        refused = WRONG_CODE
    if refused is not None:
        turn.refuse(who, refused.reason)


def _wrong_codes(job: Job) -> int:
    return job.wrong_codes + job.late_codes


def _may_revive(act: Data) -> bool:
    return isinstance(act, courier.PickedUp | courier.Collected)


COMMANDS: Final[Mapping[type[Data], Callable[[CourierId, Any], JobCommand]]] = MappingProxyType(
    {
        courier.ArrivedAtCabinet: lambda who, _: cmd.ReachCabinet(who),
        courier.ArrivedAtUser: lambda who, _: cmd.ReachUser(who),
        courier.PickedUp: lambda who, act: cmd.PickUp(who, act.banks),
        courier.Delivered: lambda who, act: cmd.HandOver(who, act.code, act.banks),
        courier.Collected: lambda who, act: cmd.Collect(who, act.code, act.banks),
        courier.PutBack: lambda who, act: cmd.PutBack(who, act.banks),
        courier.GaveUp: lambda who, act: cmd.Leave(who, act.reason, act.banks),
        courier.ProblemReported: lambda who, act: cmd.ReportProblem(who, act.problem),
    }
)


def bank_ejected(turn: Turn, who: CabinetId, message: Envelope[cabinet.BankEjected]) -> None:
    """A cabinet saw a bank leave: when it was reserved for a job, its courier has it."""
    _evidence(turn, who, message.data.reservation, cmd.SeeOut(message.data.bank))


def bank_returned(turn: Turn, who: CabinetId, message: Envelope[cabinet.BankReturned]) -> None:
    """A cabinet read a bank in a slot kept for a job: it is back."""
    _evidence(turn, who, message.data.reservation, cmd.PutBack(None, (message.data.bank,)))


def _evidence(
    turn: Turn, who: CabinetId, reservation: ReservationId | None, command: cmd.SeeOut | cmd.PutBack
) -> None:
    # Evidence without a job is of somebody who rents or returns without a courier.
    job = turn.board.job_of_reservation(reservation)
    if job is not None and reservation is not None and job.is_served_by(who, reservation):
        carry_out(turn, job, command)
