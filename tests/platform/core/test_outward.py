"""The courier's way to the user: everything that can go wrong before the hand-over."""

from collections.abc import Callable

import pytest

from chargeloop.platform.core.order import BankPlace, HoldKind, HoldState, Order
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.courier import Problem
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.messages.rental import OrderState, RefusalCode, RequestDone, RequestRefused
from tests.platform.core.script import (
    COURIER,
    A,
    B,
    Script,
    city,
    delivering,
    dispatching,
    fetching,
    in_use,
    made,
    ready,
)


def job_failed(script: Script, why: JobEnd, *banks: str) -> None:
    job, order = script.job()
    script.report(made(delivery.DeliveryFailed, job=job, order=order, why=why, banks=banks))


def reserved(script: Script) -> str:
    return script.command(cab.ReserveBanks)[1].reservation


def test_without_a_courier_the_order_fails_the_banks_are_released_and_nothing_is_charged() -> None:
    script = city()
    order = dispatching(script, 2)
    job_failed(script, JobEnd.NO_COURIER)
    failed = script.order(order.id)
    assert (failed.state, failed.reason) == (OrderState.FAILED, "no courier was free")
    assert script.command(cab.ReleaseReservation)[1].reservation == reserved(script)
    script.answer(cab.ReleaseReservation)
    assert not script.order(order.id).holds
    assert not script.rows.lines
    assert not script.requests(delivery.DeliveryCancelled)


def test_a_courier_who_leaves_before_the_pickup_is_replaced_and_only_the_second_is_charged() -> None:
    script = city()
    order = fetching(script)
    job, _ = script.job()
    script.report(
        made(
            delivery.CourierGaveUp,
            job=job,
            order=order.id,
            courier=COURIER,
            reason="flat tyre",
            offered_again=True,
        )
    )
    waiting = script.order(order.id)
    assert waiting.state is OrderState.DISPATCHING
    assert waiting.leg is not None
    assert waiting.leg.courier is None
    script.minutes(5)
    script.taken("cou-0002")
    script.eject(A, reserved(script), {1: "bnk-a1"})
    script.minutes(3)
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1",)))
    script.minutes(1)
    script.insert(A, 5, "bnk-a1")
    assert script.fees(order.id) == {"courier_out": 230, "rental": 100}


def test_a_courier_who_leaves_with_the_banks_makes_the_order_begin_again() -> None:
    script = city()
    order = delivering(script, 2)
    job_failed(script, JobEnd.GAVE_UP_WITH_BANKS, "bnk-a1", "bnk-a2")
    again = script.order(order.id)
    assert (again.state, again.attempt) == (OrderState.RESERVING, 2)
    assert [track.place for track in again.banks] == [BankPlace.ASTRAY] * 2
    assert script.command(cab.ReserveBanks)[0].topic.split("/")[4] == B
    script.answer(cab.ReserveBanks)
    assert len(script.requests(delivery.RentalRequested)) == 2
    script.taken("cou-0002")
    script.eject(B, reserved(script), {1: "bnk-b1", 2: "bnk-b2"})
    job, _ = script.job()
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-b1", "bnk-b2")))
    # The first courier's banks turn up: they are seen and cost nobody anything.
    script.insert(B, 5, "bnk-a1")
    script.insert(B, 6, "bnk-b1")
    script.insert(B, 7, "bnk-b2")
    settled = script.order(order.id)
    assert (settled.state, settled.reason) == (OrderState.SETTLED, "1 still with a courier")
    script.insert(B, 5, "bnk-a2")
    assert script.types(order.id)[-1] == "bank_found"
    rented = {line.bank for line in script.rows.lines if line.fee == "rental"}
    assert rented == {"bnk-b1", "bnk-b2"}


def test_after_three_couriers_left_with_banks_the_order_fails_uncharged() -> None:
    script = city(max_attempts=3)
    order = script.place()
    for attempt, bank in enumerate(("bnk-a1", "bnk-a2", "bnk-a3"), 1):
        script.alive(A, B)
        script.answer(cab.ReserveBanks, slots=[(attempt, bank)])
        script.taken()
        script.eject(A, reserved(script), {attempt: bank})
        job_failed(script, JobEnd.GAVE_UP_WITH_BANKS, bank)
    assert script.order(order.id).state is OrderState.FAILED
    assert len(script.requests(delivery.RentalRequested)) == 3
    assert not script.rows.lines


