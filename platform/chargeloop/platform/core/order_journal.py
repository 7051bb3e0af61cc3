"""The journal of an order: the kinds of its entries, and what every entry has.

An entry either moves the order's state, as `order.TRANSITIONS` says, or is one of the `FACTS`, which may be
recorded in every state.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from chargeloop.platform.core.fees import Mark
from chargeloop.protocol.envelope import ClockState


class EventKind(StrEnum):
    """What can happen to an order. Those that fees name: see `fees.LEAN`."""

    PLACED = "placed"
    RENTAL_REQUESTED = "rental_requested"
    UNLOCK_ORDERED = "unlock_ordered"
    FIRST_INDICATION = "first_indication"
    COURIER_LEFT = "courier_left"
    PICKED_UP = "picked_up"
    DELIVERY_LOST = "delivery_lost"
    RENTAL_SUCCESS = "rental_success"
    UNLOCKED = "unlocked"
    CALLED_OFF = "called_off"
    RETURN_ASKED = "return_asked"
    RETURN_REQUESTED = "return_requested"
    SECOND_INDICATION = "second_indication"
    RETURN_STARTED = "return_started"
    RETURN_DROPPED = "return_dropped"
    RETURNED_IN_PART = "returned_in_part"
    SETTLED = "settled"
    BOUGHT_OUT = "bought_out"
    CANCELLED = "cancelled"
    FAILED = "failed"

    RESERVATION_ASKED = "reservation_asked"
    RESERVATION_CONFIRMED = "reservation_confirmed"
    RESERVATION_REFUSED = "reservation_refused"
    RESERVATION_UNKNOWN = "reservation_unknown"
    RELEASE_ASKED = "release_asked"
    RESERVATION_ENDED = "reservation_ended"
    QUANTITY_REDUCED = "quantity_reduced"
    REDIRECTED = "redirected"
    JOB_CANCELLED = "job_cancelled"
    JOB_ENDED = "job_ended"
    COURIER_PROGRESSED = "courier_progressed"
    PROBLEM_REPORTED = "problem_reported"
    BANK_EJECTED = "bank_ejected"
    EJECT_FAILED = "eject_failed"
    PICKUP_FINISHED = "pickup_finished"
    INVENTORY_ASKED = "inventory_asked"
    BANKS_COLLECTED = "banks_collected"
    BANK_RETURNED = "bank_returned"
    RETURN_SUCCESS = "return_success"
    WORD_TAKEN = "word_taken"
    BANK_FOUND = "bank_found"
    FEES_BOOKED = "fees_booked"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_ANSWERED = "dispute_answered"
    FEE_WAIVED = "fee_waived"
    RENTAL_CLOSED = "rental_closed"
    EARLIER_INDICATION = "earlier_indication"


FACTS: Final = frozenset(
    {
        EventKind.RESERVATION_ASKED,
        EventKind.RESERVATION_CONFIRMED,
        EventKind.RESERVATION_REFUSED,
        EventKind.RESERVATION_UNKNOWN,
        EventKind.RELEASE_ASKED,
        EventKind.RESERVATION_ENDED,
        EventKind.QUANTITY_REDUCED,
        EventKind.REDIRECTED,
        EventKind.JOB_CANCELLED,
        EventKind.JOB_ENDED,
        EventKind.COURIER_PROGRESSED,
        EventKind.PROBLEM_REPORTED,
        EventKind.BANK_EJECTED,
        EventKind.EJECT_FAILED,
        EventKind.PICKUP_FINISHED,
        EventKind.INVENTORY_ASKED,
        EventKind.BANKS_COLLECTED,
        EventKind.BANK_RETURNED,
        EventKind.RETURN_SUCCESS,
        EventKind.WORD_TAKEN,
        EventKind.BANK_FOUND,
        EventKind.FEES_BOOKED,
        EventKind.DISPUTE_OPENED,
        EventKind.DISPUTE_ANSWERED,
        EventKind.FEE_WAIVED,
        EventKind.RENTAL_CLOSED,
        EventKind.EARLIER_INDICATION,
    }
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where and when an event is recorded: its id and corrected time, and the platform's time now."""

    event: str
    time_ms: int
    quality: ClockState
    now_ms: int

    @property
    def mark(self) -> Mark:
        """Return the event as the end of a charged span."""
        return Mark(self.event, self.time_ms, self.quality)


class Happening:
    """Something that happened to an order."""

    __slots__ = ()
    KIND: ClassVar[EventKind]
