"""From the request to a reservation: refusals, silence, fewer banks, another cabinet."""

import pytest

from chargeloop.platform.core.order import HoldKind, HoldState
from chargeloop.protocol.ids import MAX_ID_LENGTH, IdKind, is_id
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.cabinet import CabinetReason, Outcome
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.rental import OrderState, RefusalCode, RequestRefused
from chargeloop.protocol.time import DAY_MS
from tests.platform.core.script import HOME, PLANE, USER, A, B, city, dispatching, fetching, made


def test_a_request_for_more_than_anybody_near_has_says_what_can_be_had() -> None:
    script = city()
    answer = script.ask_place(5)
    assert isinstance(answer, RequestRefused)
    assert (answer.code, answer.available) == (RefusalCode.NOT_ENOUGH_BANKS, 3)
    assert not script.rows.orders


def test_who_accepts_fewer_gets_what_the_best_cabinet_has() -> None:
    order = city().place(5, accept_fewer=True)
    assert (order.quantity, order.asked_quantity) == (3, 5)


def test_a_request_far_from_every_cabinet_is_refused() -> None:
    script = city()
    answer = script.ask_place(1, location=Location.of(PLANE.at(20_000, 0)))
    assert isinstance(answer, RequestRefused)
    assert answer.code is RefusalCode.NO_CABINET_NEAR


def test_a_user_cannot_have_more_open_orders_than_the_policy_allows() -> None:
    script = city(max_open_orders=1)
    script.place()
    answer = script.ask_place()
    assert isinstance(answer, RequestRefused)
    assert answer.code is RefusalCode.TOO_MANY


def test_the_same_message_places_one_order() -> None:
    script = city()
    request = made(rental.PlaceOrder, user=USER, location=Location.of(HOME), quantity=1)
    first = script.ask(request, id="key-1")
    assert script.ask(request, id="key-1") == first
    assert len(script.rows.orders) == 1
    assert len(script.commands(cab.ReserveBanks)) == 1


def test_the_same_message_id_of_another_sender_is_another_request() -> None:
    script = city()
    request = made(rental.PlaceOrder, user=USER, location=Location.of(HOME), quantity=1)
    script.ask(request, id="key-1")
    script.wait(30 * DAY_MS)
    script.connect(A)
    # The first order is in the store alone; a second one under its id would be refused there.
    script.say(f"cl/v1/demo/user/{USER}/request", request, id="key-1")
    assert len(script.rows.orders) == 2
    assert len({event.id for event in script.rows.events}) == len(script.rows.events)


def test_a_user_can_only_order_for_itself() -> None:
    script = city()
    request = made(rental.PlaceOrder, user="usr-0002", location=Location.of(HOME), quantity=1)
    script.say(f"cl/v1/demo/user/{USER}/request", request)
    (reply,) = script.last
    assert reply.topic == f"cl/v1/demo/user/{USER}/reply"
    assert isinstance(reply.data, RequestRefused)
    assert reply.data.code is RefusalCode.NOT_YOURS
    assert not script.rows.orders


def test_a_user_is_answered_and_shown_the_order_on_topics_of_its_own() -> None:
    script = city()
    request = made(rental.PlaceOrder, user=USER, location=Location.of(HOME), quantity=1)
    asked = script.say(f"cl/v1/demo/user/{USER}/request", request)
    reply = next(send for send in script.last if isinstance(send.data, rental.RequestDone))
    assert (reply.topic, reply.correlation_id) == (f"cl/v1/demo/user/{USER}/reply", asked.message.id)
    shown = next(send for send in script.last if isinstance(send.data, rental.UserOrders))
    assert shown.topic == f"cl/v1/demo/user/{USER}/orders"


def test_the_reservation_request_is_a_lease_with_an_epoch_that_rises() -> None:
    script = city()
    script.place()
    send, first = script.command(cab.ReserveBanks)
    assert send.id is not None
    assert send.id.startswith("cmd-")
    assert send.expires_ms == script.now_ms + script.policy.command_life_ms
    script.place(user="usr-2")
    assert script.command(cab.ReserveBanks)[1].epoch > first.epoch


