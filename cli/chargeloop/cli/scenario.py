"""A scenario: cabinets with banks, couriers, people with what they want; pure data, a pure generator.

`demo_scenario` makes the small fictional city of the demo from a seed: the same seed gives the same people,
places, times, quantities and planted troubles, whatever the speed and the broker. A replay makes the same
type from a file (`chargeloop.cli.mdrp`). All times are milliseconds after the scenario's origin unless a name
says otherwise.

Every random draw of one participant comes from a generator seeded with the scenario's seed and the
participant's id, so that adding a participant, or a draw for one of them, changes nothing for the others.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chargeloop.protocol.geo import Plane, Point, distance_m
from chargeloop.protocol.ids import BankId, CabinetId, CourierId, RegionId, UserId
from chargeloop.protocol.messages.rental import HandOver, OrderState
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS, parse_instant


@dataclass(frozen=True, slots=True)
class BankPlan:
    """A power bank that is in a cabinet at the start."""

    bank: BankId
    charge_pct: int
    health_pct: int
    cycles: int


@dataclass(frozen=True, slots=True)
class Outage:
    """The cabinet is off the network from here to there."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class CabinetFaults:
    """Planted troubles: slots that jam, the next ejects that jam, outages, a wrong clock."""

    jam_slots: tuple[int, ...] = ()
    jam_next: int = 0
    offline: tuple[Outage, ...] = ()
    clock_offset_ms: int = 0
    drift_ppm: int = 0


@dataclass(frozen=True, slots=True)
class CabinetPlan:
    """A cabinet and the banks in it, in slots 1, 2, and so on."""

    cabinet: CabinetId
    name: str
    place: Point
    slots: int
    banks: tuple[BankPlan, ...]
    faults: CabinetFaults = CabinetFaults()


class GivesUp(StrEnum):
    """When a courier with a planted trouble leaves a job."""

    BEFORE_PICKUP = "before_pickup"
    AFTER_PICKUP = "after_pickup"


@dataclass(frozen=True, slots=True)
class Answers:
    """How long couriers take to answer an offer: `least_ms`, and up to `spread_ms` more."""

    least_ms: int = 2 * SECOND_MS
    spread_ms: int = 0


@dataclass(frozen=True, slots=True)
class CourierPlan:
    """A courier; `on_ms` and `off_ms` None mean from the start and to the end.

    Either `speed_m_per_s` (as the crow flies) or `metres_per_minute` (whole minutes begun) says how fast.
    """

    courier: CourierId
    place: Point
    speed_m_per_s: float | None
    metres_per_minute: int | None
    service_ms: int
    accept_probability: float
    seed: int
    on_ms: int | None = None
    off_ms: int | None = None
    gives_up: GivesUp | None = None
    gives_up_at_job: int = 1
    answers: Answers = Answers()


class ReturnManner(StrEnum):
    """How a person gives the banks back: by courier, on foot, or some by courier and the rest on foot."""

    COURIER = "courier"
    WALK = "walk"
    PARTIAL = "partial"


