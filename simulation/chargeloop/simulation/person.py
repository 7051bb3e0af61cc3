"""A person who rents, in the simulation: asks over MQTT, opens the door, walks to cabinets.

What a person does follows from the plan and from what is seen; what goes wrong is met as a sensible person
would: ask for what can be had, wait and try again, and walk to a cabinet when nobody comes for the banks.
People think every few minutes and whenever there is news of their orders.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.geo import Point, distance_m
from chargeloop.protocol.ids import CabinetId, UserId
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.rental import (
    CancelOrder,
    HandOver,
    OrderState,
    OrderView,
    PlaceOrder,
    RequestDone,
    RequestRefused,
    RequestReturn,
    UserOrders,
)
from chargeloop.protocol.messages.world import (
    BankInserted,
    CabinetAnswered,
    DoorAnswered,
    Knocked,
    TrayReached,
)
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS
from chargeloop.protocol.topics import Role
from chargeloop.simulation.cabinet import Cabinet
from chargeloop.simulation.complaints import Complaint, Complaints
from chargeloop.simulation.device import Device
from chargeloop.simulation.loop import Alarm
from chargeloop.simulation.stage import Stage
from chargeloop.simulation.wishes import tell_wish

FINAL: Final = frozenset({OrderState.SETTLED, OrderState.CANCELLED, OrderState.FAILED})
_OUTWARD: Final = (
    OrderState.RESERVING, OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING,
)  # fmt: skip
_BRINGING: Final = frozenset({OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING})
_COLLECTING: Final = frozenset({OrderState.RETURN_DISPATCHING, OrderState.COLLECTING, OrderState.RETURNING})
_THINK_MS: Final = 4 * MINUTE_MS
_STALE_MS: Final = 60 * MINUTE_MS
_TRAY_MS: Final = 5 * SECOND_MS
_WALK_M_PER_S: Final = 1.3
_MOST_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What one person wants.

    `at_ms` is the true time of ordering. `twice_after_ms` is when the same is ordered once more by mistake
    (None: not). `cancel_at` is the state in which the order is called off. `absent_knocks` knocks are not
    answered. `complaints` are what is disputed.
    """

    user: UserId
    place: Point
    return_place: Point
    at_ms: int
    quantity: int
    walk_up: bool
    accept_fewer: bool
    use_ms: int
    walks_back: bool
    twice_after_ms: int | None = None
    cancel_at: OrderState | None = None
    absent_knocks: int = 0
    complaints: tuple[Complaint, ...] = ()