def test_a_refused_reservation_goes_to_the_next_cabinet_and_not_back() -> None:
    script = city()
    order = script.place(2)
    reason = CabinetReason.NOT_ENOUGH_BANKS
    script.answer(cab.ReserveBanks, Outcome.REFUSED, cabinet=A, reason=reason, available=1)
    assert script.command(cab.ReserveBanks)[0].topic.split("/")[4] == B
    script.answer(cab.ReserveBanks, Outcome.REFUSED, cabinet=B, reason=reason, available=1)
    failed = script.order(order.id)
    assert failed.state is OrderState.FAILED
    assert failed.reason == "no cabinet near could set 2 banks aside"
    assert not failed.holds
    assert not script.rows.lines


def test_when_every_cabinet_refuses_who_accepts_fewer_goes_on_with_fewer() -> None:
    script = city()
    order = script.place(3, accept_fewer=True)
    script.answer(cab.ReserveBanks, Outcome.REFUSED, cabinet=A)
    script.answer(cab.ReserveBanks, Outcome.REFUSED, cabinet=B)
    assert script.command(cab.ReserveBanks)[1].quantity == 2
    script.answer(cab.ReserveBanks)
    assert script.order(order.id).state is OrderState.DISPATCHING
    assert script.order(order.id).quantity == 2


@pytest.mark.parametrize("outcome", [Outcome.EXPIRED, Outcome.FAILED])
def test_a_reservation_that_came_too_late_goes_to_the_next_cabinet(outcome: Outcome) -> None:
    script = city()
    script.place()
    script.answer(cab.ReserveBanks, outcome, cabinet=A)
    assert script.command(cab.ReserveBanks, B)


def test_a_cabinet_that_does_not_answer_is_released_asked_for_its_stock_and_replaced() -> None:
    script = city()
    order = script.place(2)
    first, reserve = script.command(cab.ReserveBanks, A)
    script.connect(A, online=False)
    script.wait(30_000)
    release, released = script.command(cab.ReleaseReservation, A)
    assert released.reservation == reserve.reservation
    assert released.epoch > reserve.epoch
    assert first.id in script.settled
    script.command(cab.ReportInventory, A)
    script.answer(cab.ReserveBanks, cabinet=B)
    assert script.order(order.id).state is OrderState.DISPATCHING
    # The cabinet is back and answers everything in turn: nothing of it is kept, nothing is done twice.
    script.connect(A)
    script.answer(cab.ReserveBanks, cabinet=A)
    assert [hold.state for hold in script.order(order.id).holds] == [HoldState.RELEASING, HoldState.HELD]
    script.answer(cab.ReleaseReservation, cabinet=A)
    assert release.id in script.settled
    assert [hold.cabinet for hold in script.order(order.id).holds] == [B]
    assert len(script.requests(delivery.RentalRequested)) == 1


def test_a_cabinet_with_a_long_name_is_asked_for_its_stock_by_an_id_it_can_answer() -> None:
    script = city()
    long_named = script.cabinet(f"cab-{'x' * (MAX_ID_LENGTH - 8)}", x_m=100, banks=("bnk-c1",))
    script.place(1)
    script.minutes(1)
    inquiry, _ = script.command(cab.ReportInventory, long_named)
    assert inquiry.id is not None
    assert is_id(IdKind.COMMAND, inquiry.id)
    script.event(long_named, made(cab.InventoryReported, command=inquiry.id, slots=()))
    assert inquiry.id in script.settled


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.REFUSED, CabinetReason.BUSY),
        (Outcome.REFUSED, CabinetReason.STALE_EPOCH),
        (Outcome.EXPIRED, None),
    ],
)
def test_a_release_that_was_not_carried_out_is_made_again_until_it_is(
    outcome: Outcome, reason: CabinetReason | None
) -> None:
    script = city()
    order = script.place()
    script.answer(cab.ReserveBanks)
    script.cancel(order.id)
    ended = made(delivery.DeliveryFailed, job=script.job()[0], order=order.id, why=delivery.JobEnd.CANCELLED)
    script.report(ended)
    assert script.order(order.id).state is OrderState.CANCELLED
    first, released = script.command(cab.ReleaseReservation)
    refused = script.answer(cab.ReleaseReservation, outcome, reason=reason)
    script.again(refused)
    assert [hold.state for hold in script.order(order.id).holds] == [HoldState.RELEASING]
    script.restart()
    script.minutes(1)
    second, again = script.command(cab.ReleaseReservation)
    assert len(script.commands(cab.ReleaseReservation)) == 2
    assert (second.id != first.id, again.reservation) == (True, released.reservation)
    assert again.epoch > released.epoch
    script.answer(cab.ReleaseReservation)
    assert not script.order(order.id).holds
    script.minutes(5)
    assert len(script.commands(cab.ReleaseReservation)) == 2


