"""Whole orders as messages: all that the rental platform is told from the request to the returned bank.

The ids of reservations, commands and jobs follow from an order's id, and that from its request, so everything
can be encoded before the first message is sent. A step is over when all it told has been acknowledged or
answered; the next one then says what could only be said after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chargeloop.cli.bench.load import Step
from chargeloop.cli.bench.messages import GATEWAY, REGION, BenchCabinet, ready
from chargeloop.cli.bench.packets import publish
from chargeloop.cli.city import DISPATCH
from chargeloop.platform.core.order import body_of
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.ids import CourierId, IdKind, OrderId, UserId, derived_id
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.common import Location

REPLY: Final = f"cl/v1/{REGION}/gateway/{GATEWAY}/reply"
DISPATCH_FILTERS: Final = tuple(
    f"cl/v1/{REGION}/dispatch/{DISPATCH}/{word}" for word in ("request", "report-ack")
)
DISPATCH_ACK: Final = f"cl/v1/{REGION}/dispatch/{DISPATCH}/request-ack"
_GATEWAY_REQUEST: Final = f"cl/v1/{REGION}/gateway/{GATEWAY}/request"
_REPORT: Final = f"cl/v1/{REGION}/dispatch/{DISPATCH}/report"
_REPORT_JOURNAL: Final = "jnl-bench-reports"
_COURIER: Final = CourierId("cou-bench")


@dataclass(slots=True)
class People:
    """The gateway and the courier platform, with the numbers of what they have said so far."""

    now_ms: int
    requests: int = 0
    reports: int = 0
    messages: int = 0
    _waiting: dict[str, bytearray] = field(default_factory=dict)

    def place(self, cabinet: BenchCabinet) -> "WholeOrder":
        """Say a user's request for a bank from the nearest cabinet, and return the order it makes."""
        user = UserId(f"usr-{cabinet.number:06d}-{self.requests % 97}")
        data = rental.PlaceOrder(user=user, location=Location.of(cabinet.place), quantity=1)
        message_id, source = f"bench.{self.now_ms}.{self.requests + 1}", f"gateway/{GATEWAY}"
        order = derived_id(IdKind.ORDER, REGION, user, source, message_id)
        self._ask(data, message_id)
        return WholeOrder(OrderId(order), user, cabinet)

    def ask_return(self, order: "WholeOrder") -> None:
        """Say a user's request to have the bank fetched."""
        place = Location.of(order.cabinet.place)
        data = rental.RequestReturn(user=order.user, order=order.id, location=place, quantity=1)
        self._ask(data, f"bench.{self.now_ms}.{self.requests + 1}")

    def report(self, data: Data) -> None:
        """Say an entry of the courier platform's journal."""
        self.reports += 1
        attributes = {"journalid": _REPORT_JOURNAL, "seq": self.reports, "clockstate": ClockState.SYNCED}
        self._say(DISPATCH, _REPORT, data, f"dispatch/{DISPATCH}", f"{DISPATCH}.{self.reports}", **attributes)

    def tell(self, cabinet: BenchCabinet, data: Data) -> None:
        """Say an entry of a cabinet's journal."""
        self._put(cabinet.name, cabinet.topic("event"), cabinet.event(data))

    def show(self, cabinet: BenchCabinet, *changed: cab.SlotStatus) -> None:
        """Say how a cabinet's slots stand now."""
        self._put(cabinet.name, cabinet.topic("slots"), cabinet.snapshot(*changed))

    def step(self, cabinets: Sequence[BenchCabinet]) -> Step:
        """Return all that was said since the last step, over when everybody has been answered."""
        sends = {name: bytes(data) for name, data in self._waiting.items()}
        self._waiting.clear()
        acked: dict[str, int] = {cabinet.name: cabinet.seq for cabinet in cabinets if cabinet.name in sends}
        if DISPATCH in sends:
            acked[DISPATCH] = self.reports
        return Step(sends, acked, {GATEWAY: self.requests} if GATEWAY in sends else {})

    def _ask(self, data: Data, message_id: str) -> None:
        self.requests += 1
        self._say(GATEWAY, _GATEWAY_REQUEST, data, f"gateway/{GATEWAY}", message_id)

    def _say(self, who: str, topic: str, data: Data, source: str, message_id: str, **attributes: Any) -> None:
        envelope = seal(data, id=message_id, source=source, time=self.now_ms, **attributes)
        self._put(who, topic, encode(envelope))

    def _put(self, who: str, topic: str, payload: bytes) -> None:
        self.messages += 1
        self._waiting.setdefault(who, bytearray()).extend(publish(topic, payload, self.messages))


@dataclass(frozen=True, slots=True)
class WholeOrder:
    """One order for one bank, which leaves a cabinet's first slot and comes back into it."""

    id: OrderId
    user: UserId
    cabinet: BenchCabinet

    def named(self, kind: IdKind, number: int) -> Any:
        """Return the id of the order's reservation, command or job of that number."""
        return f"{kind}-{body_of(self.id)}-{number}"


