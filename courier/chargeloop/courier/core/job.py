"""A delivery job: one leg of one order, from the request to its one end.

Theory of operation. `decide(job, command)` (in `job_decide`) says what follows from a wish or a report as
the job stands: events, nothing (`()`: it is true already, or too late to matter), or `Refused`.
`evolve(job, event)` applies one event. The table `TRANSITIONS` has every move of both kinds of leg; nothing
moves a job that does not stand in it.

What a job must survive is mostly two facts crossing on the way, so these rules decide which one wins:

- Banks in hands win. A pickup that was made before the cancellation arrived turns the called-off job into
  one that brings the banks back, even when its end has been told; a redirection that crosses with a pickup
  is void.
- A job is with at most one courier; acts of anybody else are refused. But one who had to leave it, or seemed
  to be gone, and proves with the code that the user gave them the banks, has it again, whoever has it now.
- What a courier holds is the banks that were taken (by the phone's word, or as the cabinet saw them leave)
  less those put back (by either word). A courier who leaves without any makes the job open again; one who
  leaves with banks ends it, naming them.
- The hand-over code alone proves a hand-over. It is compared by its hash. Guesses are limited over the whole
  life of the job: after too many the right code proves nothing either, whatever the job's state. Those of
  couriers who left it are counted by themselves, and end nobody's job.
- Handed over are banks that had come into the courier's hands: by the phone's word, which is older in its
  journal and so is here, or as the cabinet saw it, also when that is heard after the phone's pickup. Whether
  they have been seen in a cabinet since does not matter: a hand-over made before may be told after it.
- A phone puts back only what it is known to hold. A cabinet is believed about any bank, but only at
  the reservations that are its own.

`cancelled` and `lost` have been told as ends but still hear of banks: a pickup that comes to light, or what
became of the banks of a courier who had vanished. So does `failed` of a way back: a collection that nobody
had heard of. Heard of in `returned`, it says only when it was. What a way ends with otherwise is final.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chargeloop.courier.core import job_events as ev
from chargeloop.courier.core.job_events import Stop
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import (
    BankId,
    CabinetId,
    CourierId,
    JobId,
    OfferId,
    OrderId,
    ReservationId,
    UserId,
)
from chargeloop.protocol.messages.courier import JobStep, LegKind, Problem
from chargeloop.protocol.messages.delivery import JobEnd
from chargeloop.protocol.values import replace


class JobState(StrEnum):
    """Where a job stands."""

    OFFERING = "offering"
    TO_CABINET = "to_cabinet"
    AT_CABINET = "at_cabinet"
    TO_USER = "to_user"
    AT_USER = "at_user"
    BRING_BACK = "bring_back"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    LOST = "lost"
    FAILED = "failed"


_S = JobState

_Moves = Mapping[JobState, Mapping[type[ev.JobEvent], JobState]]
TRANSITIONS: Final[Mapping[LegKind, _Moves]] = MappingProxyType(
    {
        LegKind.OUTWARD: {
            _S.OFFERING: {
                ev.RoundBegun: _S.OFFERING,
                ev.CourierPassed: _S.OFFERING,
                ev.JobTaken: _S.TO_CABINET,
                ev.JobRedirected: _S.OFFERING,
                ev.CalledOff: _S.CANCELLED,
                ev.CourierNotFound: _S.FAILED,
            },
            _S.TO_CABINET: {
                ev.CabinetReached: _S.AT_CABINET,
                ev.BankSeenOut: _S.TO_CABINET,
                ev.PickupMade: _S.TO_USER,
                ev.ProblemMet: _S.TO_CABINET,
                ev.JobRedirected: _S.TO_CABINET,
                ev.CalledOff: _S.CANCELLED,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeft: _S.OFFERING,
                ev.CourierLeftWithBanks: _S.LOST,
                ev.CourierNotFound: _S.FAILED,
            },
            _S.AT_CABINET: {
                ev.BankSeenOut: _S.AT_CABINET,
                ev.PickupMade: _S.TO_USER,
                ev.ProblemMet: _S.AT_CABINET,
                ev.JobRedirected: _S.TO_CABINET,
                ev.CalledOff: _S.CANCELLED,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeft: _S.OFFERING,
                ev.CourierLeftWithBanks: _S.LOST,
                ev.CourierNotFound: _S.FAILED,
            },
            _S.TO_USER: {
                ev.UserReached: _S.AT_USER,
                ev.BankSeenOut: _S.TO_USER,
                ev.HandoverMade: _S.DELIVERED,
                ev.CodeRefused: _S.TO_USER,
                ev.CodesExhausted: _S.LOST,
                ev.ProblemMet: _S.TO_USER,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeftWithBanks: _S.LOST,
            },
            _S.AT_USER: {
                ev.BankSeenOut: _S.AT_USER,
                ev.HandoverMade: _S.DELIVERED,
                ev.CodeRefused: _S.AT_USER,
                ev.CodesExhausted: _S.LOST,
                ev.ProblemMet: _S.AT_USER,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeftWithBanks: _S.LOST,
            },
            _S.BRING_BACK: {
                ev.BanksPutBack: _S.BRING_BACK,
                ev.ReturnCompleted: _S.RETURNED,
                ev.ProblemMet: _S.BRING_BACK,
                ev.JobRedirected: _S.BRING_BACK,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeftWithBanks: _S.LOST,
            },
            _S.DELIVERED: {},
            _S.RETURNED: {},
            _S.CANCELLED: {ev.PickupMade: _S.BRING_BACK, ev.StopNamed: _S.CANCELLED},
            _S.LOST: {
                ev.HandoverMade: _S.DELIVERED,
                ev.CodeRefused: _S.LOST,
                ev.BanksPutBack: _S.LOST,
                ev.ReturnCompleted: _S.RETURNED,
            },
            _S.FAILED: {},
        },
        LegKind.BACK: {
            _S.OFFERING: {
                ev.RoundBegun: _S.OFFERING,
                ev.CourierPassed: _S.OFFERING,
                ev.JobTaken: _S.TO_USER,
                ev.CourierCameBack: _S.TO_USER,
                ev.LateCodeRefused: _S.OFFERING,
                ev.JobRedirected: _S.OFFERING,
                ev.CalledOff: _S.CANCELLED,
                ev.CourierNotFound: _S.FAILED,
            },
            _S.TO_USER: {
                ev.UserReached: _S.AT_USER,
                ev.CollectionMade: _S.TO_CABINET,
                ev.BanksPutBack: _S.TO_USER,
                ev.ReturnCompleted: _S.RETURNED,
                ev.CodeRefused: _S.TO_USER,
                ev.LateCodeRefused: _S.TO_USER,
                ev.CodesExhausted: _S.FAILED,
                ev.ProblemMet: _S.TO_USER,
                ev.JobRedirected: _S.TO_USER,
                ev.CalledOff: _S.CANCELLED,
                ev.CourierLeft: _S.OFFERING,
                ev.CourierLeftWithBanks: _S.LOST,
                ev.CourierNotFound: _S.FAILED,
            },
            _S.AT_USER: {
                ev.CollectionMade: _S.TO_CABINET,
                ev.BanksPutBack: _S.AT_USER,
                ev.ReturnCompleted: _S.RETURNED,
                ev.CodeRefused: _S.AT_USER,
                ev.LateCodeRefused: _S.AT_USER,
                ev.CodesExhausted: _S.FAILED,
                ev.ProblemMet: _S.AT_USER,
                ev.JobRedirected: _S.AT_USER,
                ev.CalledOff: _S.CANCELLED,
                ev.CourierLeft: _S.OFFERING,
                ev.CourierLeftWithBanks: _S.LOST,
                ev.CourierNotFound: _S.FAILED,
            },
            _S.TO_CABINET: {
                ev.CabinetReached: _S.AT_CABINET,
                ev.BanksPutBack: _S.TO_CABINET,
                ev.ReturnCompleted: _S.RETURNED,
                ev.ProblemMet: _S.TO_CABINET,
                ev.JobRedirected: _S.TO_CABINET,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeftWithBanks: _S.LOST,
            },
            _S.AT_CABINET: {
                ev.BanksPutBack: _S.AT_CABINET,
                ev.ReturnCompleted: _S.RETURNED,
                ev.ProblemMet: _S.AT_CABINET,
                ev.JobRedirected: _S.TO_CABINET,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeftWithBanks: _S.LOST,
            },
            _S.BRING_BACK: {
                ev.BanksPutBack: _S.BRING_BACK,
                ev.ReturnCompleted: _S.RETURNED,
                ev.ProblemMet: _S.BRING_BACK,
                ev.JobRedirected: _S.BRING_BACK,
                ev.RecallOrdered: _S.BRING_BACK,
                ev.CourierLeftWithBanks: _S.LOST,
            },
            _S.DELIVERED: {},
            _S.RETURNED: {
                ev.CourierCameBack: _S.RETURNED,
                ev.CollectionMade: _S.RETURNED,
                ev.ReturnCompleted: _S.RETURNED,
                ev.CodeRefused: _S.RETURNED,
                ev.LateCodeRefused: _S.RETURNED,
            },
            _S.CANCELLED: {
                ev.CourierCameBack: _S.CANCELLED,
                ev.CollectionMade: _S.BRING_BACK,
                ev.CodeRefused: _S.CANCELLED,
                ev.LateCodeRefused: _S.CANCELLED,
                ev.StopNamed: _S.CANCELLED,
            },
            _S.LOST: {ev.BanksPutBack: _S.LOST, ev.ReturnCompleted: _S.RETURNED},
            _S.FAILED: {
                ev.CourierCameBack: _S.FAILED,
                ev.CollectionMade: _S.BRING_BACK,
                ev.CodeRefused: _S.FAILED,
                ev.LateCodeRefused: _S.FAILED,
            },
        },
    }
)

ENDED: Final = frozenset({_S.DELIVERED, _S.RETURNED, _S.CANCELLED, _S.LOST, _S.FAILED})
UNDER_WAY: Final = frozenset(JobState) - ENDED - {_S.OFFERING}

# As many as one message names. No courier carries more: what a phone makes up beyond it is not kept.
MOST_BANKS: Final = 20


@dataclass(frozen=True, slots=True)
class Job:
    """One leg as the courier platform knows it.

    `banks` are those known to have come into the courier's hands, `back` those known to be in a cabinet
    again. `passed` are couriers who declined it or left it: they are not asked again; `left` those who
    had it. `first_round` is the
    round in which the present search began, `next_round_ms` when to look for couriers again. `fact_ms` is
    the time of the last fact told about it: the next one cannot have happened before. `place` is the
    courier's place this job fills. `cabinets` says at which cabinet each of the reservations is; of those of
    jobs that were begun before it was kept there is none. `resumed_ms` is when it came back to life after its
    end, 0 when it never did.
    """

    id: JobId
    leg: LegKind
    order: OrderId
    user: UserId
    user_location: Point
    quantity: int
    stop: Stop
    handover_sha256: str
    deliver_by_ms: int
    pay_minor: int
    pay_max_minor: int
    currency: str
    created_ms: int
    search_since_ms: int
    next_round_ms: int
    fact_ms: int
    state: JobState = JobState.OFFERING
    round_number: int = 0
    first_round: int = 0
    passed: tuple[CourierId, ...] = ()
    left: tuple[CourierId, ...] = ()
    courier: CourierId | None = None
    offer: OfferId | None = None
    place: int | None = None
    reservations: tuple[ReservationId, ...] = ()
    cabinets: tuple[tuple[ReservationId, CabinetId], ...] = ()
    banks: tuple[BankId, ...] = ()
    back: tuple[BankId, ...] = ()
    wrong_codes: int = 0
    late_codes: int = 0
    problem: Problem | None = None
    end: JobEnd | None = None
    ended_ms: int | None = None
    resumed_ms: int = 0

    @property
    def held(self) -> tuple[BankId, ...]:
        """Return the banks that are in the courier's hands as far as known."""
        return tuple(bank for bank in self.banks if bank not in self.back)

    @property
    def is_under_way(self) -> bool:
        """Tell whether a courier is at work on it."""
        return self.state in UNDER_WAY

    @property
    def has_ended(self) -> bool:
        """Tell whether its end has been told."""
        return self.state in ENDED

    @property
    def step(self) -> JobStep:
        """Return what its courier is to do next.

        Raises:
            ValueError: no courier is at work on it.
        """
        return JobStep(str(self.state))

    def allows(self, event: type[ev.JobEvent]) -> bool:
        """Tell whether the table has a move for this event as the job stands."""
        return event in TRANSITIONS[self.leg][self.state]

    def is_served_by(self, cabinet: CabinetId, reservation: ReservationId) -> bool:
        """Tell whether the reservation may be at this cabinet, which has no say about those at another."""
        return dict(self.cabinets).get(reservation, cabinet) == cabinet

    def is_code(self, code: str) -> bool:
        """Tell whether this is the hand-over code the user was given."""
        return hashlib.sha256(f"{self.id}:{code}".encode()).hexdigest() == self.handover_sha256


