"""The people of a long run: how many there are, and how they live until everything has come to rest."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from chargeloop.cli.chaos import lossless
from chargeloop.cli.chaos.ledger import read_ledger
from chargeloop.cli.chaos.playground import Playground
from chargeloop.cli.people import People, at_rest
from chargeloop.protocol.time import MINUTE_MS

# How long the world may take to come to rest after the people: by its own time, and by the machine's.
_REST_MS: Final = 4 * 60 * MINUTE_MS
_REST_S: Final = 60.0
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a run goes on (real minutes), and how many people order in each of them."""

    minutes: float
    orders_per_minute: float

    @property
    def orders(self) -> int:
        """Return how many people order."""
        return max(1, round(self.minutes * self.orders_per_minute))


async def live(place: Playground, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """Let all people of the place order and return banks, and something else go on, until all is at rest."""
    people = People(place.stage.scenario, place.data, place.world())
    async with asyncio.TaskGroup() as tasks:
        living = tasks.create_task(people.live())
        await meanwhile()
    if not living.result():
        place.progress.say("the time is over and not everybody is done")
    await _settled(place)


async def _settled(place: Playground) -> None:
    """Return when the world is at rest and everything written is committed, or when that takes too long."""
    clock, scenario = place.stage.clock, place.stage.scenario
    until_ms = clock.now_ms() + max(_REST_MS, clock.patience_ms(round(_REST_S * 1_000)))
    while clock.now_ms() < until_ms:
        place.journals.look()
        ledger = read_ledger(place.data)
        committed = not any(lossless.uncommitted(place.journals.journals, ledger.marks))
        if committed and not any(lossless.unfinished(ledger.channels)) and at_rest(place.data, scenario):
            return
        await asyncio.sleep(_POLL_S)
    place.progress.say("the world did not come to rest")
