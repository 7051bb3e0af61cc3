"""What the firmware remembers is compared with what its readers show: after a power cut, and at each input.

The step before the cut is on disk with its intent, so only two things can be open. A motor may or may not
have moved: if its bank is gone, it was ejected, and is recorded so with the command it belonged to; if it is
still there, nobody can say whether the motor ran, and the command is told as interrupted. In both cases the
pickup ends here with what came out. It is not continued: whoever waited has probably left, and no motor may
run twice. A pickup that waited for the motor had moved nothing and is dropped: its reservation is held as
before, a command is told as refused, and a code may come again. And a bank may have been pushed in or taken
by hand: the readers are believed. Where a slot stood open for a hand, a bank that nobody knew inside is told
first, with the time at which it opened: it came back before the cut.

A reader that shows nothing may be wrong, and the power may fail before it was looked at again. So a bank
that a boot, or an input in the moment after its ejection, finds in the slot that it seemed to leave never
left: it is back at the time of the ejection, and costs nobody anything. And whoever carries out a boot has
the cabinet `look` once more a moment later (`LOOK_AFTER_MS`), whatever it found: readers fail here too, and
the boot before may have been cut off behind its findings.

A boot that a command asked for names it: the outcome was journaled before, this is what then happened. It is
named by the first boot after that outcome, whether the restart or a power cut brought it about, and by no
other.
"""

from chargeloop.protocol.ids import MessageId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import CabinetReason
from chargeloop.protocol.values import replace
from chargeloop.station.core import missing
from chargeloop.station.core import pickup as pickups
from chargeloop.station.core.memory import LOOK_AFTER_MS, Memory, Pickup, Turn
from chargeloop.station.core.report import slot_statuses
from chargeloop.station.core.returns import found_after_opening, found_after_telling, inserted, never_left
from chargeloop.station.core.slot import SlotEvent


def boot(turn: Turn, firmware: str) -> None:
    """Make memory and the readers agree, and tell what was found."""
    found_after_opening(turn)
    _doubt_ejections(turn)
    command = turn.memory.restarting
    booted = cab.Booted(
        cause=_cause(turn.memory), firmware=firmware, interrupted=_interrupted(turn), command=command
    )
    turn.record(booted, correlation_id=command)
    first = not turn.memory.booted
    turn.memory = replace(turn.memory, booted=True, stopped=False, restarting=None)
    if first:
        _adopt_banks(turn)
    pickups.drop_waiting(turn)
    if turn.memory.pickups:
        _end_interrupted_pickup(turn, turn.memory.pickups[0])
    for slot in turn.memory.slots:
        _believe_reader(turn, slot.number)
    turn.memory = replace(turn.memory, missed=())


def tell_inventory(turn: Turn) -> None:
    """Journal every slot as it stands; the last word of a boot."""
    turn.record(cab.InventoryReported(slots=slot_statuses(turn.memory, turn.senses)))


def _cause(memory: Memory) -> str:
    if not memory.booted:
        return "power_on"
    return "reboot" if memory.stopped else "crash"


def _interrupted(turn: Turn) -> tuple[MessageId, ...]:
    """Return the command whose motor may or may not have moved, if its bank is still inside."""
    running = turn.memory.pickups[:1]
    return tuple(
        MessageId(pickup.command)
        for pickup in running
        if pickup.command is not None
        and pickup.motor is not None
        and missing.shows(turn, turn.memory.slot(pickup.motor.slot))
    )


def _end_interrupted_pickup(turn: Turn, pickup: Pickup) -> None:
    motor = pickup.motor
    if motor is not None and missing.shows(turn, turn.memory.slot(motor.slot)):
        turn.change_slot(motor.slot, SlotEvent.INTERRUPTED)
    elif motor is not None:
        pickups.bank_out(turn, pickup, motor)
    pickups.finish(turn, turn.memory.pickups[0], CabinetReason.POWER_CUT)


def _adopt_banks(turn: Turn) -> None:
    """Take the banks that were put in when the cabinet was installed: nobody returns them."""
    for slot in turn.memory.slots:
        reading = turn.senses.reading(slot.number)
        if reading is not None:
            turn.change_slot(slot.number, SlotEvent.BANK_READ, bank=reading.bank)


def notice_other_banks(turn: Turn) -> None:
    """Believe readers that show a bank where none, or another one, is known: it was forced in, or never left.

    A slot whose motor runs, or that is open for a hand, is left to what ends that. A reader that shows
    nothing is not believed so soon: see `missing`.
    """
    _doubt_ejections(turn)
    found_after_telling(turn)
    busy = {pickup.motor.slot for pickup in turn.memory.pickups if pickup.motor is not None}
    if turn.memory.opened is not None:
        busy.add(turn.memory.opened.slot)
    for slot in turn.memory.slots:
        reading = turn.senses.reading(slot.number)
        if reading is not None and reading.bank != slot.bank and slot.number not in busy:
            _believe_reader(turn, slot.number)


def _doubt_ejections(turn: Turn) -> None:
    """Look again at the slots that banks have left, until a moment after their ejection and after a boot."""
    unsure = []
    for left in turn.memory.left:
        reading = turn.senses.reading(left.slot)
        if reading is not None and reading.bank == left.bank:
            never_left(turn, left)
        elif turn.senses.since_ms(left.at) < LOOK_AFTER_MS:
            unsure.append(left)
    if len(unsure) < len(turn.memory.left):
        turn.memory = replace(turn.memory, left=tuple(unsure))


def _believe_reader(turn: Turn, number: int) -> None:
    slot = turn.memory.slot(number)
    if slot.bank is not None and not missing.shows(turn, slot):
        missing.gone(turn, number)
    inserted(turn, number)
