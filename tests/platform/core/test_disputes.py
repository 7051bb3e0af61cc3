"""Disputes of users, answers of operators, and fees that are waived."""

from collections.abc import Callable

import pytest

from chargeloop.platform.core.dispute import MOST_OPEN
from chargeloop.platform.core.order import Order
from chargeloop.platform.shell.store import ORDERS
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.delivery import Evidence
from chargeloop.protocol.messages.rental import OrderMoved, OrderState, RefusalCode
from chargeloop.protocol.time import DAY_MS, MINUTE_MS
from chargeloop.protocol.topics import TOPICS
from chargeloop.protocol.values import replace
from tests.platform.core.script import (
    USER,
    A,
    B,
    Script,
    city,
    collecting,
    delivering,
    dispatching,
    fetching,
    in_use,
    made,
)

OPERATOR = "opr-anna"
TEXT = "I put it back at noon"


def settled(script: Script) -> Order:
    """Return an order whose bank its user has walked back to cabinet B."""
    order = in_use(script)
    script.minutes(70)
    script.insert(B, 5, "bnk-a1")
    return script.order(order.id)


def dispute(
    order: Order, *, user: str = USER, text: str = TEXT, bank: str | None = "bnk-a1"
) -> rental.OpenDispute:
    return made(rental.OpenDispute, user=user, order=order.id, bank=bank, text=text)


def answer(order: Order, name: str, text: str = "you are right") -> rental.AnswerDispute:
    return made(rental.AnswerDispute, operator=OPERATOR, order=order.id, dispute=name, text=text)


def waiver(order: Order, line: str) -> rental.WaiveFee:
    return made(rental.WaiveFee, operator=OPERATOR, order=order.id, line=line, reason="a faulty reader")


def refused(reply: rental.RequestDone | rental.RequestRefused) -> RefusalCode:
    assert isinstance(reply, rental.RequestRefused), reply
    return reply.code


# Disputes.


@pytest.mark.parametrize("ended", [False, True])
def test_a_dispute_is_journaled_and_told_to_operators_and_moves_nothing(*, ended: bool) -> None:
    script = city()
    order = settled(script) if ended else in_use(script)
    fees = script.fees(order.id)
    assert isinstance(script.ask(dispute(order)), rental.RequestDone)
    disputed = script.order(order.id)
    assert (disputed.state, disputed.since_ms) == (order.state, order.since_ms)
    assert script.fees(order.id) == fees
    assert script.detail(order.id, "dispute_opened") == {"bank": "bnk-a1", "text": TEXT}
    (opened,) = disputed.disputes
    assert (opened.id, opened.bank, opened.text) == (script.rows.events[-1].id, "bnk-a1", TEXT)
    assert [send.data.event for send in script.last if isinstance(send.data, OrderMoved)] == [
        "dispute_opened"
    ]


def test_the_same_said_again_opens_no_second_dispute_not_even_after_the_answer() -> None:
    script = city()
    order = settled(script)
    said = script.say("cl/v1/demo/user/usr-0001/request", dispute(order))
    script.again(said)
    script.ask(answer(order, script.order(order.id).disputes[0].id))
    script.again(said)
    script.ask(dispute(order))
    assert script.types(order.id).count("dispute_opened") == 1


def test_only_the_user_disputes_and_only_what_the_order_is_about() -> None:
    script = city()
    order = settled(script)
    assert refused(script.ask(dispute(order, user="usr-0002"))) is RefusalCode.NOT_YOURS
    assert refused(script.ask(dispute(order, bank="bnk-b1"))) is RefusalCode.INVALID
    unknown = made(rental.OpenDispute, user=USER, order="ord-none", text=TEXT)
    assert refused(script.ask(unknown)) is RefusalCode.UNKNOWN_ORDER
    assert script.order(order.id).disputes == ()


def test_so_many_disputes_may_wait_for_an_answer_and_no_more() -> None:
    script = city()
    order = settled(script)
    for number in range(MOST_OPEN):
        script.ask(dispute(order, text=f"reason {number}"))
    assert refused(script.ask(dispute(order))) is RefusalCode.TOO_MANY
    script.ask(answer(order, script.order(order.id).disputes[0].id))
    assert isinstance(script.ask(dispute(order)), rental.RequestDone)


def test_a_dispute_is_answered_once_by_an_operator() -> None:
    script = city()
    order = settled(script)
    script.ask(dispute(order))
    name = script.order(order.id).disputes[0].id
    said = script.say(f"cl/v1/demo/operator/{OPERATOR}/request", answer(order, name))
    script.again(said)
    assert refused(script.ask(answer(order, name, "no"))) is RefusalCode.WRONG_STATE
    assert refused(script.ask(answer(order, f"{order.id}-e1"))) is RefusalCode.UNKNOWN_DISPUTE
    (answered,) = script.order(order.id).disputes
    assert answered.answer is not None
    assert (answered.answer.operator, answered.answer.text) == (OPERATOR, "you are right")
    assert script.types(order.id).count("dispute_answered") == 1


