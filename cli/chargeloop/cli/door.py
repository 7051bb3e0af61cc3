"""A simulated person's door: who knocks, what the person says, and the banks that change hands there.

A courier repeats a knock with the same id until it is answered, and the answer to an id never changes: banks
change hands once for each knock, however often it is heard.
"""

import asyncio
from collections.abc import Awaitable, Callable

from chargeloop.cli.hands import Hands, used
from chargeloop.cli.scenario import ALWAYS, PersonPlan, ReturnManner
from chargeloop.protocol.messages.rental import OrderState, OrderView
from chargeloop.protocol.messages.world import DoorAnswered, Knocked

ABSENT = DoorAnswered(present=False)
_BRINGING = frozenset({OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING})
_COLLECTING = frozenset({OrderState.COLLECTING})

# Waits until the person's order is in one of the states and has a hand-over code; None when it never is.
AwaitCode = Callable[[frozenset[OrderState]], Awaitable[OrderView | None]]


class Door:
    """Answers knocks. Banks are given and taken in the moment of the answer."""

    def __init__(self, plan: PersonPlan, hands: Hands, await_code: AwaitCode) -> None:
        self._plan = plan
        self._hands = hands
        self._await_code = await_code
        self._absences_left = plan.absent_knocks
        self._keeps_one = plan.returns is ReturnManner.PARTIAL
        self._answers: dict[str, asyncio.Task[DoorAnswered]] = {}

    async def knocked(self, knock_id: str, knock: Knocked) -> DoorAnswered:
        """Return the answer to a knock; a repeated knock gets the answer it got before."""
        if knock_id not in self._answers:
            self._answers[knock_id] = asyncio.create_task(self._answer(knock))
        return await asyncio.shield(self._answers[knock_id])

    async def _answer(self, knock: Knocked) -> DoorAnswered:
        if self._absences_left > 0:
            self._absences_left -= 0 if self._absences_left == ALWAYS else 1
            return ABSENT
        view = await self._await_code(_BRINGING if knock.delivering else _COLLECTING)
        if view is None:  # called off meanwhile: the person wants nothing any more
            return ABSENT
        if knock.delivering:
            self._hands.take(knock.banks)
            return DoorAnswered(present=True, code=view.handover_code)
        return self._give(view)

    def _give(self, view: OrderView) -> DoorAnswered:
        """Give the banks, all but one the first time when the plan is a partial return."""
        banks = self._hands.banks
        if self._keeps_one and len(banks) > 1:
            banks = banks[1:]
        self._keeps_one = False
        given = tuple(used(bank, self._plan.returned_charge_pct) for bank in banks)
        self._hands.let_go(given)
        return DoorAnswered(present=True, code=view.handover_code, banks=given)
