"""Lets all people of a scenario live, and tells when the world has come to rest."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from chargeloop.broker import CredentialStore
from chargeloop.broker.clock import Clock
from chargeloop.cli.books import Books
from chargeloop.cli.scenario import Scenario
from chargeloop.cli.truth import read_truth
from chargeloop.cli.users import Person, World

# How long the world may take to come to rest after the last person is done: banks of a courier who gave up,
# releases of reservations.
_REST_MS = 40 * 60_000
# A fast world passes while a busy machine carries a message or starts a process again: its deadlines leave
# the machine so much real time at least, or they would judge it and not the product.
_LIVE_REAL_MS = 80_000
_REST_REAL_MS = 20_000


class People:
    """Everybody of one scenario."""

    def __init__(self, scenario: Scenario, data: Path, world: World) -> None:
        store = CredentialStore.of_data(data)
        self.persons = tuple(Person(plan, store.load(plan.user), world) for plan in scenario.people)
        self._scenario = scenario
        self._clock = world.clock
        self._note = world.note

    def states(self) -> Counter[str]:
        """Return how many people are where: their order's state, `to come`, or `done`."""
        return Counter(_state(person) for person in self.persons)

    async def live(self) -> bool:
        """Let everybody live until all are done, or the scenario's deadline; tell whether all are.

        In a fast world the deadline is later: the machine has its time too.
        """
        lives = {asyncio.create_task(person.live()) for person in self.persons}
        ends_ms = deadline_ms(self._scenario, self._clock)
        deadline = asyncio.create_task(self._clock.sleep_until_ms(ends_ms))
        everybody = asyncio.create_task(asyncio.wait(lives, return_when=asyncio.FIRST_EXCEPTION))
        try:
            await asyncio.wait((everybody, deadline), return_when=asyncio.FIRST_COMPLETED)
            ended = everybody.done()
        finally:
            # Interrupted or not: people disconnect before the broker goes.
            for task in (everybody, deadline, *lives):
                task.cancel()
            results = await asyncio.gather(*lives, return_exceptions=True)
        self._raise_first(results)
        return ended and all(person.done for person in self.persons)

    @staticmethod
    def _raise_first(results: list[BaseException | None]) -> None:
        for result in results:
            if result is not None and not isinstance(result, asyncio.CancelledError):
                raise result


def deadline_ms(scenario: Scenario, clock: Clock) -> int:
    """Return when, by the world's clock, a scenario ends that not everybody is done with."""
    return scenario.origin_ms + max(scenario.deadline_ms, clock.patience_ms(_LIVE_REAL_MS))


def _state(person: Person) -> str:
    if person.done:
        return "done"
    return "to come" if person.order is None else str(person.state or "placed")


async def rest(
    data: Path, scenario: Scenario, clock: Clock, *, poll_ms: int, note: Callable[[str], None]
) -> bool:
    """Wait until all orders are final, no reservation outlives its order and all banks are back or sold.

    Returns False when that has not come about after a while of world time; the checks will say what is amiss.
    """
    until_ms = clock.now_ms() + max(_REST_MS, clock.patience_ms(_REST_REAL_MS))
    while not at_rest(data, scenario):
        if clock.now_ms() >= until_ms:
            note("the world did not come to rest")
            return False
        await clock.sleep_ms(poll_ms)
    return True


def at_rest(data: Path, scenario: Scenario) -> bool:
    """Tell whether all orders are final, no reservation outlives its order and all banks are back or sold."""
    books = Books(data)
    if any(order.is_open for order in books.orders()) or books.idle_holds():
        return False
    truth, sold = read_truth(data), books.sold_banks()
    return truth.in_hands | truth.in_trays <= sold and set(scenario.banks) <= set(truth.places) | sold
