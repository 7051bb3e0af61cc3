"""The whole core: legs, crossings, repeats, silence, and the restart from rows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.job import JobState
from chargeloop.courier.core.offer import OfferState
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.courier.core.region import PHONES, DispatchRegion
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.ids import CourierId, DispatchId, JobId
from chargeloop.protocol.messages import common, courier, delivery
from chargeloop.protocol.messages.courier import JobStep, Problem
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS, SECOND_MS
from chargeloop.protocol.topics import TOPICS
from tests.courier.core.making import (
    BANK_1,
    BANK_2,
    CODE,
    JOB,
    NOW_MS,
    REGION,
    A,
    B,
    World,
    cancellation,
    collected,
    ejected,
    handed,
    north,
    picked,
    put_back,
    redirection,
    request,
    returned,
)


def taken(*, back: bool = False, policy: DispatchPolicy | None = None) -> World:
    world = World(policy or DispatchPolicy())
    world.on_duty(A)
    world.ask(request(back=back))
    world.accept(A)
    return world


def state(world: World) -> JobState:
    return world.region.board.jobs[JOB].state


def fetched() -> World:
    world = taken()
    world.phone(A, courier.ArrivedAtCabinet(job=JOB))
    world.phone(A, picked(BANK_1, BANK_2))
    return world


def gathered() -> World:
    world = taken(back=True)
    world.phone(A, courier.ArrivedAtUser(job=JOB))
    world.phone(A, collected(BANK_1, BANK_2))
    return world


def test_every_message_a_phone_may_send_has_a_handler() -> None:
    sent = {
        message
        for row in TOPICS.values()
        if row.writer.value == "courier" and row.pattern.startswith("cl/")
        for message in row.messages
    }
    assert sent == set(PHONES)


def test_an_outward_leg_is_reported_step_by_step() -> None:
    world = fetched()
    world.phone(A, courier.ArrivedAtUser(job=JOB))
    world.phone(A, handed(BANK_1, BANK_2))
    assert world.report_types() == [
        "FirstIndication",
        "CourierProgressed",
        "BanksPickedUp",
        "CourierProgressed",
        "RentalSucceeded",
    ]
    assert world.work(A).jobs == ()
    assert state(world) is JobState.DELIVERED


def test_a_back_leg_is_reported_step_by_step() -> None:
    world = gathered()
    assert world.work(A).jobs[0].step is JobStep.TO_CABINET
    world.phone(A, courier.ArrivedAtCabinet(job=JOB))
    world.phone(A, put_back(BANK_1, BANK_2))
    assert world.report_types() == [
        "SecondIndication",
        "CourierProgressed",
        "BanksCollected",
        "CourierProgressed",
        "ReturnSucceeded",
    ]
    success = world.reports()[-1]
    assert isinstance(success, delivery.ReturnSucceeded)
    assert (success.banks, success.evidence) == ((BANK_1, BANK_2), Evidence.PHONE)


def test_fewer_banks_than_asked_are_delivered_as_they_are() -> None:
    world = taken()
    world.phone(A, picked(BANK_1))
    world.phone(A, handed(BANK_1))
    success = world.reports()[-1]
    assert isinstance(success, delivery.RentalSucceeded)
    assert success.banks == (BANK_1,)


def test_a_wrong_code_is_refused_by_the_id_of_its_event_and_the_right_one_still_works() -> None:
    world = fetched()
    world.phone(A, handed(BANK_1, code="0000"), message_id="jnl-a.7")
    assert [refusal.event for refusal in world.work(A).refusals] == ["jnl-a.7"]
    world.phone(A, handed(BANK_1))
    assert state(world) is JobState.DELIVERED


def test_five_wrong_codes_end_the_job_and_the_right_one_comes_too_late() -> None:
    world = fetched()
    for _ in range(5):
        world.phone(A, handed(BANK_1, BANK_2, code="0000"))
    failure = world.reports()[-1]
    assert isinstance(failure, delivery.DeliveryFailed)
    assert (failure.why, failure.banks) == (JobEnd.WRONG_CODES, (BANK_1, BANK_2))
    assert world.work(A).jobs == ()


def test_a_pickup_that_crosses_with_the_cancellation_brings_the_job_back_to_life() -> None:
    world = taken()
    world.ask(cancellation())
    world.phone(A, picked(BANK_1))
    (job,) = world.work(A).jobs
    assert (job.step, job.cabinet, job.code, job.banks) == (JobStep.BRING_BACK, "cab-3", "555555", (BANK_1,))
    world.phone(A, put_back(BANK_1))
    assert world.report_types() == ["FirstIndication", "DeliveryFailed", "BanksPickedUp", "ReturnSucceeded"]


def test_a_surfaced_pickup_does_not_push_out_the_job_the_courier_took_meanwhile() -> None:
    world = taken()
    world.ask(cancellation())
    world.ask(request(JobId("job-2")))
    world.accept(A)
    world.phone(A, picked(BANK_1))
    assert {job.job for job in world.work(A).jobs} == {JOB, JobId("job-2")}
    places = [world.region.board.jobs[job].place for job in world.region.board.couriers[A].jobs]
    assert sorted(place for place in places if place is not None) == [0, 1]


def test_a_collection_that_crosses_with_the_cancellation_is_brought_back() -> None:
    world = taken(back=True)
    world.ask(cancellation())
    world.phone(A, collected(BANK_1))
    assert world.work(A).jobs[0].step is JobStep.BRING_BACK


def test_a_cancellation_while_the_courier_holds_banks_sends_them_to_the_cabinet_named() -> None:
    for world in (fetched(), gathered()):
        world.ask(cancellation())
        world.ask(cancellation())
        (job,) = world.work(A).jobs
        assert (job.step, job.reservation) == (JobStep.BRING_BACK, "rsv-back")
        world.phone(A, put_back(BANK_1, BANK_2))
        assert world.report_types()[-1] == "ReturnSucceeded"
        assert world.report_types().count("DeliveryFailed") == 0


def test_a_cancellation_after_the_cabinet_saw_a_bank_leave_waits_for_that_bank() -> None:
    world = taken()
    world.cabinet(ejected(BANK_1))
    world.ask(cancellation())
    assert state(world) is JobState.BRING_BACK
    world.phone(A, picked(BANK_1))
    world.cabinet(returned(BANK_1, "rsv-back"), "cab-3")
    assert state(world) is JobState.RETURNED


def test_a_cancellation_after_the_end_says_nothing_more() -> None:
    world = fetched()
    world.phone(A, handed(BANK_1, BANK_2))
    assert world.ask(cancellation()).sends == []


def test_a_redirection_sends_the_courier_to_the_other_cabinet() -> None:
    world = taken()
    world.phone(A, courier.ArrivedAtCabinet(job=JOB))
    world.phone(A, courier.ProblemReported(job=JOB, problem=Problem.CABINET_GAVE_NOTHING))
    world.ask(redirection())
    (job,) = world.work(A).jobs
    assert (job.cabinet, job.step) == ("cab-2", JobStep.TO_CABINET)


def test_a_redirection_that_crosses_with_the_pickup_is_void() -> None:
    world = fetched()
    assert world.ask(redirection()).sends == []
    assert world.work(A).jobs[0].cabinet == "cab-1"


def test_a_pickup_that_crosses_with_the_redirection_counts() -> None:
    world = taken()
    world.ask(redirection())
    world.phone(A, picked(BANK_1, BANK_2))
    assert state(world) is JobState.TO_USER


def test_the_same_problem_is_reported_once_until_something_changes() -> None:
    world = taken()
    problem = courier.ProblemReported(job=JOB, problem=Problem.CABINET_GAVE_NOTHING)
    world.phone(A, problem)
    world.phone(A, problem)
    world.ask(redirection())
    world.phone(A, problem)
    assert world.report_types().count("DeliveryProblem") == 2


def test_giving_up_without_banks_offers_the_job_again_to_others_only() -> None:
    world = taken()
    world.on_duty(B)
    world.phone(A, courier.GaveUp(job=JOB, reason="flat tyre"))
    world.phone(A, courier.GaveUp(job=JOB, reason="flat tyre"))
    (left,) = [data for data in world.reports() if isinstance(data, delivery.CourierGaveUp)]
    assert left.offered_again
    assert (len(world.offers(A)), len(world.offers(B))) == (1, 1)
    world.accept(B)
    assert world.report_types().count("FirstIndication") == 2
    accepted = [
        offer.courier for offer in world.region.board.offers.values() if offer.state is OfferState.ACCEPTED
    ]
    assert accepted == [B]


def test_giving_up_with_banks_ends_the_job_naming_them() -> None:
    world = fetched()
    world.phone(A, courier.GaveUp(job=JOB, reason="flat tyre", banks=(BANK_1, BANK_2)))
    left, failed = world.reports()[-2:]
    assert isinstance(left, delivery.CourierGaveUp)
    assert isinstance(failed, delivery.DeliveryFailed)
    assert not left.offered_again
    assert (failed.why, failed.banks) == (JobEnd.GAVE_UP_WITH_BANKS, (BANK_1, BANK_2))
    world.phone(A, put_back(BANK_1, BANK_2))
    assert world.report_types()[-1] == "ReturnSucceeded"


def test_the_cabinets_word_completes_a_return_and_the_phones_word_adds_nothing() -> None:
    world = gathered()
    world.cabinet(returned(BANK_1))
    world.cabinet(returned(BANK_1))
    world.cabinet(returned(BANK_2))
    success = world.reports()[-1]
    assert isinstance(success, delivery.ReturnSucceeded)
    assert (success.banks, success.evidence) == ((BANK_1, BANK_2), Evidence.CABINET)
    count = len(world.reports())
    world.phone(A, put_back(BANK_1, BANK_2))
    world.cabinet(returned(BANK_2))
    assert len(world.reports()) == count
    assert world.work(A).refusals == ()


@pytest.mark.parametrize(
    ("clock_state", "told_as"),
    [(ClockState.SYNCED, ClockState.FREE), (ClockState.UNSET, ClockState.INFERRED)],
)
def test_a_return_that_a_cabinet_tells_late_is_dated_by_its_word(
    clock_state: ClockState, told_as: ClockState
) -> None:
    world = gathered()
    world.now_ms += MINUTE_MS
    world.cabinet(returned(BANK_1))
    returned_ms, world.now_ms = world.now_ms, world.now_ms + HOUR_MS
    told = returned(BANK_2)
    attributes = {"source": "cabinet/cab-1", "time_ms": returned_ms, "clock_state": clock_state}
    world.hear("cabinet/cab-1/event", told, **attributes)  # type: ignore[arg-type]
    (success,) = (send for send in world.sends if isinstance(send.data, delivery.ReturnSucceeded))
    expected_ms = returned_ms if clock_state is ClockState.SYNCED else world.now_ms
    assert (success.time_ms, success.clock_state) == (expected_ms, told_as)


def test_a_cabinet_that_is_faster_than_the_phone_is_believed() -> None:
    world = taken(back=True)
    world.cabinet(returned(BANK_1))
    world.phone(A, collected(BANK_1))
    assert world.report_types()[-2:] == ["BanksCollected", "ReturnSucceeded"]


def test_a_bank_put_back_elsewhere_after_a_redirection_counts_with_the_first_part() -> None:
    world = gathered()
    world.phone(A, put_back(BANK_1))
    world.phone(A, courier.ProblemReported(job=JOB, problem=Problem.CABINET_TAKES_NOTHING))
    world.ask(redirection(quantity=1))
    world.cabinet(returned(BANK_1))
    world.phone(A, put_back(BANK_2))
    success = world.reports()[-1]
    assert isinstance(success, delivery.ReturnSucceeded)
    assert success.banks == (BANK_1, BANK_2)


def test_a_bank_returned_by_somebody_without_a_job_changes_nothing() -> None:
    world = gathered()
    assert world.cabinet(returned(BANK_1, "rsv-somebody")).writes == []


def test_an_act_for_a_job_of_another_courier_is_refused() -> None:
    world = taken()
    world.on_duty(B)
    world.phone(B, picked(BANK_1), message_id="jnl-b.1")
    assert [refusal.event for refusal in world.work(B).refusals] == ["jnl-b.1"]
    assert state(world) is JobState.TO_CABINET


def test_an_act_for_an_unknown_job_is_refused() -> None:
    world = World()
    world.on_duty(A)
    world.phone(A, courier.ArrivedAtUser(job=JobId("job-x")))
    assert len(world.work(A).refusals) == 1


def test_a_silent_courier_without_banks_loses_the_job_to_another() -> None:
    world = taken()
    world.will(A)
    world.pass_ms(world.policy.reassign_after_ms - 1)
    assert state(world) is JobState.TO_CABINET
    world.on_duty(B)
    world.pass_ms(1)
    world.accept(B)
    assert world.region.board.jobs[JOB].courier == B
    assert world.work(A).jobs == ()


def test_a_sign_of_life_keeps_the_job() -> None:
    world = taken()
    for _ in range(20):
        world.pass_ms(MINUTE_MS, alive=(A,))
    assert state(world) is JobState.TO_CABINET


def test_a_courier_who_vanished_with_banks_ends_the_job_after_a_long_lease() -> None:
    world = fetched()
    world.will(A)
    world.pass_ms(world.policy.banks_lost_after_ms)
    failure = world.reports()[-1]
    assert isinstance(failure, delivery.DeliveryFailed)
    assert (failure.why, failure.banks) == (JobEnd.GAVE_UP_WITH_BANKS, (BANK_1, BANK_2))


def test_a_vanished_courier_who_delivered_all_the_same_is_believed_by_the_code() -> None:
    world = fetched()
    world.will(A)
    world.pass_ms(world.policy.banks_lost_after_ms)
    world.phone(A, handed(BANK_1, BANK_2))
    assert world.report_types()[-1] == "RentalSucceeded"


def test_a_platform_that_was_down_does_not_take_its_own_silence_for_the_couriers() -> None:
    world = taken()
    world.now_ms += 3 * HOUR_MS
    world.restart(world.now_ms)
    world.pass_ms(1_000)
    assert state(world) is JobState.TO_CABINET
    world.pass_ms(world.policy.reassign_after_ms)
    assert state(world) is JobState.OFFERING


def test_a_search_goes_on_after_a_platform_was_down() -> None:
    world = World()
    world.ask(request())
    world.now_ms += HOUR_MS
    world.restart(world.now_ms)
    world.on_duty(A)
    world.pass_ms(world.policy.retry_ms)
    world.accept(A)
    assert state(world) is JobState.TO_CABINET


def test_a_job_that_is_stuck_for_hours_ends_although_the_phone_is_there() -> None:
    world = taken(policy=DispatchPolicy(presence_lease_ms=24 * HOUR_MS))
    world.pass_ms(world.policy.job_limit_ms)
    failure = world.reports()[-1]
    assert isinstance(failure, delivery.DeliveryFailed)
    assert world.work(A).jobs == ()


def test_the_will_of_an_older_connection_does_not_put_a_courier_offline() -> None:
    world = World()
    world.connect(A, 2)
    world.will(A, 1)
    assert world.region.board.couriers[A].online
    world.will(A, 2)
    world.connect(A, 1)
    assert not world.region.board.couriers[A].online


def test_a_courier_whose_lease_ran_out_is_not_asked() -> None:
    world = World()
    world.on_duty(A)
    world.pass_ms(world.policy.presence_lease_ms)
    world.ask(request())
    assert world.offers(A) == []
    world.position(A, 0)
    world.pass_ms(world.policy.retry_ms)
    assert len(world.offers(A)) == 1


def test_reports_carry_the_time_at_which_the_phone_did_it_with_its_quality() -> None:
    world = taken()
    probe = common.TimeProbe(
        sent_uptime_ms=2_000,
        previous=common.SyncSample(
            platform_time=world.now_ms - 1_000, sent_uptime_ms=1_000, received_uptime_ms=1_000
        ),
    )
    world.hear(f"courier/{A}/time", probe, source=f"courier/{A}", uptime_ms=2_000)
    world.now_ms += 10 * MINUTE_MS
    world.phone(A, picked(BANK_1), time_ms=0, uptime_ms=62_000, clock_state=ClockState.UNSET)
    report = world.sends[-2]
    assert isinstance(report.data, delivery.BanksPickedUp)
    assert report.time_ms is not None
    assert abs(report.time_ms - (NOW_MS + MINUTE_MS)) <= 60  # half of what the clock may have drifted
    assert report.clock_state is ClockState.SYNCED


def test_a_fact_is_never_reported_before_the_one_that_led_to_it() -> None:
    world = taken()
    world.phone(A, picked(BANK_1), time_ms=NOW_MS - HOUR_MS, clock_state=ClockState.SYNCED)
    report = world.sends[-2]
    assert isinstance(report.data, delivery.BanksPickedUp)
    assert (report.time_ms, report.clock_state) == (NOW_MS, ClockState.INFERRED)


def test_ended_jobs_are_forgotten_after_a_while_with_their_offers() -> None:
    world = fetched()
    world.phone(A, handed(BANK_1, BANK_2))
    world.pass_ms(world.policy.ended_kept_ms)
    board = world.region.board
    assert (board.jobs, board.offers) == ({}, {})
    assert world.region.next_due_ms() is None
    world.phone(A, handed(BANK_1, BANK_2))
    assert len(world.work(A).refusals) == 1


def say(world: World, data: Data) -> None:
    if data.TYPE.startswith("chargeloop.cabinet"):
        world.cabinet(data)
    else:
        world.phone(A, data)


@pytest.mark.parametrize("late_ms", [0, 3 * HOUR_MS])
def test_every_message_of_both_legs_twice_and_late_changes_nothing(late_ms: int) -> None:
    legs = {
        False: [
            courier.ArrivedAtCabinet(job=JOB),
            ejected(BANK_1),
            ejected(BANK_2),
            picked(BANK_1, BANK_2),
            courier.ArrivedAtUser(job=JOB),
            handed(BANK_1, BANK_2),
        ],
        True: [
            courier.ArrivedAtUser(job=JOB),
            collected(BANK_1, BANK_2),
            courier.ArrivedAtCabinet(job=JOB),
            returned(BANK_1),
            put_back(BANK_1),
            put_back(BANK_2),
        ],
    }
    for back, acts in legs.items():
        world = taken(back=back)
        for act in acts:
            say(world, act)
            before = (world.region.board.jobs[JOB], len(world.reports()))
            say(world, act)
            assert (world.region.board.jobs[JOB], len(world.reports())) == before
        world.now_ms += late_ms
        before = (world.region.board.jobs[JOB], len(world.reports()))
        for act in acts:
            say(world, act)
        world.ask(request(back=back))
        world.ask(redirection())
        world.ask(cancellation())
        assert (world.region.board.jobs[JOB], len(world.reports())) == before
        assert world.work(A).refusals == ()


# Random histories: three phones, all acts in any order, time passing, a restart anywhere.
ACTS = st.sampled_from(
    [
        courier.ArrivedAtCabinet(job=JOB),
        courier.ArrivedAtUser(job=JOB),
        picked(BANK_1, BANK_2),
        picked(BANK_1),
        handed(BANK_1, BANK_2),
        handed(BANK_1, code="0000"),
        collected(BANK_1),
        collected(BANK_1, BANK_2),
        put_back(BANK_1),
        put_back(BANK_1, BANK_2),
        courier.GaveUp(job=JOB, reason="tired"),
        courier.GaveUp(job=JOB, reason="tired", banks=(BANK_1,)),
        courier.ProblemReported(job=JOB, problem=Problem.USER_ABSENT),
        courier.DutyChanged(on_duty=True, location=north(50)),
        courier.DutyChanged(on_duty=False, location=north(50)),
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("act"), st.integers(0, 2), ACTS),
    st.tuples(st.just("accept"), st.integers(0, 2), st.none()),
    st.tuples(st.just("decline"), st.integers(0, 2), st.none()),
    st.tuples(st.just("will"), st.integers(0, 2), st.none()),
    st.tuples(st.just("on duty"), st.integers(0, 2), st.none()),
    st.tuples(st.just("pass"), st.sampled_from([1_000, 26_000, 10 * MINUTE_MS, 3 * HOUR_MS]), st.none()),
    st.tuples(
        st.just("ask"), st.just(0), st.sampled_from([cancellation(), redirection(), redirection("rsv-3")])
    ),
    st.tuples(
        st.just("see"),
        st.just(0),
        st.sampled_from([ejected(BANK_1), returned(BANK_1), returned(BANK_2), returned(BANK_1, "rsv-back")]),
    ),
    st.tuples(st.just("restart"), st.just(0), st.none()),
)
ENDS = (delivery.RentalSucceeded, delivery.ReturnSucceeded, delivery.DeliveryFailed)


def play(world: World, kind: str, number: int, data: object) -> None:
    who = CourierId(f"cou-{number}")
    if kind == "act":
        world.phone(who, data)  # type: ignore[arg-type]
    elif kind in {"accept", "decline"} and world.offers(who):
        answer = courier.OfferAccepted if kind == "accept" else courier.OfferDeclined
        world.phone(who, answer(offer=world.offers(who)[-1]))
    elif kind == "will":
        world.will(who, world.region.board.courier(who).connection_epoch)
    elif kind == "on duty":
        world.on_duty(who)
    elif kind == "pass":
        world.pass_ms(number)
    elif kind == "ask":
        world.ask(data)  # type: ignore[arg-type]
    elif kind == "see":
        world.cabinet(data)  # type: ignore[arg-type]
    elif kind == "restart":
        check_restart(world)


def check_restart(world: World) -> None:
    before = world.region.board
    world.restart()
    after = world.region.board
    assert after.jobs == before.jobs
    assert after.offers == before.offers
    assert after.couriers == before.couriers
    assert {job: set(map(repr, after.offers_of(job))) for job in after.jobs} == {
        job: set(map(repr, before.offers_of(job))) for job in before.jobs
    }
    assert world.region.next_due_ms() == before.deadlines.next_ms()


def check_rules(world: World) -> None:
    board = world.region.board
    for job in board.jobs.values():
        accepted = [offer for offer in board.offers_of(job.id) if offer.state is OfferState.ACCEPTED]
        assert len(accepted) <= 1
        if job.is_under_way:
            assert job.courier is not None
            assert job.id in board.couriers[job.courier].jobs
            assert [offer.id for offer in accepted] == ([] if job.offer is None else [job.offer])
        if job.state is not JobState.OFFERING:
            assert not board.open_offers(job.id)
    for person in board.couriers.values():
        check_courier(world, person)


def check_courier(world: World, person: Courier) -> None:
    board = world.region.board
    places = [board.jobs[job].place for job in person.jobs]
    assert len(set(places)) == len(places)
    assert None not in places
    assert all(board.jobs[job].courier == person.id for job in person.jobs)
    theirs = [offer.id for offer in board.offers.values() if offer.courier == person.id and offer.is_open]
    assert theirs == ([] if person.offer is None else [person.offer])
    if person.work_version:
        assert {job.job for job in world.work(person.id).jobs} == set(person.jobs)


@settings(max_examples=150)
@given(back=st.booleans(), steps=st.lists(STEPS, max_size=25))
def test_after_any_history_the_rules_hold_the_rows_are_the_state_and_the_job_ends(
    *, back: bool, steps: list[tuple[str, int, object]]
) -> None:
    world = World()
    for number in range(3):
        world.on_duty(CourierId(f"cou-{number}"), 10 * number)
    world.ask(request(back=back))
    for kind, number, data in steps:
        play(world, kind, number, data)
        check_rules(world)
    check_restart(world)
    world.pass_ms(9 * HOUR_MS)
    job = world.region.board.jobs.get(JOB)
    assert job is None or job.has_ended
    assert any(isinstance(report, ENDS) for report in world.reports())


def test_the_code_is_compared_with_the_job_it_was_made_for() -> None:
    world = fetched()
    assert world.region.board.jobs[JOB].is_code(CODE)
    assert not world.region.board.jobs[JOB].is_code("4822")


def test_work_said_after_the_store_was_restored_from_a_backup_replaces_what_the_phone_has() -> None:
    world = World()
    world.on_duty(A)
    backup = world.rows()
    for number in range(5):
        world.ask(request(JobId(f"job-{number}")))
        world.accept(A)
        world.ask(delivery.DeliveryCancelled(job=JobId(f"job-{number}"), reason="cancelled by the user"))
    seen = world.work(A)
    world.pass_ms(SECOND_MS)
    world.region = DispatchRegion(REGION, DispatchId("dsp-main"), world.policy, backup)
    world.connect(A, epoch=2)
    world.position(A, 0)
    world.ask(request(JobId("job-9")))
    world.accept(A)
    assert [job.job for job in world.work(A).jobs] == ["job-9"]
    assert world.work(A).version > seen.version