def test_an_operator_answers_in_no_other_operator_s_name_and_users_not_at_all() -> None:
    script = city()
    order = settled(script)
    script.ask(dispute(order))
    script.say("cl/v1/demo/operator/opr-ben/request", answer(order, script.order(order.id).disputes[0].id))
    assert script.order(order.id).disputes[0].answer is None
    for name in (rental.AnswerDispute, rental.WaiveFee):
        assert name not in TOPICS["user_request"].messages


def test_an_order_is_not_forgotten_as_long_as_a_dispute_waits_for_its_answer() -> None:
    script = city(remember_ms=DAY_MS)
    order = settled(script)
    script.wait(DAY_MS - MINUTE_MS)
    script.ask(dispute(order))
    script.wait(9 * DAY_MS)
    assert isinstance(script.ask(answer(order, script.order(order.id).disputes[0].id)), rental.RequestDone)
    line = next(line for line in order.lines if line.fee == "rental")
    assert isinstance(script.ask(waiver(order, line.id)), rental.RequestDone)
    script.wait(DAY_MS)
    assert script.region.order(order.id) is None


def test_who_asks_about_an_order_that_is_forgotten_is_told_until_when_one_can() -> None:
    script = city(remember_ms=DAY_MS)
    order = settled(script)
    script.wait(DAY_MS)
    for asked in (dispute(order), waiver(order, order.lines[0].id)):
        answered = script.ask(asked)
        assert refused(answered) is RefusalCode.UNKNOWN_ORDER
        assert isinstance(answered, rental.RequestRefused)
        assert "in the last 24 h" in answered.detail


# Waivers.


def test_a_fee_that_is_waived_is_taken_back_by_a_line_and_the_others_stand() -> None:
    script = city()
    order = settled(script)
    before = script.fees(order.id)
    (line,) = [line for line in order.lines if line.fee == "rental"]
    assert before["rental"] == line.amount_minor > 0
    said = script.say(f"cl/v1/demo/operator/{OPERATOR}/request", waiver(order, line.id))
    assert script.fees(order.id) == {**before, "rental": 0}
    assert script.detail(order.id, "fee_waived") == {
        "line": line.id, "fee": "rental", "of": "bnk-a1", "operator": OPERATOR, "reason": "a faulty reader",
    }  # fmt: skip
    assert script.rows.lines[-1].reverses == line.id
    lines, events = len(script.rows.lines), len(script.rows.events)
    script.again(said)
    script.ask(waiver(order, line.id))
    assert (len(script.rows.lines), len(script.rows.events)) == (lines, events)


def test_what_becomes_known_later_does_not_bring_a_waived_fee_back() -> None:
    script = city()
    order = collecting(script)
    job, _ = script.job()
    about = {"job": job, "order": order.id, "banks": ("bnk-a1",)}
    script.report(made(delivery.BanksCollected, **about))
    script.minutes(4)
    put_back_ms = script.now_ms
    script.minutes(6)
    script.report(made(delivery.ReturnSucceeded, **about, evidence=Evidence.PHONE))
    script.minutes(3)
    (line,) = [line for line in script.order(order.id).lines if line.fee == "courier_back"]
    script.ask(waiver(order, line.id))
    script.restart()
    # The cabinet tells of the return, six minutes before the courier's word for it: a lower fee, were it due.
    script.insert(A, 5, "bnk-a1", script.command(cab.ReserveSlots)[1].reservation, time=put_back_ms)
    assert script.types(order.id)[-1] != "fees_booked"
    assert "bank_returned" in script.types(order.id)
    assert script.fees(order.id)["courier_back"] == 0
    assert len([one for one in script.rows.lines if one.fee == "courier_back"]) == 2


def test_a_line_that_was_corrected_before_the_waiver_is_refused_and_the_other_one_stands() -> None:
    script = city()
    order = in_use(script)
    script.minutes(20)
    put_back_ms = script.now_ms
    script.minutes(50)
    ends(script, order)
    seen = next(line for line in script.order(order.id).lines if line.fee == "rental")
    script.insert(B, 5, "bnk-a1", time=put_back_ms)
    assert refused(script.ask(waiver(order, seen.id))) is RefusalCode.WRONG_STATE
    assert script.fees(order.id)["rental"] == 100
    assert script.order(order.id).waived == ()
    script.ask(waiver(order, script.order(order.id).lines[-1].id))
    assert script.fees(order.id)["rental"] == 0
    assert isinstance(script.ask(waiver(order, seen.id)), rental.RequestDone)


def test_only_a_line_that_is_booked_can_be_waived() -> None:
    script = city()
    order = in_use(script)
    assert refused(script.ask(waiver(order, f"{order.id}/rental/bnk-a1/1"))) is RefusalCode.WRONG_STATE
    script.minutes(70)
    script.insert(B, 5, "bnk-a1")
    assert refused(script.ask(waiver(order, f"{order.id}/rental/bnk-a1/2"))) is RefusalCode.UNKNOWN_LINE