def test_banks_that_a_vanished_courier_delivered_after_all_are_rented() -> None:
    script = city()
    order = delivering(script)
    first, _ = script.job()
    job_failed(script, JobEnd.GAVE_UP_WITH_BANKS, "bnk-a1")
    script.answer(cab.ReserveBanks)
    script.report(made(delivery.RentalSucceeded, job=first, order=order.id, banks=("bnk-a1",)))
    used = script.order(order.id)
    assert used.state is OrderState.IN_USE
    assert script.requests(delivery.DeliveryCancelled)[-1].job == script.job()[0]
    assert all(hold.state is HoldState.RELEASING for hold in used.holds)


def test_cancelling_before_a_cabinet_has_answered_ends_the_order_at_once() -> None:
    script = city()
    order = script.place()
    answer = script.cancel(order.id)
    assert isinstance(answer, RequestDone)
    assert answer.state is OrderState.CANCELLED
    assert script.command(cab.ReleaseReservation)
    script.answer(cab.ReserveBanks)
    assert script.order(order.id).state is OrderState.CANCELLED
    assert not script.requests(delivery.RentalRequested)


@pytest.mark.parametrize("step", [dispatching, fetching])
def test_cancelling_before_the_pickup_ends_when_the_courier_platform_says_nobody_holds_banks(
    step: Callable[[Script], Order],
) -> None:
    script = city()
    order = step(script)
    answer = script.cancel(order.id)
    assert isinstance(answer, RequestDone)
    assert answer.state is OrderState.RECALLING
    (cancelled,) = script.requests(delivery.DeliveryCancelled)
    assert cancelled.reason == "cancelled by the user"
    assert script.command(cab.ReleaseReservation)
    job_failed(script, JobEnd.CANCELLED)
    assert script.order(order.id).state is OrderState.CANCELLED
    assert not script.rows.lines
    repeated = script.cancel(order.id)
    assert isinstance(repeated, RequestDone)
    assert repeated.state is OrderState.CANCELLED


def test_cancelling_when_the_courier_holds_banks_sends_them_to_reserved_slots() -> None:
    script = city()
    order = delivering(script, 2)
    script.cancel(order.id)
    assert script.order(order.id).state is OrderState.RECALLING
    _, slots = script.command(cab.ReserveSlots)
    assert slots.quantity == 2
    script.answer(cab.ReserveSlots)
    told = script.requests(delivery.DeliveryCancelled)[-1]
    assert (told.cabinet, told.reservation, told.code) == (A, slots.reservation, slots.code)
    script.minutes(5)
    script.insert(A, 5, "bnk-a1", slots.reservation)
    assert script.order(order.id).state is OrderState.RECALLING
    script.insert(A, 6, "bnk-a2", slots.reservation)
    job, _ = script.job()
    banks = ("bnk-a1", "bnk-a2")
    script.report(
        made(delivery.ReturnSucceeded, job=job, order=order.id, banks=banks, evidence=Evidence.CABINET)
    )
    assert script.order(order.id).state is OrderState.CANCELLED
    assert not script.rows.lines


def test_a_pickup_that_crosses_with_the_cancellation_is_recalled() -> None:
    script = city()
    order = fetching(script)
    script.cancel(order.id)
    script.alive(A, B)
    script.eject(A, reserved(script), {1: "bnk-a1"})
    _, slots = script.command(cab.ReserveSlots)
    script.answer(cab.ReserveSlots)
    assert script.requests(delivery.DeliveryCancelled)[-1].reservation == slots.reservation
    job, _ = script.job()
    script.report(
        made(delivery.ReturnSucceeded, job=job, order=order.id, banks=("bnk-a1",), evidence=Evidence.PHONE)
    )
    assert script.order(order.id).state is OrderState.RECALLING
    script.minutes(2)  # the cabinet stays silent: the courier's word counts
    assert script.order(order.id).state is OrderState.CANCELLED


