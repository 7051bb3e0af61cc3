"""One slot of the cabinet: its states, what may happen in each, and what it then is.

A slot holds at most one bank. `reserved` has two faces: with a bank it is kept to be given out, without one
it is kept free for a return. Every change goes through `TRANSITIONS`; what is not in the table cannot happen,
and asking for it is a bug of the caller. No state is final: an operator can put every slot back into use.

The events come in pairs where the outcome depends on whether a bank is inside (`bank_freed` / `room_freed`),
so that the table alone tells the next state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from chargeloop.protocol.ids import BankId, ReservationId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.values import replace


class SlotEvent(StrEnum):
    """What can happen to a slot."""

    BANK_READ = "bank_read"  # the sensor reads a bank in a slot that had none
    BANK_GONE = "bank_gone"  # after a power cut the sensor misses a bank that no motor moved
    CHARGED = "charged"  # the bank may be given out from now on
    HELD = "held"  # a reservation takes the bank, or the room
    BANK_FREED = "bank_freed"  # the reservation gives the bank back
    ROOM_FREED = "room_freed"  # the reservation gives the room back
    MOTOR_STARTED = "motor_started"
    BANK_OUT = "bank_out"  # the exit sensor saw the bank leave
    JAMMED = "jammed"  # the motor ran and the bank is still inside
    INTERRUPTED = "interrupted"  # power failed around the motor and the bank is still inside
    LOCKED = "locked"  # an operator takes it out of use
    BANK_CLEARED = "bank_cleared"  # an operator puts it back into use, with a bank inside
    ROOM_CLEARED = "room_cleared"  # the same, empty


class SlotRuleError(Exception):
    """The event is not possible in the slot's state: a bug of the caller."""


T = TypeVar("T")
_S, _E = SlotState, SlotEvent

TRANSITIONS: Final[Mapping[SlotState, Mapping[SlotEvent, SlotState]]] = {
    _S.EMPTY: {
        _E.BANK_READ: _S.CHARGING,
        _E.HELD: _S.RESERVED,
        _E.LOCKED: _S.LOCKED,
    },
    _S.CHARGING: {
        _E.CHARGED: _S.READY,
        _E.BANK_GONE: _S.EMPTY,
        _E.LOCKED: _S.LOCKED,
    },
    _S.READY: {
        _E.HELD: _S.RESERVED,
        _E.BANK_GONE: _S.EMPTY,
        _E.LOCKED: _S.LOCKED,
    },
    _S.RESERVED: {
        _E.BANK_READ: _S.CHARGING,
        _E.BANK_GONE: _S.EMPTY,
        _E.BANK_FREED: _S.READY,
        _E.ROOM_FREED: _S.EMPTY,
        _E.MOTOR_STARTED: _S.EJECTING,
    },
    _S.EJECTING: {
        _E.BANK_OUT: _S.EMPTY,
        _E.JAMMED: _S.FAULTY,
        _E.INTERRUPTED: _S.CHARGING,
    },
    _S.FAULTY: {
        _E.BANK_READ: _S.FAULTY,
        _E.BANK_GONE: _S.FAULTY,
        _E.LOCKED: _S.LOCKED,
        _E.BANK_CLEARED: _S.CHARGING,
        _E.ROOM_CLEARED: _S.EMPTY,
    },
    _S.LOCKED: {
        _E.BANK_READ: _S.LOCKED,
        _E.BANK_GONE: _S.LOCKED,
        _E.BANK_CLEARED: _S.CHARGING,
        _E.ROOM_CLEARED: _S.EMPTY,
    },
}

_BANK_LEAVES: Final = frozenset({_E.BANK_GONE, _E.BANK_OUT})
_KEEPS_RESERVATION: Final = frozenset({_E.MOTOR_STARTED})


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot as the firmware knows it; numbers begin with 1."""

    number: int
    state: SlotState = SlotState.EMPTY
    bank: BankId | None = None
    reservation: ReservationId | None = None

    @property
    def can_give(self) -> bool:
        """Tell whether its bank may be reserved (its charge is checked apart)."""
        return self.state is SlotState.READY

    @property
    def can_take(self) -> bool:
        """Tell whether it is empty, in order and kept for nobody."""
        return self.state is SlotState.EMPTY


def evolve(
    slot: Slot,
    event: SlotEvent,
    *,
    bank: BankId | None = None,
    reservation: ReservationId | None = None,
) -> Slot:
    """Return the slot after `event`.

    `bank` is needed for `bank_read`, `reservation` for `held`. A bank that is read or gone, and every end of
    a hold, takes the slot out of its reservation.

    Raises:
        SlotRuleError: the event is impossible in this state, with or without this content.
    """
    state = TRANSITIONS[slot.state].get(event)
    if state is None or not _fits(slot, event):
        raise SlotRuleError(f"slot {slot.number}: {event} is impossible when {slot.state} with {slot.bank}")
    if event is SlotEvent.HELD:
        return replace(slot, state=state, reservation=_given(reservation, event))
    return replace(
        slot,
        state=state,
        bank=_given(bank, event) if event is SlotEvent.BANK_READ else _remaining(slot, event),
        reservation=slot.reservation if event in _KEEPS_RESERVATION else None,
    )


_NEEDS_BANK: Final = frozenset(
    {
        _E.BANK_GONE,
        _E.CHARGED,
        _E.BANK_FREED,
        _E.MOTOR_STARTED,
        _E.BANK_OUT,
        _E.JAMMED,
        _E.INTERRUPTED,
        _E.BANK_CLEARED,
    }
)
_NEEDS_ROOM: Final = frozenset({_E.BANK_READ, _E.ROOM_FREED, _E.ROOM_CLEARED})


def _fits(slot: Slot, event: SlotEvent) -> bool:
    if event in _NEEDS_BANK:
        return slot.bank is not None
    return event not in _NEEDS_ROOM or slot.bank is None


def _remaining(slot: Slot, event: SlotEvent) -> BankId | None:
    return None if event in _BANK_LEAVES else slot.bank


def _given(value: T | None, event: SlotEvent) -> T:
    if value is None:
        raise SlotRuleError(f"{event} needs to be told of what")
    return value
