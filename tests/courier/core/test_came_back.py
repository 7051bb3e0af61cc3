"""A courier who had to leave a job, or seemed to be gone, and took the user's banks all the same."""

from dataclasses import replace

import pytest

from chargeloop.courier.core.acts import MOST_JOBS
from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.job import Job, JobState
from chargeloop.courier.core.job_decide import NOT_YOURS, WRONG_CODE
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import CourierId, JobId
from chargeloop.protocol.messages import courier, delivery
from chargeloop.protocol.messages.courier import JobStep, OfferEnd
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS
from tests.courier.core.making import (
    BANK_1,
    BANK_2,
    CODE,
    JOB,
    A,
    B,
    World,
    cancellation,
    collected,
    put_back,
    request,
    returned,
)


def lost(*, another: bool = False) -> World:
    """Return a world in which A took a way back and is not heard of; `another` courier is there, too."""
    world = World()
    world.on_duty(A)
    world.ask(request(back=True))
    world.accept(A)
    world.phone(A, courier.ArrivedAtUser(job=JOB))
    if another:
        world.on_duty(B)
    is_given_up(world, alive=(B,) if another else ())
    return world


def is_given_up(world: World, alive: tuple[CourierId, ...] = ()) -> None:
    """Let time pass until a silent courier is taken for gone."""
    while job(world).is_under_way:
        world.pass_ms(10 * SECOND_MS, alive=alive)
    assert job(world).state is JobState.OFFERING


def job(world: World) -> Job:
    return world.region.board.jobs[JOB]


def sent(world: World, data: type) -> Send:
    return [send for send in world.sends if isinstance(send.data, data)][-1]


def late(world: World, *banks: str, code: str = CODE) -> int:
    """Let A tell of a collection five minutes ago, and return when it was."""
    collected_ms = world.now_ms - 5 * MINUTE_MS
    act = collected(*banks, code=code)  # type: ignore[arg-type]
    world.phone(A, act, message_id="jnl-a.9", time_ms=collected_ms, clock_state=ClockState.SYNCED)
    return collected_ms


def test_a_job_that_nobody_has_is_theirs_again_from_the_moment_they_had_the_banks() -> None:
    world = lost(another=True)
    collected_ms = late(world, BANK_1, BANK_2)
    assert (job(world).state, job(world).courier) == (JobState.TO_CABINET, A)
    assert world.report_types()[-3:] == ["CourierGaveUp", "SecondIndication", "BanksCollected"]
    assert sent(world, delivery.BanksCollected).time_ms == collected_ms
    assert world.closings(B) == [OfferEnd.WITHDRAWN]
    assert [(one.job, one.step) for one in world.work(A).jobs] == [(JOB, JobStep.TO_CABINET)]
    world.phone(A, put_back(BANK_1, BANK_2))
    assert world.report_types()[-1] == "ReturnSucceeded"
    assert world.work(A).refusals == ()


def test_whoever_took_it_meanwhile_is_let_go() -> None:
    world = lost(another=True)
    world.accept(B)
    collected_ms = late(world, BANK_1, BANK_2)
    assert job(world).courier == A
    left = sent(world, delivery.CourierGaveUp).data
    assert isinstance(left, delivery.CourierGaveUp)
    assert (left.courier, left.offered_again) == (B, True)
    assert sent(world, delivery.SecondIndication).time_ms == collected_ms
    assert sent(world, delivery.BanksCollected).time_ms == collected_ms
    assert world.work(B).jobs == ()
    assert [one.job for one in world.work(A).jobs] == [JOB]
    world.phone(B, collected(BANK_1), message_id="jnl-b.1")
    assert [refusal.reason for refusal in world.work(B).refusals] == [NOT_YOURS.reason]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_search_that_found_nobody_is_not_the_end(*, restarted: bool) -> None:
    world = lost()
    world.pass_ms(world.policy.give_up_offering_ms + MINUTE_MS)
    assert job(world).state is JobState.FAILED
    if restarted:
        world.restart()
    collected_ms = late(world, BANK_1, BANK_2)
    assert job(world).state is JobState.BRING_BACK
    assert world.report_types()[-2:] == ["DeliveryFailed", "BanksCollected"]
    assert sent(world, delivery.BanksCollected).time_ms == collected_ms
    world.phone(A, put_back(BANK_1, BANK_2))
    assert world.report_types()[-1] == "ReturnSucceeded"


def test_nor_is_the_end_of_a_job_that_took_too_long() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request(back=True))
    world.accept(A)
    while not job(world).has_ended:
        world.pass_ms(MINUTE_MS, alive=(A,))
    assert job(world).end is JobEnd.NO_COURIER
    late(world, BANK_1)
    assert (job(world).state, job(world).courier) == (JobState.BRING_BACK, A)


def test_nor_is_a_cancellation_while_nobody_had_it() -> None:
    world = lost()
    world.ask(cancellation())
    late(world, BANK_1)
    assert (job(world).state, job(world).courier) == (JobState.BRING_BACK, A)
    assert world.report_types()[-2:] == ["DeliveryFailed", "BanksCollected"]


