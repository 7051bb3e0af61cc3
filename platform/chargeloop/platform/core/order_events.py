"""What happens to an order, as values: past tense, with the facts that the order and its journal keep.

Every class names its `EventKind`; the fields become the JSON detail of the journal entry. Times and ids of
the entry itself come in the `Stamp`.
"""

from dataclasses import dataclass
from typing import ClassVar

from chargeloop.platform.core.fees import FeeKind, FeeLine
from chargeloop.platform.core.order import Hold, Leg
from chargeloop.platform.core.order_journal import EventKind, Happening
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, CourierId, JobId, OperatorId, ReservationId
from chargeloop.protocol.messages.rental import OrderState


@dataclass(frozen=True, slots=True)
class Placed(Happening):
    """The user ordered."""

    KIND: ClassVar[EventKind] = EventKind.PLACED
    quantity: int
    hand_over: str


@dataclass(frozen=True, slots=True)
class ReservationAsked(Happening):
    """A cabinet was asked to keep banks or slots."""

    KIND: ClassVar[EventKind] = EventKind.RESERVATION_ASKED
    hold: Hold


@dataclass(frozen=True, slots=True)
class ReservationConfirmed(Happening):
    """The cabinet keeps them."""

    KIND: ClassVar[EventKind] = EventKind.RESERVATION_CONFIRMED
    reservation: ReservationId
    cabinet: CabinetId


@dataclass(frozen=True, slots=True)
class ReservationRefused(Happening):
    """The cabinet does not keep them; `available` is what it could."""

    KIND: ClassVar[EventKind] = EventKind.RESERVATION_REFUSED
    reservation: ReservationId
    cabinet: CabinetId
    reason: str
    available: int | None


@dataclass(frozen=True, slots=True)
class ReservationUnknown(Happening):
    """The cabinet did not answer in time, so nobody knows whether it keeps them; a release follows."""

    KIND: ClassVar[EventKind] = EventKind.RESERVATION_UNKNOWN
    reservation: ReservationId
    cabinet: CabinetId


@dataclass(frozen=True, slots=True)
class ReleaseAsked(Happening):
    """The cabinet was told to keep them no longer."""

    KIND: ClassVar[EventKind] = EventKind.RELEASE_ASKED
    reservation: ReservationId
    cabinet: CabinetId
    command: CommandId


@dataclass(frozen=True, slots=True)
class ReservationEnded(Happening):
    """The reservation holds nothing any more."""

    KIND: ClassVar[EventKind] = EventKind.RESERVATION_ENDED
    reservation: ReservationId
    cabinet: CabinetId
    why: str


@dataclass(frozen=True, slots=True)
class QuantityReduced(Happening):
    """The order goes on with fewer banks."""

    KIND: ClassVar[EventKind] = EventKind.QUANTITY_REDUCED
    quantity: int


@dataclass(frozen=True, slots=True)
class RentalRequested(Happening):
    """The courier platform was asked to fetch and bring the banks."""

    KIND: ClassVar[EventKind] = EventKind.RENTAL_REQUESTED
    leg: Leg


@dataclass(frozen=True, slots=True)
class ReturnRequested(Happening):
    """The courier platform was asked to collect the banks."""

    KIND: ClassVar[EventKind] = EventKind.RETURN_REQUESTED
    leg: Leg


@dataclass(frozen=True, slots=True)
class UnlockOrdered(Happening):
    """The cabinet was told to give out the banks to the user before it."""

    KIND: ClassVar[EventKind] = EventKind.UNLOCK_ORDERED
    command: CommandId


@dataclass(frozen=True, slots=True)
class InventoryAsked(Happening):
    """The outcome of a command is unknown: the cabinet is asked what it holds."""

    KIND: ClassVar[EventKind] = EventKind.INVENTORY_ASKED
    command: CommandId


@dataclass(frozen=True, slots=True)
class Redirected(Happening):
    """The open job goes on with another reservation."""

    KIND: ClassVar[EventKind] = EventKind.REDIRECTED
    job: JobId
    quantity: int
    cabinet: CabinetId
    reservation: ReservationId


