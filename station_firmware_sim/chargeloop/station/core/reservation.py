"""A reservation at this cabinet: N banks set aside, or N slots kept empty, for a while and under a code.

Which slots belong to a reservation stands in the slots themselves (`Slot.reservation`), once. A reservation
lives until its banks have been given out, its slots have been filled, it is released, or its time is over by
the platform's time as far as this cabinet knows it. Once its banks are being given out, only the end of that
ends it: a release or an expiry between two motors would leave somebody in front of half a pickup. A release
before the first motor drops the pickup first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chargeloop.protocol.ids import ReservationId
from chargeloop.protocol.values import replace


class HoldKind(StrEnum):
    """What is reserved."""

    BANKS = "banks"
    SLOTS = "slots"


class HoldState(StrEnum):
    """Where a reservation stands."""

    HELD = "held"
    GIVING = "giving"  # its banks are being given out, or wait for the motor
    ENDED = "ended"


class HoldEvent(StrEnum):
    """What can happen to a reservation."""

    PICKUP_ASKED = "pickup_asked"  # the right code, or a command
    PICKUP_DROPPED = "pickup_dropped"  # before its first motor: no power, an expiry or a release
    PICKUP_FINISHED = "pickup_finished"
    FILLED = "filled"  # the last kept slot got its bank
    REPLACED = "replaced"  # the same reservation was asked for again with a higher epoch
    RELEASED = "released"
    EXPIRED = "expired"


class HoldRuleError(Exception):
    """The event is not possible in the reservation's state: a bug of the caller."""


_S, _E = HoldState, HoldEvent

TRANSITIONS: Final[Mapping[HoldState, Mapping[HoldEvent, HoldState]]] = {
    _S.HELD: {
        _E.PICKUP_ASKED: _S.GIVING,
        _E.FILLED: _S.ENDED,
        _E.REPLACED: _S.ENDED,
        _E.RELEASED: _S.ENDED,
        _E.EXPIRED: _S.ENDED,
    },
    _S.GIVING: {
        _E.PICKUP_DROPPED: _S.HELD,
        _E.PICKUP_FINISHED: _S.ENDED,
    },
    _S.ENDED: {},
}


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was promised to whom. `until_ms` is the platform's time; `code` is what is typed at the keypad."""

    id: ReservationId
    kind: HoldKind
    epoch: int
    quantity: int
    until_ms: int
    code: str
    min_charge_pct: int = 0
    state: HoldState = HoldState.HELD

    def is_over(self, now_ms: int) -> bool:
        """Tell whether its time is over; one whose banks are being given out has no end of its own."""
        return self.state is HoldState.HELD and self.until_ms <= now_ms


def evolve(reservation: Reservation, event: HoldEvent) -> Reservation:
    """Return the reservation after `event`.

    Raises:
        HoldRuleError: the event is impossible in this state.
    """
    state = TRANSITIONS[reservation.state].get(event)
    if state is None:
        raise HoldRuleError(f"{reservation.id}: {event} is impossible when {reservation.state}")
    return replace(reservation, state=state)
