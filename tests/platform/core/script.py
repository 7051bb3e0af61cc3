"""A tiny world around a region: cabinets, a courier platform and users, played by hand."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import Order
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.core.rows import (
    AppendEvent,
    AppendFeeLine,
    BankRecord,
    CabinetRecord,
    DropEarlyReturn,
    EarlyReturn,
    OrderEvent,
    PlatformWrite,
    SaveBank,
    SaveCabinet,
    SaveEarlyReturn,
    SaveIntervention,
    SaveOrder,
    SaveTariff,
)
from chargeloop.platform.core.tariff import CourierRule, RentalRule, Tariff
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.effects import Context, Effects, Incoming, Send
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.geo import Plane, Point
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.common import ConnectionState, Location, Presence, SyncSample, TimeProbe
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.protocol.topics import Topic, parse_topic

D = TypeVar("D", bound=Data)

REGION = RegionId("demo")
START_MS = 1_795_000_000_000
HOME = Point(434_500_000, 52_300_000)
PLANE = Plane(HOME)
TARIFF = Tariff(
    name="test",
    currency="EUR",
    rental=RentalRule(
        free_minutes=0,
        unit_minutes=30,
        price_minor=100,
        cap_per_24h_minor=600,
        total_cap_minor=3000,
        buyout_after_minutes=5 * 24 * 60,
    ),
    courier=CourierRule(base_minor=200, per_minute_minor=10, promised_minutes=45),
)
USER = "usr-0001"
COURIER = "cou-0001"
JOURNAL = "jnl-{}"


def made(kind: type[D], **values: Any) -> D:
    """Return a message; ids are plain texts in tests."""
    return kind(**values)


@dataclass
class Rows:
    """What a store would hold after all writes so far."""

    orders: dict[str, Order] = field(default_factory=dict)
    cabinets: dict[str, CabinetRecord] = field(default_factory=dict)
    banks: dict[str, BankRecord] = field(default_factory=dict)
    tariffs: dict[str, Tariff] = field(default_factory=dict)
    events: list[OrderEvent] = field(default_factory=list)
    lines: list[FeeLine] = field(default_factory=list)
    early_returns: dict[str, EarlyReturn] = field(default_factory=dict)
    interventions: dict[str, Intervention] = field(default_factory=dict)

    def write(self, writes: Iterable[PlatformWrite]) -> None:
        for row in writes:
            self._write_of_orders(row)
            self._write_of_cabinets(row)

    def _write_of_orders(self, row: PlatformWrite) -> None:
        match row:
            case SaveOrder(order):
                self.orders[order.id] = order
            case SaveTariff(tariff):
                self.tariffs[tariff.version] = tariff
            case AppendEvent(event):
                self.events.append(event)
            case AppendFeeLine(line):
                self.lines.append(line)

    def _write_of_cabinets(self, row: PlatformWrite) -> None:
        match row:
            case SaveCabinet(record):
                self.cabinets[record.cabinet] = record
            case SaveBank(bank):
                self.banks[bank.bank] = bank
            case SaveIntervention(intervention):
                self.interventions[intervention.command] = intervention
            case SaveEarlyReturn(early):
                self.early_returns[early.bank] = early
            case DropEarlyReturn(name):
                self.early_returns.pop(name, None)


class Script:
    """Plays messages to a region and collects what it sends and writes."""

    tariff = TARIFF

    def __init__(self, policy: Policy | None = None) -> None:
        self.region = RentalRegion(REGION, tariff=self.tariff, policy=policy)
        self.policy = policy or Policy()
        self.now_ms = START_MS
        self.rows = Rows()
        self.sent: list[Send] = []
        self.settled: list[str] = []
        self.last: list[Send] = []
        self.messages: list[Incoming] = []
        self._seq: dict[str, int] = {}
        self._connections: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._measured: set[str] = set()
        self.fixed_draw: int | None = None
        self._drawn = 0
        self._ids = 0

    def restart(self) -> None:
        """Let the platform begin anew from its rows, and listen from now on."""
        self.region = RentalRegion(
            REGION, tariff=self.tariff, policy=self.policy, listening_since_ms=self.now_ms
        )
        rows = self.rows
        self.region.load(
            tariffs=rows.tariffs.values(),
            cabinets=rows.cabinets.values(),
            banks=rows.banks.values(),
            orders=rows.orders.values(),
            returns=rows.early_returns.values(),
            interventions=rows.interventions.values(),
        )

    # Time.

    def context(self) -> Context:
        return Context(self.now_ms, self._randbelow)

    def _randbelow(self, limit: int) -> int:
        self._drawn += 7919
        return self._drawn % limit if self.fixed_draw is None else self.fixed_draw

    def wait(self, duration_ms: int) -> None:
        """Let the time pass, and everything that is due on the way happen when it is due."""
        until_ms = self.now_ms + duration_ms
        while (due_ms := self.region.next_due_ms()) is not None and due_ms <= until_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self._take(self.region.tick(self.context()))
            left_ms = self.region.next_due_ms()
            assert left_ms is None or left_ms > self.now_ms, (
                "a deadline that does not move would be served for ever"
            )
        self.now_ms = until_ms

    def away(self, minutes: float) -> None:
        """Let the platform be away for so long, and begin anew with all that is due by then."""
        self.now_ms += round(minutes * MINUTE_MS)
        self.restart()
        self.wait(0)

    def minutes(self, minutes: float) -> None:
        self.wait(round(minutes * MINUTE_MS))

    # Messages.

    def _take(self, effects: Effects[PlatformWrite]) -> None:
        for send in effects.sends:
            encode(seal(send.data, id="m", source="rental/rnt-main", time=self.now_ms))  # it fits
        self.rows.write(effects.writes)
        self.sent += effects.sends
        self.last = effects.sends
        self.settled += effects.settled

    def deliver(self, incoming: Incoming) -> None:
        self._take(self.region.receive(replace(incoming, received_ms=self.now_ms), self.context()))

    def say(self, topic: str, data: Data, **attributes: Any) -> Incoming:
        """Deliver a message and return it, so that it can be delivered again."""
        parsed = parse_topic(topic)
        assert isinstance(parsed, Topic), topic
        self._ids += 1
        message = seal(
            data,
            id=attributes.pop("id", f"m{self._ids}"),
            source=f"{parsed.spec.writer}/{parsed.owner}",
            time=attributes.pop("time", self.now_ms),
            clockstate=attributes.pop("clockstate", ClockState.SYNCED),
            **attributes,
        )
        incoming = Incoming(parsed, message, self.now_ms)
        self.messages.append(incoming)
        self.deliver(incoming)
        return incoming

    def again(self, incoming: Incoming) -> None:
        """Deliver the same message once more; it must lead to nothing but a repeated reply."""
        self.deliver(incoming)

    def _numbered(self, source: str) -> dict[str, Any]:
        self._seq[source] = self._seq.get(source, 0) + 1
        return {"journalid": JOURNAL.format(source), "seq": self._seq[source]}

    # Cabinets.

    def cabinet(
        self, name: str, *, x_m: float = 0, y_m: float = 0, banks: Iterable[str] = (), empty: int = 4
    ) -> str:
        """Bring a cabinet on line with these ready banks and so many empty slots."""
        banks = tuple(banks)
        self.connect(name)
        self.introduce(name, x_m=x_m, y_m=y_m, slots=len(banks) + empty)
        slots = [ready(number, bank) for number, bank in enumerate(banks, 1)]
        slots += [
            made(cab.SlotStatus, slot=number, state=cab.SlotState.EMPTY)
            for number in range(len(banks) + 1, len(banks) + empty + 1)
        ]
        self.snapshot(name, slots)
        return name

    def introduce(
        self, name: str, *, x_m: float = 0, y_m: float = 0, slots: int = 7, commands: Iterable[str] = ()
    ) -> None:
        """Let a cabinet tell what it is, and which commands it says it obeys: none, as old firmware does."""
        info = made(
            cab.CabinetInfo,
            name=name,
            location=Location.of(PLANE.at(x_m, y_m)),
            slots=slots,
            model="T",
            firmware="1",
            commands=tuple(commands),
        )
        self.say(f"cl/v1/demo/cabinet/{name}/info", info)

    def connect(self, name: str, *, online: bool = True) -> Incoming:
        if online:
            self._connections[name] = self._connections.get(name, 0) + 1
        state = ConnectionState(
            state=Presence.ONLINE if online else Presence.OFFLINE, connection_epoch=self._connections[name]
        )
        return self.say(f"cl/v1/demo/cabinet/{name}/connection", state)

    def snapshot(self, name: str, slots: Iterable[cab.SlotStatus]) -> Incoming:
        self._versions[name] = self._versions.get(name, 0) + 1
        snapshot = made(
            cab.SlotsSnapshot,
            version=self._versions[name],
            journal=JOURNAL.format(name),
            after_seq=self._seq.get(name, 0),
            slots=tuple(slots),
        )
        return self.say(f"cl/v1/demo/cabinet/{name}/slots", snapshot)

    def alive(self, *names: str) -> None:
        for name in names:
            self.say(f"cl/v1/demo/cabinet/{name}/telemetry", made(cab.Telemetry, power_w=10))

    def measure(self, *names: str) -> None:
        """Let the platform measure the clocks of cabinets: times of their events are synced for a while."""
        for name in names:
            self._measured.add(name)
            uptime_ms = self._uptime_at(self.now_ms)
            sample = SyncSample(
                platform_time=self.now_ms, sent_uptime_ms=uptime_ms - 40, received_uptime_ms=uptime_ms
            )
            probe = TimeProbe(sent_uptime_ms=uptime_ms, previous=sample)
            self.say(f"cl/v1/demo/cabinet/{name}/time", probe, bootid="boot-1", uptimems=uptime_ms)

    @staticmethod
    def _uptime_at(time_ms: int) -> int:
        return time_ms - START_MS + HOUR_MS

    def event(self, name: str, data: Data, **attributes: Any) -> Incoming:
        if name in self._measured and "bootid" not in attributes:
            uptime_ms = self._uptime_at(attributes.get("time", self.now_ms))
            attributes |= {"bootid": "boot-1", "uptimems": uptime_ms}
        return self.say(f"cl/v1/demo/cabinet/{name}/event", data, **(self._numbered(name) | attributes))

    def command(self, kind: type[D], cabinet: str | None = None) -> tuple[Send, D]:
        """Return the latest command of a kind that was sent, to a cabinet if one is named."""
        for send in reversed(self.sent):
            named = cabinet is None or f"/{cabinet}/" in send.topic
            if isinstance(send.data, kind) and send.topic.endswith("/command") and named:
                return send, send.data
        message = f"no {kind.__name__} was sent"
        raise AssertionError(message)

    def commands(self, kind: type[D]) -> list[D]:
        return [send.data for send in self.sent if isinstance(send.data, kind)]

    def answer(
        self,
        kind: type[Data],
        outcome: cab.Outcome = cab.Outcome.DONE,
        *,
        cabinet: str | None = None,
        reason: cab.CabinetReason | None = None,
        available: int | None = None,
        slots: Iterable[tuple[int, str | None]] = (),
    ) -> Incoming:
        """Let the cabinet answer the latest command of a kind."""
        send, data = self.command(kind, cabinet)
        assert send.id is not None
        values = data.model_dump()
        finished = made(
            cab.CommandFinished,
            command=send.id,
            epoch=values["epoch"],
            outcome=outcome,
            reason=reason,
            available=available,
            reservation=values.get("reservation"),
            slots=tuple(made(cab.SlotContent, slot=slot, bank=bank) for slot, bank in slots),
        )
        return self.event(send.topic.split("/")[4], finished)

    def eject(
        self, name: str, reservation: str, banks: dict[int, str], *, missing: int = 0
    ) -> list[Incoming]:
        """Let the cabinet give out banks by slot, and finish the pickup."""
        told = [
            self.event(
                name, made(cab.BankEjected, slot=slot, bank=bank, reservation=reservation, charge_pct=95)
            )
            for slot, bank in banks.items()
        ]
        finished = made(cab.PickupFinished, reservation=reservation, ejected=len(banks), missing=missing)
        told.append(self.event(name, finished))
        ended = made(cab.ReservationEnded, reservation=reservation, why=cab.HoldEnd.FULFILLED)
        told.append(self.event(name, ended))
        return told

    def insert(
        self, name: str, slot: int, bank: str, reservation: str | None = None, **attributes: Any
    ) -> Incoming:
        """Let the cabinet read a bank in a slot."""
        returned = made(cab.BankReturned, slot=slot, bank=bank, reservation=reservation, charge_pct=10)
        return self.event(name, returned, **attributes)

    # The courier platform.

    def requests(self, kind: type[D]) -> list[D]:
        """Return what the courier platform was asked, of one kind."""
        return [send.data for send in self.sent if isinstance(send.data, kind)]

    def report(self, data: Data, **attributes: Any) -> Incoming:
        return self.say(
            "cl/v1/demo/dispatch/dsp-main/report", data, **(self._numbered("dsp-main") | attributes)
        )

    def job(self) -> tuple[str, str]:
        """Return (job, order) of the latest request to the courier platform."""
        asked = [
            send.data
            for send in self.sent
            if isinstance(send.data, delivery.RentalRequested | delivery.ReturnRequested)
        ]
        return asked[-1].job, asked[-1].order

    def taken(self, courier: str = COURIER) -> Incoming:
        job, order = self.job()
        leg = self.order(order).leg_of(job)
        assert leg is not None
        kind = delivery.FirstIndication if leg.kind == "outward" else delivery.SecondIndication
        return self.report(made(kind, job=job, order=order, courier=courier))

    # Users.

    def ask(self, data: Data, **attributes: Any) -> rental.RequestDone | rental.RequestRefused:
        """Ask through a gateway and return the answer."""
        self.say("cl/v1/demo/gateway/gwy-main/request", data, **attributes)
        answers = [
            send.data
            for send in self.last
            if isinstance(send.data, rental.RequestDone | rental.RequestRefused)
        ]
        assert len(answers) == 1
        return answers[0]

    def ask_place(
        self, quantity: int = 1, *, user: str = USER, **request: Any
    ) -> rental.RequestDone | rental.RequestRefused:
        values = {"user": user, "location": Location.of(HOME), "quantity": quantity, **request}
        return self.ask(made(rental.PlaceOrder, **values))

    def place(self, quantity: int = 1, *, user: str = USER, **request: Any) -> Order:
        """Place an order that must be taken, and return it."""
        answer = self.ask_place(quantity, user=user, **request)
        assert isinstance(answer, rental.RequestDone), answer
        return self.order(answer.order)

    def cancel(self, order: str, user: str = USER) -> rental.RequestDone | rental.RequestRefused:
        return self.ask(made(rental.CancelOrder, user=user, order=order))

    def ask_return(
        self, order: str, quantity: int, user: str = USER
    ) -> rental.RequestDone | rental.RequestRefused:
        request = made(
            rental.RequestReturn, user=user, order=order, location=Location.of(HOME), quantity=quantity
        )
        return self.ask(request)

    # What is known.

    def order(self, order: str) -> Order:
        found = self.region.order(order)
        return self.rows.orders[order] if found is None else found

    def types(self, order: str) -> list[str]:
        return [event.type for event in self.rows.events if event.order == order]

    def fees(self, order: str) -> dict[str, int]:
        totals: dict[str, int] = {}
        for line in self.rows.lines:
            if line.order == order:
                totals[line.fee] = totals.get(line.fee, 0) + line.amount_minor
        return totals

    def detail(self, order: str, kind: str) -> dict[str, Any]:
        found = [event for event in self.rows.events if event.order == order and event.type == kind]
        details: dict[str, Any] = json.loads(found[-1].detail)
        return details


def ready(slot: int, bank: str, charge_pct: int = 95) -> cab.SlotStatus:
    """Return a slot with a bank that can be given out."""
    status = made(
        cab.BankStatus, bank=bank, charge_pct=charge_pct, health_pct=97, temperature_c=24, cycles=10
    )
    return made(cab.SlotStatus, slot=slot, state=cab.SlotState.READY, bank=status)


A, B = "cab-a", "cab-b"


def in_use(script: Script, quantity: int = 1, **request: Any) -> Order:
    """Return an order whose banks a courier has brought from cabinet A."""
    order = delivering(script, quantity, **request)
    script.minutes(10)
    job, _ = script.job()
    banks = tuple(track.bank for track in order.banks)
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=banks))
    return script.order(order.id)


def dispatching(script: Script, quantity: int = 1, **request: Any) -> Order:
    """Return an order whose banks cabinet A has set aside and for which a courier is sought."""
    order = script.place(quantity, **request)
    held = [(slot, f"bnk-a{slot}") for slot in range(1, quantity + 1)]
    script.answer(cab.ReserveBanks, slots=held)
    return script.order(order.id)


def fetching(script: Script, quantity: int = 1, **request: Any) -> Order:
    """Return an order that a courier has taken."""
    order = dispatching(script, quantity, **request)
    script.minutes(1)
    script.taken()
    return script.order(order.id)


def delivering(script: Script, quantity: int = 1, **request: Any) -> Order:
    """Return an order whose banks a courier holds."""
    order = fetching(script, quantity, **request)
    script.minutes(5)
    script.alive(A, B)
    _, command = script.command(cab.ReserveBanks)
    script.eject(A, command.reservation, {slot: f"bnk-a{slot}" for slot in range(1, quantity + 1)})
    return script.order(order.id)


def collecting(script: Script, quantity: int = 1, returned: int | None = None) -> Order:
    """Return an order whose banks a courier has been sent to collect."""
    order = in_use(script, quantity)
    script.minutes(60)
    script.alive(A, B)
    script.ask_return(order.id, returned or quantity)
    script.answer(cab.ReserveSlots)
    script.minutes(1)
    script.taken()
    return script.order(order.id)


S = TypeVar("S", bound=Script)


def city(kind: type[Script] = Script, **settings: Any) -> Script:
    """Return a script with two cabinets: A near with three banks, B further with three."""
    return with_cabinets(kind(Policy(**settings) if settings else None))


def with_cabinets(script: S) -> S:
    """Put the two cabinets of `city` into a script, and return it."""
    script.cabinet(A, x_m=300, banks=("bnk-a1", "bnk-a2", "bnk-a3"))
    script.cabinet(B, x_m=900, banks=("bnk-b1", "bnk-b2", "bnk-b3"))
    return script
