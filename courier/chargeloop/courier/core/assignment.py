"""Whom to offer a job: the nearest couriers who could take it, found without looking at all of them.

Couriers who could take a job stand in a grid of square cells. A search looks at the cells that a circle
touches, or at all couriers when they are fewer than the cells. Distances are exact (great circle); couriers
equally far away are ordered by id, so the same situation always gives the same answer. The grid does not
wrap around the antimeridian or the poles: a region is a city.
"""

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from chargeloop.protocol.geo import EARTH_RADIUS_M, Point, distance_m
from chargeloop.protocol.ids import CourierId

_E7: Final = 10_000_000
# About 1.1 km of latitude: a first round touches some nine cells.
_CELL_E7: Final = _E7 // 100
_METRES_PER_CELL: Final = math.radians(_CELL_E7 / _E7) * EARTH_RADIUS_M

_Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A courier and how far away they are, in whole metres."""

    distance_m: int
    courier: CourierId


def _cell(point: Point) -> _Cell:
    return point.lat_e7 // _CELL_E7, point.lon_e7 // _CELL_E7


@dataclass(slots=True)
class FreeCouriers:
    """The places of all couriers who could take a job."""

    _places: dict[CourierId, Point] = field(default_factory=dict)
    _cells: dict[_Cell, set[CourierId]] = field(default_factory=dict)

    def put(self, courier: CourierId, place: Point) -> None:
        """Note that the courier is free at this place, wherever they were before."""
        known = self._places.get(courier)
        if known == place:
            return
        self.discard(courier)
        self._places[courier] = place
        self._cells.setdefault(_cell(place), set()).add(courier)

    def discard(self, courier: CourierId) -> None:
        """Note that the courier is not free; unknown ones are fine."""
        place = self._places.pop(courier, None)
        if place is None:
            return
        members = self._cells[_cell(place)]
        members.remove(courier)
        if not members:
            del self._cells[_cell(place)]

    def nearest(
        self, point: Point, radius_m: int, count: int, is_eligible: Callable[[CourierId], bool]
    ) -> list[Candidate]:
        """Return the nearest eligible couriers within the radius, at most `count`, nearest first."""
        within = (
            Candidate(math.floor(distance), courier)
            for courier in self._around(point, radius_m)
            if (distance := distance_m(point, self._places[courier])) <= radius_m and is_eligible(courier)
        )
        return heapq.nsmallest(count, within, key=lambda found: (found.distance_m, found.courier))

    def _around(self, point: Point, radius_m: int) -> Iterable[CourierId]:
        rows = math.ceil(radius_m / _METRES_PER_CELL)
        # Meridians come closer together away from the equator; beyond 84 degrees no city lies.
        shrink = max(0.1, math.cos(math.radians(point.lat_e7 / _E7)))
        columns = math.ceil(radius_m / (_METRES_PER_CELL * shrink))
        if (2 * rows + 1) * (2 * columns + 1) >= len(self._places):
            yield from self._places
            return
        row, column = _cell(point)
        for lat in range(row - rows, row + rows + 1):
            for lon in range(column - columns, column + columns + 1):
                yield from self._cells.get((lat, lon), ())
