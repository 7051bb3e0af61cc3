"""An operator in the simulation: answers disputes, waives fees, ends orders, cancels them, commands cabinets.

What is known at the desk is what the gateway reads from the store, and whether a bank stood in a slot at the
time of a complaint: somebody is sent to look. Everything an operator wants goes to the platform as a message
and is asked for until there is an answer; often it is wanted a second time, or something else after it.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from chargeloop.platform.core.dispute import Dispute
from chargeloop.platform.core.fees import FeeKind, FeeLine, rental_amount, standing
from chargeloop.platform.core.order import FINAL, Order
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import CabinetId, OperatorId, OrderId, ReservationId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.rental import (
    AnswerDispute,
    CabinetAction,
    CancelOrder,
    CommandCabinet,
    EndOrder,
    OrderState,
    WaiveFee,
)
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS, SECOND_MS
from chargeloop.protocol.topics import Role
from chargeloop.simulation.device import Device
from chargeloop.simulation.rental import RentalStore
from chargeloop.simulation.stage import Stage
from chargeloop.simulation.wishes import tell_wish

_LOOK_MS: Final = 15 * MINUTE_MS
_AGAIN_MS: Final = 10 * MINUTE_MS
_TWICE: Final = 0.3
_OTHERWISE: Final = 0.2
_STRANGE: Final = 0.1
_STATES: Final = tuple(state for state in OrderState if state not in FINAL)
_OUT_OF_ORDER: Final = frozenset({SlotState.LOCKED, SlotState.FAULTY})
# A state may last for moments only.
_LATE_MS: Final = 3 * SECOND_MS
_PATIENCE_MS: Final = 10 * MINUTE_MS

Act = Callable[[random.Random], None]


class Operator(Device):
    """One operator, at the desk from the beginning on.

    Args:
        stage: played on.
        region: looked after.
        books: what the gateway reads.
    """

    def __init__(self, stage: Stage, region: str, books: RentalStore) -> None:
        self._books = books
        self._number = 0
        # Disputes that were answered; those, and corrected lines, of which it was decided whether to waive.
        self._answered: set[str] = set()
        self._decided: set[str] = set()
        # What was asked for and not answered yet: lines to waive, slots to unlock.
        self._pending: set[object] = set()
        # Whether somebody is sent to slots that are out of order, once nobody locks slots any more.
        self.mends = True
        name = OperatorId(f"opr-{region}-1")
        reads = frozenset({"operator_reply"})
        super().__init__(stage, name, Role.OPERATOR, region, keeps_journal=False, reads=reads)
        self._name = name

    @property
    def done(self) -> bool:
        """Tell whether every dispute is answered, nobody pays for what was back, and all slots work."""
        open_disputes = any(dispute.answer is None for _, dispute in self._disputes())
        return not open_disputes and not any(self._overcharged()) and not any(self._out_of_order())

    def wake(self) -> None:
        """Begin to look at disputes, and to interfere now and then."""
        self.later(_LOOK_MS, self._look)
        desk = self.stage.faults.desk
        for rate, name, act in (
            (desk.operator_ends, "operator_ends", self._end),
            (desk.operator_cancels, "operator_cancels", self._cancel),
            (desk.operator_commands, "operator_commands", self._command),
        ):
            if rate > 0:
                self._again(rate, name, self.stage.draw(self.region, self.client, name), act)

    def receive(self, incoming: Incoming) -> None:
        """Take an answer that comes a second time: it is no news."""

    # Asking.

    def _ask(self, data: Data, then: Callable[[], None] | None = None) -> None:
        self._number += 1
        kind = data.TYPE.split(".")[2]
        request = f"{self.client}-{kind}-{self._number}"
        self.stage.record("request", self.region, self.client, request, kind)
        tell_wish(self.stage, self.region, self.client, request, data)

        def answered(answer: Data) -> None:
            self.stage.record("reply", self.region, self.client, request, answer.model_dump_json())
            if then is not None:
                then()

        self.ask(self.topic("operator_request"), data, request, answered)

    def _maybe_twice(self, draw: random.Random, data: Data) -> None:
        """Want the same again after a while, now and then."""
        if draw.random() < _TWICE:
            self.later(draw.randrange(_AGAIN_MS), partial(self._ask, data))

    def _ask_once(self, about: object, data: Data) -> None:
        """Want something unless it was asked for already; what was refused may be asked for again."""
        if about not in self._pending:
            self._pending.add(about)
            self._ask(data, lambda: self._pending.discard(about))

    # Disputes.

    def _look(self) -> None:
        self.later(_LOOK_MS, self._look)
        for order, dispute in self._disputes():
            if dispute.id not in self._answered:
                self._answered.add(dispute.id)
                wait_ms = self.draw.randrange(max(1, self.stage.faults.desk.answer_ms))
                self.later(wait_ms, partial(self._answer, order.id, dispute.id))
            if order.state is OrderState.SETTLED and dispute.id not in self._decided:
                self._decided.add(dispute.id)
                self._show_goodwill(order)
        self._read_old_bills()
        for line in self._overcharged():
            self._ask_once(line.id, self._waiver(line.order, line.id))
        if self.mends and self.stage.faults.desk.operator_commands == 0:
            for cabinet, slot in self._out_of_order():
                self._ask_once((cabinet, slot), self._wish(cabinet, CabinetAction.UNLOCK, slot=slot))

    def _disputes(self) -> Iterator[tuple[Order, Dispute]]:
        return ((order, dispute) for order in self._books.disputed.values() for dispute in order.disputes)

    def _answer(self, order: OrderId, dispute: str) -> None:
        said = AnswerDispute(operator=self._name, order=order, dispute=dispute, text="we have looked into it")
        self._ask(said)
        self._maybe_twice(self.draw, said)
        if self.draw.random() < _OTHERWISE:
            other = said.model_copy(update={"text": "we see no fault of ours"})
            self.later(self.draw.randrange(_AGAIN_MS), partial(self._ask, other))

    def _overcharged(self) -> Iterator[FeeLine]:
        """Yield the lines of settled orders that charge a disputed bank for longer than it was out."""
        for order, dispute in self._disputes():
            if order.state is not OrderState.SETTLED or dispute.bank is None:
                continue
            back_ms = self.stage.in_slot_since(dispute.bank, dispute.opened_ms)
            for line in standing(order.lines) if back_ms is not None else ():
                rented = line.fee is FeeKind.RENTAL and line.of == dispute.bank
                if rented and back_ms is not None and line.from_ms <= dispute.opened_ms:
                    tariff = self._books.tariffs[order.tariff]
                    if line.amount_minor > rental_amount(tariff, back_ms - line.from_ms):
                        yield line

    def _show_goodwill(self, order: Order) -> None:
        """Waive a fee, or all, or what was taken back or never charged, whether the user is right or not."""
        draw = self.draw
        if draw.random() >= self.stage.faults.desk.waive or not order.lines:
            return
        lines = [line for line in order.lines if line.reverses is None]
        chosen = lines if draw.random() < 0.5 else [draw.choice(lines)]
        names = [line.id for line in chosen]
        if draw.random() < _STRANGE:
            names.append(f"{order.id}/rental/{lines[0].of}/9")
        for name in names:
            wanted = self._waiver(order.id, name)
            self._ask(wanted)
            self._maybe_twice(draw, wanted)

    def _read_old_bills(self) -> None:
        """Waive, now and then, a line that has been taken back since: the bill that was read is old."""
        for order, line in self._books.corrected.items():
            if line not in self._decided:
                self._decided.add(line)
                if self.draw.random() < self.stage.faults.desk.waive:
                    self._ask(self._waiver(order, line))

    def _waiver(self, order: OrderId, line: str) -> WaiveFee:
        return WaiveFee(operator=self._name, order=order, line=line, reason="the customer is right")

    # What is done without being asked.

    def _again(self, rate: float, name: str, draw: random.Random, act: Act) -> None:
        def happen() -> None:
            if getattr(self.stage.faults.desk, name) > 0:
                self.stage.fault(self.region, name, self.client)
                act(draw)
                self._again(rate, name, draw, act)

        self.later(int(draw.expovariate(rate / HOUR_MS)), happen)

    def _some_order(self, draw: random.Random) -> Order | None:
        """Return an order that is open, or now and then any."""
        names = tuple(self._books.open_orders)
        if not names or draw.random() < _STRANGE:
            names = tuple(self._books.orders)
        return self._books.orders[draw.choice(names)] if names else None

    def _end(self, draw: random.Random) -> None:
        def end(order: Order) -> None:
            self.stage.on_fault(self.region, "operator_ends", order.id)
            wanted = EndOrder(operator=self._name, order=order.id, reason=f"stuck in {order.state}")
            self._ask(wanted)
            self._maybe_twice(draw, wanted)

        self._meet(draw, end)

    def _cancel(self, draw: random.Random) -> None:
        def cancel(order: Order) -> None:
            self.stage.on_fault(self.region, "operator_cancels", order.id)
            reason = f"{self._name}: {order.user} called"
            wanted = CancelOrder(user=order.user, order=order.id, reason=reason)
            self._ask(wanted)
            self._maybe_twice(draw, wanted)

        self._meet(draw, cancel)

    def _meet(self, draw: random.Random, act: Callable[[Order], None]) -> None:
        """Do something to the next order that comes into a state drawn before; else to any order."""
        state = draw.choice(_STATES)
        late_ms = draw.choice((0, draw.randrange(_LATE_MS)))

        def met(order: Order) -> None:
            self.later(late_ms, partial(act, order))

        def despair() -> None:
            if self._books.awaited.get(state) is met:
                del self._books.awaited[state]
                order = self._some_order(draw)
                if order is not None:
                    act(order)

        self._books.awaited[state] = met
        self.later(_PATIENCE_MS, despair)

    def _command(self, draw: random.Random) -> None:
        cabinet = draw.choice(tuple(self._books.cabinets.values()) or (None,))
        if cabinet is None or not cabinet.slots:
            return
        name, action = cabinet.cabinet, draw.choice(tuple(CabinetAction))
        locked = [slot.slot for slot in cabinet.slots if slot.state in _OUT_OF_ORDER]
        slot, reservation = draw.choice(cabinet.slots).slot, None
        if action is CabinetAction.UNLOCK and locked:
            slot = draw.choice(locked)
        if action in {CabinetAction.RELEASE, CabinetAction.EJECT}:
            order = self._some_order(draw)
            hold = draw.choice(order.holds) if order is not None and order.holds else None
            name = name if hold is None else hold.cabinet
            reservation = ReservationId("rsv-unknown-1") if hold is None else hold.id
        by_slot = action in {CabinetAction.LOCK, CabinetAction.UNLOCK}
        self.stage.on_fault(self.region, "operator_commands", name)
        wanted = self._wish(name, action, slot=slot if by_slot else None, reservation=reservation)
        self._ask(wanted)
        self._maybe_twice(draw, wanted)

    def _wish(
        self,
        cabinet: CabinetId,
        action: CabinetAction,
        slot: int | None = None,
        reservation: ReservationId | None = None,
    ) -> CommandCabinet:
        return CommandCabinet(
            operator=self._name, cabinet=cabinet, action=action, slot=slot, reservation=reservation,
            reason="seen at the desk",
        )  # fmt: skip

    def _out_of_order(self) -> Iterator[tuple[CabinetId, int]]:
        """Yield the slots that are locked or faulty, as far as the platform knows."""
        for cabinet in self._books.cabinets.values():
            for slot in cabinet.slots:
                if slot.state in _OUT_OF_ORDER:
                    yield cabinet.cabinet, slot.slot