class Person(Device):
    """One person with one wish."""

    def __init__(self, stage: Stage, region: str, plan: Plan, cabinets: tuple[Cabinet, ...]) -> None:
        self.plan = plan
        self.banks: dict[str, BankStatus] = {}
        self.orders: list[str] = []
        self._cabinets = cabinets
        self._views: dict[str, OrderView] = {}
        self._version = -1
        self._heard_ms = 0
        self._tries = 0
        self._pending = 0
        self._gave_up = False
        self._at: Cabinet | None = None
        self._tray_ms = _TRAY_MS
        self._reached_ms = 0
        self._used_until_ms: int | None = None
        self._returns_asked = 0
        self._return_pending = False
        self._cancelled = False
        self._absences_left = plan.absent_knocks
        self._door_answers: dict[str, DoorAnswered] = {}
        self._busy = False
        self._requests = 0
        self._complaints = Complaints(plan.user, plan.complaints, self.later, self._request)
        super().__init__(stage, plan.user, Role.USER, region, keeps_journal=False)
        self._thought = Alarm(stage.loop, lambda: self.guarded(self._think))

    @property
    def done(self) -> bool:
        """Tell whether all orders have ended as far as known, and the hands are empty."""
        ended = all(name in self._views and self._views[name].state in FINAL for name in self.orders)
        began = bool(self.orders) or self._gave_up
        return began and ended and not self.banks and self._pending == 0 and self._complaints.done

    def wake(self) -> None:
        """Wait until it is time to order."""
        plan = self.plan
        self.stage.loop.at(plan.at_ms, lambda: self.guarded(self._order))
        if plan.twice_after_ms is not None:
            self.stage.fault(self.region, "double_scan", self.client)
            again_ms = plan.at_ms + plan.twice_after_ms
            self.stage.loop.at(again_ms, lambda: self.guarded(self._scan_again))

    # Ordering.

    def _scan_again(self) -> None:
        # The fault was told when it was planned; the first order is met now.
        self.stage.on_fault(self.region, "double_scan", self.client)
        self._place(self.plan.quantity)

    def _order(self) -> None:
        quantity = self.plan.quantity if self._tries == 0 else 1
        self._tries += 1
        self._place(quantity)

    def _place(self, quantity: int) -> None:
        plan = self.plan
        if plan.walk_up and self._at is None:
            self._at = self._nearest(lambda cabinet: cabinet.ready > 0)
        at = self._at if plan.walk_up else None
        request = PlaceOrder(
            user=plan.user, location=Location.of(plan.place if at is None else at.place), quantity=quantity,
            accept_fewer=plan.accept_fewer, hand_over=HandOver.COURIER if at is None else HandOver.WALK_UP,
            cabinet=None if at is None else CabinetId(at.client),
        )  # fmt: skip
        self._pending += 1
        self._request("place", request, self._placed)

    def _placed(self, answer: Data) -> None:
        self._pending -= 1
        if isinstance(answer, RequestDone):
            if answer.order not in self.orders:
                self.orders.append(answer.order)
        elif self._tries < _MOST_TRIES and not self.orders:
            self._at = None
            self.later(10 * MINUTE_MS, self._order)
        elif not self.orders:
            self._gave_up = True
        self._think()

    def _request(self, kind: str, data: Data, answered_by: Callable[[Data], None]) -> None:
        self._requests += 1
        request = f"{self.client}-{kind}-{self._requests}"
        self.stage.record("request", self.region, self.client, request, kind)
        tell_wish(self.stage, self.region, self.client, request, data)

        def answered(answer: Data) -> None:
            text = answer.model_dump_json() if isinstance(answer, RequestDone | RequestRefused) else ""
            self.stage.record("reply", self.region, self.client, request, text)
            answered_by(answer)

        self.ask(self.topic("user_request"), data, request, answered)

    # News and the door.

    def receive(self, incoming: Incoming) -> None:
        """Take news of the orders, or a knock."""
        data = incoming.message.data
        if isinstance(data, UserOrders):
            if data.version > self._version:
                self._version = data.version
                self._heard_ms = self.stage.loop.now_ms()
                self._views |= {view.order: view for view in data.orders}
                self._complaints.see(data.orders)
                self._think()
        elif isinstance(data, Knocked):
            courier = incoming.topic.ids["courier"]
            request = incoming.message.id
            if request not in self._door_answers:
                self._door_answers[request] = self._open(courier, data)
            self.tell(courier, request, self._door_answers[request])

    def _open(self, courier: str, knock: Knocked) -> DoorAnswered:
        if self._absences_left > 0:
            self._absences_left -= 1
            return DoorAnswered(present=False)
        if self._busy:  # On the way to a cabinet, or before one.
            return DoorAnswered(present=False)
        wanted = _BRINGING if knock.delivering else _COLLECTING
        views = [view for view in self._views.values() if view.state in wanted and view.courier == courier]
        view = next((view for view in views if view.handover_code is not None), None)
        if view is None:
            return DoorAnswered(present=False)
        if knock.delivering:
            for bank in knock.banks:
                self._move(bank.bank, f"courier/{courier}", f"user/{self.client}", "door")
                self.banks[bank.bank] = bank
                self._complaints.had.append(bank.bank)
            return DoorAnswered(present=True, code=view.handover_code)
        given = tuple(_used(bank) for name, bank in self.banks.items() if name in view.banks)
        for bank in given:
            self._move(bank.bank, f"user/{self.client}", f"courier/{courier}", "door")
            del self.banks[bank.bank]
        return DoorAnswered(present=True, code=view.handover_code, banks=given)

    def _move(self, bank: str, start: str, end: str, by: str) -> None:
        self.stage.move(self.region, bank, start, end, by)

    # What to do next.

    def _think(self) -> None:
        self._thought.set(None if self.done else self.stage.loop.now_ms() + _THINK_MS)
        self._maybe_look_again()
        if self._busy:
            return
        self._maybe_cancel()
        if self._at is not None and self.plan.walk_up and self._may_find_banks():
            self._reach_into_tray(self._at)
        elif self.banks:
            self._give_back()

    def _maybe_look_again(self) -> None:
        """Open the page anew when there has been no news for long: the latest may have been lost."""
        now_ms = self.stage.loop.now_ms()
        if self.orders and not self.done and now_ms - self._heard_ms > _STALE_MS:
            self._heard_ms = now_ms
            self.reconnect()

    def _maybe_cancel(self) -> None:
        wanted = self.plan.cancel_at
        if wanted is None or self._cancelled or not self.orders:
            return
        view = self._views.get(self.orders[0])
        if view is not None and view.state in _OUTWARD[_OUTWARD.index(wanted) :]:
            self._cancelled = True
            request = CancelOrder(user=self.plan.user, order=view.order)
            self._request("cancel", request, lambda _: None)

    def _may_find_banks(self) -> bool:
        """Tell whether banks may lie in the tray, or may still come out."""
        open_states = {OrderState.RESERVING, OrderState.UNLOCKING, OrderState.IN_USE}
        waits = any(name not in self._views or self._views[name].state in open_states for name in self.orders)
        return bool(self.orders) and waits and (self._used_until_ms is None or self._misses_banks())

    def _misses_banks(self) -> bool:
        """Tell whether it is time to look again for a bank that is said to be in use and never came."""
        said = (self._views[name] for name in self.orders if name in self._views)
        missing = any(
            bank not in self._complaints.had
            for view in said
            if view.state is OrderState.IN_USE
            for bank in view.banks
        )
        return missing and self.stage.loop.now_ms() - self._reached_ms >= _THINK_MS

    def _reach_into_tray(self, at: Cabinet) -> None:
        self._busy = True
        self._reached_ms = self.stage.loop.now_ms()
        self._requests += 1
        request = f"{self.client}-tray-{self._requests}"
        in_use = any(
            name in self._views and self._views[name].state is OrderState.IN_USE for name in self.orders
        )

        def answered(answer: Data) -> None:
            self._busy = False
            banks = answer.banks if isinstance(answer, CabinetAnswered) else ()
            self.banks |= {bank.bank: bank for bank in banks}
            self._complaints.had += [bank.bank for bank in banks]
            if in_use and not banks:
                if self._used_until_ms is None:
                    self._used_until_ms = self.stage.loop.now_ms() + self.plan.use_ms
                self._think()
            else:
                self._tray_ms = min(2 * self._tray_ms, _THINK_MS)
                self.later(self._tray_ms, self._think)

        topic = self.topic("user_hands", cabinet=at.client)
        self.touch(at.client, topic, TrayReached(), request, answered)

    def _give_back(self) -> None:
        now_ms = self.stage.loop.now_ms()
        if self._used_until_ms is None:
            self._used_until_ms = now_ms + self.plan.use_ms
        if now_ms < self._used_until_ms:
            self._thought.sooner(self._used_until_ms)
            return
        view = next(
            (self._views[name] for name in self.orders if name in self._views and self._rented(name)), None
        )
        called = self._returns_asked >= 2 or self.plan.walks_back
        if view is not None and not called and not self._return_pending:
            self._have_fetched(view)
        elif not self._is_awaited():
            self._walk_back()

    def _rented(self, name: str) -> bool:
        view = self._views[name]
        return view.state is OrderState.IN_USE and any(bank in self.banks for bank in view.banks)

    def _is_awaited(self) -> bool:
        """Tell whether a courier is to come for banks, or the request for one is under way."""
        coming = {OrderState.RETURN_RESERVING, *_COLLECTING}
        return self._return_pending or any(
            name in self._views and self._views[name].state in coming for name in self.orders
        )

    def _have_fetched(self, view: OrderView) -> None:
        self._returns_asked += 1
        self._return_pending = True
        quantity = sum(bank in self.banks for bank in view.banks)
        request = RequestReturn(
            user=self.plan.user,
            order=view.order,
            location=Location.of(self.plan.return_place),
            quantity=quantity,
        )

        def answered(answer: Data) -> None:
            del answer
            self._return_pending = False
            self._think()

        self._request("return", request, answered)

    def _walk_back(self) -> None:
        cabinet = self._nearest(lambda candidate: candidate.room > 0)
        if cabinet is None:
            return
        self._busy = True
        metres = distance_m(self.plan.return_place, cabinet.place)
        self.later(round(metres / _WALK_M_PER_S * SECOND_MS), lambda: self._insert(cabinet))

    def _insert(self, cabinet: Cabinet) -> None:
        if not self.banks:
            self._busy = False
            self._think()
            return
        bank = next(iter(self.banks.values()))
        self._requests += 1
        request = f"{self.client}-insert-{self._requests}"

        def answered(answer: Data) -> None:
            accepted = isinstance(answer, CabinetAnswered) and answer.accepted
            # Whatever the cabinet says, and if it says nothing at all: the hand is empty, or it is not.
            if accepted or not self.stage.is_at(bank.bank, f"user/{self.client}"):
                self.banks.pop(bank.bank, None)
                self._insert(cabinet)
            else:
                self._busy = False
                self.later(2 * MINUTE_MS, self._think)

        topic = self.topic("user_hands", cabinet=cabinet.client)
        self.touch(cabinet.client, topic, BankInserted(bank=_used(bank)), request, answered)

    def _nearest(self, fits: Callable[[Cabinet], bool]) -> Cabinet | None:
        """Return the nearest cabinet that fits, as somebody sees who stands before it."""
        fitting = [cabinet for cabinet in self._cabinets if cabinet.is_on and fits(cabinet)]
        return min(fitting, key=lambda one: distance_m(self.plan.return_place, one.place), default=None)


def _used(bank: BankStatus) -> BankStatus:
    """Return the bank as it is after somebody charged a phone with it."""
    return bank.model_copy(update={"charge_pct": min(20, bank.charge_pct), "cycles": bank.cycles + 1})
