"""The rental platform in the simulation: its store in memory, and what its journal tells the checker."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import BankPlace, HoldState, Order
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
from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.effects import Effects
from chargeloop.protocol.ids import DispatchId, OrderId, RegionId
from chargeloop.protocol.messages.rental import OrderMoved, OrderState
from chargeloop.protocol.topics import Role
from chargeloop.protocol.values import replace
from chargeloop.simulation.disk import BrokenRuleError, Store, UniqueIndex, insert
from chargeloop.simulation.service import Service
from chargeloop.simulation.stage import Stage

_OPEN_PLACES: Final = frozenset({BankPlace.OUTBOUND, BankPlace.USER, BankPlace.INBOUND, BankPlace.ASTRAY})
_LIVE: Final = frozenset({HoldState.ASKED, HoldState.HELD})
_COMMANDS: Final = {
    "chargeloop.cabinet.reserve_banks.v1": "reserve_banks",
    "chargeloop.cabinet.reserve_slots.v1": "reserve_slots",
    "chargeloop.cabinet.release_reservation.v1": "release_reservation",
    "chargeloop.cabinet.eject_banks.v1": "eject_banks",
    "chargeloop.cabinet.report_inventory.v1": "report_inventory",
    "chargeloop.cabinet.lock_slot.v1": "lock_slot",
    "chargeloop.cabinet.reboot.v1": "reboot",
}


class RentalStore(Store[PlatformWrite]):
    """The tables of `platform/shell/schema.sql`, with its rules."""

    def __init__(self, store_id: str) -> None:
        super().__init__(store_id)
        self.tariffs: dict[str, Tariff] = {}
        self.orders: dict[str, Order] = {}
        self.events: dict[str, OrderEvent] = {}
        self.lines: dict[str, FeeLine] = {}
        self.cabinets: dict[str, CabinetRecord] = {}
        self.banks: dict[str, BankRecord] = {}
        self.early_returns: dict[str, EarlyReturn] = {}
        self.interventions: dict[str, Intervention] = {}
        self.open_orders: dict[str, str] = {}
        self.disputed: dict[str, Order] = {}
        self.corrected: dict[OrderId, str] = {}
        # Who waits for the next order that comes into a state.
        self.awaited: dict[OrderState, Callable[[Order], None]] = {}
        self._bank_of = UniqueIndex[str]("one_open_order_per_bank")
        self._hold_of = UniqueIndex[str]("a reservation belongs to one order")
        self._live_kind = UniqueIndex[tuple[str, str]]("one_live_hold_per_order_and_kind")
        self._reversed: set[str] = set()

    def keep(self, writes: Sequence[PlatformWrite]) -> None:
        """Keep the rows; of several of one order, cabinet or bank the last one counts."""
        orders = {write.order.id: write.order for write in writes if isinstance(write, SaveOrder)}
        for write in writes:
            self._keep_row(write)
        self._keep_orders(tuple(orders.values()))
        for write in writes:
            if isinstance(write, AppendFeeLine):
                self._keep_line(write.line)

    def _keep_row(self, write: PlatformWrite) -> None:
        match write:
            case AppendEvent(event):
                insert(self.events, event.id, event)
            case SaveCabinet(record):
                self.cabinets[record.cabinet] = record
            case SaveBank(bank):
                self.banks[bank.bank] = bank
            case SaveEarlyReturn(early):
                self.early_returns[early.bank] = early
            case DropEarlyReturn(name):
                self.early_returns.pop(name, None)
            case SaveTariff(tariff):
                self.tariffs[tariff.version] = tariff
            case SaveIntervention(intervention):
                self.interventions[intervention.command] = intervention
            case _:
                pass  # orders and fee lines follow, as they name other rows

    def needed(self, ended_since_ms: int) -> list[Order]:
        """Return the orders that a region needs to go on, as the reader of the real store finds them."""
        named = {record.order for record in self.banks.values() if record.order is not None}
        return [
            order
            for order in self.orders.values()
            if not order.final
            or order.changed_ms >= ended_since_ms
            or order.open_disputes
            or order.id in named
        ]

    def _keep_orders(self, orders: Sequence[Order]) -> None:
        for order in orders:
            for index in (self._bank_of, self._hold_of, self._live_kind):
                index.clear(order.id)
        for order in orders:
            if order.quantity <= 0 or order.tariff not in self.tariffs:
                raise BrokenRuleError(f"{order.id} has {order.quantity} banks and tariff {order.tariff}")
            self.orders[order.id] = order
            if order.disputes:
                self.disputed[order.id] = order
            if order.final:
                self.open_orders.pop(order.id, None)
            else:
                self.open_orders[order.id] = order.state
                waits = self.awaited.pop(order.state, None) if self.awaited else None
                if waits is not None:
                    waits(order)
                self._bank_of.put(
                    order.id, [track.bank for track in order.banks if track.place in _OPEN_PLACES]
                )
            self._hold_of.put(order.id, [hold.id for hold in order.holds])
            live = [hold.kind for hold in order.holds if hold.state in _LIVE]
            if len(set(live)) < len(live):
                raise BrokenRuleError(f"{order.id} has two live holds of one kind")

    def _keep_line(self, line: FeeLine) -> None:
        insert(self.lines, line.id, line)
        for event, time_ms in ((line.from_event, line.from_ms), (line.to_event, line.to_ms)):
            known = self.events.get(event)
            if known is None or known.order != line.order or known.time_ms != time_ms:
                raise BrokenRuleError(
                    f"{line.id} names {event}, which is not in the order's journal at that time"
                )
        if line.reverses is not None:
            other = self.lines.get(line.reverses)
            whole = other is not None and other.reverses is None and other.amount_minor == -line.amount_minor
            if not whole or line.reverses in self._reversed:
                raise BrokenRuleError(f"{line.id} does not take back one line in full")
            self._reversed.add(line.reverses)
            self.corrected[line.order] = line.reverses
        elif line.amount_minor < 0:
            raise BrokenRuleError(f"{line.id} charges less than nothing")


class Rental(Service[PlatformWrite, RentalRegion]):
    """The rental platform of one region.

    Args:
        stage: it plays on.
        region: its region.
        dispatch: the client that orders its couriers.
        tariffs: at each start one of them comes into use.
        policy: its times and limits.
    """

    def __init__(
        self, stage: Stage, region: str, dispatch: str, tariffs: Sequence[Tariff], policy: Policy
    ) -> None:
        self.books = RentalStore(f"{region}-rental")
        super().__init__(stage, f"rnt-{region}", Role.RENTAL, region, self.books)
        self._tariffs = tariffs
        self._prices = stage.draw(region, "tariffs")
        self._tariff = tariffs[0]
        self._policy = policy
        self._dispatch = DispatchId(dispatch)

    def start(self) -> None:
        """Start the process from its store, perhaps with other prices than before."""
        self._tariff = self._prices.choice(self._tariffs)
        super().start()

    def build(self, now_ms: int) -> RentalRegion:
        """Return a region loaded from the store."""
        region = RentalRegion(
            RegionId(self.region),
            tariff=self._tariff,
            policy=self._policy,
            dispatch=self._dispatch,
            listening_since_ms=now_ms,
        )
        region.load(
            tariffs=self.books.tariffs.values(),
            cabinets=self.books.cabinets.values(),
            banks=self.books.banks.values(),
            orders=self.books.needed(now_ms - self._policy.remember_ms),
            returns=self.books.early_returns.values(),
            interventions=self._recent(self.books.interventions.values(), now_ms),
        )
        return region

    def _recent(self, sent: Iterable[Intervention], now_ms: int) -> list[Intervention]:
        return [one for one in sent if one.sent_ms >= now_ms - self._policy.remember_ms]

    def devices(self) -> Mapping[str, CabinetRecord]:
        """Return the cabinets in the store."""
        return self.books.cabinets

    def digest(self, core: RentalRegion) -> str:
        """Return what a region has in memory as text; when a cabinet was heard last is not worth a row."""
        memory = core._memory  # noqa: SLF001 - what is compared is the memory itself
        known = {cabinet.record.cabinet: cabinet for cabinet in memory.fleet}
        cabinets = [
            (replace(known[name].record, last_seen_ms=0), sorted(known[name].holds)) for name in sorted(known)
        ]
        open_orders = sorted((order for order in memory.orders.values() if not order.final), key=_by_id)
        banks = sorted(memory.banks.items()), sorted(memory.early_returns.items())
        sent = (one for of_cabinet in memory.interventions.values() for one in of_cabinet.values())
        recent = sorted(self._recent(sent, self.stage.loop.now_ms()), key=_by_command)
        return repr((open_orders, banks, sorted(memory.tariffs), cabinets, recent))

    def observe(self, effects: Effects[PlatformWrite]) -> None:
        """Note journal entries, fee lines, commands, presence."""
        moves = [send.data for send in effects.sends if isinstance(send.data, OrderMoved)]
        number = 0
        for write in effects.writes:
            match write:
                case AppendEvent(event):
                    self._note_event(event, moves[number])
                    number += 1
                case AppendFeeLine(line):
                    self._note_line(line)
                case SaveTariff(tariff):
                    self._note_tariff(tariff)
                case SaveCabinet(record):
                    self.note_presence(record.cabinet, record)
                case SaveIntervention(intervention):
                    self._note_intervention(intervention)
                case _:
                    continue
        for send in effects.sends:
            name = _COMMANDS.get(send.data.TYPE)
            if name is not None and send.id is not None:
                reservation = getattr(send.data, "reservation", None)
                epoch = getattr(send.data, "epoch", 0)
                cabinet = send.topic.split("/")[4]
                self.note_fact("command", cabinet, send.id, name, reservation, epoch, send.expires_ms)

    def tell_slots(self) -> None:
        """Tell what the books say of every slot."""
        for cabinet in self.books.cabinets.values():
            for slot in cabinet.slots:
                columns = cabinet.cabinet, slot.slot, str(slot.state), slot.bank
                self.stage.record("slot", self.region, *columns)

    def _note_event(self, event: OrderEvent, moved: OrderMoved) -> None:
        if moved.from_state is None:
            order = self.core.order(event.order)
            if order is not None:
                self.note_fact(
                    "order", order.id, order.user, order.asked_quantity, order.quantity, order.tariff,
                    str(order.hand_over), order.walk_up_cabinet,
                )  # fmt: skip
        from_state = None if moved.from_state is None else str(moved.from_state)
        self.note_fact(
            "event", event.order, event.id, event.type, from_state, str(moved.to_state), event.time_ms,
            event.received_ms, str(event.quality), event.detail,
        )  # fmt: skip

    def _note_line(self, line: FeeLine) -> None:
        self.note_fact(
            "line", line.order, line.id, str(line.fee), line.of, line.from_event, line.to_event, line.from_ms,
            line.to_ms, line.amount_minor, line.currency, line.tariff, str(line.quality), line.reverses,
        )  # fmt: skip

    def _note_tariff(self, tariff: Tariff) -> None:
        rental, courier = tariff.rental, tariff.courier
        self.note_fact(
            "tariff", tariff.version, tariff.currency, rental.free_minutes, rental.unit_minutes,
            rental.price_minor, rental.cap_per_24h_minor, rental.total_cap_minor,
            rental.buyout_after_minutes, courier.base_minor,
            courier.per_minute_minor, courier.promised_minutes,
        )  # fmt: skip

    def _note_intervention(self, one: Intervention) -> None:
        outcome, refusal = (None if word is None else str(word) for word in (one.outcome, one.refusal))
        self.note_fact(
            "intervention", one.command, one.cabinet, one.operator, str(one.action), one.slot,
            one.reservation, one.expires_ms, outcome, refusal, one.answered_ms, one.happened_ms,
        )  # fmt: skip


def _by_id(order: Order) -> str:
    return order.id


def _by_command(intervention: Intervention) -> str:
    return intervention.command
