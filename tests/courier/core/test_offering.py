"""Offers: whom, how long, who wins."""

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.courier.core.job import JobState
from chargeloop.courier.core.offer import OfferState
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.protocol.ids import CourierId, OfferId
from chargeloop.protocol.messages import courier
from chargeloop.protocol.messages.courier import OfferEnd
from chargeloop.protocol.messages.delivery import DeliveryFailed, FirstIndication, JobEnd, SecondIndication
from tests.courier.core.making import JOB, A, B, C, World, cancellation, north, redirection, request


def test_the_nearest_free_couriers_are_asked_first() -> None:
    world = World(DispatchPolicy(offers_per_round=2))
    world.on_duty(A, 700)
    world.on_duty(B, 100)
    world.on_duty(C, 300)
    world.ask(request())
    assert (len(world.offers(A)), len(world.offers(B)), len(world.offers(C))) == (0, 1, 1)


def test_a_back_job_is_offered_by_the_way_to_the_user() -> None:
    world = World(DispatchPolicy(offers_per_round=1))
    world.on_duty(A, 0)
    world.on_duty(B, 480)
    world.ask(request(back=True))
    assert (world.offers(A), len(world.offers(B))) == ([], 1)


def test_a_radius_in_which_nobody_is_free_is_not_waited_for() -> None:
    world = World()
    world.on_duty(A, 6000)
    world.ask(request())
    assert len(world.offers(A)) == 1


def test_nobody_beyond_the_largest_radius_is_asked() -> None:
    world = World()
    world.on_duty(A, 13_000)
    world.ask(request())
    assert world.offers(A) == []


def test_the_first_acceptance_wins_and_the_other_hears_that_it_is_taken() -> None:
    world = World()
    world.on_duty(A)
    world.on_duty(B)
    world.ask(request())
    world.accept(B)
    world.accept(A)
    job = world.region.board.jobs[JOB]
    assert (job.courier, job.state) == (B, JobState.TO_CABINET)
    assert world.report_types() == ["FirstIndication"]
    assert world.closings(B) == [OfferEnd.ACCEPTED]
    assert world.closings(A) == [OfferEnd.TAKEN, OfferEnd.TAKEN]
    assert world.work(B).jobs[0].job == JOB
    assert world.work(A).jobs == ()


def test_the_second_indication_tells_of_the_back_leg() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request(back=True))
    world.accept(A)
    (report,) = world.reports()
    assert isinstance(report, SecondIndication)
    assert report.courier == A


def test_an_acceptance_twice_changes_nothing_the_second_time() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.accept(A, message_id="same")
    before = world.region.board.jobs[JOB]
    effects = world.accept(A, message_id="same")
    assert world.region.board.jobs[JOB] == before
    assert effects.sends == []


def test_an_acceptance_at_the_moment_of_expiry_is_too_late() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.now_ms += world.policy.offer_life_ms
    world.accept(A)
    assert world.closings(A)[0] is OfferEnd.EXPIRED
    assert world.region.board.jobs[JOB].courier is None


def test_a_late_acceptance_never_wins_even_when_nobody_else_has_the_job() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    first = world.offers(A)[0]
    world.pass_ms(world.policy.offer_life_ms + 1, alive=(A,))
    world.phone(A, courier.OfferAccepted(offer=first))
    assert world.region.board.offers[first].state is OfferState.EXPIRED
    assert world.region.board.jobs[JOB].state is JobState.OFFERING
    assert world.closings(A)[-1] is OfferEnd.EXPIRED


def test_the_acceptance_of_an_offer_nobody_made_is_answered_as_expired() -> None:
    world = World()
    world.on_duty(A)
    world.phone(A, courier.OfferAccepted(offer=OfferId("off-unknown")))
    assert world.closings(A) == [OfferEnd.EXPIRED]


def test_somebody_elses_offer_cannot_be_accepted() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.on_duty(B)
    world.phone(B, courier.OfferAccepted(offer=world.offers(A)[0]))
    assert world.region.board.jobs[JOB].courier is None


def test_when_all_have_declined_the_next_round_begins_at_once_without_them() -> None:
    world = World(DispatchPolicy(offers_per_round=1))
    world.on_duty(A, 10)
    world.on_duty(B, 20)
    world.ask(request())
    decline = courier.OfferDeclined(offer=world.offers(A)[0])
    world.phone(A, decline)
    world.phone(A, decline)
    assert len(world.offers(B)) == 1
    world.pass_ms(world.policy.give_up_offering_ms, alive=(A, B))
    assert len(world.offers(A)) == 1


def test_a_courier_with_a_job_or_an_open_offer_is_not_asked() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.ask(request(job := type(JOB)("job-2")))
    assert len(world.offers(A)) == 1
    world.accept(A)
    world.pass_ms(world.policy.retry_ms, alive=(A,))
    assert len(world.offers(A)) == 1
    assert world.region.board.jobs[job].state is JobState.OFFERING


