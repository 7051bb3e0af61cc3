"""The job's table: every state and event is walked."""

from dataclasses import replace
from typing import get_args

import pytest

from chargeloop.courier.core import job_events as ev
from chargeloop.courier.core.job import ENDED, TRANSITIONS, UNDER_WAY, Job, JobState, evolve
from chargeloop.courier.core.job_decide import (
    CallOff,
    Collect,
    EndStuck,
    FindNobody,
    HandOver,
    JobCommand,
    Leave,
    LoseCourier,
    PickUp,
    PutBack,
    ReachCabinet,
    ReachUser,
    Redirect,
    Refused,
    ReportProblem,
    SeeOut,
    Take,
    decide,
)
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import CabinetId, OfferId, OrderId, ReservationId, UserId
from chargeloop.protocol.messages.courier import JobStep, LegKind, Problem
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from tests.courier.core.making import BANK_1, BANK_2, CODE, JOB, NOW_MS, A, B, request

STOP = ev.Stop(CabinetId("cab-1"), Point(0, 0), ReservationId("rsv-1"), "402913")
OTHER_STOP = replace(STOP, cabinet=CabinetId("cab-2"), reservation=ReservationId("rsv-2"))
OFFER = OfferId("off-1")
LIMIT = 5

EVENTS: dict[type[ev.JobEvent], ev.JobEvent] = {
    type(event): event
    for event in (
        ev.RoundBegun(NOW_MS + 1),
        ev.CourierPassed(B),
        ev.JobTaken(A, OFFER, 0),
        ev.CourierCameBack(A),
        ev.CabinetReached(),
        ev.BankSeenOut(BANK_1),
        ev.PickupMade((BANK_1, BANK_2)),
        ev.UserReached(),
        ev.CodeRefused(),
        ev.LateCodeRefused(),
        ev.CodesExhausted(),
        ev.HandoverMade((BANK_1,)),
        ev.CollectionMade((BANK_1, BANK_2)),
        ev.BanksPutBack((BANK_1,), Evidence.PHONE),
        ev.ReturnCompleted((BANK_1, BANK_2), Evidence.PHONE),
        ev.CourierLeft(A, "flat tyre"),
        ev.CourierLeftWithBanks(A, "flat tyre", (BANK_1,)),
        ev.ProblemMet(Problem.USER_ABSENT),
        ev.JobRedirected(OTHER_STOP, 1),
        ev.CalledOff(OTHER_STOP),
        ev.StopNamed(OTHER_STOP),
        ev.RecallOrdered(OTHER_STOP),
        ev.CourierNotFound(),
    )
}
COMMANDS: tuple[JobCommand, ...] = (
    Take(A, OFFER, 0),
    ReachCabinet(A),
    ReachUser(A),
    PickUp(A, (BANK_1, BANK_2)),
    HandOver(A, CODE, (BANK_1, BANK_2)),
    HandOver(A, "0000", (BANK_1, BANK_2)),
    Collect(A, CODE, (BANK_1, BANK_2)),
    Collect(A, "0000", (BANK_1,)),
    PutBack(A, (BANK_1,)),
    PutBack(None, (BANK_1, BANK_2)),
    SeeOut(BANK_1),
    Leave(A, "flat tyre", ()),
    Leave(A, "flat tyre", (BANK_2,)),
    ReportProblem(A, Problem.USER_ABSENT),
    Redirect(OTHER_STOP, 1),
    CallOff(OTHER_STOP),
    CallOff(None),
    LoseCourier(),
    EndStuck(),
    FindNobody(),
)


def job_in(state: JobState, leg: LegKind, **changes: object) -> Job:
    asked = request()
    holds = state in {JobState.TO_USER, JobState.AT_USER} and leg is LegKind.OUTWARD
    holds = holds or (state in {JobState.TO_CABINET, JobState.AT_CABINET} and leg is LegKind.BACK)
    holds = holds or state in {JobState.BRING_BACK, JobState.LOST}
    job = Job(
        id=JOB,
        leg=leg,
        order=OrderId("ord-1"),
        user=UserId("usr-1"),
        user_location=Point(0, 0),
        quantity=2,
        stop=STOP,
        reservations=(STOP.reservation,),
        handover_sha256=asked.handover_sha256,
        deliver_by_ms=NOW_MS,
        pay_minor=0,
        pay_max_minor=0,
        currency="EUR",
        created_ms=NOW_MS,
        search_since_ms=NOW_MS,
        next_round_ms=NOW_MS,
        fact_ms=NOW_MS,
        state=state,
        courier=None if state is JobState.OFFERING else A,
        offer=None if state is JobState.OFFERING else OFFER,
        place=0 if state in UNDER_WAY else None,
        banks=(BANK_1, BANK_2) if holds else (),
        ended_ms=NOW_MS if state in ENDED else None,
    )
    return replace(job, **changes)  # type: ignore[arg-type]


def every_state() -> list[tuple[LegKind, JobState]]:
    return [(leg, state) for leg in LegKind for state in JobState if state in TRANSITIONS[leg]]


def test_the_table_has_every_state_of_both_legs() -> None:
    assert set(TRANSITIONS) == set(LegKind)
    assert all(set(moves) == set(JobState) for moves in TRANSITIONS.values())


def test_every_event_of_the_union_is_walked() -> None:
    assert set(EVENTS) == set(get_args(ev.JobEvent))


