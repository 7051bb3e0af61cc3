"""A cabinet that was silent tells of a bank that somebody else has rented since: that rental goes on."""

import pytest

from chargeloop.platform.core import alarms
from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.courier import Problem
from chargeloop.protocol.messages.rental import CabinetAction, HandOver, OrderState
from chargeloop.protocol.time import DAY_MS, HOUR_MS
from tests.platform.core.script import A, B, Script, city, collecting, fetching, in_use, made, ready


def by_word(script: Script, order: Order) -> None:
    """Let a courier tell that bank a1 was fetched, and handed over ten minutes later."""
    job, name = script.job()
    script.report(made(delivery.BanksPickedUp, job=job, order=name, banks=("bnk-a1",)))
    script.minutes(10)
    script.report(made(delivery.RentalSucceeded, job=job, order=name, banks=("bnk-a1",)))
    assert script.order(order.id).state is OrderState.IN_USE


def walk_up(script: Script, cabinet: str, slot: int, user: str) -> Order:
    """Return the order of somebody who has taken bank a1 from a cabinet."""
    order = script.place(1, user=user, hand_over=HandOver.WALK_UP, cabinet=cabinet)
    script.answer(cab.ReserveBanks, cabinet=cabinet, slots=[(slot, "bnk-a1")])
    script.eject(cabinet, script.command(cab.EjectBanks, cabinet)[1].reservation, {slot: "bnk-a1"})
    script.answer(cab.EjectBanks)
    return script.order(order.id)


def returned_to_b(script: Script) -> str:
    """Rent a1 from a cabinet A that falls silent, bring it to B, and return the reservation at A."""
    order = fetching(script)
    reservation = script.command(cab.ReserveBanks)[1].reservation
    script.connect(A, online=False)
    by_word(script, order)
    script.minutes(30)
    script.alive(B)
    script.insert(B, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    script.minutes(60)
    script.alive(B)
    script.snapshot(B, [ready(5, "bnk-a1")])
    return reservation


def left(script: Script, cabinet: str, reservation: str, **attributes: object) -> None:
    ejected = made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=reservation, charge_pct=95)
    script.event(cabinet, ejected, **attributes)
    finished = made(cab.PickupFinished, reservation=reservation, ejected=1, missing=0)
    script.event(cabinet, finished, **attributes)


def test_an_ejection_heard_late_ends_no_later_rental_that_only_a_courier_has_told_of() -> None:
    script = city()
    out_ms = script.now_ms
    first = returned_to_b(script)
    later = script.place(1, user="usr-2")
    script.answer(cab.ReserveBanks, cabinet=B, slots=[(5, "bnk-a1")])
    script.minutes(1)
    script.taken("cou-0002")
    by_word(script, later)
    script.connect(A)
    left(script, A, first, time=out_ms)
    assert script.order(later.id).state is OrderState.IN_USE
    script.minutes(240)
    script.insert(A, 5, "bnk-a1")
    assert script.order(later.id).state is OrderState.SETTLED
    assert script.fees(later.id)["rental"] > 400


def test_a_return_heard_late_ends_no_rental_that_began_at_another_cabinet_since() -> None:
    script = city()
    script.measure(A, B)
    first = walk_up(script, A, 1, "usr-1")
    script.connect(B, online=False)
    script.minutes(20)
    put_into_b_ms = script.now_ms
    script.minutes(60)
    script.alive(A)
    script.insert(A, 1, "bnk-a1")
    assert script.order(first.id).state is OrderState.SETTLED
    script.minutes(60)
    script.measure(A)
    script.snapshot(A, [ready(1, "bnk-a1")])
    later = walk_up(script, A, 1, "usr-2")
    script.minutes(5)
    script.connect(B)
    script.insert(B, 5, "bnk-a1", time=put_into_b_ms)
    assert script.order(later.id).state is OrderState.IN_USE
    script.minutes(55)
    script.insert(A, 1, "bnk-a1")
    assert script.fees(later.id) == {"rental": 200}


@pytest.mark.parametrize("where", ["there", "unmeasured"])
def test_a_return_that_may_have_come_later_ends_the_rental(where: str) -> None:
    script = city()
    if where == "there":
        script.measure(A, B)
    order = walk_up(script, A, 1, "usr-1")
    cabinet = A if where == "there" else B
    script.insert(cabinet, 5, "bnk-a1", time=script.now_ms - HOUR_MS)
    assert script.order(order.id).state is OrderState.SETTLED


def test_what_a_boot_without_the_time_tells_ends_no_later_rental() -> None:
    script = city()
    first = returned_to_b(script)
    later = walk_up(script, B, 5, "usr-2")
    script.minutes(7)
    script.connect(A)
    unset = {"clockstate": ClockState.UNSET, "bootid": "boot-9", "uptimems": 1_000, "time": 1_000}
    script.event(A, made(cab.Booted, cause="crash", firmware="1"), **unset)
    asked = len(script.commands(cab.ReportInventory))
    script.event(A, made(cab.InventoryReported, slots=(ready(1, "bnk-a1"), ready(2, "bnk-a2"))), **unset)
    assert len(script.commands(cab.ReportInventory)) == asked + 1
    left(script, A, first, **unset)
    assert script.order(later.id).state is OrderState.IN_USE
    script.wait(2 * DAY_MS)
    script.insert(B, 5, "bnk-a1")
    assert script.order(later.id).state is OrderState.SETTLED
    assert script.fees(later.id)["rental"] > 1_000