@dataclass(frozen=True, slots=True)
class JobCancelled(Happening):
    """The courier platform was told to stop the job."""

    KIND: ClassVar[EventKind] = EventKind.JOB_CANCELLED
    job: JobId
    cabinet: CabinetId | None
    reservation: ReservationId | None


@dataclass(frozen=True, slots=True)
class JobEnded(Happening):
    """The courier platform has nothing more to do for the job; `astray` are still with its courier."""

    KIND: ClassVar[EventKind] = EventKind.JOB_ENDED
    job: JobId
    why: str
    astray: tuple[BankId, ...] = ()


@dataclass(frozen=True, slots=True)
class Indicated(Happening):
    """A courier has taken the job; which indication it is depends on the leg."""

    KIND: ClassVar[EventKind] = EventKind.FIRST_INDICATION
    job: JobId
    courier: CourierId


@dataclass(frozen=True, slots=True)
class SecondIndicated(Indicated):
    """A courier has taken the return."""

    KIND: ClassVar[EventKind] = EventKind.SECOND_INDICATION


@dataclass(frozen=True, slots=True)
class IndicatedEarlier(Indicated):
    """A courier had taken a job that the order waits for no longer: it moves nothing but fees."""

    KIND: ClassVar[EventKind] = EventKind.EARLIER_INDICATION


@dataclass(frozen=True, slots=True)
class CourierLeft(Happening):
    """The courier gave up without banks; the job is offered to others."""

    KIND: ClassVar[EventKind] = EventKind.COURIER_LEFT
    job: JobId
    courier: CourierId
    reason: str


@dataclass(frozen=True, slots=True)
class CourierProgressed(Happening):
    """A milestone on the way."""

    KIND: ClassVar[EventKind] = EventKind.COURIER_PROGRESSED
    job: JobId
    milestone: str


@dataclass(frozen=True, slots=True)
class ProblemReported(Happening):
    """The courier met a problem."""

    KIND: ClassVar[EventKind] = EventKind.PROBLEM_REPORTED
    job: JobId
    problem: str


@dataclass(frozen=True, slots=True)
class BankEjected(Happening):
    """The cabinet's exit sensor saw the bank leave; `job` is the one whose courier took it."""

    KIND: ClassVar[EventKind] = EventKind.BANK_EJECTED
    bank: BankId
    cabinet: CabinetId
    slot: int
    job: JobId | None
    reservation: ReservationId | None = None


@dataclass(frozen=True, slots=True)
class EjectFailed(Happening):
    """The motor ran and the bank stayed inside."""

    KIND: ClassVar[EventKind] = EventKind.EJECT_FAILED
    bank: BankId | None
    cabinet: CabinetId
    slot: int
    reason: str


@dataclass(frozen=True, slots=True)
class PickupFinished(Happening):
    """The cabinet gives out no more for this reservation; `job` is the one whose courier was there.

    With this it has told which banks left: of those that a courier has named before, the others did not.
    """

    KIND: ClassVar[EventKind] = EventKind.PICKUP_FINISHED
    reservation: ReservationId
    ejected: int
    missing: int
    job: JobId | None = None


@dataclass(frozen=True, slots=True)
class PickedUp(Happening):
    """Banks are on their way to the user."""

    KIND: ClassVar[EventKind] = EventKind.PICKED_UP
    job: JobId
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class DeliveryLost(Happening):
    """The courier left with banks; the order begins again with another reservation."""

    KIND: ClassVar[EventKind] = EventKind.DELIVERY_LOST
    reason: str


@dataclass(frozen=True, slots=True)
class RentalSucceeded(Happening):
    """The user has these banks from the courier: their rental begins."""

    KIND: ClassVar[EventKind] = EventKind.RENTAL_SUCCESS
    job: JobId
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class Unlocked(Happening):
    """The user has taken banks from the cabinet."""

    KIND: ClassVar[EventKind] = EventKind.UNLOCKED
    quantity: int


@dataclass(frozen=True, slots=True)
class CalledOff(Happening):
    """The delivery is stopped; the order ends as `ending` when no courier holds its banks."""

    KIND: ClassVar[EventKind] = EventKind.CALLED_OFF
    ending: OrderState
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnAsked(Happening):
    """The user asked for banks to be fetched."""

    KIND: ClassVar[EventKind] = EventKind.RETURN_ASKED
    quantity: int
    location: Point


