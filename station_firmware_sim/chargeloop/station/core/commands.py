"""Commands of the platform: leases, checked here, acted upon at most once, answered always the same.

The order of the checks is the contract: a known id gets its recorded outcome again and nothing else happens;
then a command whose time is over is `expired` (so is one that names no end: it may not act at any time); then
one that is older, by epoch, than the latest that was answered for the same thing is refused as `stale_epoch`.
Only then is it carried out. What can be done within the firmware (holding, releasing, locking) is done in the
same step as its outcome; an eject is queued and its outcome follows when the last motor has stopped. Until
then a repeat of it is met with silence: the outcome will come.

A reboot is decided at rest only. While banks are given out, or wait to be, or a slot stands open for a hand,
it is refused as `busy`: to cut a motor's course leaves a bank of which nobody can say where it is, and to
wait for the end of the pickup would restart the cabinet at a moment nobody chose, perhaps under the next
hand. Its outcome, the intent to restart and the orderly end of this run are one step; the boot that follows
is the physical fact, and names the command.

A refusal leaves everything as it was.
"""

from dataclasses import dataclass
from typing import Final, get_args

from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import CommandId, IdKind, ReservationId, require_id
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import CabinetReason, Outcome, SlotState
from chargeloop.protocol.values import replace
from chargeloop.station.core import pickup as pickups
from chargeloop.station.core.memory import Pickup, Restart, StoredOutcome, Turn
from chargeloop.station.core.passing_time import OUTCOME_KEPT_MS
from chargeloop.station.core.report import slot_statuses
from chargeloop.station.core.reservation import HoldEvent, HoldKind, HoldState, Reservation
from chargeloop.station.core.slot import Slot, SlotEvent

Command = (
    cab.ReserveBanks
    | cab.ReserveSlots
    | cab.ReleaseReservation
    | cab.EjectBanks
    | cab.ReportInventory
    | cab.LockSlot
    | cab.Reboot
)
TYPES: Final = tuple(command.TYPE for command in get_args(Command))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a command ended, before it is put into words for the platform."""

    outcome: Outcome
    reason: CabinetReason | None = None
    available: int | None = None
    slots: tuple[Slot, ...] = ()


DONE = Verdict(Outcome.DONE)
EXPIRED = Verdict(Outcome.EXPIRED)


def refused(reason: CabinetReason, available: int | None = None) -> Verdict:
    """Return the verdict of a command that was understood and not carried out."""
    return Verdict(Outcome.REFUSED, reason, available)


def obey(turn: Turn, message: Envelope[Data]) -> None:
    """Carry out a command, or answer why not.

    Raises:
        TypeError: the message is not a command of a cabinet; the topic table does not let such a one through.
        InvalidIdError: the message's id is not a command id.
    """
    command = message.data
    if not isinstance(command, Command):
        raise TypeError(f"{message.type} is not a command")
    command_id = CommandId(require_id(IdKind.COMMAND, message.id))
    recorded = turn.memory.outcomes.get(command_id)
    if recorded is not None:
        turn.tell_outcome(recorded.finished)
    elif not any(pickup.command == command_id for pickup in turn.memory.pickups):
        keep_until_ms = max(turn.now_ms, message.expirytime or 0) + OUTCOME_KEPT_MS
        _obey_new(turn, command, command_id, message.expirytime, keep_until_ms)


def _obey_new(
    turn: Turn, command: Command, command_id: CommandId, expires_ms: int | None, keep_until_ms: int
) -> None:
    if expires_ms is None or turn.is_over(expires_ms):
        verdict: Verdict | None = EXPIRED
    elif command.epoch < _highest_epoch(turn, _about(command)):
        verdict = refused(CabinetReason.STALE_EPOCH)
    else:
        verdict = _carry_out(turn, command, command_id, expires_ms, keep_until_ms)
    if verdict is not None:
        finished = _finished(command, command_id, verdict)
        turn.store_outcome(StoredOutcome(finished, _about(command), keep_until_ms))


def _about(command: Command) -> str:
    """Return what the command's epoch orders."""
    match command:
        case cab.LockSlot():
            return f"slot/{command.slot}"
        case cab.ReportInventory():
            return "inventory"
        case cab.Reboot():
            return "boot"
        case _:
            return command.reservation


def _highest_epoch(turn: Turn, about: str) -> int:
    """Return the highest epoch that was answered for the same thing.

    A refusal counts too: whatever is older than a command that was refused is obsolete.
    """
    outcomes = turn.memory.outcomes.values()
    answered = (outcome.finished.epoch for outcome in outcomes if outcome.about == about)
    running = (pickup.epoch for pickup in turn.memory.pickups if pickup.reservation == about)
    live = (live.epoch for live in turn.memory.reservations if live.id == about)
    return max((*answered, *running, *live), default=0)


def _carry_out(
    turn: Turn, command: Command, command_id: CommandId, expires_ms: int, keep_until_ms: int
) -> Verdict | None:
    match command:
        case cab.ReserveBanks() | cab.ReserveSlots():
            return _reserve(turn, command)
        case cab.ReleaseReservation():
            return _release(turn, command)
        case cab.EjectBanks():
            return _eject(turn, command, command_id, expires_ms, keep_until_ms)
        case cab.ReportInventory():
            turn.record(
                cab.InventoryReported(command=command_id, slots=slot_statuses(turn.memory, turn.senses)),
                correlation_id=command_id,
            )
            return DONE
        case cab.LockSlot():
            return _lock(turn, command)
        case cab.Reboot():
            return _reboot(turn, command_id)


