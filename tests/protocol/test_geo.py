"""Places: distances on the globe and on a flat map of a city agree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.protocol.geo import EARTH_RADIUS_M, Plane, Point, distance_m

points = st.builds(Point, st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000))
cities = st.builds(Point, st.integers(-650_000_000, 650_000_000), st.integers(-1_790_000_000, 1_790_000_000))
metres = st.floats(-10_000, 10_000)


def test_a_degree_of_latitude_is_111_km() -> None:
    assert distance_m(Point(0, 0), Point(10_000_000, 0)) == pytest.approx(111_195, abs=1)


def test_a_degree_of_longitude_shrinks_towards_the_pole() -> None:
    assert distance_m(Point(600_000_000, 0), Point(600_000_000, 10_000_000)) == pytest.approx(55_597, abs=10)


def test_the_other_side_of_the_world_is_half_way_around() -> None:
    assert distance_m(Point(0, 0), Point(0, 1_800_000_000)) == pytest.approx(math.pi * EARTH_RADIUS_M)


def test_the_way_over_the_antimeridian_is_the_short_one() -> None:
    assert distance_m(Point(0, 1_799_999_000), Point(0, -1_799_999_000)) == pytest.approx(22.2, abs=0.1)


@given(points, points, points)
def test_distance_is_a_metric(a: Point, b: Point, c: Point) -> None:
    assert distance_m(a, a) == 0
    assert distance_m(a, b) == distance_m(b, a)
    # Across the world the arc sine is so steep that the last bit of its argument is decimetres.
    assert distance_m(a, c) <= distance_m(a, b) + distance_m(b, c) + 1
    assert distance_m(a, b) <= math.pi * EARTH_RADIUS_M + 0.01


@given(cities, metres, metres)
def test_a_place_on_the_flat_map_is_found_again_within_centimetres(
    origin: Point, x_m: float, y_m: float
) -> None:
    plane = Plane(origin)
    x_again, y_again = plane.xy_m(plane.at(x_m, y_m))
    assert x_again == pytest.approx(x_m, abs=0.02)
    assert y_again == pytest.approx(y_m, abs=0.02)


@given(st.floats(-3_000, 3_000), st.floats(-3_000, 3_000))
def test_the_flat_map_of_a_city_and_the_globe_agree(x_m: float, y_m: float) -> None:
    origin = Point(434_500_000, 52_300_000)
    there = Plane(origin).at(x_m, y_m)
    assert distance_m(origin, there) == pytest.approx(math.hypot(x_m, y_m), rel=0.001, abs=0.05)
