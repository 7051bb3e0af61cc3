"""What can happen to a delivery job (past tense), in the words of the job itself."""

from dataclasses import dataclass

from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, CourierId, OfferId, ReservationId
from chargeloop.protocol.messages.courier import Problem
from chargeloop.protocol.messages.delivery import Evidence


@dataclass(frozen=True, slots=True)
class Stop:
    """The cabinet of a job: where to take banks out or put them in, and the code that opens it."""

    cabinet: CabinetId
    location: Point
    reservation: ReservationId
    code: str


@dataclass(frozen=True, slots=True)
class RoundBegun:
    """Couriers were looked for; the next time is due at `next_round_ms`."""

    next_round_ms: int


@dataclass(frozen=True, slots=True)
class CourierPassed:
    """A courier declined; they are not asked again."""

    courier: CourierId


@dataclass(frozen=True, slots=True)
class JobTaken:
    """A courier has the job now."""

    courier: CourierId
    offer: OfferId
    place: int


@dataclass(frozen=True, slots=True)
class CourierCameBack:
    """A courier who had left proves that the user gave them the banks: the job is theirs again."""

    courier: CourierId


@dataclass(frozen=True, slots=True)
class CabinetReached:
    """The courier stands at the cabinet."""


@dataclass(frozen=True, slots=True)
class BankSeenOut:
    """The cabinet saw a bank of this job leave."""

    bank: BankId


@dataclass(frozen=True, slots=True)
class PickupMade:
    """The courier says which banks came out."""

    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class UserReached:
    """The courier stands at the user's place."""


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """A wrong hand-over code was said."""


@dataclass(frozen=True, slots=True)
class LateCodeRefused:
    """A wrong hand-over code was said by a courier who had left."""


@dataclass(frozen=True, slots=True)
class CodesExhausted:
    """One wrong hand-over code too many was said."""


@dataclass(frozen=True, slots=True)
class HandoverMade:
    """The user has these banks and proved it."""

    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class CollectionMade:
    """The user gave these banks to the courier and proved it."""

    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class BanksPutBack:
    """These banks are in a cabinet; others are still to come."""

    banks: tuple[BankId, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ReturnCompleted:
    """With these, all banks of the job are in a cabinet."""

    banks: tuple[BankId, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CourierLeft:
    """The courier left with empty hands: the job is open again."""

    courier: CourierId
    reason: str


@dataclass(frozen=True, slots=True)
class CourierLeftWithBanks:
    """The courier left, or vanished, with these banks."""

    courier: CourierId
    reason: str
    banks: tuple[BankId, ...]


@dataclass(frozen=True, slots=True)
class ProblemMet:
    """The courier met a problem that the rental platform must solve."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class JobRedirected:
    """The job goes on with another cabinet or quantity."""

    stop: Stop
    quantity: int


@dataclass(frozen=True, slots=True)
class CalledOff:
    """The job was stopped while nobody held banks. `stop` is where banks that come to light must go."""

    stop: Stop | None


@dataclass(frozen=True, slots=True)
class StopNamed:
    """The job was called off before; only now it is known where banks that come to light must go."""

    stop: Stop


@dataclass(frozen=True, slots=True)
class RecallOrdered:
    """The job was stopped while the courier held banks: they go to `stop` (None: to the cabinet it has)."""

    stop: Stop | None


@dataclass(frozen=True, slots=True)
class CourierNotFound:
    """Nobody took the job, or it has been stuck for too long with nobody holding banks."""


JobEvent = (
    RoundBegun
    | CourierPassed
    | JobTaken
    | CourierCameBack
    | CabinetReached
    | BankSeenOut
    | PickupMade
    | UserReached
    | CodeRefused
    | LateCodeRefused
    | CodesExhausted
    | HandoverMade
    | CollectionMade
    | BanksPutBack
    | ReturnCompleted
    | CourierLeft
    | CourierLeftWithBanks
    | ProblemMet
    | JobRedirected
    | CalledOff
    | StopNamed
    | RecallOrdered
    | CourierNotFound
)