def test_a_cabinet_that_refuses_every_release_is_left_alone_when_the_reservation_is_over() -> None:
    script = city()
    order = script.place()
    script.answer(cab.ReserveBanks)
    script.cancel(order.id)
    for _ in range(70):
        if script.order(order.id).holds:
            script.answer(cab.ReleaseReservation, Outcome.REFUSED, reason=CabinetReason.BUSY)
        script.minutes(1)
    assert not script.order(order.id).holds
    assert len(script.commands(cab.ReleaseReservation)) < 70


def test_a_release_of_what_the_cabinet_does_not_know_is_done() -> None:
    script = city()
    order = script.place()
    script.answer(cab.ReserveBanks)
    script.cancel(order.id)
    script.answer(cab.ReleaseReservation, Outcome.REFUSED, reason=CabinetReason.UNKNOWN_RESERVATION)
    assert not script.order(order.id).holds


def test_a_release_that_nobody_hears_ends_with_the_reservations_own_time() -> None:
    script = city()
    order = script.place()
    script.connect(A, online=False)
    script.connect(B, online=False)
    script.wait(30_000)
    failed = script.order(order.id)
    assert failed.state is OrderState.FAILED
    assert [hold.state for hold in failed.holds] == [HoldState.RELEASING]
    script.minutes(65)
    assert not script.order(order.id).holds


def test_a_reservation_that_expires_while_the_courier_is_on_the_way_is_replaced_and_redirected() -> None:
    script = city()
    order = fetching(script, 2)
    hold = order.live_hold(HoldKind.BANKS)
    assert hold is not None
    script.alive(A, B)
    script.event(A, made(cab.ReservationEnded, reservation=hold.id, why=cab.HoldEnd.EXPIRED))
    _, again = script.command(cab.ReserveBanks)
    assert again.reservation != hold.id
    script.answer(cab.ReserveBanks)
    (redirected,) = script.requests(delivery.DeliveryRedirected)
    assert (redirected.reservation, redirected.code) == (again.reservation, again.code)
    assert script.order(order.id).state is OrderState.FETCHING


def test_a_reservation_whose_time_is_over_is_replaced_though_its_cabinet_says_nothing() -> None:
    script = city(hold_banks_ms=10 * 60_000)
    order = fetching(script)
    script.minutes(8)
    script.alive(A, B)
    script.wait(66_000)
    assert len(script.commands(cab.ReserveBanks)) == 2
    assert script.order(order.id).state is OrderState.FETCHING


def test_when_no_other_cabinet_can_replace_it_the_job_is_called_off_and_the_order_fails_uncharged() -> None:
    script = city()
    order = fetching(script, 3)
    hold = order.live_hold(HoldKind.BANKS)
    assert hold is not None
    script.connect(A, online=False)
    script.connect(B, online=False)
    script.event(A, made(cab.ReservationEnded, reservation=hold.id, why=cab.HoldEnd.EXPIRED))
    assert script.order(order.id).state is OrderState.RECALLING
    (cancelled,) = script.requests(delivery.DeliveryCancelled)
    job, name = script.job()
    assert cancelled.job == job
    script.report(made(delivery.DeliveryFailed, job=job, order=name, why=delivery.JobEnd.CANCELLED))
    assert script.order(order.id).state is OrderState.FAILED
    assert not script.rows.lines


def test_a_code_is_not_given_to_two_live_reservations_of_one_cabinet() -> None:
    script = city()
    script.fixed_draw = 7
    script.place()
    script.place(user="usr-2")
    first, second = script.commands(cab.ReserveBanks)
    assert (first.code, second.code) == ("000007", "000008")


def test_the_courier_platform_learns_the_hand_over_code_only_as_a_hash() -> None:
    script = city()
    order = dispatching(script)
    (request,) = script.requests(delivery.RentalRequested)
    leg = order.leg
    assert leg is not None
    assert leg.handover_code not in request.model_dump_json()
    assert (request.pay_minor, request.pay_max_minor, request.currency) == (200, 650, "EUR")
    view = script.region.view(order)
    assert view.handover_code == leg.handover_code