ALWAYS = 99


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """One person with one order.

    `cancel_at`: calls the order off when it gets to this state. `absent_knocks`: so many knocks nobody
    answers, ALWAYS for somebody who is never there. `return_place` is where the banks are to be fetched.
    `visit` tells one order of a person from the next.
    """

    user: UserId
    place: Point
    return_place: Point
    at_ms: int
    quantity: int
    hand_over: HandOver
    use_ms: int
    returns: ReturnManner
    accept_fewer: bool = True
    cancel_at: OrderState | None = None
    absent_knocks: int = 0
    returned_charge_pct: int = 15
    visit: int = 1

    @property
    def key(self) -> str:
        """Return what the keys of this person's requests begin with: another order, other keys."""
        return self.user if self.visit == 1 else f"{self.user}-visit-{self.visit}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything a demo or a replay plays. `origin_ms` is the world time (ms since 1970 UTC) of its start.

    `deadline_ms` is when, after the origin, the play ends at the latest.
    """

    region: RegionId
    seed: int
    origin_ms: int
    cabinets: tuple[CabinetPlan, ...]
    couriers: tuple[CourierPlan, ...]
    people: tuple[PersonPlan, ...]
    deadline_ms: int

    @property
    def banks(self) -> tuple[BankId, ...]:
        """Return every bank of the scenario."""
        return tuple(bank.bank for cabinet in self.cabinets for bank in cabinet.banks)


ORIGIN = Point(434_520_000, 52_330_000)
# A Monday in summer, early in the day: the date is part of the scenario, so that a seed gives the same times.
ORIGIN_MS = parse_instant("2026-06-01T08:00:00.000Z")

_CABINETS = (
    "Harbour Café", "Market Hall", "Old Lighthouse", "Station Square", "Fig Tree Bakery", "City Library",
    "Ropewalk Cinema", "Tram Depot", "Swimming Baths", "Botanic Garden", "Clock Tower", "Ferry Landing",
)  # fmt: skip
_COURIERS = 8
_COLUMNS = 4
_SPACING_M = 420.0
_SLOTS = 10
_BANKS_PER_CABINET = 6
_PLACING_MS = 20 * MINUTE_MS
_ORDERS_PER_WINDOW = 20
_LAST_USE_MS = 30 * MINUTE_MS
# A return that finds no courier, a walk, and the waits of the platform for banks that come late.
_SLACK_MS = 90 * MINUTE_MS
_CANCEL_STATES: Sequence[OrderState] = (
    OrderState.RESERVING, OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING,
)  # fmt: skip


def demo_scenario(*, seed: int, orders: int, region: str = "demo") -> Scenario:
    """Return the demo's city: 12 cabinets, 8 couriers and so many people with one order each.

    Always planted: a slot that jams, a cabinet that drops off the network, a courier who gives up before and
    one who gives up after the pickup. Drawn: cancels at various steps, people who are not there, walk-up
    rentals, partial returns. Up to 20 orders are placed within 20 minutes of world time; more take longer.
    """
    plane = Plane(ORIGIN)
    placing_ms = _PLACING_MS * max(1, -(-orders // _ORDERS_PER_WINDOW))
    names = [UserId(f"usr-{number:04d}") for number in range(1, orders + 1)]
    people = tuple(_person(user, placing_ms, plane, seeded(seed, user)) for user in names)
    return Scenario(
        region=RegionId(region),
        seed=seed,
        origin_ms=ORIGIN_MS,
        cabinets=_with_troubles(seed, _cabinets(seed, plane), people),
        couriers=tuple(_courier(seed, number, plane) for number in range(1, _COURIERS + 1)),
        people=people,
        deadline_ms=placing_ms + _LAST_USE_MS + _SLACK_MS,
    )


def passer_by(*, seed: int, user: UserId, visit: int) -> PersonPlan:
    """Return what somebody wants who comes by in the demo's city: at once, and each time something else."""
    plan = _person(user, 1, Plane(ORIGIN), seeded(seed, user, "visit", str(visit)))
    return replace(plan, at_ms=0, visit=visit)


def seeded(seed: int, *names: str) -> random.Random:
    """Return the generator of one participant's draws."""
    return random.Random(":".join((str(seed), *names)))


def _cabinets(seed: int, plane: Plane) -> tuple[CabinetPlan, ...]:
    return tuple(_cabinet(seed, index, plane) for index in range(len(_CABINETS)))


def _with_troubles(
    seed: int, cabinets: tuple[CabinetPlan, ...], people: tuple[PersonPlan, ...]
) -> tuple[CabinetPlan, ...]:
    """Plant the jam and the outage where most people are, so that somebody meets them."""
    draw = seeded(seed, "troubles")
    nearest = Counter(min(cabinets, key=lambda c: distance_m(c.place, p.place)).cabinet for p in people)
    by_need = sorted(cabinets, key=lambda cabinet: -nearest[cabinet.cabinet])
    troubles = {by_need[0].cabinet: _jam, by_need[1].cabinet: _drop}
    return tuple(
        replace(cabinet, faults=troubles[cabinet.cabinet](cabinet.faults, draw))
        if cabinet.cabinet in troubles
        else cabinet
        for cabinet in cabinets
    )