# What the platform numbers in an order: the reservation of a bank, the job, that of a slot, the job back.
BANK_HELD: Final = 1
_JOB_OUT: Final = 2
_SLOT_KEPT: Final = 3
_JOB_BACK: Final = 4
_SLOT: Final = 1


def placed(people: People, fleet: Sequence[BenchCabinet]) -> tuple[list[WholeOrder], list[Step]]:
    """Return an order for each cabinet, and the two steps after which the cabinet keeps a bank for it."""
    orders = [people.place(cabinet) for cabinet in fleet]
    requested = people.step(fleet)
    for order in orders:
        bank = order.cabinet.bank(_SLOT)
        people.tell(order.cabinet, _finished(order, BANK_HELD, cab.SlotContent(slot=_SLOT, bank=bank)))
        people.show(order.cabinet, _reserved(order, BANK_HELD, bank))
    return orders, [requested, people.step(fleet)]


def rest(people: People, fleet: Sequence[BenchCabinet], orders: Sequence[WholeOrder]) -> Iterator[Step]:
    """Yield the steps that lead orders, for which a bank is kept, to their ends."""
    for order in orders:
        job = {"job": order.named(IdKind.JOB, _JOB_OUT), "order": order.id}
        people.report(delivery.FirstIndication(**job, courier=_COURIER))
        people.report(delivery.CourierProgressed(**job, milestone="arrived_at_cabinet"))
    yield people.step(fleet)
    for order in orders:
        _give_out(people, order)
    yield people.step(fleet)
    for order in orders:
        job = {"job": order.named(IdKind.JOB, _JOB_OUT), "order": order.id}
        banks = (order.cabinet.bank(_SLOT),)
        people.report(delivery.BanksPickedUp(**job, banks=banks))
        people.report(delivery.RentalSucceeded(**job, banks=banks))
    yield people.step(fleet)
    for order in orders:
        people.ask_return(order)
    yield people.step(fleet)
    for order in orders:
        people.tell(order.cabinet, _finished(order, _SLOT_KEPT, cab.SlotContent(slot=_SLOT)))
        people.show(order.cabinet, _reserved(order, _SLOT_KEPT, None))
    yield people.step(fleet)
    for order in orders:
        job = {"job": order.named(IdKind.JOB, _JOB_BACK), "order": order.id}
        people.report(delivery.SecondIndication(**job, courier=_COURIER))
        people.report(delivery.BanksCollected(**job, banks=(order.cabinet.bank(_SLOT),)))
    yield people.step(fleet)
    for order in orders:
        _take_back(people, order)
    yield people.step(fleet)
    for order in orders:
        people.report(
            delivery.ReturnSucceeded(
                job=order.named(IdKind.JOB, _JOB_BACK),
                order=order.id,
                banks=(order.cabinet.bank(_SLOT),),
                evidence=delivery.Evidence.CABINET,
            )
        )
    yield people.step(fleet)


def _give_out(people: People, order: WholeOrder) -> None:
    cabinet, reservation = order.cabinet, order.named(IdKind.RESERVATION, BANK_HELD)
    people.tell(cabinet, cab.PickupStarted(reservation=reservation, by="keypad"))
    left = cab.BankEjected(slot=_SLOT, bank=cabinet.bank(_SLOT), reservation=reservation, charge_pct=98)
    people.tell(cabinet, left)
    people.tell(cabinet, cab.PickupFinished(reservation=reservation, ejected=1, missing=0))
    people.tell(cabinet, cab.ReservationEnded(reservation=reservation, why=cab.HoldEnd.FULFILLED))
    people.show(cabinet, cab.SlotStatus(slot=_SLOT, state=SlotState.EMPTY))


def _take_back(people: People, order: WholeOrder) -> None:
    cabinet, reservation = order.cabinet, order.named(IdKind.RESERVATION, _SLOT_KEPT)
    back = cab.BankReturned(slot=_SLOT, bank=cabinet.bank(_SLOT), reservation=reservation, charge_pct=98)
    people.tell(cabinet, back)
    people.tell(cabinet, cab.ReservationEnded(reservation=reservation, why=cab.HoldEnd.FULFILLED))
    people.show(cabinet, ready(_SLOT, cabinet.bank(_SLOT)))


def _finished(order: WholeOrder, number: int, slot: cab.SlotContent) -> cab.CommandFinished:
    return cab.CommandFinished(
        command=order.named(IdKind.COMMAND, number),
        epoch=1,
        outcome=cab.Outcome.DONE,
        reservation=order.named(IdKind.RESERVATION, number),
        slots=(slot,),
    )


def _reserved(order: WholeOrder, number: int, bank: str | None) -> cab.SlotStatus:
    reservation = order.named(IdKind.RESERVATION, number)
    held = None if bank is None else ready(_SLOT, bank).bank
    return cab.SlotStatus(slot=_SLOT, state=SlotState.RESERVED, bank=held, reservation=reservation)
