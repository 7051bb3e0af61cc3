"""What a courier tells of banks whom nobody awaited any more: numbers, times, and the return after it."""

import pytest

from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import MINUTE_MS
from tests.platform.core.script import COURIER, A, B, Script, city, collecting, in_use, made


def returned(job: str, order: Order, *banks: str, evidence: Evidence) -> delivery.ReturnSucceeded:
    return made(delivery.ReturnSucceeded, job=job, order=order.id, banks=banks, evidence=evidence)


def collected(job: str, order: Order, *banks: str) -> delivery.BanksCollected:
    return made(delivery.BanksCollected, job=job, order=order.id, banks=banks)


def failed(script: Script) -> tuple[str, Order]:
    """Return a return whose courier was taken for gone, and for which nobody else was found."""
    order = collecting(script)
    job, name = script.job()
    left = {"courier": COURIER, "reason": "out of reach", "banks": (), "offered_again": True}
    script.report(made(delivery.CourierGaveUp, job=job, order=name, **left))
    script.report(made(delivery.DeliveryFailed, job=job, order=name, why=JobEnd.NO_COURIER, banks=()))
    assert script.order(order.id).state is OrderState.IN_USE
    return job, order


def test_a_misread_number_stands_for_no_bank_that_the_user_kept() -> None:
    """The cabinet told of the one that was fetched before the phone told that it was collected."""
    script = city()
    order = collecting(script, 2, returned=1)
    job, _ = script.job()
    slots = script.command(cab.ReserveSlots)[1].reservation
    collected_ms = script.now_ms + 5 * MINUTE_MS
    script.minutes(20)
    script.insert(B, 5, "bnk-a1", slots)
    script.report(returned(job, order, "bnk-a1", evidence=Evidence.CABINET))
    script.report(collected(job, order, "bnk-x9"), time=collected_ms)
    script.report(returned(job, order, "bnk-a1", evidence=Evidence.CABINET))
    script.minutes(600)
    kept = script.order(order.id).bank("bnk-a2")
    assert kept is not None
    assert (kept.place, kept.ended) == (BankPlace.USER, None)


def test_the_bank_of_another_order_is_no_misread_number() -> None:
    script = city()
    first = in_use(script)
    script.alive(A, B)
    second = script.place(1)
    script.answer(cab.ReserveBanks, slots=[(2, "bnk-a2")])
    script.minutes(1)
    script.taken()
    script.alive(A, B)
    script.eject(A, script.command(cab.ReserveBanks)[1].reservation, {2: "bnk-a2"})
    handed = {"job": script.job()[0], "order": second.id, "banks": ("bnk-a2",)}
    script.report(made(delivery.RentalSucceeded, **handed))
    script.minutes(60)
    script.alive(A, B)
    script.ask_return(first.id, 1)
    script.answer(cab.ReserveSlots)
    script.minutes(1)
    script.taken()
    script.report(collected(script.job()[0], first, "bnk-a2"))
    kept = script.order(first.id).bank("bnk-a1")
    assert kept is not None
    assert (kept.place, kept.ended) == (BankPlace.USER, None)


def test_one_number_that_is_named_twice_is_one_bank() -> None:
    script = city()
    order = collecting(script, 2)
    script.report(collected(script.job()[0], order, "bnk-x9", "bnk-x9"))
    assert {track.place for track in script.order(order.id).banks} == {BankPlace.USER}


def test_whoever_comes_for_the_banks_hours_after_the_return_failed_ends_the_rental_only_then() -> None:
    script = city()
    job, order = failed(script)
    script.minutes(11 * 60)
    collected_ms = script.now_ms
    script.report(collected(job, order, "bnk-a1"))
    track = script.order(order.id).bank("bnk-a1")
    assert track is not None
    assert track.ended is not None
    assert track.ended.time_ms == collected_ms


@pytest.mark.parametrize("reserved", [False, True])
def test_nobody_is_sent_for_banks_that_an_earlier_courier_has(*, reserved: bool) -> None:
    script = city()
    job, order = failed(script)
    script.minutes(2)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    if reserved:
        script.answer(cab.ReserveSlots)
    later = script.job()[0]
    script.report(collected(job, order, "bnk-a1"))
    if not reserved:
        script.answer(cab.ReserveSlots)
    script.minutes(1)
    sent = [asked.job for asked in script.requests(delivery.ReturnRequested)]
    called_off = [asked.job for asked in script.requests(delivery.DeliveryCancelled)]
    assert (sent, called_off) == (([job, later], [later]) if reserved else ([job], []))
    script.minutes(20)
    script.insert(B, 5, "bnk-a1")
    script.report(returned(job, order, "bnk-a1", evidence=Evidence.PHONE))
    script.minutes(600)
    assert script.order(order.id).state is OrderState.SETTLED