def test_without_any_courier_the_job_fails_and_says_so_once() -> None:
    world = World()
    world.ask(request())
    world.pass_ms(world.policy.give_up_offering_ms + world.policy.retry_ms)
    (report,) = world.reports()
    assert isinstance(report, DeliveryFailed)
    assert report.why is JobEnd.NO_COURIER
    assert world.region.board.jobs[JOB].state is JobState.FAILED


def test_a_courier_who_comes_on_duty_meanwhile_is_asked() -> None:
    world = World()
    world.ask(request())
    world.pass_ms(60_000)
    world.on_duty(A)
    world.pass_ms(world.policy.retry_ms)
    world.accept(A)
    assert world.region.board.jobs[JOB].courier == A


def test_three_missed_offers_in_a_row_end_the_duty() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    for _ in range(3):
        assert world.region.board.couriers[A].on_duty
        world.pass_ms(world.policy.offer_life_ms, alive=(A,))
    assert not world.region.board.couriers[A].on_duty
    assert world.work(A).on_duty is False
    assert len(world.offers(A)) == 3


def test_an_answer_between_missed_offers_keeps_the_duty() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.pass_ms(2 * world.policy.offer_life_ms, alive=(A,))
    world.phone(A, courier.OfferDeclined(offer=world.offers(A)[-1]))
    assert world.region.board.couriers[A].missed == 0


def test_going_off_duty_takes_back_the_open_offer_and_asks_others() -> None:
    world = World(DispatchPolicy(offers_per_round=1))
    world.on_duty(A, 10)
    world.on_duty(B, 20)
    world.ask(request())
    world.phone(A, courier.DutyChanged(on_duty=False, location=north(10)))
    assert world.closings(A) == [OfferEnd.WITHDRAWN]
    assert len(world.offers(B)) == 1


def test_a_cancellation_before_any_acceptance_ends_the_job_and_later_acceptances_are_closed() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.ask(cancellation())
    world.accept(A)
    assert [data.why for data in world.reports() if isinstance(data, DeliveryFailed)] == [JobEnd.CANCELLED]
    assert world.closings(A) == [OfferEnd.WITHDRAWN, OfferEnd.WITHDRAWN]
    assert world.region.board.jobs[JOB].state is JobState.CANCELLED
    assert world.region.board.couriers[A].offer is None


def test_a_cancellation_just_after_the_acceptance_frees_the_courier() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.accept(A)
    world.ask(cancellation())
    world.ask(cancellation())
    assert world.report_types() == ["FirstIndication", "DeliveryFailed"]
    assert world.work(A).jobs == ()
    assert world.region.board.couriers[A].jobs == ()


def test_a_redirection_while_offers_are_open_is_what_the_winner_gets() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.ask(redirection(quantity=1))
    world.ask(redirection(quantity=1))
    world.accept(A)
    (job,) = world.work(A).jobs
    assert (job.cabinet, job.reservation, job.code, job.quantity) == ("cab-2", "rsv-other", "118270", 1)


def test_a_request_twice_begins_one_job() -> None:
    world = World()
    world.on_duty(A)
    world.ask(request())
    effects = world.ask(request())
    assert effects.sends == []
    assert len(world.offers(A)) == 1


@given(
    order=st.permutations(range(6)),
    declines=st.sets(st.integers(0, 5), max_size=5),
    pauses=st.lists(st.integers(0, 9_000), min_size=6, max_size=6),
    repeats=st.lists(st.integers(0, 5), max_size=6),
)
def test_however_answers_interleave_exactly_one_courier_wins_unless_none_accepts_in_time(
    order: list[int], declines: set[int], pauses: list[int], repeats: list[int]
) -> None:
    world = World(DispatchPolicy(offers_per_round=6, missed_offers_limit=99))
    couriers = [CourierId(f"cou-{number}") for number in range(6)]
    for number, who in enumerate(couriers):
        world.on_duty(who, 10 * number)
    world.ask(request())
    for number, pause_ms in zip([*order, *repeats], [*pauses, *([0] * len(repeats))], strict=True):
        world.pass_ms(pause_ms, alive=tuple(couriers))
        answer = courier.OfferDeclined if number in declines else courier.OfferAccepted
        for offer in world.offers(couriers[number]):
            world.phone(couriers[number], answer(offer=offer))
    board = world.region.board
    winners = [offer.courier for offer in board.offers.values() if offer.state is OfferState.ACCEPTED]
    holders = [who for who in couriers if board.couriers[who].jobs]
    indications = [report.courier for report in world.reports() if isinstance(report, FirstIndication)]
    assert len(winners) == 1
    assert winners == holders == indications == [board.jobs[JOB].courier]
    assert not board.open_offers(JOB)
    shown = [who for who in couriers if any(job.job == JOB for job in world.work(who).jobs)]
    assert shown == winners
