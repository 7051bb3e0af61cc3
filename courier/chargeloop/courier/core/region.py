"""The courier platform's core for one region: every message and every deadline finds its handler here.

Theory of operation. One input is one `Turn` on the `Board`. Handlers are found by the message's type in
three tables: the rental platform's requests, what phones send, what cabinets report. Nothing is done twice:
requests name their job, offers and jobs move by their tables, connections carry their epoch, and facts are
kept as sets. So a repeated or late message changes nothing that it must not.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from chargeloop.courier.core import acts, presence, requests
from chargeloop.courier.core.acts import LEANS
from chargeloop.courier.core.board import Board, Turn
from chargeloop.courier.core.job_decide import EndStuck
from chargeloop.courier.core.offering import carry_out, expire, search
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.courier.core.rows import DispatchWrite, Rows
from chargeloop.protocol.clock_map import ClockMap, Corrected, DeviceTime, Lean
from chargeloop.protocol.effects import Context, Effects, Incoming
from chargeloop.protocol.envelope import ClockState, Data, Envelope
from chargeloop.protocol.ids import CabinetId, CourierId, DispatchId, JobId, OfferId, RegionId
from chargeloop.protocol.messages import cabinet, common, courier, delivery
from chargeloop.protocol.topics import Role

REQUESTS: Final[Mapping[type[Data], Callable[[Turn, Envelope[Any]], None]]] = MappingProxyType(
    {
        delivery.RentalRequested: requests.requested,
        delivery.ReturnRequested: requests.requested,
        delivery.DeliveryRedirected: requests.redirected,
        delivery.DeliveryCancelled: requests.cancelled,
    }
)
EVIDENCE: Final[Mapping[type[Data], Callable[[Turn, CabinetId, Envelope[Any]], None]]] = MappingProxyType(
    {cabinet.BankEjected: acts.bank_ejected, cabinet.BankReturned: acts.bank_returned}
)
PHONES: Final[Mapping[type[Data], Callable[[Turn, CourierId, Envelope[Any]], None]]] = MappingProxyType(
    {
        common.ConnectionState: presence.connection,
        common.TimeProbe: presence.probe,
        courier.Position: presence.position,
        courier.DutyChanged: presence.duty,
        courier.OfferAccepted: acts.accepted,
        courier.OfferDeclined: acts.declined,
        **dict.fromkeys(acts.COMMANDS, acts.acted),
    }
)


class DispatchRegion:
    """All delivery jobs of one region. Implements the endpoint's RegionCore.

    Args:
        region: whose topics are written.
        dispatch: the id of this service.
        policy: durations and limits.
        rows: what the store holds.
        listening_since_ms: when this process began to listen.
    """

    def __init__(
        self,
        region: RegionId,
        dispatch: DispatchId,
        policy: DispatchPolicy | None = None,
        rows: Rows | None = None,
        listening_since_ms: int = 0,
    ) -> None:
        chosen = policy if policy is not None else DispatchPolicy()
        self.board = Board(region, dispatch, chosen, listening_since_ms)
        self.board.load(rows if rows is not None else Rows())

    def receive(self, incoming: Incoming, context: Context) -> Effects[DispatchWrite]:
        """Return what follows from a message. A type that does not concern dispatch changes nothing."""
        message = incoming.message
        kind = type(message.data)
        turn = Turn(self.board, context.now_ms, cause=message.id)
        if incoming.topic.spec.writer is Role.COURIER:
            self._heard(turn, incoming)
        elif (ask := REQUESTS.get(kind)) is not None:
            ask(turn, message)
        elif (show := EVIDENCE.get(kind)) is not None:
            turn.fact, turn.is_evidence = _by_its_word(incoming), True
            show(turn, CabinetId(incoming.topic.owner), message)
        return turn.finish()

    @staticmethod
    def _heard(turn: Turn, incoming: Incoming) -> None:
        message, who = incoming.message, CourierId(incoming.topic.owner)
        if presence.is_sign_of_life(message.data):
            known = presence.hear(turn, who, incoming)
            turn.fact = _placed(known.clock, incoming)
        PHONES[type(message.data)](turn, who, message)

    def tick(self, context: Context) -> Effects[DispatchWrite]:
        """Return what follows from every deadline that has come."""
        turn = Turn(self.board, context.now_ms)
        while (key := self.board.deadlines.pop(context.now_ms)) is not None:
            self._due(turn, key)
        return turn.finish()

    def next_due_ms(self) -> int | None:
        """Return when `tick` has something to do next, or None."""
        return self.board.deadlines.next_ms()

    def _due(self, turn: Turn, key: str) -> None:
        board = self.board
        if (offer := board.offers.get(OfferId(key))) is not None:
            expire(turn, offer)
        elif (person := board.couriers.get(CourierId(key))) is not None:
            presence.lose(turn, person)
        elif (job := board.jobs.get(JobId(key))) is not None:
            if job.has_ended:
                board.forget(job)
            elif job.is_under_way:
                carry_out(turn, job, EndStuck())
            else:
                search(turn, job)


def _placed(clock: ClockMap, incoming: Incoming) -> Corrected:
    """Return when what a phone tells of happened, by what is known of its clock."""
    lean = LEANS.get(type(incoming.message.data), Lean.MIDDLE)
    return clock.correct(DeviceTime.of(incoming.message), incoming.received_ms, lean)


def _by_its_word(incoming: Incoming) -> Corrected:
    """Return when what a cabinet tells of happened. Nobody here asks for its clock; it may be sure."""
    if incoming.message.clockstate is not ClockState.SYNCED:
        return Corrected(incoming.received_ms, ClockState.INFERRED)
    return ClockMap().correct(DeviceTime.of(incoming.message), incoming.received_ms)
