"""What time alone changes: lock-outs end, reservations run out, banks get ready, outcomes are forgotten.

Every step begins with this, so that a code typed one millisecond after the end of its reservation finds
nothing, whether or not an alarm has gone off in between. Time enters as the senses of the step; the cabinet
decides by the platform's time as its own clock gives it, because the reservation's end was written by the
platform.
"""

from typing import Final

from chargeloop.protocol.messages.cabinet import HoldEnd, SlotState
from chargeloop.protocol.time import DAY_MS
from chargeloop.protocol.values import replace
from chargeloop.station.core import battery, keypad
from chargeloop.station.core.memory import Memory, Turn
from chargeloop.station.core.reservation import HoldEvent, HoldState
from chargeloop.station.core.slot import SlotEvent

# How long after its expiry an outcome can still be asked for; then only `expired` can be answered.
OUTCOME_KEPT_MS: Final = DAY_MS


def pass_time(turn: Turn) -> None:
    """Bring the memory of `turn` up to its time.

    A cabinet that does not know the time lets nothing end: neither a reservation nor a lock-out.
    """
    _notice_ready_banks(turn)
    if turn.senses.clock_known:
        passed = keypad.passed(turn.memory.keypad, turn.now_ms)
        if passed is not turn.memory.keypad:
            turn.memory = replace(turn.memory, keypad=passed)
        _end_reservations(turn)
        _forget_outcomes(turn)


def next_due_ms(memory: Memory) -> int | None:
    """Return when the next reservation runs out (platform's time), or None.

    When the next bank gets ready is asked of the mechanics.
    """
    return min((live.until_ms for live in memory.reservations if live.state is HoldState.HELD), default=None)


def _end_reservations(turn: Turn) -> None:
    for reservation in turn.memory.reservations:
        if reservation.is_over(turn.now_ms):
            turn.end_reservation(reservation, HoldEvent.EXPIRED, HoldEnd.EXPIRED)


def _notice_ready_banks(turn: Turn) -> None:
    for slot in turn.memory.slots:
        reading = turn.senses.reading(slot.number)
        # A reader that shows another bank than the firmware knows is the business of `recovery`.
        if slot.state is not SlotState.CHARGING or reading is None or reading.bank != slot.bank:
            continue
        if battery.is_rentable(reading):
            turn.change_slot(slot.number, SlotEvent.CHARGED)


def _forget_outcomes(turn: Turn) -> None:
    outcomes = turn.memory.outcomes
    if any(outcome.keep_until_ms <= turn.now_ms for outcome in outcomes.values()):
        kept = {key: outcome for key, outcome in outcomes.items() if outcome.keep_until_ms > turn.now_ms}
        turn.memory = replace(turn.memory, outcomes=kept)
