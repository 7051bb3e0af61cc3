"""Orders that ended long ago leave the memory; what is heard of them later harms nothing."""

from chargeloop.protocol.time import DAY_MS, HOUR_MS
from tests.platform.core.script import city


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
