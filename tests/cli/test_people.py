"""How long a scenario may last follows from the scenario, and in a fast world from the machine."""

from chargeloop.broker.clock import ScaledClock
from chargeloop.cli.people import deadline_ms
from chargeloop.cli.scenario import demo_scenario

SCENARIO = demo_scenario(seed=4, orders=6)


def at_speed(speed: float) -> int:
    clock = ScaledClock(real_origin_ms=0, origin_ms=SCENARIO.origin_ms, speed=speed)
    return deadline_ms(SCENARIO, clock) - SCENARIO.origin_ms


def test_a_scenario_ends_at_its_own_deadline_in_a_world_as_slow_as_the_real_one() -> None:
    assert at_speed(1.0) == SCENARIO.deadline_ms


def test_however_fast_the_world_is_the_machine_has_more_than_a_minute() -> None:
    assert at_speed(250.0) / 250.0 > 60_000
    assert at_speed(1_000.0) / 1_000.0 > 60_000
