"""Orders, journals and fee lines as the core would hand them to the store."""

import json
from dataclasses import replace

from chargeloop.platform.core import fees
from chargeloop.platform.core.dispute import Answer, Dispute
from chargeloop.platform.core.fees import FeeKind, FeeLine, Mark, Span
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import BankPlace, BankTrack, Hold, HoldKind, HoldState, Leg, Order
from chargeloop.platform.core.rows import (
    AppendEvent,
    AppendFeeLine,
    BankRecord,
    BankWhere,
    CabinetRecord,
    OrderEvent,
    PlatformWrite,
    SaveBank,
    SaveCabinet,
    SaveOrder,
    SaveTariff,
    SlotRecord,
)
from chargeloop.platform.shell.tariff_file import default_tariff
from chargeloop.protocol.clock_map import ClockMap, DeviceTime
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import (
    BankId,
    CabinetId,
    CommandId,
    CourierId,
    JobId,
    OperatorId,
    OrderId,
    RegionId,
    ReservationId,
    UserId,
)
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.common import SyncSample
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.rental import CabinetAction, HandOver, OrderState
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS

NOON_MS = 1_795_435_200_000  # 2026-11-23T12:00:00Z
TARIFF = default_tariff()
REGION = RegionId("demo")
USER = UserId("usr-0042")
OTHER = UserId("usr-0043")
HARBOUR = Point(434_500_000, 52_300_000)


def order_in_use(name: str = "ord-7a10", bank: str = "bnk-000017", *, user: UserId = USER) -> Order:
    """Returns an order whose user holds one bank."""
    return Order(
        id=OrderId(name),
        user=user,
        location=HARBOUR,
        quantity=1,
        asked_quantity=1,
        accept_fewer=False,
        hand_over=HandOver.WALK_UP,
        state=OrderState.IN_USE,
        tariff=TARIFF.version,
        buyout_after_ms=None,
        placed_ms=NOON_MS,
        since_ms=NOON_MS,
        changed_ms=NOON_MS,
        banks=(BankTrack(BankId(bank), BankPlace.USER, ejected=Mark(f"{name}-e1", NOON_MS)),),
    )


def hold_of(order: Order, name: str, *, state: HoldState = HoldState.HELD) -> Hold:
    """Returns a reservation of banks for the order."""
    return Hold(
        id=ReservationId(name),
        cabinet=CabinetId("cab-0003"),
        kind=HoldKind.BANKS,
        quantity=order.quantity,
        code="402913",
        state=state,
        until_ms=NOON_MS + 60 * MINUTE_MS,
        command=CommandId("cmd-1"),
        command_due_ms=NOON_MS + MINUTE_MS,
    )


def event_of(order: Order, number: int, kind: str, minute: int) -> OrderEvent:
    """Returns an entry of the order's journal, received a second after it happened."""
    time_ms = NOON_MS + minute * MINUTE_MS
    return OrderEvent(
        f"{order.id}-e{number}", order.id, kind, time_ms, time_ms + 1_000, ClockState.SYNCED, '{"slot":1}'
    )


def event_at(
    order: Order, number: int, kind: str, minute: int, cabinet: str, *, within: str | None = None
) -> OrderEvent:
    """Returns an entry that happened at a cabinet, named by the detail or by a part `within` it."""
    facts = {"cabinet": cabinet}
    detail = json.dumps(facts if within is None else {within: facts})
    return replace(event_of(order, number, kind, minute), detail=detail)


def order_on_its_way() -> Order:
    """Returns an order that a courier fetches, with a hand-over code."""
    order = order_in_use("ord-9c33", "bnk-9c33")
    leg = Leg(
        job=JobId("job-9c33-1"),
        kind=LegKind.OUTWARD,
        quantity=1,
        cabinet=CabinetId("cab-0003"),
        reservation=ReservationId("rsv-9c33-1"),
        user_location=HARBOUR,
        handover_code="4821",
        courier=CourierId("cou-0005"),
    )
    return replace(order, state=OrderState.FETCHING, hand_over=HandOver.COURIER, banks=(), legs=(leg,))


def disputed(name: str, bank: str, *, minute: int, answered: bool) -> Order:
    """Returns an order with a dispute that was opened at this minute."""
    answer = Answer(OperatorId("opr-anna"), "you are right", NOON_MS + HOUR_MS) if answered else None
    opened_ms = NOON_MS + minute * MINUTE_MS
    dispute = Dispute(f"{name}-e7", BankId(bank), "I put it back at noon", opened_ms, answer)
    return replace(order_in_use(name, bank), disputes=(dispute,))


