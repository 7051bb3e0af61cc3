"""Codes typed at the keypad: they give out reserved banks, or show where to put banks back."""

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.values import replace
from chargeloop.station.core import keypad
from chargeloop.station.core import pickup as pickups
from chargeloop.station.core.memory import OPEN_TRAY, Asker, GiveAnswer, Pickup, Turn
from chargeloop.station.core.reservation import HoldKind, HoldState, Reservation


def type_code(turn: Turn, asker: Asker, code: str) -> None:
    """Take a typed code. A repeat of a request whose banks are on the way out is met with silence."""
    if any(pickup.asker == asker for pickup in turn.memory.pickups):
        return
    if turn.memory.keypad.is_locked:
        turn.act(GiveAnswer(asker, accepted=False, display="locked: too many wrong codes"))
        return
    reservation = keypad.find(turn.memory.reservations, code, HoldKind.BANKS, HoldKind.SLOTS)
    if reservation is None:
        count_wrong_code(turn)
        turn.act(GiveAnswer(asker, accepted=False, display="wrong code"))
        return
    _open(turn, asker, reservation)


def count_wrong_code(turn: Turn) -> None:
    """Count a wrong code, and lock the keypad when it was one too many; a locked one counts none."""
    if turn.memory.keypad.is_locked:
        return
    changed = keypad.wrong_code(turn.memory.keypad, turn.now_ms if turn.senses.clock_known else None)
    turn.memory = replace(turn.memory, keypad=changed)
    if changed.is_locked:
        until_ms = turn.now_ms + keypad.LOCK_OUT_MS
        turn.record(cab.KeypadLocked(wrong_codes=changed.wrong_codes, until=until_ms))


def reach_into_tray(turn: Turn, asker: Asker) -> None:
    """Let somebody take the banks that a command has put into the tray."""
    if not any(lying.claim == OPEN_TRAY for lying in turn.senses.tray):
        turn.act(GiveAnswer(asker, accepted=False, display="the tray is empty"))
    else:
        turn.act(GiveAnswer(asker, accepted=True, display="take your banks", claim=OPEN_TRAY))


def _open(turn: Turn, asker: Asker, reservation: Reservation) -> None:
    if reservation.kind is HoldKind.SLOTS:
        numbers = ", ".join(str(slot.number) for slot in turn.memory.held_slots(reservation.id))
        turn.act(GiveAnswer(asker, accepted=True, display=f"put the banks into slots {numbers}"))
    elif reservation.state is HoldState.GIVING:
        turn.act(GiveAnswer(asker, accepted=False, display="please wait: these banks are coming out"))
    else:
        pickup = Pickup(reservation.id, reservation.quantity, reservation.min_charge_pct, asker=asker)
        pickups.ask(turn, reservation, pickup)