@pytest.mark.parametrize("gone", [False, True])
def test_banks_that_their_cabinet_told_of_first_were_collected_before(*, gone: bool) -> None:
    """All that the phone was to do is done already; when it was done says the phone alone."""
    world = World()
    for who in (A, B):
        world.on_duty(who)
    world.ask(request(back=True, quantity=1))
    world.accept(A)
    if gone:
        is_given_up(world, alive=(B,))
        world.accept(B)
    world.pass_ms(5 * MINUTE_MS, alive=(A, B))
    world.cabinet(returned(BANK_1))
    assert job(world).state is JobState.RETURNED
    collected_ms = late(world, BANK_1)
    assert world.report_types()[-3:] == ["ReturnSucceeded", "BanksCollected", "ReturnSucceeded"]
    assert sent(world, delivery.BanksCollected).time_ms == collected_ms
    assert sent(world, delivery.ReturnSucceeded).data.evidence is Evidence.CABINET  # type: ignore[attr-defined]
    count = len(world.reports())
    late(world, BANK_1)
    world.phone(A, put_back(BANK_1))
    assert len(world.reports()) == count


def test_a_number_that_was_misread_does_not_revive_what_a_cabinet_has_ended() -> None:
    """Which banks it were says the cabinet; when they were collected says the phone."""
    world = World()
    world.on_duty(A)
    world.ask(request(back=True, quantity=1))
    world.accept(A)
    world.cabinet(returned(BANK_2))
    world.phone(A, collected(BANK_1))
    assert world.report_types()[-3:] == ["ReturnSucceeded", "BanksCollected", "ReturnSucceeded"]
    assert job(world).state is JobState.RETURNED
    world.phone(A, put_back(BANK_1))
    assert (world.work(A).jobs, world.work(A).refusals) == ((), ())


def test_it_is_not_before_the_job_was_asked_for() -> None:
    world = lost()
    before_ms = job(world).created_ms - 1
    world.phone(A, collected(BANK_1), time_ms=before_ms, clock_state=ClockState.SYNCED)
    told = sent(world, delivery.BanksCollected)
    assert (told.time_ms, told.clock_state) == (job(world).created_ms, ClockState.INFERRED)


def test_who_only_declined_it_has_no_banks_of_it() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request(back=True))
    world.phone(A, courier.OfferDeclined(offer=world.offers(A)[-1]))
    late(world, BANK_1)
    assert job(world).state is JobState.OFFERING
    assert world.work(A).refusals[-1].reason == NOT_YOURS.reason


def test_guesses_of_who_left_end_no_job_and_are_limited_all_the_same() -> None:
    world = lost(another=True)
    for number in range(world.policy.wrong_codes_limit):
        if number == 1:
            world.accept(B)
        late(world, BANK_1, code="0000")
        assert world.work(A).refusals[-1].reason == WRONG_CODE.reason
    late(world, BANK_1)
    assert world.work(A).refusals[-1].reason == WRONG_CODE.reason
    assert (job(world).state, job(world).courier) == (JobState.TO_USER, B)
    world.phone(B, collected(BANK_1, BANK_2))
    assert job(world).state is JobState.TO_CABINET


def test_a_job_that_comes_back_late_has_its_whole_time_again() -> None:
    world = lost()
    world.pass_ms(world.policy.job_limit_ms + MINUTE_MS)
    late(world, BANK_1)
    world.pass_ms(world.policy.banks_lost_after_ms - MINUTE_MS, alive=(A,))
    assert job(world).state is JobState.BRING_BACK
    assert [one.job for one in world.work(A).jobs] == [JOB]


def test_what_a_cabinet_saw_and_could_not_date_moves_no_act_of_a_phone() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request(back=True))
    world.accept(A)
    world.phone(A, collected(BANK_1, BANK_2))
    world.pass_ms(10 * MINUTE_MS, alive=(A,))
    world.cabinet(returned(BANK_1))
    put_back_ms = world.now_ms - 5 * MINUTE_MS
    world.phone(A, put_back(BANK_1, BANK_2), time_ms=put_back_ms, clock_state=ClockState.SYNCED)
    assert sent(world, delivery.ReturnSucceeded).time_ms == put_back_ms


def test_collected_by_another_it_is_theirs() -> None:
    world = lost(another=True)
    world.accept(B)
    world.phone(B, collected(BANK_1, BANK_2))
    late(world, BANK_1)
    assert job(world).courier == B
    assert world.work(A).refusals[-1].reason == NOT_YOURS.reason


def test_nobody_gets_more_jobs_than_one_message_holds() -> None:
    world = lost()
    others = [JobId(f"job-more-{number}") for number in range(MOST_JOBS)]
    for other in others:
        world.region.board.put_job(replace(job(world), id=other, state=JobState.TO_USER, courier=A))
    world.region.board.put_courier(Courier(A, jobs=tuple(others)))
    late(world, BANK_1)
    assert job(world).courier is None
    assert world.work(A).refusals[-1].reason == "too many jobs at once"


def test_the_banks_of_the_way_out_prove_nothing() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.accept(A)
    is_given_up(world)
    for _ in range(2):
        for code in (CODE, "0000"):
            late(world, BANK_1, code=code)
            assert job(world).courier in {None, B}
            assert job(world).wrong_codes == 0
            assert world.work(A).refusals[-1].reason == NOT_YOURS.reason
        world.on_duty(B)
        world.pass_ms(world.policy.retry_ms, alive=(B,))
        world.accept(B)
    assert job(world).state is JobState.TO_CABINET
