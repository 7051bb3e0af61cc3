"""The nearest usable cabinet with N banks among a million, against scipy's cKDTree plus a filter."""

import gc
import importlib
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from chargeloop.cli.bench.figures import Trial, percentile
from chargeloop.platform.core.fleet import Fleet
from chargeloop.platform.core.order import HoldKind
from chargeloop.platform.core.rows import CabinetRecord, SlotRecord
from chargeloop.protocol.geo import EARTH_RADIUS_M, Plane, Point
from chargeloop.protocol.ids import CabinetId, JournalId
from chargeloop.protocol.messages.cabinet import CabinetInfo, SlotState
from chargeloop.protocol.messages.common import Location

HOW_TO_INSTALL: Final = (
    "scipy is not installed: .venv/bin/python -m pip install --require-hashes --no-deps"
    " -r requirements-bench.lock"
)
_PER_KM2: Final = 25
_MAX_BANKS: Final = 6
_OFFLINE_PERCENT: Final = 5
_RADIUS_M: Final = 5_000
_MIN_CHARGE_PCT: Final = 60
_JOURNAL: Final = JournalId("jnl-bench")
_NOW_MS: Final = 1_800_000_000_000
_ORIGIN: Final = Point(434_500_000, 52_300_000)
# One cabinet is moved, or gives out and takes in banks, for so many searches.
_SEARCHES_PER_UPDATE: Final = 100
# Changes of stock are quick: so many are timed together.
_STOCKED: Final = 200


class DisagreeError(Exception):
    """Both did not find cabinets as near: one of them does not do what is measured."""


