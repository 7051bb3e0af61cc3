"""The cities that chaos and endurance runs play: the demo's, with people who order all the time."""

from dataclasses import replace
from typing import Final

from chargeloop.cli.scenario import PersonPlan, Scenario, demo_scenario, seeded
from chargeloop.protocol.time import MINUTE_MS

# Shorter than in the demo, so that the end of a run does not take longer than the run.
_USE_MS: Final = (4 * MINUTE_MS, 15 * MINUTE_MS)
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


def _spread(seed: int, person: PersonPlan, from_ms: int, within_ms: int) -> PersonPlan:
    draw = seeded(seed, person.user, "busy")
    at_ms = from_ms + draw.randrange(max(1, within_ms)) if from_ms else 0
    return replace(person, at_ms=at_ms, use_ms=draw.randrange(*_USE_MS))
