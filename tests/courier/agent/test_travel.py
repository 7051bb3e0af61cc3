"""How long ways take."""

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.courier.agent.travel import Journey, journey, travel_ms
from chargeloop.protocol.geo import Plane
from chargeloop.protocol.time import MINUTE_MS
from tests.courier.agent.scene import ORIGIN, profile
from tests.courier.core.making import NOW_MS, PLACE, north

WALKER = profile(speed_m_per_s=2.0)
RIDER = profile(speed_m_per_s=None, metres_per_minute_ceil=320.0)


def test_speed_is_along_the_great_circle() -> None:
    assert abs(travel_ms(WALKER, PLACE.point, north(1000).point, ORIGIN) - 500_000) < 1_000


@given(x_m=st.integers(-30_000, 30_000), y_m=st.integers(-30_000, 30_000))
def test_whole_minutes_are_those_of_the_data_files_rule(x_m: int, y_m: int) -> None:
    plane = Plane(ORIGIN)
    squared = x_m * x_m + y_m * y_m
    minutes = 0
    while (minutes * 320) ** 2 < squared:
        minutes += 1
    found = travel_ms(RIDER, ORIGIN, plane.at(x_m, y_m), ORIGIN)
    distance_m = squared**0.5
    if minutes * 320 - 320 + 0.1 < distance_m or distance_m == minutes * 320:
        assert found == minutes * MINUTE_MS


def test_a_dawdler_takes_so_many_times_longer() -> None:
    slow = profile(speed_m_per_s=2.0, slow_factor=1.5)
    quick_ms = travel_ms(WALKER, PLACE.point, north(1000).point, ORIGIN)
    assert abs(travel_ms(slow, PLACE.point, north(1000).point, ORIGIN) - 1.5 * quick_ms) <= 1


def test_a_way_of_no_length_takes_no_time_and_ends_where_it_began() -> None:
    way = journey(WALKER, PLACE.point, PLACE.point, ORIGIN, NOW_MS)
    assert way.arrives_ms == NOW_MS
    assert way.at(NOW_MS) == PLACE.point


def test_halfway_in_time_is_halfway_in_space() -> None:
    way = Journey(PLACE.point, north(1000).point, 0, 1000)
    assert way.at(500) == north(500).point
    assert way.at(-5) == PLACE.point
    assert way.at(2000) == north(1000).point
