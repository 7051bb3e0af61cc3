"""Giving out the banks of a reservation: one motor at a time, each bank at most once.

Asked for by a code or by a command, a pickup waits for the motor (`Memory.pickups` is a queue), then takes
its banks one by one. Before each motor moves, `Pickup.motor` is on disk; afterwards the exit sensor tells
what happened. A sensor that still shows the bank is looked at again before it is called a jam, because it
bounces. A jammed slot is faulty and another ready bank takes its place, if there is one. When nothing more
can be given, the pickup is finished with what came out, and whoever asked is told.

A command may wait for the motor longer than its lease: then it is `expired` as if it had come too late, its
banks stay in the reservation, and nothing moves. A release drops a pickup that waits, and whoever asked for
it is told. Once its first motor has moved it is carried through.

No slot's motor runs twice for one pickup: a bank that left is no longer in the reservation, a jammed slot is
faulty, and after a power cut the pickup is finished and not continued (see `recovery`).
"""

from typing import Final

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import CabinetReason, Outcome, SlotState
from chargeloop.protocol.values import replace
from chargeloop.station.core import keypad, missing
from chargeloop.station.core.memory import (
    GiveAnswer,
    Left,
    LookAfter,
    LookAgain,
    Motor,
    Pickup,
    RunMotor,
    StoredOutcome,
    Turn,
)
from chargeloop.station.core.reservation import HoldEvent, Reservation
from chargeloop.station.core.slot import Slot, SlotEvent

LOOKS: Final = 3  # so often the exit sensor may still show the bank before the slot counts as jammed


def ask(turn: Turn, reservation: Reservation, pickup: Pickup) -> None:
    """Queue a pickup of `reservation`, which must be held, and begin it when the motor is free."""
    turn.change_reservation(reservation, HoldEvent.PICKUP_ASKED)
    turn.memory = replace(turn.memory, pickups=(*turn.memory.pickups, pickup))
    if len(turn.memory.pickups) == 1:
        go_on(turn)


def go_on(turn: Turn) -> None:
    """Move the next motor, or finish pickups that have nothing left to give."""
    while turn.memory.pickups:
        if _came_too_late(turn, turn.memory.pickups[0]):
            _drop(turn, turn.memory.pickups[0], Outcome.EXPIRED, None)
            continue
        pickup = _started(turn, turn.memory.pickups[0])
        slot = _next_slot(turn, pickup)
        if slot is not None:
            _move(turn, pickup, slot)
            return
        finish(turn, pickup)


def motor_stopped(turn: Turn, number: int) -> None:
    """Take what the exit sensor of slot `number` shows after its motor has run.

    A report for a motor that is not running (a bouncing or a repeated one) changes nothing.
    """
    pickup = turn.memory.pickups[0] if turn.memory.pickups else None
    if pickup is None or pickup.motor is None or pickup.motor.slot != number:
        return
    if turn.senses.reading(number) is None:
        bank_out(turn, pickup, pickup.motor)
        turn.act(LookAfter())
    elif pickup.motor.looks + 1 < LOOKS:
        _put_first(turn, replace(pickup, motor=replace(pickup.motor, looks=pickup.motor.looks + 1)))
        turn.act(LookAgain(number))
        return
    else:
        _jammed(turn, pickup, pickup.motor)
    go_on(turn)


def bank_out(turn: Turn, pickup: Pickup, motor: Motor) -> None:
    """Record that the bank of `motor` has left."""
    turn.change_slot(motor.slot, SlotEvent.BANK_OUT)
    left = Left(motor.slot, motor.bank, turn.senses.at)
    turn.memory = replace(turn.memory, left=(*turn.memory.left, left))
    content = cab.SlotContent(slot=motor.slot, bank=motor.bank)
    _put_first(turn, replace(pickup, motor=None, ejected=(*pickup.ejected, content)))
    event = cab.BankEjected(
        slot=motor.slot,
        bank=motor.bank,
        reservation=pickup.reservation,
        command=pickup.command,
        charge_pct=motor.charge_pct,
    )
    turn.record(event, subject=pickup.reservation, correlation_id=pickup.command)


def finish(turn: Turn, pickup: Pickup, reason: CabinetReason = CabinetReason.JAM) -> None:
    """End the first pickup with what came out; `reason` says why, when some are missing."""
    turn.memory = replace(turn.memory, pickups=turn.memory.pickups[1:])
    missing = pickup.quantity - len(pickup.ejected)
    finished = cab.PickupFinished(
        reservation=pickup.reservation, ejected=len(pickup.ejected), missing=missing
    )
    turn.record(finished, subject=pickup.reservation, correlation_id=pickup.command)
    _finish_command(turn, pickup, reason if missing else None)
    reservation = turn.memory.reservation(pickup.reservation)
    if reservation is not None:
        turn.end_reservation(reservation, HoldEvent.PICKUP_FINISHED, cab.HoldEnd.FULFILLED)
    if pickup.asker is not None:
        turn.act(GiveAnswer(pickup.asker, accepted=True, display=_display(pickup), claim=pickup.claim))


