"""A bank that is back before its rental is heard of: the rental ends when it came back."""

from chargeloop.platform.core.order import BankPlace
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.courier import Problem
from chargeloop.protocol.messages.rental import HandOver, OrderState
from chargeloop.protocol.time import MINUTE_MS
from tests.platform.core.script import A, B, Script, city, fetching, made

BANK = "bnk-a1"


def handed_over_unheard(script: Script, *, returned_to: str, returned_min: float) -> str:
    """Lets a courier hand over a bank of A at minute 10, of which is heard after its return.

    Returns the order.
    """
    order = fetching(script)
    job, name = script.job()
    begun_ms = script.now_ms
    taken_ms, given_ms = begun_ms + 5 * MINUTE_MS, begun_ms + 10 * MINUTE_MS
    script.minutes(40)
    script.alive(A, B)
    script.insert(returned_to, 5, BANK, time=begun_ms + round(returned_min * MINUTE_MS))
    script.minutes(1)
    script.report(made(delivery.BanksPickedUp, job=job, order=name, banks=(BANK,)), time=taken_ms)
    script.report(made(delivery.RentalSucceeded, job=job, order=name, banks=(BANK,)), time=given_ms)
    return order.id


def test_a_bank_that_was_back_before_its_rental_was_heard_of_is_charged_until_then() -> None:
    script = city()
    name = handed_over_unheard(script, returned_to=B, returned_min=30)
    order = script.order(name)
    (track,) = order.banks
    assert order.state is OrderState.SETTLED
    assert track.rented is not None
    assert track.ended is not None
    assert (track.place, track.ended.time_ms - track.rented.time_ms) == (BankPlace.BACK, 20 * MINUTE_MS)
    assert script.rows.banks[BANK].order is None
    assert not script.rows.early_returns


def test_a_return_from_before_the_bank_was_set_aside_ends_nothing() -> None:
    script = city()
    name = handed_over_unheard(script, returned_to=B, returned_min=-60)
    assert script.order(name).state is OrderState.IN_USE


def test_what_the_cabinet_of_the_rental_tells_comes_in_order_and_ends_nothing() -> None:
    script = city()
    name = handed_over_unheard(script, returned_to=A, returned_min=30)
    assert script.order(name).state is OrderState.IN_USE


def test_a_return_heard_before_the_handing_over_is_remembered_through_a_restart() -> None:
    script = city()
    order = fetching(script)
    job, name = script.job()
    begun_ms = script.now_ms
    script.minutes(40)
    script.insert(B, 5, BANK, time=begun_ms + 30 * MINUTE_MS)
    script.restart()
    banks = (BANK,)
    script.report(made(delivery.BanksPickedUp, job=job, order=name, banks=banks), time=begun_ms)
    script.report(made(delivery.RentalSucceeded, job=job, order=name, banks=banks), time=begun_ms)
    assert script.order(order.id).state is OrderState.SETTLED


def test_a_walk_up_rental_heard_of_after_its_return_ends_then_too() -> None:
    script = city()
    order = script.place(1, hand_over=HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    _, eject = script.command(cab.EjectBanks)
    out_ms = script.now_ms
    script.minutes(2)
    script.alive(B)
    script.insert(B, 5, BANK)
    told = made(cab.BankEjected, slot=1, bank=BANK, reservation=eject.reservation, charge_pct=95)
    script.event(A, told, time=out_ms)
    (track,) = script.order(order.id).banks
    assert track.ended is not None
    assert track.ended.time_ms == out_ms + 2 * MINUTE_MS


def test_a_bank_of_the_first_cabinet_that_was_put_into_the_one_the_courier_was_sent_to_is_back() -> None:
    script = city()
    order = fetching(script)
    job, name = script.job()
    _, first = script.command(cab.ReserveBanks)
    out_ms = script.now_ms
    script.minutes(5)
    script.alive(B)
    script.report(made(delivery.DeliveryProblem, job=job, order=name, problem=Problem.CABINET_GAVE_NOTHING))
    script.answer(cab.ReserveBanks, cabinet=B)
    script.eject(B, script.command(cab.ReserveBanks, B)[1].reservation, {1: "bnk-b1"})
    script.insert(B, 5, BANK)
    script.report(made(delivery.RentalSucceeded, job=job, order=name, banks=("bnk-b1",)))
    ejected = made(cab.BankEjected, slot=1, bank=BANK, reservation=first.reservation, charge_pct=95)
    script.event(A, ejected, time=out_ms)
    places = {track.bank: track.place for track in script.order(order.id).banks}
    assert places == {"bnk-b1": BankPlace.USER, BANK: BankPlace.BACK}
    assert not script.rows.early_returns


def test_a_bank_that_leaves_again_has_no_early_return_any_more() -> None:
    script = city()
    script.insert(B, 5, "bnk-new")
    assert set(script.rows.early_returns) == {"bnk-new"}
    told = made(cab.BankEjected, slot=5, bank="bnk-new", reservation=None, charge_pct=95)
    script.event(B, told)
    assert not script.rows.early_returns
