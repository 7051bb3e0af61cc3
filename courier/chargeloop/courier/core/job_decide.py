"""Commands to a delivery job, and what follows from each as the job stands.

`decide` returns the events to apply in order, `()` when the command is true already or came too late to
matter (repeats and crossings are ordinary), or `Refused` when its sender must hear that it was not
accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chargeloop.courier.core import job_events as ev
from chargeloop.courier.core.job import Job, JobState, united
from chargeloop.courier.core.job_events import Stop
from chargeloop.protocol.ids import BankId, CourierId, OfferId
from chargeloop.protocol.messages.courier import LegKind, Problem
from chargeloop.protocol.messages.delivery import Evidence


@dataclass(frozen=True, slots=True)
class Take:
    """Give the job to the courier who accepted this offer."""

    courier: CourierId
    offer: OfferId
    place: int


@dataclass(frozen=True, slots=True)
class ReachCabinet:
    """The courier reports standing at the cabinet."""

    courier: CourierId


@dataclass(frozen=True, slots=True)
class ReachUser:
    """The courier reports standing at the user's place."""

    courier: CourierId


@dataclass(frozen=True, slots=True)
class PickUp:
    """The courier reports the banks that came out."""

    courier: CourierId
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """The courier reports a hand-over to the user, with the code the user said."""

    courier: CourierId
    code: str
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class Collect:
    """The courier reports banks taken from the user, with the code the user said."""

    courier: CourierId
    code: str
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class PutBack:
    """Banks are in a cabinet: by the courier's word, or by the cabinet's (`courier` None)."""

    courier: CourierId | None
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class SeeOut:
    """The cabinet reports that a bank reserved for the job left."""

    bank: BankId


@dataclass(frozen=True, slots=True)
class Leave:
    """The courier gives up, holding `banks`."""

    courier: CourierId
    reason: str
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class ReportProblem:
    """The courier reports a problem that others must solve."""

    courier: CourierId
    problem: Problem


@dataclass(frozen=True, slots=True)
class Redirect:
    """The rental platform names another cabinet or quantity."""

    stop: Stop
    quantity: int


@dataclass(frozen=True, slots=True)
class CallOff:
    """The rental platform stops the job; banks in hands go to `stop`."""

    stop: Stop | None


@dataclass(frozen=True, slots=True)
class LoseCourier:
    """The courier has been out of reach for too long."""


@dataclass(frozen=True, slots=True)
class EndStuck:
    """The job has taken longer than any job may."""


@dataclass(frozen=True, slots=True)
class FindNobody:
    """Nobody took the job while it was offered."""