def call_off(turn: Turn, reservation: Reservation) -> bool:
    """Drop the pickup of a reservation that is to be released; False when its banks are coming out already.

    Left in the queue it might move no motor in the end, and leave the reservation held and its code good.
    """
    waiting = (pickup for pickup in turn.memory.pickups if not pickup.started)
    pickup = next((pickup for pickup in waiting if pickup.reservation == reservation.id), None)
    if pickup is None:
        return False
    _drop(turn, pickup, Outcome.REFUSED, CabinetReason.STALE_EPOCH)
    if pickup.asker is not None:
        turn.act(GiveAnswer(pickup.asker, accepted=False, display="this order has ended"))
    return True


def _came_too_late(turn: Turn, pickup: Pickup) -> bool:
    return not pickup.started and pickup.expires_ms is not None and turn.is_over(pickup.expires_ms)


def drop_waiting(turn: Turn) -> None:
    """Drop the pickups that waited for the motor when the power failed: whoever waited has probably left."""
    for pickup in turn.memory.pickups[1:]:
        _drop(turn, pickup, Outcome.REFUSED, CabinetReason.POWER_CUT)


def _drop(turn: Turn, pickup: Pickup, outcome: Outcome, reason: CabinetReason | None) -> None:
    """Forget a pickup that has moved nothing, and keep its reservation; a command is answered."""
    left = tuple(other for other in turn.memory.pickups if other is not pickup)
    turn.memory = replace(turn.memory, pickups=left)
    reservation = turn.memory.reservation(pickup.reservation)
    if reservation is not None:
        turn.change_reservation(reservation, HoldEvent.PICKUP_DROPPED)
    _store_outcome(turn, pickup, outcome, reason)


def _started(turn: Turn, pickup: Pickup) -> Pickup:
    if pickup.started:
        return pickup
    by = "keypad" if pickup.command is None else "command"
    if pickup.command is None:
        turn.memory = replace(turn.memory, keypad=keypad.code_used(turn.memory.keypad))
    started = cab.PickupStarted(reservation=pickup.reservation, by=by)
    turn.record(started, subject=pickup.reservation, correlation_id=pickup.command)
    return _put_first(turn, replace(pickup, started=True))


def _next_slot(turn: Turn, pickup: Pickup) -> Slot | None:
    """Return the next slot to eject; a substitute is taken into the reservation when one is needed."""
    if len(pickup.ejected) == pickup.quantity:
        return None
    for held in turn.memory.held_slots(pickup.reservation):
        if turn.senses.reading(held.number) is not None:
            return held
        missing.gone(turn, held.number)
    substitutes = giveable(turn, pickup.min_charge_pct)
    if not substitutes:
        return None
    turn.change_slot(substitutes[0].number, SlotEvent.HELD, reservation=pickup.reservation)
    return turn.memory.slot(substitutes[0].number)


def giveable(turn: Turn, min_charge_pct: int) -> list[Slot]:
    """Return the slots whose banks may be given out with at least that charge, the fullest first."""

    def charge_pct(slot: Slot) -> int:
        reading = turn.senses.reading(slot.number)
        return -1 if reading is None else reading.charge_pct

    ready = [slot for slot in turn.memory.slots if slot.can_give and charge_pct(slot) >= min_charge_pct]
    return sorted(ready, key=lambda slot: (-charge_pct(slot), slot.number))


def _move(turn: Turn, pickup: Pickup, slot: Slot) -> None:
    if slot.bank is None or slot.state is not SlotState.RESERVED:
        raise AssertionError(f"slot {slot.number} cannot be ejected: {slot}")
    reading = turn.senses.reading(slot.number)
    charge_pct = 0 if reading is None else reading.charge_pct
    turn.change_slot(slot.number, SlotEvent.MOTOR_STARTED)
    _put_first(turn, replace(pickup, motor=Motor(slot.number, slot.bank, charge_pct)))
    turn.act(RunMotor(slot.number, pickup.claim))


def _jammed(turn: Turn, pickup: Pickup, motor: Motor) -> None:
    turn.change_slot(motor.slot, SlotEvent.JAMMED)
    _put_first(turn, replace(pickup, motor=None))
    failed = cab.EjectFailed(
        slot=motor.slot, bank=motor.bank, reservation=pickup.reservation, reason=CabinetReason.JAM
    )
    turn.record(failed, subject=pickup.reservation, correlation_id=pickup.command)
    faulty = cab.SlotChanged(slot=motor.slot, state=SlotState.FAULTY, reason=CabinetReason.JAM)
    turn.record(faulty)


def _finish_command(turn: Turn, pickup: Pickup, reason: CabinetReason | None) -> None:
    _store_outcome(turn, pickup, Outcome.DONE if reason is None else Outcome.FAILED, reason)


def _store_outcome(turn: Turn, pickup: Pickup, outcome: Outcome, reason: CabinetReason | None) -> None:
    if pickup.command is None:
        return
    finished = cab.CommandFinished(
        command=pickup.command,
        epoch=pickup.epoch,
        outcome=outcome,
        reason=reason,
        reservation=pickup.reservation,
        slots=pickup.ejected,
    )
    turn.store_outcome(StoredOutcome(finished, pickup.reservation, pickup.keep_until_ms))


def _display(pickup: Pickup) -> str:
    missing = pickup.quantity - len(pickup.ejected)
    taken = f"take {len(pickup.ejected)} of {pickup.quantity} banks"
    return taken if missing == 0 else f"{taken}; the others could not be given out"


def _put_first(turn: Turn, pickup: Pickup) -> Pickup:
    turn.memory = replace(turn.memory, pickups=(pickup, *turn.memory.pickups[1:]))
    return pickup
