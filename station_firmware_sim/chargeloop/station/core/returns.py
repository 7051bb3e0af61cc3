"""Banks that come back: what the keypad and the slots do when somebody brings one.

Somebody pushes a bank at the cabinet. The reader beside the slots reads it first; what cannot be read, or is
inside already, is not let in. With the code of a return reservation one of its kept slots opens; otherwise
any slot that is empty and kept for nobody (a walk-up return). Then the bank is pushed in, and only what the
slot's own reader shows then counts as returned: `BankReturned` is the physical fact, the answer on the
display is not. That a slot opens is written down first: when the power fails before the reader was read, the
bank that is found there came back at that moment, and nobody pays for the time without power. So it did when
the switch of the slot tells faster than its reader shows; a moment later (`LOOK_AFTER_MS`) a reader that
still shows nothing is right.

An unknown code does not keep a bank out when there is room: the reservation may have run out on the way, and
a bank inside is better for everybody than a bank outside. When only kept slots are free, it counts as a wrong
code.
"""

from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import CabinetReason, SlotState
from chargeloop.protocol.values import replace
from chargeloop.station.core import keypad, missing
from chargeloop.station.core.codes import count_wrong_code
from chargeloop.station.core.memory import (
    LOOK_AFTER_MS,
    Asker,
    GiveAnswer,
    Left,
    Opened,
    OpenSlot,
    Turn,
)
from chargeloop.station.core.reservation import HoldEvent, HoldKind, Reservation
from chargeloop.station.core.slot import SlotEvent

_DISPLAYS = {
    CabinetReason.UNREADABLE_BANK: "this bank cannot be read",
    CabinetReason.SLOT_TAKEN: "this bank is inside already",
    CabinetReason.SLOT_HELD: "the free slots are kept for others",
    CabinetReason.NOT_ENOUGH_SLOTS: "no free slot",
}


def offer(turn: Turn, asker: Asker, bank: cab.BankStatus | None, code: str | None) -> None:
    """Open a slot for a bank in somebody's hand (None: it cannot be read), or reject it."""
    if bank is None:
        _reject(turn, asker, None, CabinetReason.UNREADABLE_BANK)
        return
    missing.seen_elsewhere(turn, bank.bank)
    inside = (slot.bank for slot in turn.memory.slots)
    in_tray = (lying.bank.bank for lying in turn.senses.tray)
    if bank.bank in {*inside, *in_tray}:
        _reject(turn, asker, bank.bank, CabinetReason.SLOT_TAKEN)
        return
    reservation = _reservation(turn, code)
    slot = _slot_for(turn, reservation)
    if slot is not None:
        # It was seen to be empty: what is found in it from now on was put in.
        left = tuple(other for other in turn.memory.left if other.slot != slot)
        turn.memory = replace(turn.memory, opened=Opened(slot, turn.senses.at), left=left)
        turn.act(OpenSlot(slot, asker))
    else:
        _reject_for_room(turn, asker, bank.bank, code)


def inserted(turn: Turn, number: int, asker: Asker | None = None) -> None:
    """Take what the reader of slot `number` shows after something was pushed in; the asker is told.

    A bank that the firmware knows in this slot already is not returned a second time: sensors bounce, and a
    request may be repeated.
    """
    reading = _read(turn, number)
    opened = turn.memory.opened
    if reading is None and opened is not None and opened.slot == number:
        # The switch may have been faster than the reader.
        turn.memory = replace(turn.memory, opened=replace(opened, told_at=turn.senses.at))
    else:
        turn.memory = replace(turn.memory, opened=None)
    if asker is not None:
        accepted = reading is not None
        display = "thank you" if accepted else "nothing was put in"
        turn.act(GiveAnswer(asker, accepted=accepted, display=display))


def found_after_telling(turn: Turn) -> None:
    """Take what the reader shows at last of a bank whose switch was faster: it came back at the opening.

    A reader that still shows nothing a moment later is right: nothing was put in.
    """
    opened = turn.memory.opened
    if opened is None or opened.told_at is None:
        return
    reading = _read(turn, opened.slot, at=opened.at)
    if reading is not None or turn.senses.since_ms(opened.told_at) >= LOOK_AFTER_MS:
        turn.memory = replace(turn.memory, opened=None)


def found_after_opening(turn: Turn) -> None:
    """Take what was put into a slot that stood open when the power failed: it came back at its opening.

    It is a bank that nobody knew inside, in whatever slot it stands: somebody may have carried it on.
    """
    opened = turn.memory.opened
    if opened is None:
        return
    turn.memory = replace(turn.memory, opened=None)
    known = {slot.bank for slot in turn.memory.slots}
    for slot in turn.memory.slots:
        reading = turn.senses.reading(slot.number)
        if reading is None or reading.bank in known or slot.state is SlotState.EJECTING:
            continue
        if slot.bank is not None:
            missing.gone(turn, slot.number)
        _read(turn, slot.number, at=opened.at)


def never_left(turn: Turn, left: Left) -> None:
    """Take a bank that still stands in the slot that it seemed to leave: it is back at that very moment."""
    _read(turn, left.slot, at=left.at)


def _read(turn: Turn, number: int, *, at: DeviceTime | None = None) -> cab.BankStatus | None:
    reading = turn.senses.reading(number)
    if reading is not None and turn.memory.slot(number).bank is None:
        _returned(turn, number, reading, at)
    return reading


def _returned(turn: Turn, number: int, reading: cab.BankStatus, at: DeviceTime | None) -> None:
    slot = turn.memory.slot(number)
    held_for = slot.reservation
    missing.seen_elsewhere(turn, reading.bank)
    turn.change_slot(number, SlotEvent.BANK_READ, bank=reading.bank)
    event = cab.BankReturned(
        slot=number, bank=reading.bank, reservation=held_for, charge_pct=reading.charge_pct
    )
    turn.record(event, subject=held_for, at=at)
    reservation = None if held_for is None else turn.memory.reservation(held_for)
    if reservation is not None and not turn.memory.held_slots(reservation.id):
        turn.end_reservation(reservation, HoldEvent.FILLED, cab.HoldEnd.FULFILLED)


def _reservation(turn: Turn, code: str | None) -> Reservation | None:
    if code is None or turn.memory.keypad.is_locked:
        return None
    return keypad.find(turn.memory.reservations, code, HoldKind.SLOTS)


def _slot_for(turn: Turn, reservation: Reservation | None) -> int | None:
    held = () if reservation is None else turn.memory.held_slots(reservation.id)
    free = (slot for slot in turn.memory.slots if slot.can_take)
    return next((slot.number for slot in (*held, *free)), None)


def _reject_for_room(turn: Turn, asker: Asker, bank: BankId, code: str | None) -> None:
    kept = any(slot.state is SlotState.RESERVED and slot.bank is None for slot in turn.memory.slots)
    if kept and code is not None:
        count_wrong_code(turn)
    _reject(turn, asker, bank, CabinetReason.SLOT_HELD if kept else CabinetReason.NOT_ENOUGH_SLOTS)


def _reject(turn: Turn, asker: Asker, bank: BankId | None, reason: CabinetReason) -> None:
    turn.record(cab.ReturnRejected(bank=bank, reason=reason))
    turn.act(GiveAnswer(asker, accepted=False, display=_DISPLAYS[reason]))