def rows_of_disputed(order: Order) -> list[PlatformWrite]:
    """Returns the rows of an order of `disputed`, with the entries of its dispute and the answer to it."""
    (dispute,) = order.disputes
    minute = (dispute.opened_ms - NOON_MS) // MINUTE_MS
    entries = [event_of(order, 7, "dispute_opened", minute)]
    if dispute.answer is not None:
        told = event_of(order, 8, "dispute_answered", 60)
        entries.append(replace(told, detail=json.dumps({"dispute": dispute.id})))
    return rows_of(order, *entries)


def order_brought() -> Order:
    """Returns an order that a courier has brought in 13 minutes, with the fee of that trip."""
    order = order_on_its_way()
    start, end = Mark("ord-9c34-e3", NOON_MS + MINUTE_MS), Mark("ord-9c34-e9", NOON_MS + 14 * MINUTE_MS)
    leg = replace(order.legs[0], job=JobId("job-9c34-1"), open=False, indicated=start, succeeded=end)
    name = OrderId("ord-9c34")
    lines = fees.lines(name, TARIFF, (), [Span(FeeKind.COURIER_OUT, leg.job, start, end)])
    return replace(order, id=name, state=OrderState.SETTLED, legs=(leg,), lines=lines)


def intervention(command: str, *, sent_ms: int, expires_ms: int) -> Intervention:
    """Returns a command of an operator that has not been answered."""
    return Intervention(
        command=CommandId(command),
        cabinet=CabinetId("cab-0003"),
        operator=OperatorId("opr-anna"),
        action=CabinetAction.UNLOCK,
        slot=4,
        reservation=None,
        reason="the motor was mended",
        sent_ms=sent_ms,
        expires_ms=expires_ms,
    )


def rows_of(order: Order, *events: OrderEvent) -> list[PlatformWrite]:
    """Returns the rows of an order with these entries in its journal."""
    return [SaveTariff(TARIFF), *map(AppendEvent, events), SaveOrder(order)]


def journal_of(order: Order) -> tuple[OrderEvent, OrderEvent]:
    """Returns a journal of an ejection and a return 70 minutes later."""
    return event_of(order, 1, "bank_ejected", 0), event_of(order, 2, "bank_returned", 70)


def rental_lines(order: Order) -> tuple[FeeLine, ...]:
    """Returns the rental line between the two events of the journal."""
    ejected, returned = journal_of(order)
    span = Span(FeeKind.RENTAL, order.banks[0].bank, Mark.of(ejected), Mark.of(returned))
    return fees.lines(order.id, TARIFF, (), [span])


def walk_up_rental(
    name: str = "ord-7a10", bank: str = "bnk-000017", *, user: UserId = USER
) -> list[PlatformWrite]:
    """Returns all the rows of one walk-up rental with its journal and bill."""
    order = order_in_use(name, bank, user=user)
    return [
        SaveTariff(TARIFF),
        *(AppendEvent(event) for event in journal_of(order)),
        *(AppendFeeLine(line) for line in rental_lines(order)),
        SaveOrder(order),
    ]


CABINET = CabinetRecord(
    CabinetId("cab-0003"),
    name="Harbour Café",
    location=HARBOUR,
    epoch=7,
    online=True,
    slots=(
        SlotRecord(1, SlotState.RESERVED, BankId("bnk-000017"), 98, ReservationId("rsv-7a10-1")),
        SlotRecord(2, SlotState.EMPTY),
    ),
    clock=ClockMap().learn(
        DeviceTime("b1", 60, NOON_MS, None),
        SyncSample(platform_time=NOON_MS, sent_uptime_ms=10, received_uptime_ms=50),
        NOON_MS + 9,
    ),
)
# Half a degree of latitude away: 55 km.
FAR_CABINET = CabinetRecord(CabinetId("cab-0004"), name="Airport", location=Point(439_500_000, 52_300_000))
BANK = BankRecord(BankId("bnk-000017"), BankWhere.CABINET, CabinetId("cab-0003"), 1)
FLEET: list[PlatformWrite] = [SaveCabinet(CABINET), SaveBank(BANK)]