CourierAct = ReachCabinet | ReachUser | PickUp | HandOver | Collect | Leave | ReportProblem
JobCommand = Take | CourierAct | PutBack | SeeOut | Redirect | CallOff | LoseCourier | EndStuck | FindNobody


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was not accepted; `reason` is for people."""

    reason: str


Decision = Sequence[ev.JobEvent] | Refused

NOT_YOURS: Final = Refused("the job is not yours")
NO_BANKS: Final = Refused("no bank is named")
NOT_NOW: Final = Refused("not possible at this step of the job")
WRONG_CODE: Final = Refused("wrong hand-over code")
NOT_IN_HAND: Final = Refused("not the banks of this job")

# In these states an act of the same name has had its effect, or can have none any more.
_AFTER_PICKUP: Final = frozenset(
    {
        JobState.TO_USER,
        JobState.AT_USER,
        JobState.BRING_BACK,
        JobState.DELIVERED,
        JobState.RETURNED,
        JobState.LOST,
    }
)
_AFTER_COLLECTION: Final = frozenset(
    {JobState.TO_CABINET, JobState.AT_CABINET, JobState.BRING_BACK, JobState.RETURNED, JobState.LOST}
)


def decide(job: Job, command: JobCommand, wrong_codes_limit: int) -> Decision:
    """Return what follows from `command` as the job stands; the job itself is not changed."""
    match command:
        case Take():
            taken = ev.JobTaken(command.courier, command.offer, command.place)
            return (taken,) if job.allows(ev.JobTaken) else NOT_NOW
        case SeeOut(bank):
            new = job.allows(ev.BankSeenOut) and bank not in job.banks
            return (ev.BankSeenOut(bank),) if new else ()
        case PutBack():
            return _put_back(job, command)
        case Redirect() | CallOff():
            return _requested(job, command)
        case LoseCourier() | EndStuck() | FindNobody():
            return _given_up(job, command)
        case _:
            return _acted(job, command, wrong_codes_limit)


def _acted(job: Job, act: CourierAct, wrong_codes_limit: int) -> Decision:
    if act.courier != job.courier:
        return _acted_apart(job, act, wrong_codes_limit)
    match act:
        case ReachCabinet() | ReachUser():
            reached = ev.CabinetReached() if isinstance(act, ReachCabinet) else ev.UserReached()
            return (reached,) if job.allows(type(reached)) else ()
        case PickUp():
            return _picked_up(job, act)
        case HandOver() | Collect():
            return _proved(job, act, wrong_codes_limit)
        case Leave(_, reason, banks):
            return _left(job, reason, banks)
        case ReportProblem(_, problem):
            new = job.allows(ev.ProblemMet) and problem is not job.problem
            return (ev.ProblemMet(problem),) if new else ()


def _acted_apart(job: Job, act: CourierAct, wrong_codes_limit: int) -> Decision:
    """Return what follows from an act of somebody who has not got the job."""
    if isinstance(act, Collect) and act.courier in job.left:
        return _came_back(job, act, wrong_codes_limit)
    # A courier who has left the job repeats that, or hears that it goes on without them.
    return () if isinstance(act, Leave) and act.courier in job.passed else NOT_YOURS


def _picked_up(job: Job, act: PickUp) -> Decision:
    if not act.banks:
        return NO_BANKS
    if job.allows(ev.PickupMade):
        return (ev.PickupMade(act.banks),)
    return () if job.leg is LegKind.OUTWARD and job.state in _AFTER_PICKUP else NOT_NOW


def _proved(job: Job, act: HandOver | Collect, wrong_codes_limit: int) -> Decision:
    if _proved_before(job, act):
        return ()
    if not job.allows(ev.HandoverMade if isinstance(act, HandOver) else ev.CollectionMade):
        return NOT_NOW
    unproved = _unproved(job, act, wrong_codes_limit)
    if unproved is not None:
        return unproved
    return (ev.HandoverMade(act.banks),) if isinstance(act, HandOver) else _collection(job, act)


def _collection(job: Job, act: Collect) -> Sequence[ev.JobEvent]:
    made = ev.CollectionMade(act.banks)
    if job.state is JobState.RETURNED or set(act.banks) <= set(job.back):
        # The cabinet was faster than the phone: everything collected is in its slots already.
        return made, ev.ReturnCompleted(job.back, Evidence.CABINET)
    return (made,)


def _came_back(job: Job, act: Collect, wrong_codes_limit: int) -> Decision:
    """Give the job back to a courier who had left it, or seemed to, and took the banks all the same."""
    may = job.allows(ev.CourierLeft if job.is_under_way else ev.CourierCameBack)
    if job.leg is not LegKind.BACK or _proved_before(job, act) or not may:
        return NOT_YOURS
    if max(job.wrong_codes, job.late_codes) >= wrong_codes_limit:
        return WRONG_CODE
    if not job.is_code(act.code):
        return (ev.LateCodeRefused(),)
    if not act.banks:
        return NO_BANKS
    collected = (ev.CourierCameBack(act.courier), *_collection(job, act))
    if job.is_under_way and job.courier is not None:
        return (ev.CourierLeft(job.courier, "another courier has the banks"), *collected)
    return collected


def _unproved(job: Job, act: HandOver | Collect, wrong_codes_limit: int) -> Decision | None:
    """Return what follows when the act proves nothing, or None when it proves that banks changed hands."""
    if job.wrong_codes >= wrong_codes_limit:
        return WRONG_CODE
    if not job.is_code(act.code):
        return _wrong_code(job, wrong_codes_limit)
    if not act.banks or (isinstance(act, HandOver) and not set(act.banks) <= set(job.banks)):
        return NOT_IN_HAND if act.banks else NO_BANKS
    return None


def _proved_before(job: Job, act: HandOver | Collect) -> bool:
    if isinstance(act, HandOver):
        return job.leg is LegKind.OUTWARD and job.state is JobState.DELIVERED
    # Without any bank in hand the return was the cabinet's word alone.
    return job.leg is LegKind.BACK and job.state in _AFTER_COLLECTION and bool(job.banks)


def _wrong_code(job: Job, wrong_codes_limit: int) -> Decision:
    ends = job.is_under_way and job.wrong_codes + 1 >= wrong_codes_limit
    return (ev.CodesExhausted() if ends else ev.CodeRefused(),)


def _left(job: Job, reason: str, banks: tuple[BankId, ...]) -> Decision:
    if not job.is_under_way or job.courier is None:
        return ()
    # What is said to be taken from a user needs the code, as a collection does; what left a cabinet does not.
    named = banks if job.leg is LegKind.OUTWARD else ()
    held = united(job.held, tuple(bank for bank in named if bank not in job.back))
    if held:
        return (ev.CourierLeftWithBanks(job.courier, reason, held),)
    if job.allows(ev.CourierLeft):
        return (ev.CourierLeft(job.courier, reason),)
    return (ev.ReturnCompleted(job.back, Evidence.CABINET),) if job.allows(ev.ReturnCompleted) else ()


def _put_back(job: Job, command: PutBack) -> Decision:
    if command.courier is not None and command.courier != job.courier:
        return NOT_YOURS
    evidence = Evidence.CABINET if command.courier is None else Evidence.PHONE
    if not job.allows(ev.BanksPutBack):
        quiet = evidence is Evidence.CABINET or job.state is JobState.RETURNED
        return () if quiet else NOT_NOW
    by_phone = evidence is Evidence.PHONE
    banks = tuple(bank for bank in command.banks if bank in job.banks) if by_phone else command.banks
    if by_phone and not banks:
        # Nothing was collected yet, or these are not the banks of this job: its word alone returns none.
        return NOT_NOW
    back = united(job.back, banks)
    if back == job.back:
        return ()
    if _all_back(job, back):
        return (ev.ReturnCompleted(banks, evidence),)
    return (ev.BanksPutBack(banks, evidence),)


def _all_back(job: Job, back: tuple[BankId, ...]) -> bool:
    if job.banks:
        return set(job.banks) <= set(back)
    return len(back) >= job.quantity


def _requested(job: Job, command: Redirect | CallOff) -> Decision:
    if isinstance(command, Redirect):
        # A reservation the job has had before: a repeat, or an older redirection that comes late.
        known = command.stop.reservation in job.reservations
        new = job.allows(ev.JobRedirected) and not known
        return (ev.JobRedirected(command.stop, command.quantity),) if new else ()
    if job.allows(ev.CalledOff) and not job.held:
        return (ev.CalledOff(command.stop),)
    known = command.stop is None or command.stop.reservation in job.reservations
    if command.stop is not None and job.allows(ev.StopNamed):
        return () if known else (ev.StopNamed(command.stop),)
    if not job.allows(ev.RecallOrdered) or (job.state is JobState.BRING_BACK and known):
        return ()
    return (ev.RecallOrdered(command.stop),)


def _given_up(job: Job, command: LoseCourier | EndStuck | FindNobody) -> Decision:
    if isinstance(command, FindNobody):
        return (ev.CourierNotFound(),) if job.state is JobState.OFFERING else ()
    if job.is_under_way and job.back and not job.held and job.allows(ev.ReturnCompleted):
        return (ev.ReturnCompleted(job.back, Evidence.CABINET),)
    if isinstance(command, LoseCourier):
        return _left(job, "out of reach", ())
    if job.held:
        return _left(job, "the job took too long", ())
    return (ev.CourierNotFound(),) if job.allows(ev.CourierNotFound) else ()
