"""What a simulated courier does physically, without I/O: what is asked of the world, what its answer means.

A deed is asked of the world under an id that is written down before (`errand.ask_id`), and answered once.
What the answer means for the errand, and what is to be reported to the courier platform, is decided here;
whoever drives a courier (`body` on a broker, a simulation in virtual time) asks, records the reports in
order, and keeps the errand afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from chargeloop.courier.agent.errand import Act, Errand, Goal
from chargeloop.courier.agent.profile import Profile
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.messages import courier as msg
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.courier import LegKind, Problem
from chargeloop.protocol.messages.world import BankInserted, CabinetAnswered, CodeTyped, DoorAnswered, Knocked
from chargeloop.protocol.topics import TOPICS
from chargeloop.protocol.values import replace

PHYSICAL: Final = (Act.TYPE_CODE, Act.KNOCK, Act.INSERT)
_ABSENCES_BORNE: Final = 2
# What is wrong when a goal is not reached.
_PROBLEMS: Final[Mapping[Goal, Problem]] = MappingProxyType(
    {
        Goal.FETCH: Problem.CABINET_GAVE_NOTHING,
        Goal.DELIVER: Problem.USER_ABSENT,
        Goal.COLLECT: Problem.USER_ABSENT,
        Goal.PUT_BACK: Problem.CABINET_TAKES_NOTHING,
        Goal.RID: Problem.CABINET_TAKES_NOTHING,
    }
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is tried, where, and by which type of message the world answers."""

    topic: str
    data: Data
    answers: type[CabinetAnswered | DoorAnswered]


@dataclass(frozen=True, slots=True)
class Deed:
    """The errand afterwards, and the reports to record before it is kept.

    With `proves` the id of the last report is to be kept as the errand's proof.
    """

    errand: Errand
    reports: tuple[Data, ...] = ()
    proves: bool = False


def question(act: Act, errand: Errand, profile: Profile, region: RegionId) -> Question:
    """Return what is asked of the world by a physical act.

    Raises:
        ValueError: the act asks nothing.
    """
    if act is Act.KNOCK:
        delivering = errand.job.leg is LegKind.OUTWARD
        knocked = Knocked(job=errand.job.job, delivering=delivering, banks=errand.banks if delivering else ())
        topic = TOPICS["door_knock"].topic(region, courier=profile.courier, user=errand.job.user)
        return Question(topic, knocked, DoorAnswered)
    topic = TOPICS["courier_hands"].topic(region, courier=profile.courier, cabinet=errand.job.cabinet)
    if act is Act.TYPE_CODE or (act is Act.INSERT and _opens_first(errand)):
        return Question(topic, CodeTyped(code=errand.job.code), CabinetAnswered)
    if act is Act.INSERT:
        return Question(topic, BankInserted(bank=errand.banks[0], code=_code(errand)), CabinetAnswered)
    raise ValueError(f"{act} is no physical act")


def answered(  # noqa: PLR0913 - the facts of one decision, named by the caller
    act: Act, asked: Errand, *, now: Errand, answer: Data, profile: Profile, now_ms: int
) -> Deed:
    """Return what follows from the world's answer.

    Args:
        act: what was tried.
        asked: the errand as it stood when it was tried.
        now: the errand as it is remembered now, which the work may have changed meanwhile.
        answer: the world's.
        profile: of the courier.
        now_ms: the courier's time.

    Raises:
        ValueError: the answer does not belong to the act.
    """
    errand = replace(now, asking=False)
    if act is Act.KNOCK and isinstance(answer, DoorAnswered):
        return _at_door(errand, answer, profile, now_ms)
    if act is Act.TYPE_CODE and isinstance(answer, CabinetAnswered):
        return _picked_up(errand, answer, profile, now_ms)
    if act is Act.INSERT and isinstance(answer, CabinetAnswered):
        if _opens_first(asked):
            # A job that is called off while its banks are still reserved has the pickup code: what comes out
            # by it goes back in.
            banks = _with(errand.banks, answer.banks)
            return Deed(replace(errand, banks=banks, opened=True, code_works=answer.accepted))
        return _put_in(errand, asked, answer, profile, now_ms)
    raise ValueError(f"{type(answer).__name__} does not answer {act}")


