"""The way back: couriers, users who walk, parts, silence and late words."""

import pytest

from chargeloop.platform.core.alarms import AlarmKind, of_order
from chargeloop.platform.core.fees import FeeKind
from chargeloop.platform.core.order import BankPlace, HoldState, Order
from chargeloop.platform.core.tariff import CourierRule, RentalRule, Tariff
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.cabinet import Outcome
from chargeloop.protocol.messages.courier import Problem
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.messages.rental import OrderState, RefusalCode, RequestDone, RequestRefused
from chargeloop.protocol.time import DAY_MS
from tests.platform.core.script import COURIER, A, B, Script, city, collecting, in_use, made


def collected(script: Script, order: Order, *banks: str) -> str:
    job, _ = script.job()
    script.report(made(delivery.BanksCollected, job=job, order=order.id, banks=banks))
    return job


def returned(script: Script, order: Order, *banks: str, evidence: Evidence = Evidence.PHONE) -> None:
    job, _ = script.job()
    script.report(made(delivery.ReturnSucceeded, job=job, order=order.id, banks=banks, evidence=evidence))


def kept_slots(script: Script) -> str:
    return script.command(cab.ReserveSlots)[1].reservation


def test_who_gave_all_banks_to_a_courier_who_misread_one_pays_for_none_of_them_any_longer() -> None:
    """Its cabinet may never see it: somebody may take it out again before the power is back."""

    def fees(*named: str) -> dict[str, int]:
        script = city()
        order = collecting(script, 2)
        job = collected(script, order, *named)
        assert {track.place for track in script.order(order.id).banks} == {BankPlace.INBOUND}
        script.minutes(20)
        script.insert(B, 5, "bnk-a1")
        script.minutes(20)
        back = {"banks": named, "evidence": Evidence.PHONE}
        script.report(made(delivery.ReturnSucceeded, job=job, order=order.id, **back))
        script.minutes(600)
        assert script.order(order.id).state is OrderState.SETTLED
        return script.fees(order.id)

    assert fees("bnk-a1", "bnk-x9") == fees("bnk-a1", "bnk-a2")


def test_one_misread_bank_of_two_is_not_guessed() -> None:
    script = city()
    order = collecting(script, 2, returned=1)
    collected(script, order, "bnk-x9")
    script.minutes(600)
    assert {track.place for track in script.order(order.id).banks} == {BankPlace.USER}


def test_a_return_is_refused_when_nobody_near_has_room() -> None:
    script = Script()
    script.cabinet(A, x_m=300, banks=("bnk-a1", "bnk-a2", "bnk-a3"), empty=0)
    order = in_use(script, 2)
    script.alive(A)
    script.event(A, made(cab.SlotChanged, slot=1, state=cab.SlotState.LOCKED))
    answer = script.ask_return(order.id, 2)
    assert isinstance(answer, RequestRefused)
    assert (answer.code, answer.available) == (RefusalCode.NO_ROOM_NEAR, 1)
    assert script.order(order.id).state is OrderState.IN_USE


def test_a_return_is_asked_for_only_by_who_has_the_banks_and_not_for_more() -> None:
    script = city()
    order = in_use(script)
    script.alive(A, B)
    stranger = script.ask_return(order.id, 1, "usr-other")
    assert isinstance(stranger, RequestRefused)
    assert stranger.code is RefusalCode.NOT_YOURS
    more = script.ask_return(order.id, 2)
    assert isinstance(more, RequestRefused)
    assert (more.code, more.available) == (RefusalCode.TOO_MANY, 1)
    assert more.detail == "you have 1 bank of this order"


def test_a_return_before_the_banks_have_come_is_refused() -> None:
    script = city()
    answer = script.ask_return(script.place().id, 1)
    assert isinstance(answer, RequestRefused)
    assert answer.code is RefusalCode.WRONG_STATE


def test_asking_again_while_a_return_is_under_way_makes_no_second_job() -> None:
    script = city()
    order = collecting(script, 2)
    answer = script.ask_return(order.id, 2)
    assert isinstance(answer, RequestDone)
    assert answer.state is OrderState.COLLECTING
    assert len(script.requests(delivery.ReturnRequested)) == 1


def test_slots_that_are_refused_everywhere_leave_the_banks_with_the_user() -> None:
    script = city()
    order = in_use(script)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.answer(cab.ReserveSlots, Outcome.REFUSED, cabinet=A)
    script.answer(cab.ReserveSlots, Outcome.REFUSED, cabinet=B)
    used = script.order(order.id)
    assert used.state is OrderState.IN_USE
    assert used.reason is not None
    assert "room" in used.reason


