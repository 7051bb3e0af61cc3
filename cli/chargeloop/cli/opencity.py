"""A city without an end: people come by one after the other, at a gentle pace, until somebody closes it."""

import asyncio
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from chargeloop.broker import Credentials, CredentialStore
from chargeloop.cli.scenario import Answers, CourierPlan, passer_by, seeded
from chargeloop.cli.users import Person, World
from chargeloop.protocol.ids import UserId
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS

# So many live here. Each orders again and again, with a rest in between, so that logins stay few.
_RESIDENTS: Final = 24
_FIRST_NUMBER: Final = 1001
# Half of the couriers are busy at this pace: the others are there for whoever comes in addition.
_BETWEEN_MS: Final = 3 * MINUTE_MS
# The first few come at once, so that there is something to see.
_FIRST: Final = 3
_FIRST_BETWEEN_MS: Final = 20 * SECOND_MS

# A person who plays a courier has to see an offer, read it and tap, in real time: it stands so long, and the
# simulated couriers answer within these seconds of it.
_OFFER_REAL_MS: Final = 30 * SECOND_MS
_ANSWERS_FROM_REAL_MS: Final = 8 * SECOND_MS
_ANSWERS_UNTIL_REAL_MS: Final = 20 * SECOND_MS
# In a world too fast for people an offer does not stand for ever.
_LONGEST_OFFER_MS: Final = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class OfferPace:
    """How long an offer stands, and how long the simulated couriers take to answer it, in world time."""

    life_ms: int
    answers: Answers

    def given_to(self, couriers: Iterable[CourierPlan]) -> tuple[CourierPlan, ...]:
        """Return the couriers as they answer at this pace."""
        return tuple(replace(courier, answers=self.answers) for courier in couriers)


def offer_pace(speed: float) -> OfferPace:
    """Return the pace at which a person can win an offer, in a world that runs so many times too fast."""
    scale = min(speed, _LONGEST_OFFER_MS / _OFFER_REAL_MS)
    least_ms = round(_ANSWERS_FROM_REAL_MS * scale)
    most_ms = round(_ANSWERS_UNTIL_REAL_MS * scale)
    return OfferPace(round(_OFFER_REAL_MS * scale), Answers(least_ms, most_ms - least_ms))


def residents(store: CredentialStore, region: str) -> list[Credentials]:
    """Return the logins of everybody who lives in the city, made when new."""
    return [store.grant(f"usr-{_FIRST_NUMBER + number}", region) for number in range(_RESIDENTS)]


class OpenCity:
    """The people of a city that goes on."""

    def __init__(self, world: World, store: CredentialStore, *, seed: int) -> None:
        self._world = world
        self._seed = seed
        self._resting = residents(store, world.region)
        self._visits = dict.fromkeys((one.client for one in self._resting), 0)

    async def live(self) -> None:
        """Let people come by until this is cancelled; whoever is here then leaves at once."""
        draw = seeded(self._seed, "pace")
        async with asyncio.TaskGroup() as tasks:
            for number in itertools.count(1):
                # When all are out already, the next one comes when somebody is back.
                if self._resting:
                    tasks.create_task(self._come_by())
                between_ms = _FIRST_BETWEEN_MS if number < _FIRST else _BETWEEN_MS
                await self._world.clock.sleep_ms(round(between_ms * draw.uniform(0.5, 1.5)))

    async def _come_by(self) -> None:
        credentials = self._resting.pop(0)
        user = UserId(credentials.client)
        self._visits[user] += 1
        plan = passer_by(seed=self._seed, user=user, visit=self._visits[user])
        await Person(plan, credentials, self._world).live()
        self._resting.append(credentials)