@pytest.mark.parametrize("first", ["word", "cabinet"])
def test_nobody_pays_for_a_bank_that_jammed_whatever_its_courier_says(first: str) -> None:
    script = city()
    order = fetching(script)
    reservation = script.command(cab.ReserveBanks)[1].reservation
    job, name = script.job()

    def word() -> None:
        script.report(made(delivery.BanksPickedUp, job=job, order=name, banks=("bnk-a1",)))

    def cabinet() -> None:
        jam = cab.CabinetReason.JAM
        script.event(A, made(cab.EjectFailed, slot=1, bank="bnk-a1", reservation=reservation, reason=jam))
        script.event(A, made(cab.PickupFinished, reservation=reservation, ejected=0, missing=1))
        script.event(A, made(cab.ReservationEnded, reservation=reservation, why=cab.HoldEnd.FULFILLED))

    for tell in (word, cabinet) if first == "word" else (cabinet, word):
        tell()
    script.report(made(delivery.RentalSucceeded, job=job, order=name, banks=("bnk-a1",)))
    script.wait(8 * DAY_MS)
    assert script.order(order.id).state is OrderState.FAILED
    assert script.fees(order.id) == {}


def test_a_hand_over_told_before_the_jam_is_charged_to_nobody() -> None:
    script = city()
    order = fetching(script)
    reservation = script.command(cab.ReserveBanks)[1].reservation
    by_word(script, order)
    script.event(A, made(cab.PickupFinished, reservation=reservation, ejected=0, missing=1))
    script.wait(8 * DAY_MS)
    assert script.order(order.id).state is OrderState.SETTLED
    assert "rental" not in script.fees(order.id)


def test_a_bank_that_an_operator_gave_out_while_its_order_looked_for_another_is_missed() -> None:
    script = city()
    order = script.place(2, hand_over=HandOver.WALK_UP, cabinet=A, accept_fewer=True)
    reservation = script.command(cab.ReserveBanks)[1].reservation
    script.wait(20_000)
    script.alive(A)
    wish = made(
        rental.CommandCabinet,
        operator="opr-1",
        cabinet=A,
        action=CabinetAction.EJECT,
        reservation=reservation,
        reason="x",
    )
    script.say("cl/v1/demo/gateway/gwy-main/request", wish)
    script.event(A, made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=reservation))
    script.answer(cab.ReserveBanks, cab.Outcome.REFUSED, cabinet=A)
    ended = script.order(order.id)
    assert (ended.state, ended.banks[0].place) == (OrderState.FAILED, BankPlace.ASTRAY)
    (trouble,) = alarms.of_outstanding(ended, ended.banks[0].bank, script.now_ms + 2 * HOUR_MS)
    assert trouble.text.endswith(f"is in no cabinet: it left {A}")


def test_a_bank_that_a_courier_collected_and_kept_is_missed_after_the_others_were_sold() -> None:
    script = city()
    order = collecting(script, 2)
    job, name = script.job()
    script.report(made(delivery.DeliveryProblem, job=job, order=name, problem=Problem.USER_ABSENT))
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.report(made(delivery.BanksCollected, job=job, order=name, banks=("bnk-a1",)))
    script.wait(9 * DAY_MS)
    ended = script.order(order.id)
    assert (ended.state, ended.reason) == (OrderState.SETTLED, "1 bought")
    assert [found.key.part for found in alarms.of_outstanding(ended, ended.banks[0].bank, script.now_ms)] == [
        "bnk-a1"
    ]


def test_a_visit_for_an_earlier_request_drops_no_later_one() -> None:
    script = city()
    order = collecting(script)
    job, name = script.job()
    absent = made(delivery.DeliveryProblem, job=job, order=name, problem=Problem.USER_ABSENT)
    script.report(absent)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.report(absent)
    assert script.order(order.id).state is OrderState.RETURN_RESERVING


def carried_off(script: Script, *, restarted: bool = False) -> dict[str, int]:
    """Bring a1 to B, which is silent; somebody takes it out by force, and hours later it is put into A."""
    order = in_use(script)
    script.minutes(30)
    back_ms = script.now_ms
    script.minutes(300)
    script.insert(A, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    if restarted:
        script.restart()
    script.minutes(20)
    script.insert(B, 5, "bnk-a1", time=back_ms)
    return script.fees(order.id)


@pytest.mark.parametrize("restarted", [False, True])
def test_who_brought_a_bank_to_a_silent_cabinet_pays_until_then_wherever_it_was_carried(
    *, restarted: bool
) -> None:
    script = city()
    carried = carried_off(script, restarted=restarted)
    at_once = city()
    order = in_use(at_once)
    at_once.minutes(30)
    at_once.insert(B, 5, "bnk-a1")
    assert carried == at_once.fees(order.id)


def test_a_return_that_was_before_the_rental_is_of_somebody_else() -> None:
    script = city()
    before_ms = script.now_ms
    order = in_use(script)
    script.minutes(300)
    script.insert(A, 5, "bnk-a1")
    fees = script.fees(order.id)
    script.insert(B, 5, "bnk-a1", time=before_ms)
    assert script.fees(order.id) == fees


def test_an_order_that_is_forgotten_is_asked_for_nothing() -> None:
    script = city(remember_ms=HOUR_MS)
    order = in_use(script)
    script.minutes(30)
    back_ms = script.now_ms
    script.minutes(60)
    script.insert(A, 5, "bnk-a1")
    fees = script.fees(order.id)
    script.wait(DAY_MS)
    assert script.region.order(order.id) is None
    script.insert(B, 5, "bnk-a1", time=back_ms)
    assert script.fees(order.id) == fees
