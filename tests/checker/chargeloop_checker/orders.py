"""Orders and their journals: each moves by the table, and each bank that is out has one open order.

What money follows from is kept for `fees`: the marks of every entry, and a `Follower` of the journal.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from chargeloop_checker.details import DetailError
from chargeloop_checker.findings import Findings
from chargeloop_checker.following import FOLLOWED, Follower
from chargeloop_checker.marks import Mark
from chargeloop_checker.order_table import FINAL, after
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_HAND_OVERS: Final = frozenset({"courier", "walk_up"})


@dataclass(slots=True)
class Order:
    """One order: what was asked, where it stands, and its journal as far as money needs it."""

    id: str
    asked_quantity: int
    tariff: str
    follower: Follower
    state: str | None = None
    entries: int = 0
    marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended."""
        return self.state in FINAL


class Orders:
    """All orders of a region."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._orders: dict[str, Order] = {}
        self._answers: dict[str, Order] = {}
        self._claims: deque[tuple[int, Order, str]] = deque()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"order": self._placed, "event": self._happened}

    # What others ask.

    def __iter__(self) -> Iterator[Order]:
        """Iterate over all orders, in the order in which they were placed."""
        return iter(self._orders.values())

    def get(self, order: str) -> Order | None:
        """Return an order that was placed."""
        return self._orders.get(order)

    def answers_for(self, bank: str) -> Order | None:
        """Return the order that gave out a bank last."""
        return self._answers.get(bank)

    def asked_quantity(self, order: str) -> int:
        """Return how many banks an order asked for; one that was not placed asked for none."""
        known = self._orders.get(order)
        return 0 if known is None else known.asked_quantity

    def is_over(self, order: str) -> bool:
        """Tell whether an order has ended, or was never placed."""
        known = self._orders.get(order)
        return known is None or known.is_over

    # Records.

    def _placed(self, record: Record) -> None:
        _, at_ms, _, name, _, asked_quantity, quantity, tariff, hand_over, _ = record
        if name in self._orders:
            self._findings.report("orders.placed", at_ms, f"{name} is placed twice")
            return
        if not 1 <= quantity <= asked_quantity or hand_over not in _HAND_OVERS:
            told = f"{name} begins with {quantity} of {asked_quantity} banks, by {hand_over}"
            self._findings.report("orders.placed", at_ms, told)
        follower = Follower(is_walk_up=hand_over == "walk_up", asked_quantity=asked_quantity)
        self._orders[name] = Order(name, asked_quantity, tariff, follower)

    def _happened(self, record: Record) -> None:
        _, at_ms, _, name, event, kind, from_state, to_state, time_ms, received_ms, quality, detail = record
        self._resolve_claims(at_ms)
        order = self._orders.get(name)
        if order is None:
            self._findings.report("orders.placed", at_ms, f"{event} is of {name}, which was not placed")
            return
        order.entries += 1
        if event != f"{name}-e{order.entries}":
            told = f"{event} is the entry number {order.entries} of {name}"
            self._findings.report("orders.numbers", at_ms, told)
        if from_state != order.state or after(from_state, kind) != to_state:
            told = f"{event}: {name} was {order.state}, and {kind} moves it from {from_state} to {to_state}"
            self._findings.report("orders.moves", at_ms, told)
        if time_ms > received_ms:
            told = f"{event} happened at {time_ms} and was heard of at {received_ms}"
            self._findings.report("orders.times", at_ms, told)
        before, order.state = order.state, to_state
        mark = order.marks[event] = Mark(event, time_ms, quality)
        if kind in FOLLOWED:
            self._follow(order, kind, detail, mark, at_ms, before)

    def _follow(
        self, order: Order, kind: str, detail: str, mark: Mark, at_ms: int, before: str | None
    ) -> None:
        try:
            touched = order.follower.take(kind, detail, mark, before)
        except DetailError as error:
            self._findings.report("record", at_ms, f"{mark.event} has the detail {detail!r}: {error}")
            return
        if order.is_over and kind != "job_ended":
            return
        for name in touched:
            if order.follower.is_out(name):
                self._answer_for(order, name, at_ms)

    def _answer_for(self, order: Order, bank: str, at_ms: int) -> None:
        """Take an order for the one that answers for a bank.

        One that is over takes only what its courier left with, and from nobody who is not over.
        """
        other = self._answers.get(bank)
        if other is None or other is order or other.is_over or not other.follower.is_out(bank):
            self._answers[bank] = order
        elif not order.is_over:
            self._claims.append((at_ms, order, bank))

    def _resolve_claims(self, now_ms: int) -> None:
        """Judge the claims to a bank of another order when the transaction that they stand in is over."""
        while self._claims and self._claims[0][0] < now_ms:
            at_ms, order, bank = self._claims.popleft()
            other = self._answers[bank]
            if order.follower.is_out(bank):
                self._answers[bank] = order
                told = f"{bank} is out with {order.id}, but {other.id} answers for it"
                self._findings.report("orders.holder", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report orders that have not ended."""
        self._resolve_claims(at_ms + 1)
        for order in self._orders.values():
            if order.state is None:
                self._findings.report("orders.placed", at_ms, f"{order.id} has no journal")
            elif not order.is_over:
                self._findings.report("orders.end", at_ms, f"{order.id} is still {order.state}")
