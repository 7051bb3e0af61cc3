"""Places on the ground: integer 1e-7 degrees (about 1 cm), distances in whole metres."""

import math
from collections.abc import Callable
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1, IUGG
_E7 = 10_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """A place: latitude and longitude in 1e-7 degrees, WGS 84."""

    lat_e7: int
    lon_e7: int


def distance_m(a: Point, b: Point) -> float:
    """Return the great-circle distance in metres (haversine; exact enough for any city)."""
    return distances_from(a)(b)


def distances_from(a: Point) -> Callable[[Point], float]:
    """Return the function that gives the distance (metres) of other places from this one."""
    radians, sin, cos, sqrt, asin = math.radians, math.sin, math.cos, math.sqrt, math.asin
    lat_a, lon_a_e7 = radians(a.lat_e7 / _E7), a.lon_e7
    cos_a = cos(lat_a)

    def distance(b: Point) -> float:
        lat_b = radians(b.lat_e7 / _E7)
        half_lat = (lat_b - lat_a) / 2
        half_lon = radians((b.lon_e7 - lon_a_e7) / _E7) / 2
        h = sin(half_lat) ** 2 + cos_a * cos(lat_b) * sin(half_lon) ** 2
        return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(h)))

    return distance


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat map around an origin: x metres to the east, y metres to the north (equirectangular)."""

    origin: Point

    def at(self, x_m: float, y_m: float) -> Point:
        """Return the place that lies x metres east and y metres north of the origin."""
        lat = self.origin.lat_e7 + math.degrees(y_m / EARTH_RADIUS_M) * _E7
        shrink = math.cos(math.radians(self.origin.lat_e7 / _E7))
        lon = self.origin.lon_e7 + math.degrees(x_m / (EARTH_RADIUS_M * shrink)) * _E7
        return Point(round(lat), round(lon))

    def xy_m(self, point: Point) -> tuple[float, float]:
        """Return metres east and north of the origin; the inverse of `at` within a centimetre."""
        shrink = math.cos(math.radians(self.origin.lat_e7 / _E7))
        x_m = math.radians((point.lon_e7 - self.origin.lon_e7) / _E7) * EARTH_RADIUS_M * shrink
        y_m = math.radians((point.lat_e7 - self.origin.lat_e7) / _E7) * EARTH_RADIUS_M
        return x_m, y_m