@pytest.mark.parametrize("why", [JobEnd.NO_COURIER, JobEnd.WRONG_CODES, JobEnd.CANCELLED])
def test_a_return_without_a_courier_leaves_the_banks_with_the_user_who_may_ask_again(why: JobEnd) -> None:
    script = city()
    order = collecting(script)
    job, _ = script.job()
    script.report(made(delivery.DeliveryFailed, job=job, order=order.id, why=why))
    used = script.order(order.id)
    assert used.state is OrderState.IN_USE
    assert used.reason
    assert all(hold.state is HoldState.RELEASING for hold in used.holds)
    script.alive(A, B)
    assert isinstance(script.ask_return(order.id, 1), RequestDone)
    script.answer(cab.ReserveSlots)
    assert len(script.requests(delivery.ReturnRequested)) == 2


def test_a_courier_who_leaves_before_collecting_is_replaced() -> None:
    script = city()
    order = collecting(script)
    job, _ = script.job()
    left = made(
        delivery.CourierGaveUp,
        job=job,
        order=order.id,
        courier=COURIER,
        reason="tired",
        offered_again=True,
    )
    script.report(left)
    assert script.order(order.id).state is OrderState.RETURN_DISPATCHING
    called_ms = script.now_ms
    script.minutes(10)
    script.taken("cou-0002")
    indicated_ms = script.now_ms
    script.minutes(5)
    collected(script, order, "bnk-a1")
    script.insert(A, 5, "bnk-a1", kept_slots(script))
    ends = {line.fee: (line.from_ms, line.to_ms) for line in script.rows.lines}
    # The user pays neither rental nor courier for the time that was lost with the first.
    assert ends[FeeKind.RENTAL][1] == called_ms
    assert ends[FeeKind.COURIER_BACK] == (indicated_ms, script.now_ms)


def test_a_user_who_is_not_there_keeps_the_banks() -> None:
    script = city()
    order = collecting(script)
    job, _ = script.job()
    script.report(made(delivery.DeliveryProblem, job=job, order=order.id, problem=Problem.USER_ABSENT))
    assert script.order(order.id).state is OrderState.IN_USE
    assert script.requests(delivery.DeliveryCancelled)[-1].job == job
    assert script.command(cab.ReleaseReservation)[1].reservation == kept_slots(script)


def test_giving_back_a_part_leaves_the_order_in_use_and_a_second_return_ends_it() -> None:
    script = city()
    order = collecting(script, 3)
    collected(script, order, "bnk-a1", "bnk-a2")
    script.minutes(5)
    script.insert(A, 5, "bnk-a1", kept_slots(script))
    script.insert(A, 6, "bnk-a2", kept_slots(script))
    used = script.order(order.id)
    assert (used.state, used.reason) == (OrderState.IN_USE, "1 still with you")
    assert not script.rows.lines
    returned(script, order, "bnk-a1", "bnk-a2", evidence=Evidence.CABINET)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.answer(cab.ReserveSlots)
    script.taken("cou-0002")
    script.minutes(4)
    collected(script, order, "bnk-a3")
    script.insert(A, 7, "bnk-a3", kept_slots(script))
    assert script.order(order.id).state is OrderState.SETTLED
    backs = [line for line in script.rows.lines if line.fee == "courier_back"]
    assert [line.amount_minor for line in backs] == [250, 240]
    assert len([line for line in script.rows.lines if line.fee == "rental"]) == 3


def test_a_user_may_bring_the_banks_back_alone() -> None:
    script = city()
    order = in_use(script, 2)
    script.minutes(31)
    script.insert(B, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.IN_USE
    script.minutes(60)
    script.insert(A, 5, "bnk-a2")
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id) == {"courier_out": 350, "rental": 200 + 400}


