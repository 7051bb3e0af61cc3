"""Which banks a courier has and has handed over: those that left, whatever the courier reads from them."""

from collections.abc import Callable

import pytest

from chargeloop.platform.core import fees
from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.platform.core.rows import BankRecord, BankWhere
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.courier import Problem
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import DAY_MS, MINUTE_MS
from tests.platform.core.script import COURIER, A, B, Script, city, collecting, delivering, fetching, made


def _handed(script: Script, *banks: str) -> None:
    job, order = script.job()
    script.report(made(delivery.RentalSucceeded, job=job, order=order, banks=banks))


def _picked_up(script: Script, *banks: str) -> None:
    job, order = script.job()
    script.report(made(delivery.BanksPickedUp, job=job, order=order, banks=banks))


def _rented(script: Script, order: str) -> list[str]:
    return [track.bank for track in script.order(order).banks if track.rented is not None]


def test_only_banks_that_left_for_the_order_are_handed_over() -> None:
    script = city()
    order = fetching(script, 2)
    _, command = script.command(cab.ReserveBanks)
    script.eject(A, command.reservation, {1: "bnk-a1"}, missing=1)
    _handed(script, "bnk-a1", "bnk-b3")
    used = script.order(order.id)
    assert (used.state, used.quantity, _rented(script, order.id)) == (OrderState.IN_USE, 1, ["bnk-a1"])
    assert "problem_reported" in script.types(order.id)
    script.minutes(20)
    script.insert(B, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED


def test_a_courier_who_reads_a_wrong_number_has_handed_over_the_bank_that_left() -> None:
    script = city()
    order = delivering(script)
    _handed(script, "bnk-b3")
    assert _rented(script, order.id) == ["bnk-a1"]
    assert "bnk-b3" not in script.rows.banks
    script.minutes(20)
    script.insert(A, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id)["rental"] == 100


def test_a_wrong_number_read_at_the_cabinet_is_no_bank_of_the_order() -> None:
    script = city()
    order = delivering(script)
    _picked_up(script, "bnk-b3", "bnk-x9")
    assert [track.bank for track in script.order(order.id).banks] == ["bnk-a1"]
    assert not {"bnk-b3", "bnk-x9"} & set(script.rows.banks)


def test_a_bank_that_was_only_named_is_forgotten_when_the_cabinet_tells_which_left() -> None:
    script = city()
    order = fetching(script)
    _picked_up(script, "bnk-x9")
    assert script.rows.banks[BankId("bnk-x9")].order == order.id
    script.restart()
    _, command = script.command(cab.ReserveBanks)
    script.eject(A, command.reservation, {1: "bnk-a1"})
    assert script.detail(order.id, "rental_requested")["leg"]["reservation"] == command.reservation
    assert [track.bank for track in script.order(order.id).banks] == ["bnk-a1"]
    assert script.rows.banks[BankId("bnk-x9")] == BankRecord(BankId("bnk-x9"), BankWhere.AWAY)
    _handed(script, "bnk-x9")
    script.minutes(20)
    script.insert(A, 5, "bnk-a1")
    settled = script.order(order.id)
    assert (settled.state, settled.reason) == (OrderState.SETTLED, None)


@pytest.mark.parametrize("reach", [delivering, collecting])
def test_a_courier_who_left_with_banks_and_names_others_too_has_only_those_of_the_order(
    reach: Callable[[Script], Order],
) -> None:
    script = city()
    order = reach(script)
    job, name = script.job()
    gone = {"why": JobEnd.GAVE_UP_WITH_BANKS, "banks": ("bnk-a1", "bnk-b3", "bnk-x9")}
    script.report(made(delivery.DeliveryFailed, job=job, order=name, **gone))
    (track,) = script.order(order.id).banks
    assert (track.bank, track.place) == ("bnk-a1", BankPlace.ASTRAY)


def test_who_hands_over_fewer_banks_than_left_is_believed() -> None:
    script = city()
    order = delivering(script, 2)
    _handed(script, "bnk-a2")
    assert _rented(script, order.id) == ["bnk-a2"]
    assert [track.bank for track in script.order(order.id).banks_at(BankPlace.ASTRAY)] == ["bnk-a1"]


def test_a_bank_in_another_cabinet_is_not_handed_over_while_the_own_cabinet_is_silent() -> None:
    script = city()
    order = fetching(script, 2)
    _handed(script, "bnk-a1", "bnk-b3")
    assert _rented(script, order.id) == ["bnk-a1"]


def test_a_hand_over_of_wrong_banks_alone_waits_for_the_word_of_the_cabinet() -> None:
    script = city()
    order = fetching(script)
    script.minutes(10)
    handed_over_ms = script.now_ms
    _handed(script, "bnk-b3")
    assert (script.order(order.id).state, _rented(script, order.id)) == (OrderState.FETCHING, [])
    script.restart()
    script.minutes(5)
    _, command = script.command(cab.ReserveBanks)
    told = script.eject(A, command.reservation, {1: "bnk-a1"})
    (track,) = script.order(order.id).banks
    assert (script.order(order.id).state, track.bank) == (OrderState.IN_USE, "bnk-a1")
    assert track.rented is not None
    assert track.rented.time_ms == handed_over_ms + 5 * MINUTE_MS  # not before it left, by the cabinet
    before = script.order(order.id)
    for one in told:
        script.again(one)
    assert script.order(order.id) == before


def test_the_banks_of_a_second_courier_are_not_those_that_the_first_one_left_with() -> None:
    script = city()
    order = delivering(script)
    job, name = script.job()
    left = {"courier": COURIER, "reason": "tired", "banks": ("bnk-a1",), "offered_again": True}
    script.report(made(delivery.CourierGaveUp, job=job, order=name, **left))
    script.answer(cab.ReserveBanks)
    script.taken("cou-0002")
    script.report(made(delivery.BanksPickedUp, job=job, order=name, banks=("bnk-x1",)))
    _handed(script, "bnk-x1")
    assert _rented(script, order.id) == ["bnk-x1"]


@pytest.mark.parametrize("cabinet_first", [True, False])
@pytest.mark.parametrize(
    ("left", "named", "charged"),
    [
        (("bnk-a1",), ("bnk-x9",), ("bnk-a1",)),
        (("bnk-a1", "bnk-a2"), ("bnk-a1", "bnk-x9"), ("bnk-a1", "bnk-a2")),
        (("bnk-a1",), ("bnk-a1", "bnk-x9"), ("bnk-a1",)),
        (("bnk-a1", "bnk-a2"), ("bnk-x8", "bnk-x9"), ("bnk-a1", "bnk-a2")),
    ],
)
@pytest.mark.parametrize("heard", ["at once", "after the return", "after the settlement"])
def test_what_left_is_charged_whether_the_cabinet_or_the_courier_is_heard_first(
    left: tuple[str, ...],
    named: tuple[str, ...],
    charged: tuple[str, ...],
    heard: str,
    *,
    cabinet_first: bool,
) -> None:
    script = city()
    order = fetching(script, 2)
    _, command = script.command(cab.ReserveBanks)
    out_ms = script.now_ms
    missing = 2 - len(left)

    def ejects() -> None:
        for slot, bank in enumerate(left, 1):
            ejected = made(cab.BankEjected, slot=slot, bank=bank, reservation=command.reservation)
            script.event(A, ejected, time=out_ms)
        finished = {"ejected": len(left), "missing": missing, "reservation": command.reservation}
        script.event(A, made(cab.PickupFinished, **finished), time=out_ms)

    if cabinet_first:
        ejects()
    script.minutes(10)
    _handed(script, *named)
    if heard == "at once" and not cabinet_first:
        ejects()
    script.minutes(45)
    for slot, bank in enumerate(left, 4):
        script.insert(B, slot, bank)
    if heard == "after the return" and not cabinet_first:
        ejects()
    script.wait(6 * DAY_MS)
    if heard == "after the settlement" and not cabinet_first:
        ejects()
    ended = script.order(order.id)
    assert ended.state is OrderState.SETTLED
    rentals = {line.of: line.amount_minor for line in fees.standing(ended.lines) if line.fee == "rental"}
    assert rentals == dict.fromkeys(charged, 200)


@pytest.mark.parametrize("heard", ["while in use", "after the settlement"])
def test_who_was_brought_nothing_that_left_a_cabinet_pays_for_nothing_not_even_the_way(heard: str) -> None:
    script = city()
    order = fetching(script)
    reservation, out_ms = script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    _picked_up(script, "bnk-x9")
    script.minutes(10)
    _handed(script, "bnk-x9")
    assert _rented(script, order.id) == ["bnk-x9"]
    if heard == "after the settlement":
        script.wait(6 * DAY_MS)
        assert sum(script.fees(order.id).values()) > 0
    _leaves(script, A, reservation, out_ms)
    assert script.order(order.id).state is OrderState.SETTLED
    assert not fees.standing(script.order(order.id).lines)
    assert fees.total_minor(script.order(order.id).lines) == 0


def _leaves(script: Script, cabinet: str, reservation: str, time_ms: int, *banks: str) -> None:
    """Let a cabinet tell, perhaps late, what it gave out for a reservation."""
    for slot, bank in enumerate(banks, 1):
        left = {"slot": slot, "bank": bank, "reservation": reservation}
        script.event(cabinet, made(cab.BankEjected, **left), time=time_ms)
    finished = {"ejected": len(banks), "missing": 0, "reservation": reservation}
    script.event(cabinet, made(cab.PickupFinished, **finished), time=time_ms)


def _rentals(script: Script, order: str) -> dict[str, int]:
    lines = fees.standing(script.order(order).lines)
    return {line.of: line.amount_minor for line in lines if line.fee == "rental"}


def _sent_to_collect(script: Script, order: str) -> str:
    script.alive(B)
    script.ask_return(order, 1)
    script.answer(cab.ReserveSlots)
    script.minutes(1)
    script.taken()
    return script.job()[0]


@pytest.mark.parametrize("late", [False, True])
def test_a_bank_collected_before_its_cabinet_is_heard_still_counts_among_those_that_left(
    *, late: bool
) -> None:
    script = city()
    order = fetching(script, 2)
    reservation, out_ms = script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    if not late:
        _leaves(script, A, reservation, out_ms, "bnk-a1", "bnk-a2")
    script.minutes(10)
    _handed(script, "bnk-a1", "bnk-x9")
    script.minutes(50)
    script.connect(A, online=not late)
    job = _sent_to_collect(script, order.id)
    script.minutes(5)
    script.report(made(delivery.BanksCollected, job=job, order=order.id, banks=("bnk-a1",)))
    script.minutes(5)
    if late:
        _leaves(script, A, reservation, out_ms, "bnk-a1", "bnk-a2")
    script.insert(B, 4, "bnk-a1", script.command(cab.ReserveSlots)[1].reservation)
    script.minutes(30)
    script.insert(B, 5, "bnk-a2")
    script.wait(8 * DAY_MS)
    assert _rentals(script, order.id) == {"bnk-a1": 200, "bnk-a2": 400}


@pytest.mark.parametrize("first_cabinet", ["last", "before the hand-over", "after the hand-over"])
def test_what_left_for_a_courier_before_is_not_what_the_second_one_handed_over(first_cabinet: str) -> None:
    """The first one takes a bank from a silent cabinet and says that there was none."""
    script = city()
    order = fetching(script)
    job, first, first_ms = script.job()[0], script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    script.minutes(5)
    tired = {"courier": COURIER, "reason": "tired", "offered_again": True}
    script.report(made(delivery.CourierGaveUp, job=job, order=order.id, **tired))
    script.alive(B)
    script.taken("cou-0002")
    script.minutes(5)
    script.alive(B)
    nothing = {"problem": Problem.CABINET_GAVE_NOTHING}
    script.report(made(delivery.DeliveryProblem, job=job, order=order.id, **nothing))
    script.answer(cab.ReserveBanks, cabinet=B, slots=[(1, "bnk-b1")])
    second = script.command(cab.ReserveBanks, B)[1].reservation
    script.minutes(10)
    second_ms = script.now_ms
    if first_cabinet == "before the hand-over":
        _leaves(script, A, first, first_ms, "bnk-a1")
    elif first_cabinet == "last":
        _leaves(script, B, second, second_ms, "bnk-b1")
    _picked_up(script, "bnk-b1")
    script.minutes(10)
    _handed(script, "bnk-b1")
    if first_cabinet == "after the hand-over":
        _leaves(script, A, first, first_ms, "bnk-a1")
    script.minutes(2)
    if first_cabinet == "last":
        _leaves(script, A, first, first_ms, "bnk-a1")
    else:
        _leaves(script, B, second, second_ms, "bnk-b1")
    script.minutes(40)
    script.insert(B, 5, "bnk-b1")
    script.wait(8 * DAY_MS)
    assert _rentals(script, order.id) == {"bnk-b1": 200}


def test_a_rental_that_was_waived_stays_so_under_the_right_name() -> None:
    script = city()
    order = fetching(script)
    reservation, out_ms = script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    script.minutes(10)
    _handed(script, "bnk-x9")
    script.minutes(300)
    script.ask(made(rental.EndOrder, operator="opr-1", order=order.id, reason="handed in at the office"))
    (line,) = [line for line in script.order(order.id).lines if line.fee == "rental"]
    script.ask(made(rental.WaiveFee, operator="opr-1", order=order.id, line=line.id, reason="sorry"))
    before = script.fees(order.id)
    assert before["rental"] == 0
    _leaves(script, A, reservation, out_ms, "bnk-a1")
    assert _rented(script, order.id) == ["bnk-a1"]
    assert script.fees(order.id) == before


@pytest.mark.parametrize(
    ("late", "collected"), [(False, "bnk-a1"), (False, "bnk-x9"), (True, "bnk-a1"), (True, "bnk-x9")]
)
def test_a_misnamed_rental_ends_when_its_courier_called_for_it(*, late: bool, collected: str) -> None:
    """Whether the number is read rightly or wrongly at the collection, and whenever the cabinet is heard."""
    script = city()
    order = fetching(script)
    reservation, out_ms = script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    if not late:
        _leaves(script, A, reservation, out_ms, "bnk-a1")
    script.minutes(10)
    _handed(script, "bnk-x9")
    script.minutes(20)
    script.connect(A, online=not late)
    job = _sent_to_collect(script, order.id)
    slots = script.command(cab.ReserveSlots)[1].reservation
    script.minutes(60)
    script.report(made(delivery.BanksCollected, job=job, order=order.id, banks=(collected,)))
    script.minutes(60)
    script.insert(B, 5, "bnk-a1", slots)
    back = {"banks": (collected,), "evidence": Evidence.CABINET}
    script.report(made(delivery.ReturnSucceeded, job=job, order=order.id, **back))
    script.minutes(30)
    if late:
        _leaves(script, A, reservation, out_ms, "bnk-a1")
    script.wait(8 * DAY_MS)
    assert script.order(order.id).state is OrderState.SETTLED
    assert _rentals(script, order.id) == {"bnk-a1": 100}


@pytest.mark.parametrize("late", [False, True])
def test_a_bank_that_an_earlier_courier_put_back_may_leave_again(*, late: bool) -> None:
    script = city()
    order = delivering(script)
    job = script.job()[0]
    script.minutes(5)
    gone = {"why": JobEnd.GAVE_UP_WITH_BANKS, "banks": ("bnk-a1",)}
    script.alive(A)
    script.report(made(delivery.DeliveryFailed, job=job, order=order.id, **gone))
    script.insert(A, 1, "bnk-a1")
    script.answer(cab.ReserveBanks, cabinet=A, slots=[(1, "bnk-a1")])
    script.taken("cou-0002")
    reservation = script.command(cab.ReserveBanks)[1].reservation
    script.minutes(10)
    out_ms = script.now_ms
    if not late:
        _leaves(script, A, reservation, out_ms, "bnk-a1")
    _picked_up(script, "bnk-a1")
    script.minutes(10)
    _handed(script, "bnk-a1")
    script.minutes(5)
    if late:
        _leaves(script, A, reservation, out_ms, "bnk-a1")
    assert script.order(order.id).state is OrderState.IN_USE
    script.minutes(295)
    script.insert(B, 5, "bnk-a1")
    script.wait(8 * DAY_MS)
    assert _rentals(script, order.id) == {"bnk-a1": 600}


def test_a_bank_that_left_before_its_courier_was_sent_on_and_is_back_is_not_charged_for_ever() -> None:
    script = city()
    order = fetching(script, 2)
    job, name = script.job()
    first, out_ms = script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    script.minutes(5)
    script.alive(B)
    nothing = made(delivery.DeliveryProblem, job=job, order=name, problem=Problem.CABINET_GAVE_NOTHING)
    script.report(nothing)
    script.answer(cab.ReserveBanks, cabinet=B)
    _leaves(script, A, first, out_ms, "bnk-a1")
    script.minutes(20)
    script.insert(B, 5, "bnk-a1")  # by its user; the phone tells of the hand-over by a clock that is late
    script.minutes(5)
    _handed(script, "bnk-a1")
    script.wait(8 * DAY_MS)
    assert script.order(order.id).state is OrderState.SETTLED
    assert _rentals(script, order.id) == {"bnk-a1": 0}


def test_of_more_banks_than_were_handed_over_those_that_came_back_since_were() -> None:
    script = city()
    order = fetching(script, 3)
    reservation, out_ms = script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    script.minutes(10)
    _handed(script, "bnk-x8", "bnk-x9")
    script.minutes(30)
    script.insert(B, 4, "bnk-a2")
    script.insert(B, 5, "bnk-a3")
    _leaves(script, A, reservation, out_ms, "bnk-a1", "bnk-a2", "bnk-a3")
    assert script.order(order.id).state is OrderState.SETTLED
    script.wait(8 * DAY_MS)
    assert _rentals(script, order.id) == {"bnk-a2": 100, "bnk-a3": 100}


def test_a_hand_over_that_is_believed_after_the_end_of_its_order_is_noted() -> None:
    script = city()
    order = fetching(script)
    reservation, out_ms = script.command(cab.ReserveBanks)[1].reservation, script.now_ms
    _handed(script, "bnk-b3")
    script.wait(DAY_MS)
    assert script.order(order.id).final
    _leaves(script, A, reservation, out_ms, "bnk-a1")
    assert script.detail(order.id, "problem_reported")["problem"] == "handed over after the end"
    assert script.fees(order.id) == {}