def trouble(errand: Errand, profile: Profile, now_ms: int) -> Deed:
    """Return what follows from a goal that cannot be reached: it is reported once, and waited for."""
    reports: list[Data] = []
    if errand.moved and errand.goal is Goal.PUT_BACK:
        # A part was taken: say so before saying that the rest was not.
        reports.append(msg.PutBack(job=errand.job.job, banks=errand.moved))
        errand = replace(errand, moved=())
    if errand.troubled_ms is None and errand.goal is not Goal.RID:
        reports.append(msg.ProblemReported(job=errand.job.job, problem=_PROBLEMS[errand.goal]))
    since_ms = now_ms if errand.troubled_ms is None else errand.troubled_ms
    again_ms = now_ms + profile.patience_ms
    return Deed(replace(errand, troubled_ms=since_ms, not_before_ms=again_ms), tuple(reports))


def giving_up(errand: Errand) -> Deed:
    """Return what follows from dropping the job; banks in hands go to a cabinet afterwards."""
    left = msg.GaveUp(job=errand.job.job, reason="the courier cannot go on", banks=errand.bank_ids)
    return Deed(replace(errand, left=True), (left,))


def arrival(errand: Errand) -> tuple[Data, ...]:
    """Return what is reported on arrival where the goal is reached."""
    if errand.goal is Goal.RID:
        return ()
    at_user = errand.goal in {Goal.DELIVER, Goal.COLLECT}
    return ((msg.ArrivedAtUser if at_user else msg.ArrivedAtCabinet)(job=errand.job.job),)


def _code(errand: Errand) -> str | None:
    return errand.job.code if errand.goal is Goal.PUT_BACK and errand.code_works else None


def _opens_first(errand: Errand) -> bool:
    """Tell whether the code is typed by itself before the first bank is pushed in."""
    return _code(errand) is not None and not errand.opened


def _picked_up(errand: Errand, answer: CabinetAnswered, profile: Profile, now_ms: int) -> Deed:
    banks = _with(errand.banks, answer.banks)
    if not banks:
        return trouble(errand, profile, now_ms)
    errand = replace(errand, banks=banks)
    return Deed(errand, (msg.PickedUp(job=errand.job.job, banks=errand.bank_ids),), proves=True)


def _put_in(errand: Errand, asked: Errand, answer: CabinetAnswered, profile: Profile, now_ms: int) -> Deed:
    if answer.accepted:
        bank = asked.banks[0].bank
        rest = tuple(held for held in errand.banks if held.bank != bank)
        return _inserted(replace(errand, banks=rest, moved=(*errand.moved, bank)))
    if _code(asked) is not None:
        return Deed(replace(errand, code_works=False))
    return trouble(errand, profile, now_ms)


def _inserted(errand: Errand) -> Deed:
    if errand.banks:
        return Deed(errand)
    return Deed(replace(errand, moved=()), (msg.PutBack(job=errand.job.job, banks=errand.moved),))


def _at_door(errand: Errand, answer: DoorAnswered, profile: Profile, now_ms: int) -> Deed:
    delivering = errand.job.leg is LegKind.OUTWARD
    if answer.present:
        moved = errand.bank_ids if delivering else tuple(bank.bank for bank in answer.banks)
        banks = () if delivering else _with(errand.banks, answer.banks)
        errand = replace(errand, banks=banks, moved=tuple(dict.fromkeys(errand.moved + moved)))
    if answer.present and answer.code is not None and errand.moved:
        return _proved(errand, answer.code, profile, now_ms)
    return _absent(errand, profile, now_ms)


def _proved(errand: Errand, code: str, profile: Profile, now_ms: int) -> Deed:
    kind = msg.Delivered if errand.job.leg is LegKind.OUTWARD else msg.Collected
    report = kind(job=errand.job.job, code=code, banks=errand.moved)
    again_ms = now_ms + profile.service_ms
    return Deed(replace(errand, absences=0, not_before_ms=again_ms), (report,), proves=True)


def _absent(errand: Errand, profile: Profile, now_ms: int) -> Deed:
    errand = replace(errand, absences=errand.absences + 1, not_before_ms=now_ms + profile.patience_ms)
    return Deed(errand) if errand.absences < _ABSENCES_BORNE else trouble(errand, profile, now_ms)


def _with(banks: tuple[BankStatus, ...], more: Sequence[BankStatus]) -> tuple[BankStatus, ...]:
    known = {bank.bank for bank in banks}
    return (*banks, *(bank for bank in more if bank.bank not in known))