def united(first: tuple[BankId, ...], second: tuple[BankId, ...]) -> tuple[BankId, ...]:
    """Return the banks of both, each once, in the order they were first named, `MOST_BANKS` at most."""
    return tuple(dict.fromkeys(first + second))[:MOST_BANKS]


def evolve(job: Job, event: ev.JobEvent, *, now_ms: int, fact_ms: int) -> Job:
    """Return the job after the event, which happened at `fact_ms` and was decided on at `now_ms`.

    Raises:
        KeyError: the table has no such move; `decide` never returns an event that has none.
    """
    state = TRANSITIONS[job.leg][job.state][type(event)]
    moved = _changed(job, event, now_ms)
    ended = state in ENDED
    return replace(
        moved,
        state=state,
        fact_ms=max(job.fact_ms, fact_ms),
        problem=moved.problem if state is job.state else None,
        ended_ms=(job.ended_ms if job.has_ended else now_ms) if ended else None,
        resumed_ms=now_ms if job.has_ended and state in UNDER_WAY else job.resumed_ms,
        place=moved.place if state in UNDER_WAY else None,
        end=moved.end if ended else None,
    )


def _changed(job: Job, event: ev.JobEvent, now_ms: int) -> Job:
    match event:
        case ev.RoundBegun() | ev.CourierPassed() | ev.JobTaken() | ev.CourierLeft() | ev.CourierCameBack():
            return _searched(job, event, now_ms)
        case (
            ev.CodeRefused()
            | ev.LateCodeRefused()
            | ev.CodesExhausted()
            | ev.ProblemMet()
            | ev.CourierNotFound()
        ):
            return _troubled(job, event)
        case ev.JobRedirected() | ev.CalledOff() | ev.RecallOrdered() | ev.StopNamed():
            return _requested(job, event)
        case ev.BankSeenOut() | ev.PickupMade() | ev.CollectionMade() | ev.CourierLeftWithBanks():
            return _in_hands(job, event)
        case ev.BanksPutBack(banks, _) | ev.ReturnCompleted(banks, _):
            return replace(job, back=united(job.back, banks))
        case ev.CabinetReached() | ev.UserReached() | ev.HandoverMade():
            return job


