"""Random messages to a region: in any order, repeated, lost, true or not."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chargeloop_checker.following import FOLLOWED, Follower
from chargeloop_checker.marks import Mark
from chargeloop_checker.order_table import after

from chargeloop.platform.core import fees
from chargeloop.platform.core.order import BankPlace, Hold, HoldKind, HoldState, Leg, Order
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.core.rows import BankWhere
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import LegKind, Problem
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.platform.core.script import (
    HOME,
    REGION,
    START_MS,
    TARIFF,
    A,
    B,
    Script,
    made,
    ready,
    with_cabinets,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Step = tuple[int, int, int, int]
BANKS = ("bnk-a1", "bnk-a2", "bnk-a3", "bnk-b1", "bnk-b2", "bnk-b3")


class Belated(Script):
    """A script in which cabinets and couriers are heard late, and do not always know the time."""

    late_ms = 0
    clock = ClockState.SYNCED

    def event(self, name: str, data: Data, **attributes: Any) -> Incoming:
        return super().event(name, data, **(self._late() | attributes))

    def report(self, data: Data, **attributes: Any) -> Incoming:
        return super().report(data, **(self._late() | attributes))

    def _late(self) -> dict[str, Any]:
        return {"time": max(START_MS, self.now_ms - self.late_ms), "clockstate": self.clock}


class Chaos:
    """Turns steps of four numbers into messages."""

    def __init__(self) -> None:
        self.script = with_cabinets(Belated())
        self.given: set[str] = set()
        self._steps: tuple[Callable[[int, int, int], None], ...] = (
            self._place,
            self._answer,
            self._answer,
            self._eject,
            self._end_reservation,
            self._insert,
            self._indicate,
            self._indicate,
            self._carry,
            self._carry,
            self._trouble,
            self._user,
            self._user,
            self._repeat,
            self._wait,
            self._wait,
            self._connect,
            self._inventory,
            self._place,
            *[self._forward] * 16,
            self._be_late,
            self._operate,
            self._measure,
        )

    def step(self, step: Step) -> None:
        kind, a, b, c = step
        self._steps[kind % len(self._steps)](a, b, c)
        if a % 4:
            self.script.alive(A, B)

    def _orders(self) -> list[str]:
        return list(self.script.rows.orders)

    def _place(self, a: int, b: int, c: int) -> None:
        if b % 2:
            self._restock()
        walk_up = rental.HandOver.WALK_UP if c % 3 == 0 else rental.HandOver.COURIER
        request = made(
            rental.PlaceOrder,
            user=f"usr-{a % 2}",
            location=Location.of(HOME),
            quantity=1 + b % 4,
            accept_fewer=a % 2 == 0,
            hand_over=walk_up,
            cabinet=(A, B)[a % 2] if c % 3 == 0 else None,
        )
        self.script.ask(request)

    def _restock(self) -> None:
        out = self._out()
        for name, banks in ((A, BANKS[:3]), (B, BANKS[3:])):
            inside = [bank for bank in banks if bank not in out]
            slots = [ready(number, bank) for number, bank in enumerate(inside, 1)]
            slots += [
                made(cab.SlotStatus, slot=number, state=cab.SlotState.EMPTY)
                for number in range(len(inside) + 1, 8)
            ]
            self.script.connect(name)
            self.script.snapshot(name, slots)

    def _out(self) -> set[str]:
        known = self.script.rows.banks.values()
        return {record.bank for record in known if record.where is not BankWhere.CABINET}

    def _forward(self, a: int, b: int, c: int) -> None:
        """Do what should happen next to some open order."""
        orders = [order for order in self.script.rows.orders.values() if not order.final]
        if orders:
            self.script.alive(A, B)
            self._on(orders[a % len(orders)], b, c)

    def _on(self, order: Order, b: int, c: int) -> None:
        asked = next((hold for hold in order.holds if hold.state is HoldState.ASKED), None)
        held = next((hold for hold in order.holds if hold.state is HoldState.HELD), None)
        leg = order.leg
        if asked is not None:
            self._done(asked.command)
        elif order.state is OrderState.UNLOCKING and held is not None:
            self._give(held, b)
        elif order.state is OrderState.IN_USE:
            with_user = len(order.banks_at(BankPlace.USER))
            self.script.ask_return(order.id, max(1, with_user - (b % 3 == 0)), order.user)
        elif leg is not None and leg.indicated is None:
            outward = leg.kind is LegKind.OUTWARD
            kind = delivery.FirstIndication if outward else delivery.SecondIndication
            self.script.report(made(kind, job=leg.job, order=order.id, courier="cou-1"))
        elif leg is not None:
            self._walk(order, leg, held, b, c)

    def _walk(self, order: Order, leg: Leg, held: Hold | None, b: int, c: int) -> None:
        banks = tuple(track.bank for track in order.banks if track.place is not BankPlace.BACK)
        values = {"job": leg.job, "order": order.id, "banks": banks[: len(banks) - (c % 4 == 0)]}
        match order.state:
            case OrderState.FETCHING if held is not None and b % 3:
                self._give(held, b)
            case OrderState.FETCHING | OrderState.DELIVERING if held is not None and not banks:
                self.script.report(made(delivery.BanksPickedUp, **{**values, "banks": (BANKS[b % 6],)}))
            case OrderState.DELIVERING:
                self.script.report(made(delivery.RentalSucceeded, **values))
            case OrderState.COLLECTING:
                self.script.report(made(delivery.BanksCollected, **values))
            case OrderState.RETURNING | OrderState.RECALLING if b % 2 and banks:
                self.script.insert(A, 4, banks[0], leg.reservation if c % 3 else None)
            case OrderState.RETURNING | OrderState.RECALLING:
                self.script.report(made(delivery.ReturnSucceeded, **values, evidence=Evidence.PHONE))

    def _done(self, command: str) -> None:
        send = next(send for send in self.script.sent if send.id == command)
        values = send.data.model_dump()
        done = made(
            cab.CommandFinished,
            command=command,
            epoch=values["epoch"],
            outcome=cab.Outcome.DONE,
            reservation=values["reservation"],
        )
        self.script.event(send.topic.split("/")[4], done)

    def _give(self, held: Hold, b: int) -> None:
        out = self._out()
        inside = [bank for bank in BANKS if bank not in out][: held.quantity - (b % 5 == 0)]
        banks = dict(enumerate(inside, 1))
        self.script.eject(held.cabinet, held.id, banks, missing=held.quantity - len(banks))

    def _commands(self) -> list[tuple[str, str, Data]]:
        return [
            (send.id, send.topic.split("/")[4], send.data)
            for send in self.script.sent
            if send.id is not None and send.topic.endswith("/command")
        ]

    def _answer(self, a: int, b: int, c: int) -> None:
        commands = self._commands()[-4:]
        if not commands:
            return
        name, cabinet, data = commands[-1 - a % len(commands)]
        values = data.model_dump()
        outcome = (
            cab.Outcome.DONE,
            cab.Outcome.DONE,
            cab.Outcome.DONE,
            cab.Outcome.REFUSED,
            cab.Outcome.EXPIRED,
        )[b % 5]
        finished = made(
            cab.CommandFinished,
            command=name,
            epoch=values["epoch"],
            outcome=outcome,
            reservation=values.get("reservation"),
            slots=(made(cab.SlotContent, slot=1 + c % 3, bank=BANKS[c % 6]),)
            if outcome is cab.Outcome.DONE
            else (),
        )
        self.script.event(cabinet, finished)

    def _reservation(self, a: int, kind: HoldKind | None = None) -> tuple[str, str] | None:
        orders = self.script.rows.orders.values()
        holds = [
            (hold.cabinet, hold.id)
            for order in orders
            for hold in order.holds
            if kind is None or hold.kind is kind
        ]
        return holds[a % len(holds)] if holds else None

    def _eject(self, a: int, b: int, c: int) -> None:
        found = self._reservation(a, HoldKind.BANKS)
        if found is None:
            return
        cabinet, reservation = found
        for number in range(b % 3):
            bank = BANKS[(c + number) % 6]
            self.given.add(bank)
            ejected = made(cab.BankEjected, slot=1 + number, bank=bank, reservation=reservation)
            self.script.event(cabinet, ejected)
        if c % 4:
            finished = made(cab.PickupFinished, reservation=reservation, ejected=b % 3, missing=0)
            self.script.event(cabinet, finished)

    def _end_reservation(self, a: int, b: int, _: int) -> None:
        found = self._reservation(a)
        if found is not None:
            why = tuple(cab.HoldEnd)[b % 3]
            self.script.event(found[0], made(cab.ReservationEnded, reservation=found[1], why=why))

    def _insert(self, a: int, b: int, c: int) -> None:
        found = self._reservation(a)
        reservation = None if found is None or c % 2 else found[1]
        self.script.insert((A, B)[a % 2], 4 + b % 3, BANKS[b % 6], reservation)

    def _job(self, a: int) -> tuple[str, str] | None:
        jobs = [(leg.job, order.id) for order in self.script.rows.orders.values() for leg in order.legs]
        return jobs[-1 - a % len(jobs)] if jobs else None

    def _indicate(self, a: int, b: int, _: int) -> None:
        found = self._job(a % 2)
        if found is not None:
            kind = delivery.SecondIndication if found[0][-1] > "4" and b % 4 else delivery.FirstIndication
            self.script.report(made(kind, job=found[0], order=found[1], courier=f"cou-{b % 2}"))
            self.script.report(
                made(delivery.SecondIndication, job=found[0], order=found[1], courier=f"cou-{b % 2}")
            )

    def _carry(self, a: int, b: int, c: int) -> None:
        found = self._job(a % 3)
        if found is None:
            return
        job, order = found
        banks: tuple[str, ...] = tuple(track.bank for track in self.script.rows.orders[order].banks)
        banks = (BANKS[c % 6],) if c % 5 == 0 else banks
        kinds = (delivery.BanksPickedUp, delivery.RentalSucceeded, delivery.BanksCollected)
        if b % 4 == 3:
            self.script.report(
                made(
                    delivery.ReturnSucceeded,
                    job=job,
                    order=order,
                    banks=banks,
                    evidence=tuple(Evidence)[c % 2],
                )
            )
        else:
            self.script.report(made(kinds[b % 4], job=job, order=order, banks=banks))

    def _trouble(self, a: int, b: int, c: int) -> None:
        found = self._job(a % 2)
        if found is None:
            return
        job, order = found
        banks = tuple(track.bank for track in self.script.rows.orders[order].banks[: c % 2])
        if b % 3 == 0:
            self.script.report(
                made(delivery.DeliveryProblem, job=job, order=order, problem=tuple(Problem)[c % 3])
            )
        elif b % 3 == 1:
            self.script.report(
                made(delivery.DeliveryFailed, job=job, order=order, why=tuple(JobEnd)[c % 4], banks=banks)
            )
        else:
            self.script.report(
                made(
                    delivery.CourierGaveUp,
                    job=job,
                    order=order,
                    courier=f"cou-{c % 2}",
                    reason="tired",
                    banks=banks,
                    offered_again=not banks,
                )
            )

    def _user(self, a: int, b: int, c: int) -> None:
        orders = self._orders()
        if not orders:
            return
        order = orders[-1 - a % min(3, len(orders))]
        user = self.script.rows.orders[order].user
        if c % 3 == 0:
            self.script.cancel(order, user)
        else:
            self.script.ask_return(order, 1 + b % 2, user)

    def _repeat(self, a: int, _: int, __: int) -> None:
        messages = self.script.messages[-30:]
        self.script.again(messages[a % len(messages)])

    def _wait(self, a: int, b: int, _: int) -> None:
        self.script.wait((1, 10, 30, 90, 600, 3 * 60)[b % 6] * (1 + a % 60) * 1000)

    def _connect(self, a: int, b: int, _: int) -> None:
        self.script.connect((A, B)[a % 2], online=b % 3 > 0)

    def _be_late(self, _: int, b: int, c: int) -> None:
        """Let what is told from now on have happened a while ago, perhaps by a clock that was never set."""
        self.script.late_ms = (0, 0, 0, 10 * SECOND_MS, 5 * MINUTE_MS, 2 * HOUR_MS, DAY_MS)[b % 7]
        self.script.clock = ClockState.SYNCED if c % 6 else ClockState.UNSET

    def _measure(self, a: int, _: int, __: int) -> None:
        self.script.measure((A, B)[a % 2])

    def _operate(self, a: int, b: int, _: int) -> None:
        orders = self._orders()
        if not orders:
            return
        order = orders[-1 - a % min(3, len(orders))]
        said = {"operator": "opr-1", "order": order, "reason": "stuck"}
        lines = fees.standing(self.script.rows.orders[order].lines)
        if b % 3 == 0:
            self.script.ask(made(rental.EndOrder, **said))
        elif lines:
            self.script.ask(made(rental.WaiveFee, **said, line=lines[b % len(lines)].id))

    def _inventory(self, a: int, b: int, c: int) -> None:
        inventories = [found for found in self._commands() if isinstance(found[2], cab.ReportInventory)]
        command = inventories[a % len(inventories)][0] if inventories and b % 2 else None
        status = made(
            cab.BankStatus, bank=BANKS[c % 6], charge_pct=90, health_pct=97, temperature_c=24, cycles=10
        )
        slot = made(cab.SlotStatus, slot=1 + c % 6, state=cab.SlotState.READY, bank=status)
        self.script.event((A, B)[a % 2], made(cab.InventoryReported, command=command, slots=(slot,)))


def check_always(script: Script) -> None:
    """What must hold after every message."""
    holders: dict[str, str] = {}
    for order in script.rows.orders.values():
        assert order.quantity > 0
        for kind in ("banks", "slots"):
            live = [h for h in order.holds if h.kind == kind and h.state is not HoldState.RELEASING]
            assert len(live) <= 1
            assert not (order.final and live)
        if order.final:
            continue
        if order.state in {OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING}:
            assert order.leg is not None
            assert order.leg.kind is LegKind.OUTWARD
        if order.state in {OrderState.RETURN_DISPATCHING, OrderState.COLLECTING}:
            assert order.leg is not None
            assert order.leg.kind is LegKind.BACK
        for track in order.banks_at(BankPlace.OUTBOUND, BankPlace.USER, BankPlace.INBOUND, BankPlace.ASTRAY):
            assert track.bank not in holders, "one bank, one open order"
            holders[track.bank] = order.id


def check_end(script: Script) -> None:
    """What must hold when all deadlines have passed."""
    events = {event.id: event for event in script.rows.events}
    for order in script.rows.orders.values():
        assert order.final
        assert not order.holds
        lines = [line for line in script.rows.lines if line.order == order.id]
        assert tuple(lines) == order.lines
        standing = fees.standing(lines)
        if not any(track.rented is not None for track in order.banks):
            assert not standing
        for line in standing:
            assert line.amount_minor == _due_minor(line.fee, line.to_ms - line.from_ms, line.quality)
            assert (events[line.from_event].time_ms, events[line.to_event].time_ms) == (
                line.from_ms,
                line.to_ms,
            )
            assert events[line.from_event].order == events[line.to_event].order == order.id
    numbers: dict[str, int] = {}
    for event in script.rows.events:
        numbers[event.order] = numbers.get(event.order, 0) + 1
        assert event.id == f"{event.order}-e{numbers[event.order]}"


def check_bills(script: Script) -> None:
    """The journal alone tells where each order stands and what it is charged, to whoever reads it anew."""
    for order in script.rows.orders.values():
        walk_up = order.hand_over is rental.HandOver.WALK_UP
        follower = Follower(is_walk_up=walk_up, asked_quantity=order.asked_quantity)
        state: str | None = None
        for event in script.rows.events:
            if event.order == order.id:
                before, state = state, after(state, event.type)
                if event.type in FOLLOWED:
                    mark = Mark(event.id, event.time_ms, event.quality)
                    follower.take(event.type, event.detail, mark, before)
        assert state == order.state
        charged = {(line.fee, line.of): line.amount_minor for line in fees.standing(order.lines)}
        told = follower.spans() if order.state is OrderState.SETTLED else ()
        assert charged == {
            (span.fee, span.of): _due_minor(span.fee, span.held_ms, span.quality) for span in told
        }


def _due_minor(fee: str, held_ms: int, quality: str) -> int:
    if quality == ClockState.UNSET:
        return 0
    rule = fees.rental_amount if fee == fees.FeeKind.RENTAL else fees.courier_amount
    return rule(TARIFF, held_ms)


def check_reload(script: Script) -> None:
    """What was written must give the same memory again."""
    live = script.region._memory
    copy = RentalRegion(REGION, tariff=TARIFF, policy=Policy())
    copy.load(
        tariffs=script.rows.tariffs.values(),
        cabinets=script.rows.cabinets.values(),
        banks=script.rows.banks.values(),
        orders=[order for name, order in script.rows.orders.items() if name in live.orders],
        returns=script.rows.early_returns.values(),
    )
    memory = copy._memory
    assert memory.orders == live.orders
    assert memory.banks == live.banks
    assert memory.early_returns == live.early_returns
    assert memory.tariffs == live.tariffs
    for cabinet in live.fleet:
        found = memory.fleet.know(cabinet.record.cabinet)
        assert replace(found.record, last_seen_ms=0) == replace(cabinet.record, last_seen_ms=0)
        assert found.holds == cabinet.holds
        assert (found.ready_banks, found.empty_slots) == (cabinet.ready_banks, cabinet.empty_slots)
    for user, shelf in live.users.items():
        assert memory.users[user].version == shelf.version


def drain(script: Script) -> None:
    """Let nobody say anything any more until every deadline has passed."""
    for _ in range(40):
        script.wait(2 * DAY_MS + MINUTE_MS)