class MissingError(Exception):
    """A library that is only needed to compare with is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """A cabinet of the drawn city: where it is, whether it is on line, and how many banks it can give."""

    place: Point
    online: bool
    banks: int


async def measure(trials: int, cabinets: int, searches: int, say: Callable[[str], None]) -> list[Trial]:
    """Return for each trial the median time (us) of a search, and scipy's for the same ones.

    Raises:
        MissingError: scipy is not installed.
        DisagreeError: the two did not find the same.
    """
    tree = _Tree.library()
    draw = random.Random(7)
    side_m = math.sqrt(cabinets / _PER_KM2) * 1000
    plane = Plane(_ORIGIN)
    say(f"placing {cabinets:,} cabinets")
    stands = [
        _Stand(
            plane.at(draw.uniform(0, side_m), draw.uniform(0, side_m)),
            draw.randrange(100) >= _OFFLINE_PERCENT,
            draw.randrange(_MAX_BANKS + 1),
        )
        for _ in range(cabinets)
    ]
    fleet, other = _fleet(stands), _Tree(tree, stands)
    gc.collect()
    gc.freeze()
    found = []
    for trial in range(1, trials + 1):
        asked = [
            (plane.at(draw.uniform(0, side_m), draw.uniform(0, side_m)), draw.randint(1, _MAX_BANKS))
            for _ in range(searches)
        ]
        moved = [
            (draw.randrange(cabinets), plane.at(draw.uniform(0, side_m), draw.uniform(0, side_m)))
            for _ in range(3)
        ]
        stocked = [(draw.randrange(cabinets), draw.randrange(_MAX_BANKS + 1)) for _ in range(_STOCKED)]
        found.append(_trial(fleet, other, asked, _Updates(moved, stocked)))
        say(f"trial {trial}: {found[-1].figure:.0f} us, scipy {found[-1].others['scipy_us']:.0f} us")
    gc.unfreeze()
    return found


@dataclass(frozen=True, slots=True)
class _Updates:
    """Cabinets that are moved, and those whose stock changes, to so many banks."""

    moved: list[tuple[int, Point]]
    stocked: list[tuple[int, int]]


def _trial(fleet: Fleet, other: "_Tree", asked: list[tuple[Point, int]], updates: _Updates) -> Trial:
    """Search, update, and search again: whoever forgets an update finds something else.

    Raises:
        DisagreeError: the two did not find the same.
    """
    ours_us, ours = _timed(lambda place, banks: _nearest(fleet, place, banks), asked)
    scipy_us, theirs = _timed(other.nearest, asked)
    stock_us = [_took_us(partial(_stock, fleet, *change)) for change in updates.stocked]
    tree_stock_us = [_took_us(partial(other.stock, *change)) for change in updates.stocked]
    move_us = [_took_us(partial(_move, fleet, *change)) for change in updates.moved]
    tree_move_us = [_took_us(partial(other.move, *change)) for change in updates.moved]
    ours += [_nearest(fleet, place, banks) for place, banks in asked]
    theirs += [other.nearest(place, banks) for place, banks in asked]
    require_alike(ours, theirs)
    half = percentile(ours_us, 50)
    scipy_half = percentile(scipy_us, 50)
    return Trial(
        half,
        {
            "p99_us": percentile(ours_us, 99),
            "scipy_us": scipy_half,
            "scipy_p99_us": percentile(scipy_us, 99),
            "us_with_stock": half + percentile(stock_us, 50) / _SEARCHES_PER_UPDATE,
            "scipy_us_with_stock": scipy_half + percentile(tree_stock_us, 50) / _SEARCHES_PER_UPDATE,
            "us_with_moves": half + percentile(move_us, 50) / _SEARCHES_PER_UPDATE,
            "scipy_us_with_moves": scipy_half + percentile(tree_move_us, 50) / _SEARCHES_PER_UPDATE,
        },
    )


def _timed(
    search: Callable[[Point, int], float | None], asked: list[tuple[Point, int]]
) -> tuple[list[float], list[float | None]]:
    took_us, found = [], []
    for place, banks in asked:
        began = time.perf_counter()
        found.append(search(place, banks))
        took_us.append((time.perf_counter() - began) * 1e6)
    return took_us, found


def _took_us(update: Callable[[], None]) -> float:
    began = time.perf_counter()
    update()
    return (time.perf_counter() - began) * 1e6


def require_alike(ours: list[float | None], theirs: list[float | None]) -> None:
    """Return when both found cabinets as near for every search.

    Raises:
        DisagreeError: they did not.
    """
    wrong = [pair for pair in zip(ours, theirs, strict=True) if not _alike(*pair)]
    if wrong:
        ours_m, theirs_m = wrong[0]
        raise DisagreeError(
            f"{len(wrong)} of {len(ours)} searches found another distance than scipy:"
            f" {ours_m} m, not {theirs_m} m"
        )


def _alike(ours_m: float | None, theirs_m: float | None) -> bool:
    """Tell whether both found one as near: the tree measures through the earth, by some millimetres less."""
    if ours_m is None or theirs_m is None:
        return ours_m is theirs_m
    return math.isclose(ours_m, theirs_m, rel_tol=1e-6, abs_tol=0.01)


# Ours.


def _fleet(stands: list[_Stand]) -> Fleet:
    fleet = Fleet(lease_ms=60_000, min_charge_pct=_MIN_CHARGE_PCT)
    slots = [_slots(banks) for banks in range(_MAX_BANKS + 1)]
    fleet.load(
        CabinetRecord(
            CabinetId(f"cab-{number}"),
            location=stand.place,
            online=stand.online,
            last_seen_ms=_NOW_MS,
            slots=slots[stand.banks],
        )
        for number, stand in enumerate(stands)
    )
    return fleet


def _slots(banks: int) -> tuple[SlotRecord, ...]:
    return tuple(SlotRecord(slot, SlotState.READY, None, 98) for slot in range(1, banks + 1))


def _stock(fleet: Fleet, number: int, banks: int) -> None:
    """Have a cabinet tell, in the next entry of its journal, how many banks it has."""
    cabinet = fleet.know(CabinetId(f"cab-{number}"))
    fleet.took(cabinet, _JOURNAL, cabinet.seq + 1)
    empty = (SlotRecord(slot, SlotState.EMPTY) for slot in range(banks + 1, _MAX_BANKS + 1))
    fleet.set_slots(cabinet, (*_slots(banks), *empty))


def _nearest(fleet: Fleet, place: Point, banks: int) -> float | None:
    near = fleet.nearest(place, _RADIUS_M, _NOW_MS)
    return next((distance for distance, cabinet in near if cabinet.free(HoldKind.BANKS) >= banks), None)


def _move(fleet: Fleet, number: int, place: Point) -> None:
    info = CabinetInfo(name="moved", location=Location.of(place), slots=1, model="CL", firmware="1")
    fleet.introduced(fleet.know(CabinetId(f"cab-{number}")), info)


# Theirs.


class _Tree:
    """Points on the globe in a cKDTree; stock and presence in arrays beside it."""

    def __init__(self, library: tuple[Any, Any], stands: list[_Stand]) -> None:
        self._spatial, self._numpy = library
        self._points = self._numpy.array([_on_globe(stand.place) for stand in stands])
        self._usable = self._numpy.array([stand.online for stand in stands])
        self._banks = self._numpy.array([stand.banks for stand in stands])
        self._tree = self._spatial.cKDTree(self._points)

    @staticmethod
    def library() -> tuple[Any, Any]:
        """Return scipy's module of trees and numpy.

        Raises:
            MissingError: they are not installed.
        """
        try:
            return importlib.import_module("scipy.spatial"), importlib.import_module("numpy")
        except ImportError:
            raise MissingError(HOW_TO_INSTALL) from None

    def nearest(self, place: Point, banks: int) -> float | None:
        """Return how far the nearest is that can serve, asking for more neighbours until there is one."""
        point, count = _on_globe(place), 8
        while True:
            distances, found = self._tree.query(point, k=count, distance_upper_bound=_RADIUS_M)
            real = found < len(self._banks)
            found, distances = found[real], distances[real]
            serves = self._numpy.flatnonzero(self._usable[found] & (self._banks[found] >= banks))
            if len(serves):
                return float(distances[serves[0]])
            if len(found) < count:
                return None
            count *= 4

    def stock(self, number: int, banks: int) -> None:
        """Note how many banks one has: the tree knows nothing of them."""
        self._banks[number] = banks

    def move(self, number: int, place: Point) -> None:
        """Move one: the tree has to be built again."""
        self._points[number] = _on_globe(place)
        self._tree = self._spatial.cKDTree(self._points)


def _on_globe(place: Point) -> tuple[float, float, float]:
    lat, lon = math.radians(place.lat_e7 / 1e7), math.radians(place.lon_e7 / 1e7)
    return (
        EARTH_RADIUS_M * math.cos(lat) * math.cos(lon),
        EARTH_RADIUS_M * math.cos(lat) * math.sin(lon),
        EARTH_RADIUS_M * math.sin(lat),
    )
