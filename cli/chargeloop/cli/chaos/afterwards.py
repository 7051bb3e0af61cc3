"""Who comes when everything is healed: they order until they are served, as people do who need a bank.

However much time the faults took from the orders before, a city that works again serves whoever comes now.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from chargeloop.broker import Credentials, CredentialStore
from chargeloop.cli.chaos.playground import Playground
from chargeloop.cli.people import deadline_ms
from chargeloop.cli.scenario import PersonPlan, ReturnManner, passer_by
from chargeloop.cli.users import Person, World
from chargeloop.protocol.ids import UserId
from chargeloop.protocol.messages.rental import HandOver, OrderState
from chargeloop.protocol.time import MINUTE_MS

_VISITORS: Final = 2
_USE_MS: Final = 5 * MINUTE_MS


def visitors(seed: int) -> tuple[PersonPlan, ...]:
    """Return who comes afterwards: people who want one bank brought and fetched, and are there to take it."""
    names = (UserId(f"usr-after-{number}") for number in range(1, _VISITORS + 1))
    return tuple(
        replace(
            passer_by(seed=seed, user=name, visit=1),
            quantity=1, hand_over=HandOver.COURIER, use_ms=_USE_MS, returns=ReturnManner.COURIER,
            cancel_at=None, absent_knocks=0,
        )
        for name in names
    )  # fmt: skip


async def serve(place: Playground, plans: Sequence[PersonPlan]) -> list[str]:
    """Let them all come, until they are served or it is the scenario's deadline.

    Returns a sentence for each who was not served.
    """
    world, store = place.world(), CredentialStore.of_data(place.data)
    came = [_Visitor(plan, store.load(plan.user), world) for plan in plans]
    everybody = asyncio.gather(*(visitor.live() for visitor in came))
    ends_ms = deadline_ms(place.stage.scenario, world.clock)
    deadline = asyncio.create_task(world.clock.sleep_until_ms(ends_ms))
    try:
        await asyncio.wait((everybody, deadline), return_when=asyncio.FIRST_COMPLETED)
        if everybody.done():
            everybody.result()
    finally:
        for waiting in (everybody, deadline):
            waiting.cancel()
        await asyncio.gather(everybody, deadline, return_exceptions=True)
    return [visitor.complaint() for visitor in came if not visitor.served]


class _Visitor:
    def __init__(self, plan: PersonPlan, credentials: Credentials, world: World) -> None:
        self._plan = plan
        self._credentials = credentials
        self._world = world
        self._visits = 0
        self.served = False

    async def live(self) -> None:
        """Order again and again, until it was worth while."""
        while not self.served:
            self._visits += 1
            person = Person(replace(self._plan, visit=self._visits), self._credentials, self._world)
            await person.live()
            self.served = person.state is OrderState.SETTLED

    def complaint(self) -> str:
        """Return what somebody would say who was not served."""
        return f"{self._plan.user} ordered {self._visits} times after everything was healed, and in vain"