def test_a_user_who_walks_while_a_courier_is_on_the_way_ends_the_job_and_frees_the_slots() -> None:
    script = city()
    order = collecting(script)
    script.minutes(2)
    script.insert(B, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.requests(delivery.DeliveryCancelled)[-1].job == script.job()[0]
    assert script.command(cab.ReleaseReservation)[1].reservation == kept_slots(script)
    assert set(script.fees(order.id)) == {"courier_out", "rental"}


def test_return_success_on_the_couriers_word_waits_for_the_cabinet_and_then_counts() -> None:
    script = city()
    order = collecting(script)
    collected(script, order, "bnk-a1")
    script.minutes(6)
    returned(script, order, "bnk-a1")
    assert script.order(order.id).state is OrderState.RETURNING
    script.minutes(2)
    settled = script.order(order.id)
    assert settled.state is OrderState.SETTLED
    assert "word_taken" in script.types(order.id)
    assert script.fees(order.id)["courier_back"] == 260


def test_a_cabinet_that_tells_later_of_an_earlier_return_changes_the_fee_by_added_lines_only() -> None:
    script = city()
    order = collecting(script)
    collected(script, order, "bnk-a1")
    script.minutes(4)
    put_back_ms = script.now_ms
    script.minutes(6)
    returned(script, order, "bnk-a1")
    script.minutes(3)
    before = list(script.rows.lines)
    assert script.fees(order.id)["courier_back"] == 300
    script.insert(A, 5, "bnk-a1", kept_slots(script), time=put_back_ms)
    assert script.fees(order.id)["courier_back"] == 240
    assert script.rows.lines[: len(before)] == before
    added = script.rows.lines[len(before) :]
    assert [line.amount_minor for line in added] == [-300, 240]
    assert added[0].reverses is not None


def test_a_report_that_comes_after_the_cabinets_and_is_later_changes_nothing() -> None:
    script = city()
    order = collecting(script)
    collected(script, order, "bnk-a1")
    script.minutes(5)
    script.insert(A, 5, "bnk-a1", kept_slots(script))
    lines = list(script.rows.lines)
    script.minutes(5)
    returned(script, order, "bnk-a1")
    script.minutes(10)
    assert script.rows.lines == lines


def test_the_cabinet_heard_before_the_collection_is_still_the_couriers_return() -> None:
    script = city()
    order = collecting(script)
    indicated = script.order(order.id).legs[-1].indicated
    assert indicated is not None
    script.minutes(8)
    script.insert(A, 5, "bnk-a1", kept_slots(script))
    assert script.order(order.id).state is OrderState.SETTLED
    collected(script, order, "bnk-a1")
    returned(script, order, "bnk-a1", evidence=Evidence.CABINET)
    (rental,) = [line for line in script.rows.lines if line.fee == "rental"]
    assert rental.to_ms == indicated.time_ms
    assert script.fees(order.id)["courier_back"] == 280


def test_everything_of_the_courier_platform_may_come_after_the_cabinet() -> None:
    script = city()
    order = in_use(script)
    script.minutes(60)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.answer(cab.ReserveSlots)
    taken_ms = script.now_ms + 60_000
    script.minutes(9)
    script.insert(A, 5, "bnk-a1", kept_slots(script))
    assert script.order(order.id).state is OrderState.RETURNING
    job, name = script.job()
    told = made(delivery.SecondIndication, job=job, order=name, courier=COURIER)
    script.report(told, time=taken_ms)
    assert script.order(order.id).state is OrderState.SETTLED
    (rental,) = [line for line in script.rows.lines if line.fee == "rental"]
    assert rental.to_ms == taken_ms
    assert script.fees(order.id)["courier_back"] == 280


def test_a_courier_who_leaves_with_collected_banks_ends_the_users_part() -> None:
    script = city()
    order = collecting(script)
    job = collected(script, order, "bnk-a1")
    script.report(
        made(
            delivery.DeliveryFailed,
            job=job,
            order=order.id,
            why=JobEnd.GAVE_UP_WITH_BANKS,
            banks=("bnk-a1",),
        )
    )
    settled = script.order(order.id)
    assert (settled.state, settled.reason) == (OrderState.SETTLED, "1 still with a courier")
    assert set(script.fees(order.id)) == {"courier_out", "rental"}
    script.minutes(60)
    script.insert(B, 5, "bnk-a1")
    assert script.types(order.id)[-1] == "bank_found"


def test_a_courier_who_is_never_heard_of_again_does_not_keep_the_order_open() -> None:
    script = city()
    order = collecting(script)
    collected(script, order, "bnk-a1")
    script.minutes(3 * 60 + 1)
    assert script.order(order.id).state is OrderState.SETTLED
    assert "courier_back" not in script.fees(order.id)
    assert script.order(order.id).banks[0].place is BankPlace.ASTRAY


def test_a_cabinet_that_takes_nothing_is_replaced_by_another() -> None:
    script = city()
    order = collecting(script)
    job = collected(script, order, "bnk-a1")
    script.alive(A, B)
    problem = made(delivery.DeliveryProblem, job=job, order=order.id, problem=Problem.CABINET_TAKES_NOTHING)
    script.report(problem)
    script.answer(cab.ReserveSlots, cabinet=B)
    assert script.requests(delivery.DeliveryRedirected)[-1].cabinet == B


def test_a_slot_reservation_that_expires_is_replaced_and_the_courier_redirected() -> None:
    script = city()
    order = collecting(script)
    script.alive(A, B)
    first = kept_slots(script)
    script.event(A, made(cab.ReservationEnded, reservation=first, why=cab.HoldEnd.EXPIRED))
    script.answer(cab.ReserveSlots)
    assert script.requests(delivery.DeliveryRedirected)[-1].reservation == kept_slots(script) != first
    assert script.order(order.id).state is OrderState.COLLECTING


def test_a_collection_that_crosses_with_the_end_of_the_job_is_still_a_return() -> None:
    script = city()
    order = collecting(script)
    job, _ = script.job()
    script.report(made(delivery.DeliveryProblem, job=job, order=order.id, problem=Problem.USER_ABSENT))
    collected(script, order, "bnk-a1")
    assert script.order(order.id).state is OrderState.RETURNING
    script.insert(A, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED


def test_banks_kept_too_long_are_sold_at_the_total_cap_and_found_later_cost_nothing_more() -> None:
    script = city()
    order = in_use(script, 2)
    rented_ms = script.now_ms
    script.minutes(30)
    script.insert(A, 5, "bnk-a1")
    script.wait(5 * DAY_MS)
    sold = script.order(order.id)
    assert (sold.state, sold.reason) == (OrderState.SETTLED, "1 bought")
    assert script.rows.banks["bnk-a2"].where == "sold"
    assert script.fees(order.id) == {"courier_out": 350, "rental": 100 + 3000}
    bought = next(event for event in script.rows.events if event.type == "bought_out")
    assert bought.time_ms == rented_ms + 5 * DAY_MS
    lines = list(script.rows.lines)
    script.wait(10 * DAY_MS)
    script.connect(A)
    script.insert(A, 6, "bnk-a2")
    assert script.types(order.id)[-1] == "bank_found"
    assert script.rows.lines == lines
    assert script.rows.banks["bnk-a2"].where == "cabinet"


def test_a_bank_nobody_rented_may_be_put_into_a_cabinet() -> None:
    script = city()
    script.insert(A, 5, "bnk-new")
    assert script.rows.banks["bnk-new"].cabinet == A
    assert not script.rows.events


class NeverSold(Script):
    """A city whose tariff sells no bank."""

    tariff = Tariff(
        "never-sold", "EUR", RentalRule(0, 30, 100, cap_per_24h_minor=600), CourierRule(200, 10, 45)
    )


def test_a_bank_that_the_tariff_never_sells_is_rented_until_it_is_back() -> None:
    script = city(NeverSold)
    order = in_use(script)
    script.wait(40 * DAY_MS)
    script.restart()
    script.wait(5 * DAY_MS)
    kept = script.order(order.id)
    assert (kept.state, script.fees(order.id)) == (OrderState.IN_USE, {})
    assert [trouble.key.kind for trouble in of_order(kept, script.now_ms)] == [AlarmKind.ORDER_STUCK]
    script.alive(A)
    script.insert(A, 5, "bnk-a1")
    back = script.order(order.id)
    assert (back.state, back.reason) == (OrderState.SETTLED, None)
    assert script.fees(order.id)["rental"] == 45 * 600


def test_an_operator_ends_the_rental_of_a_bank_that_is_lost_and_never_sold() -> None:
    script = city(NeverSold)
    order = in_use(script)
    script.wait(40 * DAY_MS)
    script.say(
        "cl/v1/demo/operator/opr-1/request",
        made(rental.EndOrder, operator="opr-1", order=order.id, reason="lost"),
    )
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id)["rental"] == 40 * 600


def test_an_order_whose_banks_are_with_nobody_ends_by_a_tariff_that_sells_none_too() -> None:
    script = city(NeverSold)
    order = collecting(script)
    script.report(made(delivery.BanksCollected, job=script.job()[0], order=order.id, banks=("bnk-a1",)))
    script.wait(40 * DAY_MS)
    assert script.order(order.id).state is OrderState.SETTLED
