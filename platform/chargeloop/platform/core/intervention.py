"""What operators have cabinets do, and what came of it: sent, answered, happened.

An answer is no proof that something happened, nor is its absence one that nothing did: the cabinet's journal
tells, by the event that was wanted. Each of the three has its own time, and none is concluded from another.
"""

from dataclasses import dataclass

from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import CabinetId, CommandId, OperatorId, ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import CabinetReason, Outcome, SlotState
from chargeloop.protocol.messages.rental import CabinetAction, CommandCabinet

_IN_USE = frozenset(SlotState) - {SlotState.LOCKED, SlotState.FAULTY}
BY_SLOT = frozenset({CabinetAction.LOCK, CabinetAction.UNLOCK})
BY_RESERVATION = frozenset({CabinetAction.RELEASE, CabinetAction.EJECT})


@dataclass(frozen=True, slots=True)
class Intervention:
    """One command of an operator.

    `outcome` is what the cabinet answered at `answered_ms`, with its `refusal`; `happened_ms` is when what
    was wanted happened, by the cabinet's journal and corrected clock.
    """

    command: CommandId
    cabinet: CabinetId
    operator: OperatorId
    action: CabinetAction
    slot: int | None
    reservation: ReservationId | None
    reason: str
    sent_ms: int
    expires_ms: int
    outcome: Outcome | None = None
    refusal: CabinetReason | None = None
    answered_ms: int | None = None
    happened_ms: int | None = None

    def is_shown_by(self, event: Data) -> bool:
        """Tell whether an event of the cabinet is what was wanted."""
        match event:
            case cab.SlotChanged(slot=slot, state=state):
                locked = state is SlotState.LOCKED
                wanted = locked if self.action is CabinetAction.LOCK else state in _IN_USE
                return self.action in BY_SLOT and slot == self.slot and wanted
            case cab.InventoryReported(command=command) | cab.Booted(command=command):
                return command == self.command
            case cab.ReservationEnded(reservation=reservation):
                return self.action is CabinetAction.RELEASE and reservation == self.reservation
            case cab.BankEjected(reservation=reservation):
                return self.action is CabinetAction.EJECT and reservation == self.reservation
            case _:
                return False


def command_of(request: CommandCabinet, epoch: int) -> Data | None:
    """Return the cabinet's command, or None when the request does not name what its action needs."""
    match request.action, request.slot, request.reservation:
        case CabinetAction.LOCK | CabinetAction.UNLOCK, int() as slot, None:
            return cab.LockSlot(slot=slot, epoch=epoch, locked=request.action is CabinetAction.LOCK)
        case CabinetAction.INVENTORY, None, None:
            return cab.ReportInventory(epoch=epoch)
        case CabinetAction.REBOOT, None, None:
            return cab.Reboot(epoch=epoch)
        case CabinetAction.RELEASE, None, str() as reservation:
            return cab.ReleaseReservation(reservation=ReservationId(reservation), epoch=epoch)
        case CabinetAction.EJECT, None, str() as reservation:
            return cab.EjectBanks(reservation=ReservationId(reservation), epoch=epoch)
        case _:
            return None
