"""What the courier platform is asked: a new delivery job, another cabinet for it, its end.

A confirmed reservation is what a job goes on with: it makes the job when there is none, and redirects it
otherwise. The rental platform never names a courier, and the hand-over code travels only as a hash.
"""

import hashlib
from typing import Final

from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.order import Hold, HoldKind, Leg, Order
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import IdKind, JobId
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.delivery import (
    DeliveryCancelled,
    DeliveryRedirected,
    RentalRequested,
    ReturnRequested,
)
from chargeloop.protocol.topics import TOPICS

_REQUEST: Final = TOPICS["dispatch_request"]
_HANDOVER_DIGITS: Final = 4


def handover_sha256(job: str, code: str) -> str:
    """Return the hash by which the courier platform checks a hand-over code without knowing it."""
    return hashlib.sha256(f"{job}:{code}".encode()).hexdigest()


def request(turn: Turn, order: Order, hold: Hold) -> Order:
    """Ask for a courier who fetches what `hold` keeps, or brings banks there; return the order after it."""
    outward = hold.kind is HoldKind.BANKS
    leg = Leg(
        job=JobId(order.derived(IdKind.JOB, order.serial + 1)),
        kind=LegKind.OUTWARD if outward else LegKind.BACK,
        quantity=hold.quantity,
        cabinet=hold.cabinet,
        reservation=hold.id,
        user_location=order.location if outward else order.return_location or order.location,
        handover_code=turn.context.draw_code(_HANDOVER_DIGITS),
        requested_ms=turn.now_ms,
    )
    happened = ev.RentalRequested(leg) if outward else ev.ReturnRequested(leg)
    order = turn.happen(order.id, happened)
    _tell(turn, order, _request_message(turn, order, leg, hold))
    return order


def redirect(turn: Turn, order: Order, leg: Leg, hold: Hold) -> Order:
    """Let the job go on with another reservation; return the order after it."""
    order = turn.happen(order.id, ev.Redirected(leg.job, hold.quantity, hold.cabinet, hold.id))
    message = DeliveryRedirected(
        job=leg.job,
        quantity=hold.quantity,
        cabinet=hold.cabinet,
        cabinet_location=_place(turn, hold),
        reservation=hold.id,
        code=hold.code,
    )
    _tell(turn, order, message)
    return order


def cancel(turn: Turn, order: Order, leg: Leg, reason: str, hold: Hold | None = None) -> Order:
    """Stop the job; a courier who holds banks brings them to the slots of `hold`, or where they came from.

    Said again with a reservation when there is one: the courier platform takes the later word.
    """
    happened = ev.JobCancelled(
        leg.job, None if hold is None else hold.cabinet, None if hold is None else hold.id
    )
    order = turn.happen(order.id, happened)
    message = DeliveryCancelled(
        job=leg.job,
        reason=reason,
        cabinet=None if hold is None else hold.cabinet,
        cabinet_location=None if hold is None else _place(turn, hold),
        reservation=None if hold is None else hold.id,
        code=None if hold is None else hold.code,
    )
    _tell(turn, order, message)
    return order


def _request_message(turn: Turn, order: Order, leg: Leg, hold: Hold) -> Data:
    tariff = turn.memory.tariffs[order.tariff]
    message = RentalRequested if leg.kind is LegKind.OUTWARD else ReturnRequested
    return message(
        job=leg.job,
        order=order.id,
        user=order.user,
        user_location=Location.of(leg.user_location),
        quantity=leg.quantity,
        cabinet=hold.cabinet,
        cabinet_location=_place(turn, hold),
        reservation=hold.id,
        code=hold.code,
        handover_sha256=handover_sha256(leg.job, leg.handover_code),
        deliver_by=turn.now_ms + turn.policy.deliver_ms,
        pay_minor=tariff.courier.base_minor,
        pay_max_minor=tariff.courier.max_minor,
        currency=tariff.currency,
    )


def _place(turn: Turn, hold: Hold) -> Location:
    return Location.of(turn.fleet.know(hold.cabinet).place)


def _tell(turn: Turn, order: Order, message: Data) -> None:
    topic = _REQUEST.topic(turn.memory.region, dispatch=turn.memory.dispatch)
    turn.send(Send(topic, message, subject=order.id))