@dataclass(frozen=True, slots=True)
class BanksCollected(Happening):
    """A courier took these banks from the user: their rental ended when that courier took the job."""

    KIND: ClassVar[EventKind] = EventKind.BANKS_COLLECTED
    job: JobId
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class ReturnStarted(Happening):
    """Banks are on their way back."""

    KIND: ClassVar[EventKind] = EventKind.RETURN_STARTED
    job: JobId


@dataclass(frozen=True, slots=True)
class ReturnDropped(Happening):
    """Nobody comes for the banks; the user keeps them and may ask again or walk."""

    KIND: ClassVar[EventKind] = EventKind.RETURN_DROPPED
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnedInPart(Happening):
    """The courier's banks are back; the user still has others."""

    KIND: ClassVar[EventKind] = EventKind.RETURNED_IN_PART
    left: int


@dataclass(frozen=True, slots=True)
class BankReturned(Happening):
    """A cabinet has read the bank in one of its slots."""

    KIND: ClassVar[EventKind] = EventKind.BANK_RETURNED
    bank: BankId
    cabinet: CabinetId
    slot: int
    reservation: ReservationId | None = None


@dataclass(frozen=True, slots=True)
class BankFound(Happening):
    """A bank that the order had given up turned up in a cabinet. It moves no money."""

    KIND: ClassVar[EventKind] = EventKind.BANK_FOUND
    bank: BankId
    cabinet: CabinetId
    slot: int


@dataclass(frozen=True, slots=True)
class ReturnSucceeded(Happening):
    """Return success, on the cabinet's evidence or on the courier's word for `banks`."""

    KIND: ClassVar[EventKind] = EventKind.RETURN_SUCCESS
    job: JobId
    banks: tuple[BankId, ...]
    evidence: str
    grace_due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class WordTaken(Happening):
    """The cabinet stayed silent for the time of grace: the courier's word counts for these banks."""

    KIND: ClassVar[EventKind] = EventKind.WORD_TAKEN
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class Settled(Happening):
    """No bank is with the user any more; fees are due."""

    KIND: ClassVar[EventKind] = EventKind.SETTLED
    reason: str | None


@dataclass(frozen=True, slots=True)
class BoughtOut(Happening):
    """The user kept these banks so long that they are sold."""

    KIND: ClassVar[EventKind] = EventKind.BOUGHT_OUT
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class Cancelled(Happening):
    """The order ended because its user, or an operator, wanted it so."""

    KIND: ClassVar[EventKind] = EventKind.CANCELLED
    reason: str


@dataclass(frozen=True, slots=True)
class Failed(Happening):
    """The order could not be served."""

    KIND: ClassVar[EventKind] = EventKind.FAILED
    reason: str


@dataclass(frozen=True, slots=True)
class FeesBooked(Happening):
    """Fee lines were added."""

    KIND: ClassVar[EventKind] = EventKind.FEES_BOOKED
    lines: tuple[FeeLine, ...]


@dataclass(frozen=True, slots=True)
class DisputeOpened(Happening):
    """The user says that something is wrong, about a bank or the whole order."""

    KIND: ClassVar[EventKind] = EventKind.DISPUTE_OPENED
    bank: BankId | None
    text: str


@dataclass(frozen=True, slots=True)
class DisputeAnswered(Happening):
    """An operator has answered; `dispute` is the entry that opened it."""

    KIND: ClassVar[EventKind] = EventKind.DISPUTE_ANSWERED
    dispute: str
    operator: OperatorId
    text: str


@dataclass(frozen=True, slots=True)
class FeeWaived(Happening):
    """An operator takes a fee off the bill; a reversing line follows."""

    KIND: ClassVar[EventKind] = EventKind.FEE_WAIVED
    line: str
    fee: FeeKind
    of: str
    operator: OperatorId
    reason: str


@dataclass(frozen=True, slots=True)
class RentalClosed(Happening):
    """An operator ends the rental of these banks: they are with nobody the order could wait for."""

    KIND: ClassVar[EventKind] = EventKind.RENTAL_CLOSED
    operator: OperatorId
    banks: tuple[BankId, ...]
    reason: str