def test_a_hand_over_that_crosses_with_the_cancellation_counts_and_is_charged() -> None:
    script = city()
    order = delivering(script)
    script.cancel(order.id)
    job, _ = script.job()
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1",)))
    assert script.order(order.id).state is OrderState.IN_USE
    script.minutes(10)
    script.insert(A, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id)["rental"] == 100


def test_an_order_in_use_cannot_be_cancelled_and_says_what_to_do() -> None:
    script = city()
    order = in_use(script)
    answer = script.cancel(order.id)
    assert isinstance(answer, RequestRefused)
    assert answer.code is RefusalCode.WRONG_STATE
    assert "ask for their return" in answer.detail


def test_nobody_cancels_the_order_of_somebody_else_but_an_operator() -> None:
    script = city()
    order = dispatching(script)
    answer = script.cancel(order.id, "usr-other")
    assert isinstance(answer, RequestRefused)
    assert answer.code is RefusalCode.NOT_YOURS
    unknown = script.cancel("ord-none")
    assert isinstance(unknown, RequestRefused)
    assert unknown.code is RefusalCode.UNKNOWN_ORDER
    request = made(rental.CancelOrder, user="usr-other", order=order.id, reason="fire in the street")
    script.say("cl/v1/demo/operator/opr-1/request", request)
    assert "cl/v1/demo/operator/opr-1/reply" in [send.topic for send in script.last]
    assert script.order(order.id).reason == "fire in the street"


def test_fewer_banks_than_reserved_go_on_with_what_came_out() -> None:
    script = city()
    order = fetching(script, 3)
    reservation = reserved(script)
    jam = made(cab.EjectFailed, slot=2, bank="bnk-a2", reservation=reservation, reason=cab.CabinetReason.JAM)
    script.event(A, jam)
    script.eject(A, reservation, {1: "bnk-a1", 3: "bnk-a3"}, missing=1)
    on_the_way = script.order(order.id)
    assert (on_the_way.state, on_the_way.quantity) == (OrderState.DELIVERING, 2)
    assert "eject_failed" in script.types(order.id)
    job, _ = script.job()
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1", "bnk-a3")))
    assert script.order(order.id).state is OrderState.IN_USE


def test_when_nothing_comes_out_the_courier_is_sent_to_the_next_cabinet() -> None:
    script = city()
    order = fetching(script)
    script.alive(A, B)
    script.eject(A, reserved(script), {}, missing=1)
    script.answer(cab.ReserveBanks, cabinet=B)
    (redirected,) = script.requests(delivery.DeliveryRedirected)
    assert redirected.cabinet == B
    script.eject(B, redirected.reservation, {1: "bnk-b1"})
    assert script.order(order.id).state is OrderState.DELIVERING


def test_a_courier_to_whom_the_cabinet_gives_nothing_is_sent_to_the_next_cabinet() -> None:
    script = city()
    order = fetching(script)
    script.alive(A, B)
    job, _ = script.job()
    problem = made(delivery.DeliveryProblem, job=job, order=order.id, problem=Problem.CABINET_GAVE_NOTHING)
    script.report(problem)
    assert script.command(cab.ReleaseReservation, A)
    script.answer(cab.ReserveBanks, cabinet=B)
    assert script.requests(delivery.DeliveryRedirected)[-1].cabinet == B


def test_a_user_who_is_not_there_gets_nothing_and_pays_nothing() -> None:
    script = city()
    order = delivering(script)
    job, _ = script.job()
    script.report(made(delivery.DeliveryProblem, job=job, order=order.id, problem=Problem.USER_ABSENT))
    assert script.order(order.id).state is OrderState.RECALLING
    script.answer(cab.ReserveSlots)
    script.insert(A, 5, "bnk-a1", script.command(cab.ReserveSlots)[1].reservation)
    script.report(
        made(delivery.ReturnSucceeded, job=job, order=order.id, banks=("bnk-a1",), evidence=Evidence.CABINET)
    )
    failed = script.order(order.id)
    assert (failed.state, failed.reason) == (
        OrderState.FAILED,
        "nobody was there to take the banks",
    )
    assert not script.rows.lines