def test_disputes_and_waivers_are_kept_whole() -> None:
    script = city()
    order = settled(script)
    script.ask(dispute(order))
    script.ask(answer(order, script.order(order.id).disputes[0].id))
    script.ask(waiver(order, order.lines[0].id))
    kept = script.rows.orders[order.id]
    assert kept.state is OrderState.SETTLED
    assert (len(kept.disputes), len(kept.waived)) == (1, 1)
    assert ORDERS.validate_json(ORDERS.dump_json(kept)) == kept


# Orders that operators end.


def ends(script: Script, order: Order) -> OrderState:
    wish = made(rental.EndOrder, operator=OPERATOR, order=order.id, reason="handed in at our office")
    said = script.say(f"cl/v1/demo/operator/{OPERATOR}/request", wish)
    events, lines = len(script.rows.events), len(script.rows.lines)
    script.again(said)
    assert (len(script.rows.events), len(script.rows.lines)) == (events, lines)
    return script.order(order.id).state


def test_a_rental_that_an_operator_ends_is_charged_until_then() -> None:
    script = city()
    order = in_use(script)
    script.minutes(70)
    assert ends(script, order) is OrderState.SETTLED
    ended = script.order(order.id)
    assert ended.reason == "opr-anna: handed in at our office"
    assert script.fees(order.id)["rental"] == 300
    assert {line.quality for line in ended.lines if line.fee == "rental"} == {ClockState.INFERRED}
    assert script.detail(order.id, "rental_closed") == {
        "operator": OPERATOR, "banks": ["bnk-a1"], "reason": "handed in at our office",
    }  # fmt: skip
    script.minutes(60)
    script.insert(B, 5, "bnk-a1")
    assert "bank_found" in script.types(order.id)
    assert script.fees(order.id)["rental"] == 300


def test_a_return_heard_of_late_still_shortens_a_rental_that_an_operator_ended() -> None:
    script = city()
    order = in_use(script)
    script.minutes(20)
    put_back_ms = script.now_ms
    script.minutes(50)
    ends(script, order)
    assert script.fees(order.id)["rental"] == 300
    script.insert(B, 5, "bnk-a1", time=put_back_ms)
    assert script.fees(order.id)["rental"] == 100


def test_ending_a_return_that_is_under_way_stops_the_job_and_frees_the_slots() -> None:
    script = city()
    order = collecting(script)
    assert ends(script, order) is OrderState.SETTLED
    assert script.requests(delivery.DeliveryCancelled)[-1].job == script.job()[0]
    assert script.command(cab.ReleaseReservation)[1].reservation


@pytest.mark.parametrize(
    ("begin", "state"),
    [
        (Script.place, OrderState.FAILED),
        (dispatching, OrderState.RECALLING),
        (fetching, OrderState.RECALLING),
        (delivering, OrderState.RECALLING),
    ],
)
def test_an_order_without_banks_at_the_user_fails(
    begin: Callable[[Script], Order], state: OrderState
) -> None:
    script = city()
    order = begin(script)
    assert ends(script, order) is state
    ended = script.order(order.id)
    assert ended.final or ended.ending is OrderState.FAILED
    assert script.fees(order.id) == {}


def test_the_longest_reason_of_an_operator_with_the_longest_id_ends_a_walk_up() -> None:
    script = city()
    order = script.place(hand_over=rental.HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    operator = "opr-" + "a" * 44
    wish = made(rental.EndOrder, operator=operator, order=order.id, reason="x" * 140)
    script.say(f"cl/v1/demo/operator/{operator}/request", wish)
    assert script.order(order.id).state is OrderState.FAILED
    shown = script.commands(rental.OrderMoved)[-1].reason
    assert shown is not None
    assert shown.startswith(f"the cabinet gave out no bank: {operator}: xxx")
    assert shown.endswith("x…")


def test_a_reason_that_was_stored_when_it_might_be_longer_is_shown_cut() -> None:
    script = city()
    order = script.place()
    script.rows.orders[order.id] = replace(order, reason="\x01" * 300)
    script.restart()
    assert script.region.view(script.order(order.id)).reason == " "


def test_a_walk_up_that_is_ended_while_banks_come_out_is_settled_and_charged_until_then() -> None:
    script = city()
    order = script.place(2, hand_over=rental.HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    _, eject = script.command(cab.EjectBanks)
    first = made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=eject.reservation, charge_pct=95)
    script.event(A, first)
    script.minutes(1)
    assert ends(script, order) is OrderState.SETTLED
    assert script.types(order.id)[-2:] == ["settled", "fees_booked"]
    assert script.fees(order.id) == {"rental": 100}


def test_a_walk_up_that_is_ended_before_a_bank_comes_out_fails() -> None:
    script = city()
    order = script.place(hand_over=rental.HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    assert script.order(order.id).state is OrderState.UNLOCKING
    assert ends(script, order) is OrderState.FAILED
    assert script.fees(order.id) == {}


def test_an_order_that_has_ended_stays_as_it_is_and_users_end_none() -> None:
    script = city()
    order = settled(script)
    assert ends(script, order) is OrderState.SETTLED
    assert "rental_closed" not in script.types(order.id)
    assert rental.EndOrder not in TOPICS["user_request"].messages