def _jam(faults: CabinetFaults, _draw: random.Random) -> CabinetFaults:
    return replace(faults, jam_next=1)


def _drop(faults: CabinetFaults, draw: random.Random) -> CabinetFaults:
    from_ms = draw.randint(4, 8) * MINUTE_MS
    return replace(faults, offline=(Outage(from_ms, from_ms + draw.randint(6, 12) * MINUTE_MS),))


def _cabinet(seed: int, index: int, plane: Plane) -> CabinetPlan:
    cabinet = CabinetId(f"cab-{index + 1:04d}")
    draw = seeded(seed, cabinet)
    row, column = divmod(index, _COLUMNS)
    place = plane.at(
        (column - (_COLUMNS - 1) / 2) * _SPACING_M + draw.uniform(-120, 120),
        (row - 1) * _SPACING_M + draw.uniform(-120, 120),
    )
    banks = tuple(
        BankPlan(
            BankId(f"bnk-{index + 1:02d}{slot:04d}"),
            draw.randint(70, 100),
            draw.randint(85, 100),
            draw.randint(0, 300),
        )
        for slot in range(1, _BANKS_PER_CABINET + 1)
    )
    return CabinetPlan(cabinet, _CABINETS[index], place, _SLOTS, banks, _own_clock(draw))


def _own_clock(draw: random.Random) -> CabinetFaults:
    """Give a cabinet a clock of its own: some minutes off, up to 50 ppm fast or slow."""
    return CabinetFaults(
        clock_offset_ms=draw.randint(-5 * 60, 5 * 60) * SECOND_MS, drift_ppm=draw.randint(-50, 50)
    )


def _courier(seed: int, number: int, plane: Plane) -> CourierPlan:
    courier = CourierId(f"cou-{number:04d}")
    draw = seeded(seed, courier)
    gives_up = {1: GivesUp.BEFORE_PICKUP, 2: GivesUp.AFTER_PICKUP}.get(number)
    return CourierPlan(
        courier=courier,
        place=_place(draw, plane),
        speed_m_per_s=round(draw.uniform(4.0, 6.5), 2),
        metres_per_minute=None,
        service_ms=draw.randint(15, 30) * SECOND_MS,
        accept_probability=0.95 if gives_up else round(draw.uniform(0.7, 0.95), 2),
        seed=draw.randrange(2**31),
        gives_up=gives_up,
        gives_up_at_job=1 if gives_up is GivesUp.AFTER_PICKUP else draw.randint(1, 2),
    )


def _person(user: UserId, placing_ms: int, plane: Plane, draw: random.Random) -> PersonPlan:
    quantity = draw.choices((1, 2, 3, 4), weights=(50, 30, 15, 5))[0]
    walk_up = draw.random() < 0.15
    return PersonPlan(
        user=user,
        place=_place(draw, plane),
        return_place=_place(draw, plane),
        at_ms=draw.randrange(placing_ms),
        quantity=quantity,
        hand_over=HandOver.WALK_UP if walk_up else HandOver.COURIER,
        use_ms=draw.randrange(10 * MINUTE_MS, _LAST_USE_MS),
        returns=_returns(draw, quantity),
        accept_fewer=draw.random() < 0.8,
        cancel_at=draw.choice(_CANCEL_STATES) if draw.random() < 0.15 and not walk_up else None,
        absent_knocks=draw.choices((0, 1, ALWAYS), weights=(85, 10, 5))[0],
        returned_charge_pct=draw.randint(3, 60),
    )


def _returns(draw: random.Random, quantity: int) -> ReturnManner:
    manners = list(ReturnManner) if quantity > 1 else [ReturnManner.COURIER, ReturnManner.WALK]
    weights = {ReturnManner.COURIER: 60, ReturnManner.WALK: 20, ReturnManner.PARTIAL: 40}
    return draw.choices(manners, weights=[weights[manner] for manner in manners])[0]


def _place(draw: random.Random, plane: Plane) -> Point:
    half_width_m, half_height_m = _COLUMNS / 2 * _SPACING_M, 1.5 * _SPACING_M
    return plane.at(draw.uniform(-half_width_m, half_width_m), draw.uniform(-half_height_m, half_height_m))
