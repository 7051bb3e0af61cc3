"""What a simulated courier does next for one job: a small machine driven by the platform's `Work`.

Theory of operation. The platform says by `Work` which step a job is at; the courier remembers only what
hands and feet know: where they stand, which banks they hold, what they have reported, what they tried.
`plan` puts both together and names the next act. Nothing else decides, so a phone that was cut off or
started again goes on from its memory and the retained `Work`, doing each act once: acts whose effect is
physical carry an id that is written down before they are tried (`tries`), and the world answers a repeated
id with the first answer.

A step gives a goal (`GOALS`). A job that is no longer in the work leaves only what is in the hands: banks
go to the last cabinet known or, when that takes nothing, to the next one, as anybody returns a bank; then the
errand is over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chargeloop.courier.agent.profile import GivesUp, Profile
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, CourierId
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import JobStep, LegKind, WorkJob
from chargeloop.protocol.values import replace


class Goal(StrEnum):
    """What a step of a job asks of the courier."""

    FETCH = "fetch"
    DELIVER = "deliver"
    COLLECT = "collect"
    PUT_BACK = "put_back"
    RID = "rid"  # the job is gone; banks in hands go to a cabinet


class Act(StrEnum):
    """What the courier can do."""

    TRAVEL = "travel"
    TYPE_CODE = "type_code"
    KNOCK = "knock"
    INSERT = "insert"
    GIVE_UP = "give_up"
    WAIT = "wait"
    FINISH = "finish"


GOALS: Final[Mapping[tuple[LegKind, JobStep], Goal]] = MappingProxyType(
    {
        (LegKind.OUTWARD, JobStep.TO_CABINET): Goal.FETCH,
        (LegKind.OUTWARD, JobStep.AT_CABINET): Goal.FETCH,
        (LegKind.OUTWARD, JobStep.TO_USER): Goal.DELIVER,
        (LegKind.OUTWARD, JobStep.AT_USER): Goal.DELIVER,
        (LegKind.OUTWARD, JobStep.BRING_BACK): Goal.PUT_BACK,
        (LegKind.BACK, JobStep.TO_USER): Goal.COLLECT,
        (LegKind.BACK, JobStep.AT_USER): Goal.COLLECT,
        (LegKind.BACK, JobStep.TO_CABINET): Goal.PUT_BACK,
        (LegKind.BACK, JobStep.AT_CABINET): Goal.PUT_BACK,
        (LegKind.BACK, JobStep.BRING_BACK): Goal.PUT_BACK,
    }
)
# The act that reaches a goal, once the courier stands where it must be done.
ACTS: Final[Mapping[Goal, Act]] = MappingProxyType(
    {
        Goal.FETCH: Act.TYPE_CODE,
        Goal.DELIVER: Act.KNOCK,
        Goal.COLLECT: Act.KNOCK,
        Goal.PUT_BACK: Act.INSERT,
        Goal.RID: Act.INSERT,
    }
)
_LEAVES_DURING: Final[Mapping[GivesUp, frozenset[Goal]]] = MappingProxyType(
    {
        GivesUp.BEFORE_PICKUP: frozenset({Goal.FETCH, Goal.COLLECT}),
        GivesUp.AFTER_PICKUP: frozenset({Goal.DELIVER, Goal.PUT_BACK}),
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something has to be done: the id of a cabinet or user, and where that is."""

    id: str
    location: Point


@dataclass(frozen=True, slots=True)
class Errand:
    """What the courier remembers of one job. `number` counts their jobs from 1.

    `job` is the job as last seen in the work, `gone` tells that it is there no more, `left` that the
    courier dropped it. `tries` numbers what was tried physically; `asking` tells that the last try awaits
    its answer. The rest belongs to the present goal: `moved` are banks that have changed hands and are not
    reported yet, `proof` is the id of the event that reported the goal as reached, `troubled_ms` since when
    a problem is unsolved.
    """

    job: WorkJob
    number: int
    banks: tuple[BankStatus, ...] = ()
    gone: bool = False
    left: bool = False
    tries: int = 0
    asking: bool = False
    goal: Goal = Goal.RID
    arrived: bool = False
    moved: tuple[BankId, ...] = ()
    opened: bool = False
    code_works: bool = True
    absences: int = 0
    proof: str | None = None
    troubled_ms: int | None = None
    not_before_ms: int = 0

    @property
    def bank_ids(self) -> tuple[BankId, ...]:
        """Return the ids of the banks in hands."""
        return tuple(bank.bank for bank in self.banks)

    @property
    def place(self) -> Place:
        """Return where the goal is reached."""
        if self.goal in {Goal.DELIVER, Goal.COLLECT}:
            return Place(self.job.user, self.job.user_location.point)
        return Place(self.job.cabinet, self.job.cabinet_location.point)