def test_the_couriers_word_moves_the_order_while_the_cabinet_is_silent() -> None:
    script = city()
    order = fetching(script, 2)
    job, _ = script.job()
    banks = ("bnk-a1", "bnk-a2")
    script.connect(A, online=False)
    script.report(made(delivery.BanksPickedUp, job=job, order=order.id, banks=banks))
    assert script.order(order.id).state is OrderState.DELIVERING
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=banks))
    assert script.order(order.id).state is OrderState.IN_USE
    # The cabinet is back and tells what happened hours ago: nothing moves, the facts are kept.
    script.minutes(90)
    script.connect(A)
    script.eject(A, reserved(script), {1: "bnk-a1", 2: "bnk-a2"})
    told = script.order(order.id)
    assert told.state is OrderState.IN_USE
    assert all(track.ejected is not None and track.place is BankPlace.USER for track in told.banks)


def test_the_cabinet_may_be_heard_before_the_courier_platform() -> None:
    script = city()
    order = dispatching(script)
    started_ms = script.now_ms
    script.minutes(7)
    script.eject(A, reserved(script), {1: "bnk-a1"})
    assert script.order(order.id).state is OrderState.DELIVERING
    job, _ = script.job()
    told = made(delivery.FirstIndication, job=job, order=order.id, courier=COURIER)
    script.report(told, time=started_ms + 60_000)
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1",)))
    leg = script.order(order.id).legs[0]
    assert leg.indicated is not None
    assert leg.indicated.time_ms == started_ms + 60_000


def test_a_courier_platform_that_never_answers_does_not_keep_an_order_open() -> None:
    script = city()
    order = dispatching(script)
    script.minutes(31)
    assert script.order(order.id).state is OrderState.RECALLING
    script.minutes(16)
    ended = script.order(order.id)
    assert (ended.state, ended.reason) == (OrderState.FAILED, "the delivery took too long")


def test_banks_put_back_before_the_hand_over_end_the_order() -> None:
    script = city()
    order = delivering(script)
    script.insert(A, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.RECALLING
    job_failed(script, JobEnd.CANCELLED)
    assert script.order(order.id).state is OrderState.FAILED


def test_a_redirection_that_comes_after_the_pickup_frees_the_second_reservation() -> None:
    script = city()
    order = fetching(script)
    first = reserved(script)
    script.alive(A, B)
    job, _ = script.job()
    script.report(
        made(delivery.DeliveryProblem, job=job, order=order.id, problem=Problem.CABINET_GAVE_NOTHING)
    )
    script.answer(cab.ReserveBanks, cabinet=B)
    script.eject(A, first, {1: "bnk-a1"})
    moved = script.order(order.id)
    assert moved.state is OrderState.DELIVERING
    assert moved.live_hold(HoldKind.BANKS) is None
    assert script.command(cab.ReleaseReservation, B)


def test_a_bank_that_leaves_for_an_order_is_no_longer_with_another() -> None:
    script = city()
    first = in_use(script)
    script.alive(A, B)
    second = script.place(user="usr-2")
    script.answer(cab.ReserveBanks)
    script.taken("cou-0002")
    script.eject(A, reserved(script), {2: "bnk-a1"})
    ended = script.order(first.id)
    assert ended.state is OrderState.SETTLED
    assert {line.quality for line in ended.lines if line.fee == "rental"} == {"inferred"}
    assert [track.bank for track in script.order(second.id).banks] == ["bnk-a1"]


def test_couriers_who_give_up_one_after_the_other_do_not_keep_an_order_open() -> None:
    script = city()
    order = fetching(script)
    job, _ = script.job()
    for number in range(4 * 180):
        script.minutes(0.25)
        for cabinet, bank in ((A, "bnk-a1"), (B, "bnk-b1")):
            script.snapshot(cabinet, [ready(1, bank)])
        courier = script.order(order.id).legs[-1].courier
        if courier is not None:
            left = made(
                delivery.CourierGaveUp,
                job=job,
                order=order.id,
                courier=courier,
                reason="tired",
                offered_again=True,
            )
            script.report(left)
        hold = script.order(order.id).live_hold(HoldKind.BANKS)
        if hold is not None and hold.state is HoldState.ASKED:
            script.answer(cab.ReserveBanks)
        script.taken(f"cou-{number}")
    assert script.order(order.id).state is OrderState.FAILED