def _requested(job: Job, event: ev.JobRedirected | ev.CalledOff | ev.RecallOrdered | ev.StopNamed) -> Job:
    if isinstance(event, ev.JobRedirected):
        return replace(_at(job, event.stop), quantity=event.quantity, problem=None)
    return replace(_at(job, event.stop), end=JobEnd.CANCELLED)


def _at(job: Job, stop: Stop | None) -> Job:
    if stop is None:
        return job
    return replace(
        job,
        stop=stop,
        reservations=tuple(dict.fromkeys((*job.reservations, stop.reservation))),
        cabinets=tuple({**dict(job.cabinets), stop.reservation: stop.cabinet}.items()),
    )


def _searched(
    job: Job,
    event: ev.RoundBegun | ev.CourierPassed | ev.JobTaken | ev.CourierLeft | ev.CourierCameBack,
    now_ms: int,
) -> Job:
    match event:
        case ev.RoundBegun(next_round_ms):
            return replace(job, round_number=job.round_number + 1, next_round_ms=next_round_ms)
        case ev.CourierPassed(courier):
            return replace(job, passed=tuple(dict.fromkeys((*job.passed, courier))))
        case ev.JobTaken(courier, offer, place):
            return replace(job, courier=courier, offer=offer, place=place)
        case ev.CourierCameBack(courier):
            return replace(job, courier=courier, offer=None)
        case ev.CourierLeft(courier, _):
            return replace(
                job,
                courier=None,
                offer=None,
                passed=tuple(dict.fromkeys((*job.passed, courier))),
                left=tuple(dict.fromkeys((*job.left, courier))),
                first_round=job.round_number,
                search_since_ms=now_ms,
                next_round_ms=now_ms,
            )


def _troubled(
    job: Job,
    event: ev.CodeRefused | ev.LateCodeRefused | ev.CodesExhausted | ev.ProblemMet | ev.CourierNotFound,
) -> Job:
    match event:
        case ev.CodeRefused():
            return replace(job, wrong_codes=job.wrong_codes + 1)
        case ev.LateCodeRefused():
            return replace(job, late_codes=job.late_codes + 1)
        case ev.CodesExhausted():
            return replace(job, wrong_codes=job.wrong_codes + 1, end=JobEnd.WRONG_CODES)
        case ev.ProblemMet(problem):
            return replace(job, problem=problem)
        case ev.CourierNotFound():
            return replace(job, end=JobEnd.NO_COURIER)


def _in_hands(
    job: Job, event: ev.BankSeenOut | ev.PickupMade | ev.CollectionMade | ev.CourierLeftWithBanks
) -> Job:
    if isinstance(event, ev.BankSeenOut):
        return replace(job, banks=united(job.banks, (event.bank,)))
    banks = united(job.banks, event.banks)
    left = isinstance(event, ev.CourierLeftWithBanks)
    return replace(job, banks=banks, end=JobEnd.GAVE_UP_WITH_BANKS if left else job.end)