@pytest.mark.parametrize(("leg", "state"), every_state())
def test_evolve_follows_the_table_and_nothing_else(leg: LegKind, state: JobState) -> None:
    job = job_in(state, leg)
    for kind, event in EVENTS.items():
        if kind in TRANSITIONS[leg][state]:
            after = evolve(job, event, now_ms=NOW_MS + 5, fact_ms=NOW_MS + 3)
            assert after.state is TRANSITIONS[leg][state][kind]
            assert after.has_ended is (after.ended_ms is not None)
        else:
            with pytest.raises(KeyError):
                evolve(job, event, now_ms=NOW_MS, fact_ms=NOW_MS)


@pytest.mark.parametrize(("leg", "state"), every_state())
def test_decide_returns_only_events_that_the_table_has(leg: LegKind, state: JobState) -> None:
    for command in COMMANDS:
        job = job_in(state, leg)
        decision = decide(job, command, LIMIT)
        if not isinstance(decision, Refused):
            for event in decision:
                job = evolve(job, event, now_ms=NOW_MS, fact_ms=NOW_MS)


@pytest.mark.parametrize(("leg", "state"), every_state())
def test_every_command_a_second_time_changes_nothing(leg: LegKind, state: JobState) -> None:
    for command in COMMANDS:
        job = job_in(state, leg)
        decision = decide(job, command, LIMIT)
        if isinstance(decision, Refused) or any(isinstance(event, ev.CodeRefused) for event in decision):
            continue  # A wrong code said twice is said twice; the journal keeps a repeated message out.
        for event in decision:
            job = evolve(job, event, now_ms=NOW_MS, fact_ms=NOW_MS)
        again = decide(job, command, LIMIT)
        assert isinstance(again, Refused) or not again


@pytest.mark.parametrize(("leg", "state"), [pair for pair in every_state() if pair[1] in UNDER_WAY])
def test_a_job_under_way_always_gets_rid_of_a_courier_who_is_out_of_reach(
    leg: LegKind, state: JobState
) -> None:
    job = job_in(state, leg)
    decision = decide(job, LoseCourier(), LIMIT)
    assert not isinstance(decision, Refused)
    (event,) = decision
    after = evolve(job, event, now_ms=NOW_MS, fact_ms=NOW_MS)
    assert after.state is (JobState.LOST if job.banks else JobState.OFFERING)


@pytest.mark.parametrize(("leg", "state"), [pair for pair in every_state() if pair[1] in UNDER_WAY])
def test_a_job_that_is_stuck_always_ends(leg: LegKind, state: JobState) -> None:
    job = job_in(state, leg)
    decision = decide(job, EndStuck(), LIMIT)
    assert not isinstance(decision, Refused)
    (event,) = decision
    assert evolve(job, event, now_ms=NOW_MS, fact_ms=NOW_MS).has_ended


@pytest.mark.parametrize(("leg", "state"), [pair for pair in every_state() if pair[1] in UNDER_WAY])
def test_each_step_of_the_work_is_a_state_of_the_job(leg: LegKind, state: JobState) -> None:
    assert job_in(state, leg).step is JobStep(state.value)


@pytest.mark.parametrize(("leg", "state"), every_state())
def test_acts_of_another_courier_are_refused_in_every_state(leg: LegKind, state: JobState) -> None:
    for act in (
        ReachCabinet(B),
        ReachUser(B),
        PickUp(B, (BANK_1,)),
        HandOver(B, CODE, (BANK_1,)),
        Collect(B, CODE, (BANK_1,)),
        PutBack(B, (BANK_1,)),
        Leave(B, "tired", ()),
        ReportProblem(B, Problem.USER_ABSENT),
    ):
        assert isinstance(decide(job_in(state, leg), act, LIMIT), Refused)


def test_a_job_at_the_cabinet_whose_bank_was_seen_out_is_brought_back_when_called_off() -> None:
    job = job_in(JobState.AT_CABINET, LegKind.OUTWARD, banks=(BANK_1,))
    assert decide(job, CallOff(OTHER_STOP), LIMIT) == (ev.RecallOrdered(OTHER_STOP),)


def test_a_redirection_to_a_reservation_the_job_had_before_is_void() -> None:
    job = job_in(
        JobState.TO_CABINET,
        LegKind.OUTWARD,
        stop=OTHER_STOP,
        reservations=(STOP.reservation, OTHER_STOP.reservation),
    )
    assert decide(job, Redirect(STOP, 2), LIMIT) == ()


def test_the_fifth_wrong_code_ends_the_job() -> None:
    job = job_in(JobState.AT_USER, LegKind.OUTWARD, wrong_codes=LIMIT - 1)
    (event,) = decide(job, HandOver(A, "0000", (BANK_1,)), LIMIT)  # type: ignore[misc]
    after = evolve(job, event, now_ms=NOW_MS, fact_ms=NOW_MS)
    assert (after.state, after.end, after.wrong_codes) == (JobState.LOST, JobEnd.WRONG_CODES, LIMIT)


def test_an_event_without_banks_proves_nothing() -> None:
    assert isinstance(
        decide(job_in(JobState.AT_USER, LegKind.OUTWARD), HandOver(A, CODE, ()), LIMIT), Refused
    )
    assert isinstance(decide(job_in(JobState.AT_CABINET, LegKind.OUTWARD), PickUp(A, ()), LIMIT), Refused)


def test_time_never_goes_back_within_a_job() -> None:
    job = job_in(JobState.TO_CABINET, LegKind.OUTWARD)
    assert evolve(job, ev.CabinetReached(), now_ms=NOW_MS, fact_ms=NOW_MS - 9).fact_ms == NOW_MS
