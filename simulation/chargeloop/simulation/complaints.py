"""What one person disputes, in the simulation: returned but still charged, sooner or later, once or again.

A complaint waits for a state of an order, or for the first one seen after it, and is made some time later:
about a bank the person had, whether that is back in a slot or not, or about the order as a whole.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import BankId, UserId
from chargeloop.protocol.messages.rental import OpenDispute, OrderState, OrderView
from chargeloop.protocol.time import MINUTE_MS

# From the moment on that the user has banks.
_RENTED: Final = (
    OrderState.IN_USE, OrderState.RETURN_RESERVING, OrderState.RETURN_DISPATCHING, OrderState.COLLECTING,
    OrderState.RETURNING, OrderState.SETTLED,
)  # fmt: skip
_AGAIN_MS: Final = 3 * MINUTE_MS

Later = Callable[[int, Callable[[], None]], None]
Ask = Callable[[str, Data, Callable[[Data], None]], None]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One reason to complain: from which state on, how long after it is seen, and how many times."""

    state: OrderState
    wait_ms: int
    about_bank: bool
    times: int


class Complaints:
    """The complaints of one person.

    Args:
        user: who complains.
        plan: of what.
        later: has something done after so many milliseconds.
        ask: asks the rental platform until it answers.
    """

    def __init__(self, user: UserId, plan: tuple[Complaint, ...], later: Later, ask: Ask) -> None:
        self.had: list[str] = []
        self._user = user
        self._waiting = dict(enumerate(plan, start=1))
        self._later = later
        self._ask = ask
        self._open = 0

    @property
    def done(self) -> bool:
        """Tell whether nothing that was begun waits for its time or an answer."""
        return self._open == 0

    def see(self, views: Iterable[OrderView]) -> None:
        """Take news of the person's orders."""
        for number, complaint in tuple(self._waiting.items()):
            from_then_on = _RENTED[_RENTED.index(complaint.state) :]
            view = next((view for view in views if view.state in from_then_on), None)
            if view is not None:
                del self._waiting[number]
                self._open += 1
                self._later(complaint.wait_ms, partial(self._begin, number, complaint, view))

    def _begin(self, number: int, complaint: Complaint, view: OrderView) -> None:
        bank = BankId(self.had[-1]) if self.had and complaint.about_bank else None
        data = OpenDispute(user=self._user, order=view.order, bank=bank, text=f"reason {number}: it is back")
        self._complain(data, complaint.times)

    def _complain(self, data: OpenDispute, times: int) -> None:
        def answered(answer: Data) -> None:
            del answer
            if times > 1:
                self._later(_AGAIN_MS, partial(self._complain, data, times - 1))
            else:
                self._open -= 1

        self._ask("dispute", data, answered)
