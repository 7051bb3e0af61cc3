"""The rental platform of one region: one message, or the passing of time, in; effects out.

Theory of operation
-------------------
A region is the unit of ordering: one writer works on it, one message after the other, entirely in memory.
Each call returns `Effects`, which the shell commits in one transaction before anything is acknowledged or
published; when that fails the process ends and `load` rebuilds the memory from the rows.

    message -> table of handlers -> Turn (journal entries, orders, sends) -> Effects
    time    -> heap of deadlines -> the order that is due                 -> Effects

Messages of a cabinet are placed on the platform's clock by the cabinet's `ClockMap` before an order sees
them; a journal entry that was taken before is not taken again. All lookups go by ids: a derived id names
its order, an index names the order that answers for a bank, and a grid the cabinets near a place. Nothing
walks over all orders.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from chargeloop.platform.core import (
    early_returns,
    fees,
    handlers_cabinet,
    handlers_delivery,
    handlers_dispute,
    handlers_operator,
    handlers_user,
    holds,
    region_reads,
    taking_back,
)
from chargeloop.platform.core.fleet import Cabinet, Fleet
from chargeloop.platform.core.handlers_deadlines import attend
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import Leg, Order
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.core.rows import BankRecord, CabinetRecord, EarlyReturn, PlatformWrite
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.core.turn import Memory, Turn
from chargeloop.protocol.clock_map import Corrected, DeviceTime
from chargeloop.protocol.effects import Context, Effects, Incoming, Send
from chargeloop.protocol.envelope import ClockState, Data, Envelope
from chargeloop.protocol.ids import CabinetId, DispatchId, RegionId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.common import ConnectionState, Presence, TimeProbe
from chargeloop.protocol.messages.rental import (
    AnswerDispute,
    CabinetCommanded,
    CancelOrder,
    CommandCabinet,
    EndOrder,
    OpenDispute,
    PlaceOrder,
    RefusalCode,
    RequestReturn,
    WaiveFee,
)
from chargeloop.protocol.topics import TOPICS, Role
from chargeloop.protocol.values import replace

_CABINET: Final[Mapping[type[Data], Callable[[Turn, Cabinet, Any, Corrected], None]]] = MappingProxyType(
    {
        cab.Booted: handlers_cabinet.nothing_to_do,
        cab.CommandFinished: handlers_cabinet.command_finished,
        cab.ReservationEnded: handlers_cabinet.reservation_ended,
        cab.PickupStarted: handlers_cabinet.nothing_to_do,
        cab.BankEjected: handlers_cabinet.bank_ejected,
        cab.EjectFailed: handlers_cabinet.eject_failed,
        cab.PickupFinished: handlers_cabinet.pickup_finished,
        cab.BankReturned: taking_back.bank_returned,
        cab.ReturnRejected: handlers_cabinet.nothing_to_do,
        cab.SlotChanged: handlers_cabinet.slot_changed,
        cab.KeypadLocked: handlers_cabinet.nothing_to_do,
        cab.InventoryReported: handlers_cabinet.inventory_reported,
    }
)
_DELIVERY: Final[Mapping[type[Data], Callable[[Turn, Order, Leg, Any, Corrected], None]]] = MappingProxyType(
    {
        delivery.FirstIndication: handlers_delivery.indicated,
        delivery.SecondIndication: handlers_delivery.indicated,
        delivery.CourierProgressed: handlers_delivery.progressed,
        delivery.BanksPickedUp: handlers_delivery.picked_up,
        delivery.RentalSucceeded: handlers_delivery.rental_succeeded,
        delivery.BanksCollected: handlers_delivery.collected,
        delivery.ReturnSucceeded: handlers_delivery.return_succeeded,
        delivery.CourierGaveUp: handlers_delivery.gave_up,
        delivery.DeliveryProblem: handlers_delivery.problem,
        delivery.DeliveryFailed: handlers_delivery.delivery_failed,
    }
)
_REQUEST: Final[Mapping[type[Data], Callable[[Turn, Any], handlers_user.Answer]]] = MappingProxyType(
    {
        RequestReturn: handlers_user.request_return,
        OpenDispute: handlers_dispute.open_dispute,
        AnswerDispute: handlers_dispute.answer_dispute,
        WaiveFee: handlers_dispute.waive_fee,
        EndOrder: handlers_operator.end_order,
    }
)
# What fees call a cabinet's event when it asks which end of the doubt favours the customer.
_FEE_NAME: Final[Mapping[type[Data], str]] = MappingProxyType(
    {cab.BankEjected: "bank_ejected", cab.BankReturned: "bank_returned"}
)
_REPLY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "user_request": "user_reply",
        "gateway_request": "gateway_reply",
        "operator_request": "operator_reply",
    }
)

# The member that names who asks, by who writes the topic; a gateway asks for those it has authenticated.
_IN_WHOSE_NAME: Final[Mapping[Role, str]] = MappingProxyType({Role.USER: "user", Role.OPERATOR: "operator"})


class RentalRegion(region_reads.RegionReads):
    """The core of the rental platform, for one region (a `RegionCore` of platform rows).

    Args:
        region: whose topics are written.
        tariff: for new orders.
        policy: durations and limits.
        dispatch: the courier platform that is asked.
        listening_since_ms: when this process began to listen.
    """

    def __init__(
        self,
        region: RegionId,
        *,
        tariff: Tariff,
        policy: Policy | None = None,
        dispatch: DispatchId = DispatchId("dsp-main"),  # noqa: B008 - a NewType of text, not a call
        listening_since_ms: int = 0,
    ) -> None:
        policy = policy or Policy()
        fleet = Fleet(
            lease_ms=policy.cabinet_lease_ms,
            min_charge_pct=policy.min_charge_pct,
            listening_since_ms=listening_since_ms,
        )
        super().__init__(Memory(region, dispatch, policy, tariff, fleet))

    def load(  # noqa: PLR0913 - a kind of row each
        self,
        *,
        tariffs: Iterable[Tariff] = (),
        cabinets: Iterable[CabinetRecord] = (),
        banks: Iterable[BankRecord] = (),
        orders: Iterable[Order] = (),
        returns: Iterable[EarlyReturn] = (),
        interventions: Iterable[Intervention] = (),
    ) -> None:
        """Rebuild the memory from rows, before the first message.

        `orders` are those that have not ended, those to which something happened within
        `policy.remember_ms`, those with a dispute that waits for an answer, and those that a bank's row
        names; `returns` are early ones and `interventions` those sent in that time. Banks
        count whose row names an order.
        """
        memory = self._memory
        memory.tariffs.update({tariff.version: tariff for tariff in tariffs})
        memory.fleet.load(cabinets)
        for record in banks:
            memory.keep_bank(record)
        memory.early_returns.update({record.bank: record for record in returns})
        for one in interventions:
            memory.interventions.setdefault(one.cabinet, {})[one.command] = one
        for order in sorted(orders, key=lambda order: order.placed_ms):
            memory.orders[order.id] = order
            memory.shelve(order)
            memory.index_holds(None, order)
            memory.index_returns(order)
            memory.watch(order)

    def next_due_ms(self) -> int | None:
        """Return when `tick` has something to do, or None."""
        return self._memory.deadlines[0][0] if self._memory.deadlines else None

    def tick(self, context: Context) -> Effects[PlatformWrite]:
        """Do everything that is due at `context.now_ms`."""
        turn = Turn(self._memory, context)
        while (order := self._memory.take_due(context.now_ms)) is not None:
            turn.look_after(order)
            attend(turn, order)
        return turn.finish()

    def receive(self, incoming: Incoming, context: Context) -> Effects[PlatformWrite]:
        """Take one message, which its topic allows; a repeat or a late one changes nothing that is right."""
        turn = Turn(self._memory, context, incoming.message.id)
        name = incoming.topic.spec.name
        if name in _REPLY:
            self._asked(turn, incoming)
        elif name == "dispatch_report" and incoming.topic.owner == self._memory.dispatch:
            self._reported(turn, incoming)
        elif incoming.topic.spec.writer is Role.CABINET:
            self._heard(turn, incoming)
        early_returns.claim(turn)
        return turn.finish()

    # People.

    def _asked(self, turn: Turn, incoming: Incoming) -> None:
        message = incoming.message
        owner = incoming.topic.owner
        if not _in_own_name(incoming):
            answer: handlers_user.Answer | CabinetCommanded = handlers_user.refuse(
                RefusalCode.NOT_YOURS, "you can only ask for yourself"
            )
        else:
            answer = _answer(turn, message, by_operator=incoming.topic.spec.writer is Role.OPERATOR)
        reply = TOPICS[_REPLY[incoming.topic.spec.name]]
        topic = reply.topic(turn.memory.region, **{reply.owner: owner})
        turn.send(Send(topic, answer, correlation_id=message.id))

    # Courier platforms.

    def _reported(self, turn: Turn, incoming: Incoming) -> None:
        message: Envelope[Any] = incoming.message
        handler = _DELIVERY.get(type(message.data))
        order = turn.find(message.data.order)
        leg = None if order is None else order.leg_of(message.data.job)
        if handler is None or order is None or leg is None:
            return
        if message.seq is not None and message.journalid is not None:
            if leg.journal == message.journalid and message.seq <= leg.seq:
                return
            noted = replace(leg, journal=message.journalid, seq=message.seq)
            order = replace(order, legs=tuple(noted if old is leg else old for old in order.legs))
            leg = noted
            turn.note(order)
        said = Corrected(min(message.time, incoming.received_ms), message.clockstate or ClockState.SYNCED)
        handler(turn, order, leg, message.data, said.not_before(leg.requested_ms))

    # Cabinets.

    def _heard(self, turn: Turn, incoming: Incoming) -> None:
        fleet = self._memory.fleet
        message: Envelope[Any] = incoming.message
        cabinet = fleet.know(CabinetId(incoming.topic.owner))
        time = DeviceTime.of(message)
        self._learn(cabinet, time, incoming)
        match message.data:
            case ConnectionState(state=state):
                fleet.connection(cabinet, message.data)
                if state is Presence.OFFLINE:
                    return  # a last will is the broker's word, no sign of life
            case cab.CabinetInfo():
                fleet.introduced(cabinet, message.data)
            case cab.SlotsSnapshot():
                fleet.snapshot(cabinet, message.data)
            case _ if incoming.topic.spec.name == "cabinet_event":
                self._happened(turn, cabinet, time, incoming)
        fleet.heard(cabinet, turn.now_ms)

    def _learn(self, cabinet: Cabinet, time: DeviceTime, incoming: Incoming) -> None:
        """Learn what the message tells of the cabinet's clock."""
        message = incoming.message
        clock = cabinet.clock.heard(time, incoming.received_ms)
        data = message.data
        if isinstance(data, TimeProbe) and data.previous is not None:
            clock = clock.learn(time, data.previous, incoming.received_ms)
        self._memory.fleet.learned(cabinet, clock)

    def _happened(self, turn: Turn, cabinet: Cabinet, time: DeviceTime, incoming: Incoming) -> None:
        message: Envelope[Any] = incoming.message
        handler = _CABINET.get(type(message.data))
        if handler is None or message.journalid is None or message.seq is None:
            return
        gone = self._memory.fleet.lacks(cabinet, message.journalid, message.seq)
        if not self._memory.fleet.took(cabinet, message.journalid, message.seq):
            return
        lean = fees.lean(_FEE_NAME.get(type(message.data), ""))
        when = cabinet.clock.correct(time, incoming.received_ms, lean)
        handler(turn, cabinet, message.data, when)
        handlers_operator.note(turn, cabinet, message.data, when)
        if gone:
            holds.take_stock_anew(turn, cabinet)


def _in_own_name(incoming: Incoming) -> bool:
    """Tell whether a user or an operator asks for themselves and nobody else."""
    member = _IN_WHOSE_NAME.get(incoming.topic.spec.writer)
    owner = incoming.topic.owner
    return member is None or getattr(incoming.message.data, member, owner) == owner


def _answer(
    turn: Turn, message: Envelope[Data], *, by_operator: bool
) -> handlers_user.Answer | CabinetCommanded:
    match message.data:
        case PlaceOrder() as request:
            return handlers_user.place_order(turn, request, message.source, message.id)
        case CancelOrder() as request:
            return handlers_user.cancel_order(turn, request, by_operator=by_operator)
        case CommandCabinet() as request:
            return handlers_operator.command_cabinet(turn, request, message.source, message.id)
        case request if (handler := _REQUEST.get(type(request))) is not None:
            return handler(turn, request)
        case _:
            detail = f"{message.type} is not a request of this platform"
            return handlers_user.refuse(RefusalCode.WRONG_STATE, detail)
