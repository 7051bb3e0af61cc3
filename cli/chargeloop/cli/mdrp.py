"""Reads a real day of a meal delivery operation (an MDRP instance) as a scenario of ours.

The files are those of the Meal Delivery Routing Problem test instances (Reyes, Erera, Savelsbergh,
Sahasrabudhe and O'Neil, 2018): tab-separated, places in metres, times in minutes of the day. A restaurant
becomes a cabinet with slots and banks by its demand, an order a request for one or more banks at the
customer's place, a courier a courier with the shift of the file. Travel takes ceil(Euclidean distance /
meters_per_minute) minutes, and pickup and dropoff the minutes of the file. What the files do not say is drawn
from the seed: quantities, how long people keep a bank.

The region's origin lies on the equator, where a degree is as long in both directions and the plane is exact.
"""

import csv
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chargeloop.cli.errors import CommandError
from chargeloop.cli.scenario import (
    BankPlan,
    CabinetPlan,
    CourierPlan,
    PersonPlan,
    ReturnManner,
    Scenario,
    seeded,
)
from chargeloop.protocol.geo import Plane, Point
from chargeloop.protocol.ids import BankId, CabinetId, CourierId, RegionId, UserId
from chargeloop.protocol.messages.rental import HandOver
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS, parse_instant

