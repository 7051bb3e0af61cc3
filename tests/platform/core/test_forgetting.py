"""Orders that ended long ago leave the memory; what is heard of them later harms nothing."""

from chargeloop.platform.core.views import SHOWN
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.time import DAY_MS, HOUR_MS
from tests.platform.core.script import COURIER, USER, A, B, city, in_use, made


def test_a_reservation_that_ends_when_its_order_would_be_forgotten_ends_first() -> None:
    script = city(remember_ms=DAY_MS)
    order = script.place()
    script.cancel(order.id)
    assert script.order(order.id).holds
    script.now_ms += DAY_MS  # the platform stood still
    script.restart()
    script.wait(0)
    known = script.region.order(order.id)
    assert known is not None
    assert known.holds == ()
    script.wait(DAY_MS)
    assert script.region.order(order.id) is None


def test_a_restart_remembers_the_orders_that_were_in_memory_before() -> None:
    script = city(remember_ms=DAY_MS)
    order = script.place()
    script.cancel(order.id)
    script.wait(DAY_MS)  # its reservation has ended meanwhile, which is the last that happened to it
    assert script.region.order(order.id) is not None
    assert script.order(order.id).changed_ms > script.now_ms - DAY_MS
    script.wait(2 * HOUR_MS)
    assert script.region.order(order.id) is None


def test_what_is_heard_late_of_an_order_that_is_shown_no_longer_shows_its_user_nothing_new() -> None:
    script = city(remember_ms=HOUR_MS)
    order = in_use(script)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.answer(cab.ReserveSlots)
    job, _ = script.job()
    script.report(made(delivery.BanksCollected, job=job, order=order.id, banks=("bnk-a1",)))
    script.insert(B, 4, "bnk-a1", script.command(cab.ReserveSlots)[1].reservation)
    script.minutes(10)
    script.ask(made(rental.OpenDispute, user=USER, order=order.id, text="nobody came"))
    for _ in range(2 * SHOWN + 1):
        script.connect(A)
        script.cancel(script.place().id)
    assert order.id not in [known.id for known in script.region.orders_of(USER)]
    script.wait(DAY_MS)
    assert script.region.orders_of(USER) == ()
    shown = len(script.commands(rental.UserOrders))
    script.report(made(delivery.SecondIndication, job=job, order=order.id, courier=COURIER))
    assert script.order(order.id).legs[-1].courier == COURIER
    assert len(script.commands(rental.UserOrders)) == shown
