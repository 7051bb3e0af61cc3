"""The cities that chaos and endurance runs play: the demo's, with people who order all the time."""

from dataclasses import replace
from typing import Final

from chargeloop.cli.scenario import (
    ORIGIN,
    BankPlan,
    CabinetPlan,
    PersonPlan,
    ReturnManner,
    Scenario,
    demo_scenario,
    seeded,
)
from chargeloop.protocol.geo import Plane
from chargeloop.protocol.ids import BankId, CabinetId
from chargeloop.protocol.messages.rental import HandOver
from chargeloop.protocol.time import MINUTE_MS

# Shorter than in the demo, so that the end of a run does not take longer than the run.
_USE_MS: Final = (4 * MINUTE_MS, 15 * MINUTE_MS)
# The cabinets around the town: so many rows, so far apart, each with so many slots and banks.
_ROWS: Final = 40
_SPACING_M: Final = 420.0
_SLOTS: Final = 8
_BANKS: Final = 4
_STAYS: Final = 6
# After the last order everything works again; this is for what is still under way, and what went astray.
_ENDING_MS: Final = 6 * 60 * MINUTE_MS


def busy_town(*, seed: int, orders: int, placing_ms: int, region: str) -> Scenario:
    """Return the demo's city and troubles, in which so many people order within `placing_ms` of world time.

    The first one orders at the very beginning.
    """
    town = demo_scenario(seed=seed, orders=orders, region=region)
    people = tuple(
        _spread(seed, person, number * placing_ms // orders, placing_ms // orders)
        for number, person in enumerate(town.people)
    )
    return replace(town, people=people, deadline_ms=placing_ms + _ENDING_MS)


def wide_town(*, seed: int, cabinets: int, orders: int, placing_ms: int, region: str) -> Scenario:
    """Return the busy town with so many cabinets more around it, and people who take banks at any of them.

    One person in six stays in the middle, where the couriers are.
    """
    town = busy_town(seed=seed, orders=orders, placing_ms=placing_ms, region=region)
    around = tuple(_around(number) for number in range(len(town.cabinets) + 1, cabinets + 1))
    town = replace(town, cabinets=(*town.cabinets, *around)[:cabinets])
    people = tuple(
        person if number % _STAYS == 0 else _walker(town, person) for number, person in enumerate(town.people)
    )
    return replace(town, people=people)


def _around(number: int) -> CabinetPlan:
    column, row = divmod(number, _ROWS)
    place = Plane(ORIGIN).at((column + 3) * _SPACING_M, (row - _ROWS // 2) * _SPACING_M)
    banks = tuple(
        BankPlan(BankId(f"bnk-{number:05d}{slot:02d}"), 100, 100, 0) for slot in range(1, _BANKS + 1)
    )
    return CabinetPlan(CabinetId(f"cab-{number:05d}"), f"Corner {number}", place, _SLOTS, banks)


def _walker(town: Scenario, person: PersonPlan) -> PersonPlan:
    draw = seeded(town.seed, person.user, "walk")
    return replace(
        person,
        place=draw.choice(town.cabinets).place,
        return_place=draw.choice(town.cabinets).place,
        hand_over=HandOver.WALK_UP,
        returns=ReturnManner.WALK,
        cancel_at=None,
    )


def _spread(seed: int, person: PersonPlan, from_ms: int, within_ms: int) -> PersonPlan:
    draw = seeded(seed, person.user, "busy")
    at_ms = from_ms + draw.randrange(max(1, within_ms)) if from_ms else 0
    return replace(person, at_ms=at_ms, use_ms=draw.randrange(*_USE_MS))
