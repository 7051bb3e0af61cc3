"""What a phone may claim and dispatch must not believe, and claims that must not bring the region down."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chargeloop.courier.core.acts import MOST_JOBS
from chargeloop.courier.core.courier import REFUSALS_KEPT
from chargeloop.courier.core.job import JobState
from chargeloop.courier.core.job_decide import NOT_NOW
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.ids import MAX_ID_LENGTH, BankId, JobId, OfferId
from chargeloop.protocol.messages import courier, delivery
from chargeloop.protocol.messages.courier import JobStep
from chargeloop.protocol.messages.delivery import Evidence
from chargeloop.protocol.time import HOUR_MS, SECOND_MS
from tests.courier.core.making import (
    BANK_1,
    BANK_2,
    CODE,
    JOB,
    NOW_MS,
    A,
    World,
    cancellation,
    collected,
    ejected,
    handed,
    picked,
    put_back,
    redirection,
    request,
    returned,
)
from tests.protocol.largest import around, largest

MADE_UP = tuple(BankId(f"bnk-madeup-{number}") for number in range(20))


def taken(*, back: bool = False) -> World:
    world = World()
    world.on_duty(A)
    world.ask(request(back=back))
    world.accept(A)
    return world


def state(world: World) -> JobState:
    return world.region.board.jobs[JOB].state


def guess(world: World, guesses: int, *, back: bool = False) -> None:
    for _ in range(guesses):
        world.phone(A, collected(BANK_1, code="0000") if back else handed(BANK_1, code="0000"))


def test_the_right_code_after_too_many_wrong_ones_hands_nothing_over() -> None:
    world = taken()
    world.phone(A, picked(BANK_1, BANK_2))
    guess(world, 5)
    world.phone(A, handed(BANK_1, BANK_2))
    assert state(world) is JobState.LOST
    assert "RentalSucceeded" not in world.report_types()
    assert world.work(A).refusals[-1].reason == "wrong hand-over code"


def test_codes_cannot_be_guessed_for_ever_after_the_courier_has_left_with_the_banks() -> None:
    world = taken()
    world.phone(A, picked(BANK_1, BANK_2))
    world.phone(A, courier.GaveUp(job=JOB, reason="tired", banks=(BANK_1, BANK_2)))
    guess(world, 5)
    world.phone(A, handed(BANK_1, BANK_2))
    assert state(world) is JobState.LOST
    assert "RentalSucceeded" not in world.report_types()


def test_codes_cannot_be_guessed_for_ever_after_a_collection_was_called_off() -> None:
    world = taken(back=True)
    world.ask(cancellation())
    guess(world, 5, back=True)
    world.phone(A, collected(BANK_1))
    assert state(world) is JobState.CANCELLED
    assert "BanksCollected" not in world.report_types()


def test_a_phone_that_never_collected_anything_cannot_claim_a_return() -> None:
    world = taken(back=True)
    claim = world.phone(A, put_back(BANK_1, BANK_2), message_id="claim")
    assert claim.writes
    assert state(world) is JobState.TO_USER
    assert "ReturnSucceeded" not in world.report_types()
    assert [refusal.event for refusal in world.work(A).refusals] == ["claim"]


def test_who_leaves_a_collection_with_banks_that_nobody_gave_them_has_none() -> None:
    world = taken(back=True)
    world.phone(A, courier.GaveUp(job=JOB, reason="tired", banks=(BANK_1,)))
    world.phone(A, put_back(BANK_1))
    told = world.report_types()
    assert "CourierGaveUp" in told
    assert not {"DeliveryFailed", "ReturnSucceeded"} & set(told)


def test_a_cabinet_that_was_faster_than_the_phone_is_still_believed() -> None:
    world = taken(back=True)
    world.cabinet(returned(BANK_1))
    world.cabinet(returned(BANK_2))
    success = world.reports()[-1]
    assert isinstance(success, delivery.ReturnSucceeded)
    assert success.evidence is Evidence.CABINET


def test_another_cabinet_cannot_say_that_the_banks_of_a_job_are_back() -> None:
    world = taken(back=True)
    for bank in (BANK_1, BANK_2):
        assert not world.cabinet(returned(bank), "cab-9").writes
    assert state(world) is JobState.TO_USER
    assert "ReturnSucceeded" not in world.report_types()


def test_another_cabinet_cannot_put_banks_into_a_couriers_hands() -> None:
    world = taken()
    assert not world.cabinet(ejected(BANK_1), "cab-9").writes
    world.phone(A, courier.GaveUp(job=JOB, reason="flat tyre", banks=()))
    assert state(world) is not JobState.LOST


def test_after_a_redirection_each_cabinet_is_believed_about_its_own_reservation() -> None:
    world = taken()
    world.ask(redirection())
    world.cabinet(ejected(BANK_1))
    world.cabinet(ejected(BANK_2, "rsv-other"), "cab-1")
    assert world.region.board.jobs[JOB].banks == (BANK_1,)
    world.cabinet(ejected(BANK_2, "rsv-other"), "cab-2")
    assert world.region.board.jobs[JOB].banks == (BANK_1, BANK_2)


def test_of_a_job_that_was_begun_before_its_cabinets_were_kept_the_evidence_is_believed() -> None:
    world = taken()
    world.region.board.put_job(replace(world.region.board.jobs[JOB], cabinets=()))
    world.cabinet(ejected(BANK_1))
    assert world.region.board.jobs[JOB].banks == (BANK_1,)


def test_a_hand_over_of_banks_that_the_courier_did_not_take_is_refused() -> None:
    world = taken()
    world.cabinet(ejected(BANK_1))
    world.phone(A, picked(BANK_1))
    for banks in ((MADE_UP[0],), (BANK_1, MADE_UP[0])):
        world.phone(A, handed(*banks))
        assert world.work(A).refusals[-1].reason == "not the banks of this job"
    assert state(world) is JobState.TO_USER
    assert "RentalSucceeded" not in world.report_types()
    world.phone(A, handed(BANK_1))
    assert state(world) is JobState.DELIVERED


def test_a_wrong_code_counts_whatever_banks_are_named() -> None:
    world = taken()
    world.phone(A, picked(BANK_1))
    world.phone(A, handed(MADE_UP[0], code="0000"))
    assert world.region.board.jobs[JOB].wrong_codes == 1


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_what_a_courier_did_off_line_counts_whenever_the_cabinet_is_heard(first: int) -> None:
    world = taken()
    acts = [picked(BANK_1, BANK_2), courier.ArrivedAtUser(job=JOB), handed(BANK_1, BANK_2)]
    for number, act in enumerate([*acts, None]):
        if number == first:
            world.cabinet(ejected(BANK_1))
            world.cabinet(ejected(BANK_2))
        if act is not None:
            world.phone(A, act)
    assert state(world) is JobState.DELIVERED


@pytest.mark.parametrize("seen_late", [False, True])
def test_a_bank_that_only_the_cabinet_told_of_can_be_handed_over(seen_late: bool) -> None:  # noqa: FBT001
    world = taken()
    world.cabinet(ejected(BANK_1))
    if not seen_late:
        world.cabinet(ejected(BANK_2))
    world.phone(A, picked(BANK_1))
    if seen_late:
        world.cabinet(ejected(BANK_2))
    world.phone(A, handed(BANK_1, BANK_2))
    assert state(world) is JobState.DELIVERED


def test_a_hand_over_counts_although_a_bank_of_it_was_seen_in_a_cabinet_meanwhile() -> None:
    world = taken()
    world.phone(A, picked(BANK_1, BANK_2))
    world.ask(cancellation())
    world.will(A)
    world.pass_ms(9 * HOUR_MS)
    assert state(world) is JobState.LOST
    world.cabinet(returned(BANK_1, "rsv-back"), "cab-3")
    world.phone(A, handed(BANK_1, BANK_2))
    assert state(world) is JobState.DELIVERED


def test_a_phone_puts_back_only_the_banks_of_its_job() -> None:
    world = taken(back=True)
    world.phone(A, collected(BANK_1))
    world.phone(A, put_back(BANK_1, BANK_2))
    success = world.reports()[-1]
    assert isinstance(success, delivery.ReturnSucceeded)
    assert success.banks == (BANK_1,)


def test_a_phone_that_names_more_banks_than_a_message_holds_does_not_bring_the_region_down() -> None:
    world = taken()
    world.cabinet(ejected(BANK_1))
    world.phone(A, picked(*MADE_UP))
    world.will(A)
    world.pass_ms(9 * HOUR_MS)
    failure = world.reports()[-1]
    assert isinstance(failure, delivery.DeliveryFailed)
    assert len(failure.banks) == 20
    assert failure.banks[0] == BANK_1


def test_a_cabinet_named_by_a_second_cancellation_is_where_banks_that_come_to_light_go() -> None:
    world = taken()
    world.ask(delivery.DeliveryCancelled(job=JOB, reason="cancelled by the user"))
    for _ in range(2):
        world.ask(cancellation("rsv-named-later"))
    assert world.report_types()[-1] == "DeliveryFailed"
    world.phone(A, picked(BANK_1, BANK_2))
    (job,) = world.work(A).jobs
    assert (job.step, job.reservation, job.code) == (JobStep.BRING_BACK, "rsv-named-later", "555555")
    assert world.report_types().count("DeliveryFailed") == 1


def test_a_new_phone_whose_connections_are_counted_from_one_again_is_offered_jobs() -> None:
    world = World()
    world.connect(A, epoch=7)
    world.will(A, epoch=7)
    world.connect(A, epoch=1)
    world.phone(A, courier.DutyChanged(on_duty=True, location=request().user_location))
    world.pass_ms(SECOND_MS)
    world.ask(request())
    assert len(world.offers(A)) == 1


def test_codes_of_an_earlier_wrong_guess_do_not_keep_an_honest_courier_out() -> None:
    world = taken()
    world.phone(A, picked(BANK_1, BANK_2))
    guess(world, 4)
    world.phone(A, handed(BANK_1, BANK_2, code=CODE))
    assert state(world) is JobState.DELIVERED


def test_a_phone_that_picks_up_for_many_jobs_that_were_called_off_does_not_bring_the_region_down() -> None:
    world = World()
    world.on_duty(A)
    jobs = [JobId(f"job-{number}") for number in range(12)]
    for job in jobs:
        world.ask(request(job))
        world.accept(A)
        world.ask(delivery.DeliveryCancelled(job=job, reason="cancelled by the user"))
    for job in jobs:
        world.phone(A, courier.PickedUp(job=job, banks=(BankId(f"bnk-{job}"),)))
    under_way = [job for job in world.region.board.jobs.values() if job.is_under_way]
    assert len(under_way) == MOST_JOBS
    assert max(job.place or 0 for job in under_way) == MOST_JOBS - 1
    assert world.work(A).refusals[-1].reason == "too many jobs at once"


def test_the_largest_jobs_and_all_refusals_that_a_courier_can_have_fit_into_one_message() -> None:
    jobs = (largest(courier.WorkJob),) * MOST_JOBS
    refusals = (largest(courier.Refusal, reason=NOT_NOW.reason),) * REFUSALS_KEPT
    work = courier.Work(version=2**53, on_duty=False, jobs=jobs, refusals=refusals)
    encode(around(work, journal=False))


@example(cause_length=128, offer_length=MAX_ID_LENGTH, known=True)
@example(cause_length=95, offer_length=5, known=False)
@given(
    cause_length=st.integers(min_value=1, max_value=128),
    offer_length=st.integers(min_value=5, max_value=MAX_ID_LENGTH),
    known=st.booleans(),
)
def test_an_acceptance_with_an_id_of_any_length_is_answered(
    *, cause_length: int, offer_length: int, known: bool
) -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    offer = world.offers(A)[-1] if known else OfferId("off-".ljust(offer_length, "x"))
    answered = world.phone(A, courier.OfferAccepted(offer=offer), message_id="x" * cause_length).sends
    assert any(isinstance(send.data, courier.OfferClosed) for send in answered)
    for send in answered:
        encode(seal(send.data, id=send.id or "msg-1", source="dispatch/dsp-main", time=NOW_MS))