def _reserve(turn: Turn, command: cab.ReserveBanks | cab.ReserveSlots) -> Verdict:
    if command.hold_until <= turn.now_ms:
        return EXPIRED
    standing = turn.memory.reservation(command.reservation)
    if standing is not None and standing.state is HoldState.GIVING:
        return refused(CabinetReason.BUSY)
    if standing is not None and command.epoch <= standing.epoch:
        return refused(CabinetReason.STALE_EPOCH)
    before = turn.memory
    if standing is not None:
        turn.change_reservation(standing, HoldEvent.REPLACED)
    wanted = _wanted(turn, command)
    if len(wanted) < command.quantity:
        turn.memory = before
        reason = (
            CabinetReason.NOT_ENOUGH_BANKS
            if isinstance(command, cab.ReserveBanks)
            else CabinetReason.NOT_ENOUGH_SLOTS
        )
        return refused(reason, available=len(wanted))
    return _hold(turn, command, wanted[: command.quantity])


def _wanted(turn: Turn, command: cab.ReserveBanks | cab.ReserveSlots) -> list[Slot]:
    """Return all slots that would do, the best first."""
    if isinstance(command, cab.ReserveBanks):
        return pickups.giveable(turn, command.min_charge_pct)
    return [slot for slot in turn.memory.slots if slot.can_take]


def _hold(turn: Turn, command: cab.ReserveBanks | cab.ReserveSlots, wanted: list[Slot]) -> Verdict:
    banks = isinstance(command, cab.ReserveBanks)
    turn.add_reservation(
        Reservation(
            id=command.reservation,
            kind=HoldKind.BANKS if banks else HoldKind.SLOTS,
            epoch=command.epoch,
            quantity=command.quantity,
            until_ms=command.hold_until,
            code=command.code,
            min_charge_pct=command.min_charge_pct if isinstance(command, cab.ReserveBanks) else 0,
        )
    )
    for slot in wanted:
        turn.change_slot(slot.number, SlotEvent.HELD, reservation=command.reservation)
    return Verdict(Outcome.DONE, slots=turn.memory.held_slots(command.reservation))


def _release(turn: Turn, command: cab.ReleaseReservation) -> Verdict:
    reservation = turn.memory.reservation(command.reservation)
    if reservation is None:
        return DONE
    if reservation.state is HoldState.GIVING and not pickups.call_off(turn, reservation):
        return refused(CabinetReason.BUSY)
    held = turn.memory.reservation(reservation.id) or reservation
    turn.end_reservation(held, HoldEvent.RELEASED, cab.HoldEnd.RELEASED)
    return DONE


def _eject(
    turn: Turn, command: cab.EjectBanks, command_id: CommandId, expires_ms: int, keep_until_ms: int
) -> Verdict | None:
    reservation = turn.memory.reservation(command.reservation)
    if reservation is None or reservation.kind is not HoldKind.BANKS:
        return refused(CabinetReason.UNKNOWN_RESERVATION)
    if reservation.state is HoldState.GIVING:
        return refused(CabinetReason.BUSY)
    pickup = Pickup(
        reservation.id,
        reservation.quantity,
        reservation.min_charge_pct,
        command=command_id,
        epoch=command.epoch,
        keep_until_ms=keep_until_ms,
        expires_ms=expires_ms,
    )
    pickups.ask(turn, reservation, pickup)
    return None


def _lock(turn: Turn, command: cab.LockSlot) -> Verdict:
    if command.slot > len(turn.memory.slots):
        return refused(CabinetReason.NOT_ENOUGH_SLOTS, available=len(turn.memory.slots))
    slot = turn.memory.slot(command.slot)
    if slot.state is SlotState.EJECTING:
        return refused(CabinetReason.BUSY)
    if slot.state is SlotState.RESERVED and command.locked:
        return refused(CabinetReason.SLOT_HELD)
    event = _lock_event(slot, locked=command.locked)
    if event is not None:
        turn.change_slot(slot.number, event)
        state = turn.memory.slot(slot.number).state
        turn.record(cab.SlotChanged(slot=slot.number, state=state, reason=CabinetReason.OPERATOR))
    return DONE


def _lock_event(slot: Slot, *, locked: bool) -> SlotEvent | None:
    """Return what locking or unlocking means for the slot, or None when it is so already."""
    if locked:
        return None if slot.state is SlotState.LOCKED else SlotEvent.LOCKED
    if slot.state not in {SlotState.LOCKED, SlotState.FAULTY}:
        return None
    return SlotEvent.ROOM_CLEARED if slot.bank is None else SlotEvent.BANK_CLEARED


def _reboot(turn: Turn, command_id: CommandId) -> Verdict:
    if turn.memory.pickups or turn.memory.opened is not None:
        return refused(CabinetReason.BUSY)
    turn.memory = replace(turn.memory, restarting=command_id, stopped=True)
    turn.act(Restart())
    return DONE


def _finished(command: Command, command_id: CommandId, verdict: Verdict) -> cab.CommandFinished:
    reservation: ReservationId | None = getattr(command, "reservation", None)
    return cab.CommandFinished(
        command=command_id,
        epoch=command.epoch,
        outcome=verdict.outcome,
        reason=verdict.reason,
        available=verdict.available,
        reservation=reservation,
        slots=tuple(cab.SlotContent(slot=slot.number, bank=slot.bank) for slot in verdict.slots),
    )