PLANE_ORIGIN = Point(0, 0)
_ORIGIN_MS = parse_instant("2026-06-01T00:00:00.000Z")
_MOST_SLOTS = 36
_FEWEST_SLOTS = 6
_MOST_MINUTES = 7 * 24 * 60
_MOST_METRES = 1_000_000.0
_MOST_ROWS = 20_000
_SHORTEST_USE_MIN, _LONGEST_USE_MIN = 20, 120
# After the last request: the delivery, the longest use, the return, and the waits of both platforms.
_AFTER_LAST_MS = 8 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Parameters:
    """What holds for the whole instance."""

    metres_per_minute: int
    pickup_service_min: int
    dropoff_service_min: int


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a file, with its place for messages."""

    file: Path
    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        return self.cells[column]

    def number(self, column: str, least: float, most: float) -> float:
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            shown = self.cells[column][:40]
            raise CommandError(
                f"{self.file}, line {self.line}: {column} {shown!r} is no number from {least:g} to {most:g}"
            )
        return value


def read_instance(directory: Path, *, seed: int, limit: int | None = None, region: str = "demo") -> Scenario:
    """Return the instance in `directory` as a scenario; the same seed gives the same scenario.

    Args:
        directory: holds orders.txt, restaurants.txt, couriers.txt and instance_parameters.txt.
        seed: of quantities and times of use.
        limit: only the first so many orders, by time of placement; None means all.
        region: the scenario's region.

    Raises:
        CommandError: a file is missing or malformed; the message names file, line and column.
    """
    parameters = _parameters(directory)
    plane = Plane(PLANE_ORIGIN)
    restaurants = _read(directory / "restaurants.txt", ("restaurant", "x", "y"))
    couriers = _read(directory / "couriers.txt", ("courier", "x", "y", "on_time", "off_time"))
    orders = _read(directory / "orders.txt", ("order", "x", "y", "placement_time", "restaurant"))
    _require_known(orders, {row.text("restaurant") for row in restaurants})
    orders = sorted(orders, key=lambda row: row.number("placement_time", 0, _MOST_MINUTES))[:limit]
    demand = Counter(row.text("restaurant") for row in orders)
    people = tuple(_person(row, number, seed, plane) for number, row in enumerate(orders, 1))
    return Scenario(
        region=RegionId(region),
        seed=seed,
        origin_ms=_ORIGIN_MS,
        cabinets=tuple(
            _cabinet(row, n, demand[row.text("restaurant")], plane) for n, row in enumerate(restaurants, 1)
        ),
        couriers=tuple(_courier(row, n, parameters, seed, plane) for n, row in enumerate(couriers, 1)),
        people=people,
        deadline_ms=max(person.at_ms for person in people) + _LONGEST_USE_MIN * MINUTE_MS + _AFTER_LAST_MS,
    )


def _parameters(directory: Path) -> Parameters:
    names = ("meters_per_minute", "pickup service minutes", "dropoff service minutes")
    rows = _read(directory / "instance_parameters.txt", names)
    return Parameters(
        metres_per_minute=round(rows[0].number(names[0], 1, 10_000)),
        pickup_service_min=round(rows[0].number(names[1], 0, 120)),
        dropoff_service_min=round(rows[0].number(names[2], 0, 120)),
    )


def _read(path: Path, columns: Sequence[str]) -> list[_Row]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    reader = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise CommandError(
            f"{path}: the first line has no column {missing[0]!r}; expected {', '.join(columns)}"
        )
    rows = [_row(path, reader.line_num, cells, columns) for cells in reader]
    if not 1 <= len(rows) <= _MOST_ROWS:
        raise CommandError(f"{path}: {len(rows)} rows; expected 1 to {_MOST_ROWS}")
    return rows


def _row(path: Path, line: int, cells: Mapping[str, str | None], columns: Sequence[str]) -> _Row:
    filled = {column: cells[column] for column in columns}
    short = [column for column, cell in filled.items() if cell is None]
    if short:
        raise CommandError(f"{path}, line {line}: no value for {short[0]}")
    return _Row(path, line, {column: cell for column, cell in filled.items() if cell is not None})


def _require_known(orders: Sequence[_Row], restaurants: set[str]) -> None:
    for row in orders:
        if row.text("restaurant") not in restaurants:
            raise CommandError(
                f"{row.file}, line {row.line}: {row.text('restaurant')[:40]!r} is not in restaurants.txt"
            )


def _place(row: _Row, plane: Plane) -> Point:
    return plane.at(
        row.number("x", -_MOST_METRES, _MOST_METRES), row.number("y", -_MOST_METRES, _MOST_METRES)
    )


def _cabinet(row: _Row, number: int, demand: int, plane: Plane) -> CabinetPlan:
    # Half of the slots hold a bank: as many returns fit as banks can be given out.
    slots = min(_MOST_SLOTS, max(_FEWEST_SLOTS, 2 * demand))
    banks = tuple(
        BankPlan(BankId(f"bnk-{number:04d}{slot:02d}"), 100, 100, 0) for slot in range(1, slots // 2 + 1)
    )
    return CabinetPlan(
        CabinetId(f"cab-{number:04d}"),
        f"Restaurant {row.text('restaurant')[:40]}",
        _place(row, plane),
        slots,
        banks,
    )


def _courier(row: _Row, number: int, parameters: Parameters, seed: int, plane: Plane) -> CourierPlan:
    courier = CourierId(f"cou-{number:04d}")
    on_min = row.number("on_time", 0, _MOST_MINUTES)
    return CourierPlan(
        courier=courier,
        place=_place(row, plane),
        speed_m_per_s=None,
        metres_per_minute=parameters.metres_per_minute,
        service_ms=parameters.pickup_service_min * MINUTE_MS,
        accept_probability=1.0,
        seed=seeded(seed, courier).randrange(2**31),
        on_ms=round(on_min * MINUTE_MS),
        off_ms=round(row.number("off_time", on_min, _MOST_MINUTES) * MINUTE_MS),
    )


def _person(row: _Row, number: int, seed: int, plane: Plane) -> PersonPlan:
    user = UserId(f"usr-{number:04d}")
    draw = seeded(seed, user)
    place = _place(row, plane)
    return PersonPlan(
        user=user,
        place=place,
        return_place=place,
        at_ms=round(row.number("placement_time", 0, _MOST_MINUTES) * MINUTE_MS) + draw.randrange(MINUTE_MS),
        quantity=_quantity(draw),
        hand_over=HandOver.COURIER,
        use_ms=draw.randrange(_SHORTEST_USE_MIN * MINUTE_MS, _LONGEST_USE_MIN * MINUTE_MS),
        returns=ReturnManner.COURIER,
        returned_charge_pct=draw.randint(3, 60),
    )


def _quantity(draw: random.Random) -> int:
    return draw.choices((1, 2, 3), weights=(80, 15, 5))[0]
