"""Banks that are not where the firmware knows them: taken by force, or carried to another slot.

A reader that shows nothing may be the one that fails. So a bank is missed only when its slot has shown
nothing for `MISSED_MS`, when the bank is seen somewhere else, or when its motor would have to run for it: a
motor that pushes nothing would look like a bank that left. Should the bank stand there after all, its reader
shows it one day, and it is found like one that was forced in.
"""

from typing import Final

from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import CabinetReason, SlotState
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.values import replace
from chargeloop.station.core.memory import Missed, Turn
from chargeloop.station.core.slot import Slot, SlotEvent

MISSED_MS: Final = MINUTE_MS


def notice(turn: Turn) -> None:
    """Note which slots show nothing where a bank is known, and miss those that have done so for long."""
    noted = {missed.slot: missed for missed in turn.memory.missed}
    missed = []
    for slot in turn.memory.slots:
        if slot.bank is None or slot.state is SlotState.EJECTING or turn.senses.reading(slot.number):
            continue
        since = noted.get(slot.number) or Missed(slot.number, turn.senses.at)
        if turn.senses.since_ms(since.at) < MISSED_MS:
            missed.append(since)
        else:
            gone(turn, slot.number)
    if tuple(missed) != turn.memory.missed:
        turn.memory = replace(turn.memory, missed=tuple(missed))


def seen_elsewhere(turn: Turn, bank: BankId) -> None:
    """Let every slot forget the bank that does not show it."""
    for slot in turn.memory.slots:
        if slot.bank == bank and slot.state is not SlotState.EJECTING and not shows(turn, slot):
            gone(turn, slot.number)


def shows(turn: Turn, slot: Slot) -> bool:
    """Tell whether the reader of a slot shows the bank that is known there."""
    reading = turn.senses.reading(slot.number)
    return reading is not None and reading.bank == slot.bank


def gone(turn: Turn, number: int) -> None:
    """Note that the bank of a slot is not in it; where it is nobody knows."""
    turn.change_slot(number, SlotEvent.BANK_GONE)
    state = turn.memory.slot(number).state
    turn.record(cab.SlotChanged(slot=number, state=state, reason=CabinetReason.NO_BANK_IN_SLOT))