@dataclass(frozen=True, slots=True)
class Memory:
    """All that a courier remembers, and where they stand (`at`: the id of a cabinet or user).

    `cabinets` are those that the courier knows from jobs, by id.
    """

    location: Point
    at: str | None = None
    errands: tuple[Errand, ...] = ()
    jobs_seen: int = 0
    cabinets: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The next act of an errand and, for waiting, until when at the latest."""

    act: Act
    until_ms: int | None = None


WAIT: Final = Plan(Act.WAIT)


def facing(errand: Errand, job: WorkJob | None, refused: frozenset[str]) -> Errand:
    """Return the errand as the work shows it now; `refused` are the ids of events that did not count.

    A new goal begins anew; another cabinet for the same goal keeps what has been reported.
    """
    seen = replace(errand, job=errand.job if job is None else job, gone=job is None)
    goal = Goal.RID if seen.gone or seen.left else GOALS[seen.job.leg, seen.job.step]
    if seen.proof in refused:
        seen = replace(seen, proof=None)
    if goal is errand.goal and seen.job.reservation == errand.job.reservation:
        return seen
    kept = seen if goal is errand.goal else replace(seen, proof=None, moved=(), absences=0)
    return replace(
        kept,
        goal=goal,
        arrived=False,
        opened=False,
        code_works=True,
        troubled_ms=None,
        not_before_ms=0,
    )


def knowing(cabinets: Sequence[Place], jobs: Iterable[WorkJob]) -> tuple[Place, ...]:
    """Return the cabinets known, with those of these jobs."""
    known = {cabinet.id: cabinet for cabinet in cabinets}
    known |= {job.cabinet: Place(job.cabinet, job.cabinet_location.point) for job in jobs}
    return tuple(known[name] for name in sorted(known))


def elsewhere(errand: Errand, cabinets: Sequence[Place]) -> Errand:
    """Return the errand with the next cabinet known, when the last one takes no bank of a job that is gone.

    Nobody else sends the courier anywhere then, and the cabinet may be full for ever.
    """
    if not errand.gone or errand.goal is not Goal.RID or errand.troubled_ms is None or errand.asking:
        return errand
    others = [place for place in cabinets if place.id != errand.job.cabinet]
    if not others:
        return errand
    # One after the other, by their ids: two that are near and full would else be tried in turn for ever.
    place = next((place for place in others if place.id > errand.job.cabinet), others[0])
    there = {"cabinet": CabinetId(place.id), "cabinet_location": Location.of(place.location)}
    job = errand.job.model_copy(update=there)
    return replace(errand, job=job, arrived=False, troubled_ms=None, not_before_ms=0)


def plan(errand: Errand, at: str | None, now_ms: int, profile: Profile) -> Plan:
    """Return the next act of an errand that is `facing` the work, for a courier who stands `at` a place."""
    if errand.asking:
        # What became of the last try decides everything else.
        return Plan(ACTS[errand.goal])
    if errand.goal is Goal.RID and not errand.banks:
        # A courier who dropped a job waits until the platform has taken it away.
        return Plan(Act.FINISH) if errand.gone else WAIT
    if errand.proof is not None:
        return WAIT
    # Whoever stands there already has still to say so.
    arrived = errand.arrived and at == errand.place.id
    if _drops(errand, arrived, profile):
        return Plan(Act.GIVE_UP)
    return _at_place(errand, now_ms, profile) if arrived else Plan(Act.TRAVEL)


def _drops(errand: Errand, arrived: bool, profile: Profile) -> bool:  # noqa: FBT001 - a fact, not a mode
    """Tell whether a planted courier drops the job now: before the pickup on arrival, after it at once."""
    if profile.gives_up is None or errand.number != profile.gives_up_at_job:
        return False
    ready = arrived if profile.gives_up is GivesUp.BEFORE_PICKUP else bool(errand.banks)
    return ready and errand.goal in _LEAVES_DURING[profile.gives_up]


def _at_place(errand: Errand, now_ms: int, profile: Profile) -> Plan:
    if errand.troubled_ms is not None:
        ends_ms = errand.troubled_ms + profile.stamina_ms
        if now_ms >= ends_ms and errand.goal is not Goal.RID:
            return Plan(Act.GIVE_UP)
        if errand.goal is Goal.FETCH:
            # The code was typed in vain, and wrong codes lock a keypad: only another cabinet or an end can
            # help.
            return Plan(Act.WAIT, ends_ms)
    if now_ms < errand.not_before_ms:
        return Plan(Act.WAIT, errand.not_before_ms)
    if errand.goal is Goal.PUT_BACK and not errand.banks:
        return WAIT
    if errand.goal is Goal.DELIVER and not errand.banks and not errand.moved:
        return Plan(Act.GIVE_UP)
    return Plan(ACTS[errand.goal])


def ask_id(courier: CourierId, errand: Errand) -> str:
    """Return the id of the present try at something physical; a repeat under it moves nothing twice."""
    return f"{courier}.{errand.job.job}.{errand.tries}"
