"""Which cabinets are near a place, nearest first, without looking at all of them.

Cabinets lie in the cells of a grid of equal degrees. A search looks at the ring of cells around the
place, then at the next ring, and hands a cabinet out as soon as no cabinet of a later ring can be nearer.
When it has looked into so many cells that all cabinets could be looked at instead, it does that for the rest.
Cells are kept up to date one cabinet at a time. A region does not reach over the poles or the
antimeridian.
"""

import heapq
import math
from collections.abc import Iterator
from itertools import islice

from chargeloop.protocol.geo import EARTH_RADIUS_M, Point, distances_from
from chargeloop.protocol.ids import CabinetId

CELL_E7 = 25_000  # 0.0025 degrees: about 280 m from south to north
# Looking into an empty cell costs this small part of looking at a cabinet.
_CELLS_PER_CABINET = 4
_CELL_M = math.radians(CELL_E7 / 1e7) * EARTH_RADIUS_M

_Cell = tuple[int, int]


def _cell(point: Point) -> _Cell:
    return point.lat_e7 // CELL_E7, point.lon_e7 // CELL_E7


class Grid:
    """The places of all cabinets."""

    def __init__(self) -> None:
        self._places: dict[CabinetId, Point] = {}
        self._cells: dict[_Cell, list[CabinetId]] = {}

    def put(self, cabinet: CabinetId, place: Point) -> None:
        """Add the cabinet, or move it."""
        old = self._places.get(cabinet)
        if old == place:
            return
        if old is not None:
            self._cells[_cell(old)].remove(cabinet)
        self._places[cabinet] = place
        self._cells.setdefault(_cell(place), []).append(cabinet)

    def nearest(self, place: Point, radius_m: float) -> Iterator[tuple[float, CabinetId]]:
        """Yield (distance in metres, cabinet) up to the radius, nearest first; ties go by id."""
        width_m = _cell_width_m(place, radius_m)
        rings = math.ceil(radius_m / width_m) + 1
        centre, distance_m = _cell(place), distances_from(place)
        cells, places = self._cells, self._places
        waiting: list[tuple[float, CabinetId]] = []
        found = 0
        for ring in range(rings):
            if (2 * ring + 1) ** 2 > _CELLS_PER_CABINET * len(self._places):
                yield from islice(self._nearest_of_all(place, radius_m), found, None)
                return
            for cell in _ring(centre, ring):
                for cabinet in cells.get(cell, ()):
                    heapq.heappush(waiting, (distance_m(places[cabinet]), cabinet))
            # Whatever lies beyond this ring is at least so many whole cells away.
            while waiting and waiting[0][0] <= min(ring * width_m, radius_m):
                yield heapq.heappop(waiting)
                found += 1
        while waiting and waiting[0][0] <= radius_m:
            yield heapq.heappop(waiting)

    def _nearest_of_all(self, place: Point, radius_m: float) -> Iterator[tuple[float, CabinetId]]:
        """Do the same by looking at every cabinet: there are fewer of them than cells within the radius."""
        distance_m = distances_from(place)
        every = sorted((distance_m(other), cabinet) for cabinet, other in self._places.items())
        yield from (found for found in every if found[0] <= radius_m)


def _cell_width_m(place: Point, radius_m: float) -> float:
    """Return the least width of a cell within the radius; meridians come closer towards the poles."""
    lat = min(89.0, abs(place.lat_e7) / 1e7 + math.degrees(radius_m / EARTH_RADIUS_M))
    return _CELL_M * math.cos(math.radians(lat))


def _ring(centre: _Cell, ring: int) -> Iterator[_Cell]:
    """Yield the cells whose larger distance in rows or columns is `ring`."""
    row, column = centre
    if ring == 0:
        yield centre
        return
    for step in range(-ring, ring + 1):
        yield row - ring, column + step
        yield row + ring, column + step
    for step in range(1 - ring, ring):
        yield row + step, column - ring
        yield row + step, column + ring
