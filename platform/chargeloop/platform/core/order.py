"""The order: one user's rental with its return, from the request to the last bank.

Theory of operation
-------------------
An order is an immutable value. What happens to it is an event of its journal, named by `EventKind`;
`order_evolve` makes the next value from an event, and the state moves as `TRANSITIONS` says and in no other
way.

Events come in two sorts. Those in `TRANSITIONS` move the state (some of them onto itself) and may only
happen in the states that list them. `FACTS` never move the state and may be recorded in every state,
final ones too: a cabinet can report a bank hours after the order ended, and what physically happened is
always written down.

Neither a courier nor a cabinet has to agree with our books: each bank the order has given out is followed
on its own (`BankTrack`), and the order ends when none of them is with its user or on the way. The state
says what the order waits for, the tracks say what is true.

    reserving - dispatching - fetching - delivering - in_use - return_reserving - return_dispatching
        `----- unlocking (walk-up) --------------------'  |          - collecting - returning
    recalling: called off while a courier may hold banks  `- settled, cancelled, failed: final
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chargeloop.platform.core.dispute import Dispute, Waiver
from chargeloop.platform.core.fees import FeeLine, Mark
from chargeloop.platform.core.order_journal import FACTS, EventKind
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import (
    BankId,
    CabinetId,
    CommandId,
    CourierId,
    IdKind,
    JobId,
    JournalId,
    OrderId,
    ReservationId,
    UserId,
)
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.rental import HandOver, OrderState

_S, _E = OrderState, EventKind

INITIAL: Final = _S.RESERVING

TRANSITIONS: Final[Mapping[OrderState, Mapping[EventKind, OrderState]]] = MappingProxyType(
    {
        _S.RESERVING: {
            _E.RENTAL_REQUESTED: _S.DISPATCHING,
            _E.UNLOCK_ORDERED: _S.UNLOCKING,
            _E.RENTAL_SUCCESS: _S.IN_USE,  # a courier who had been given up brought the banks after all
            _E.CANCELLED: _S.CANCELLED,
            _E.FAILED: _S.FAILED,
        },
        _S.DISPATCHING: {
            _E.FIRST_INDICATION: _S.FETCHING,
            _E.PICKED_UP: _S.DELIVERING,  # the cabinet was heard before the courier platform
            _E.RENTAL_SUCCESS: _S.IN_USE,
            _E.DELIVERY_LOST: _S.RESERVING,
            _E.CALLED_OFF: _S.RECALLING,
            _E.FAILED: _S.FAILED,
        },
        _S.FETCHING: {
            _E.FIRST_INDICATION: _S.FETCHING,
            _E.COURIER_LEFT: _S.DISPATCHING,
            _E.PICKED_UP: _S.DELIVERING,
            _E.RENTAL_SUCCESS: _S.IN_USE,
            _E.DELIVERY_LOST: _S.RESERVING,
            _E.CALLED_OFF: _S.RECALLING,
            _E.FAILED: _S.FAILED,
        },
        _S.DELIVERING: {
            _E.FIRST_INDICATION: _S.DELIVERING,
            _E.PICKED_UP: _S.DELIVERING,
            _E.COURIER_LEFT: _S.DISPATCHING,
            _E.RENTAL_SUCCESS: _S.IN_USE,
            _E.DELIVERY_LOST: _S.RESERVING,
            _E.CALLED_OFF: _S.RECALLING,
            _E.FAILED: _S.FAILED,
        },
        _S.UNLOCKING: {
            _E.UNLOCKED: _S.IN_USE,
            _E.FAILED: _S.FAILED,
        },
        _S.IN_USE: {
            _E.RETURN_ASKED: _S.RETURN_RESERVING,
            _E.SECOND_INDICATION: _S.IN_USE,  # of a job that was being called off
            _E.RETURN_STARTED: _S.RETURNING,  # the same: the courier was faster
            _E.SETTLED: _S.SETTLED,
            _E.BOUGHT_OUT: _S.SETTLED,
        },
        _S.RETURN_RESERVING: {
            _E.RETURN_REQUESTED: _S.RETURN_DISPATCHING,
            _E.SECOND_INDICATION: _S.RETURN_RESERVING,
            _E.RETURN_DROPPED: _S.IN_USE,
            _E.SETTLED: _S.SETTLED,
        },
        _S.RETURN_DISPATCHING: {
            _E.SECOND_INDICATION: _S.COLLECTING,
            _E.RETURN_STARTED: _S.RETURNING,
            _E.RETURN_DROPPED: _S.IN_USE,
            _E.SETTLED: _S.SETTLED,
        },
        _S.COLLECTING: {
            _E.SECOND_INDICATION: _S.COLLECTING,
            _E.COURIER_LEFT: _S.RETURN_DISPATCHING,
            _E.RETURN_STARTED: _S.RETURNING,
            _E.RETURN_DROPPED: _S.IN_USE,
            _E.SETTLED: _S.SETTLED,
        },
        _S.RETURNING: {
            _E.SECOND_INDICATION: _S.RETURNING,
            _E.RETURNED_IN_PART: _S.IN_USE,
            _E.SETTLED: _S.SETTLED,
        },
        _S.RECALLING: {
            _E.FIRST_INDICATION: _S.RECALLING,
            _E.PICKED_UP: _S.RECALLING,  # before the courier heard of it
            _E.COURIER_LEFT: _S.RECALLING,
            _E.RENTAL_SUCCESS: _S.IN_USE,  # handed over before the courier heard of it
            _E.CANCELLED: _S.CANCELLED,
            _E.FAILED: _S.FAILED,
        },
        _S.SETTLED: {
            _E.SECOND_INDICATION: _S.SETTLED,  # heard late: it ends a rental and begins a courier's fee
        },
        _S.CANCELLED: {},
        _S.FAILED: {},
    }
)

FINAL: Final = frozenset(state for state, moves in TRANSITIONS.items() if set(moves.values()) <= {state})
OUTWARD_STATES: Final = frozenset({_S.DISPATCHING, _S.FETCHING, _S.DELIVERING, _S.RECALLING})
BACK_STATES: Final = frozenset({_S.RETURN_DISPATCHING, _S.COLLECTING, _S.RETURNING})
# The user has, or had, banks: from here an order ends by settling it.
RENTED_STATES: Final = BACK_STATES | {_S.IN_USE, _S.RETURN_RESERVING}


class TransitionError(Exception):
    """An event was about to be recorded in a state that does not allow it: a bug in a handler."""


def may_happen(state: OrderState, kind: EventKind) -> bool:
    """Tell whether an event of this kind may be recorded in this state."""
    return kind in FACTS or kind in TRANSITIONS[state]


def next_state(state: OrderState, kind: EventKind) -> OrderState:
    """Return the state after the event.

    Raises:
        TransitionError: the table does not allow it; ask `may_happen` before.
    """
    if kind in FACTS:
        return state
    try:
        return TRANSITIONS[state][kind]
    except KeyError:
        message = f"{kind} cannot happen to an order that is {state}"
        raise TransitionError(message) from None


class BankPlace(StrEnum):
    """Where a bank of an order is, as far as the order knows."""

    OUTBOUND = "outbound"  # with the courier, on the way to the user
    USER = "user"
    INBOUND = "inbound"  # with the courier, on the way back to a cabinet
    ASTRAY = "astray"  # with a courier who has left the job, until it turns up in a cabinet
    BACK = "back"
    SOLD = "sold"


class HoldState(StrEnum):
    """What a reservation at a cabinet is to the platform; one that has ended is no longer listed."""

    ASKED = "asked"  # the command is on its way; its outcome is not known
    HELD = "held"  # the cabinet has set the banks or slots aside
    RELEASING = "releasing"  # given up, but the cabinet may not know it yet


class HoldKind(StrEnum):
    """What a reservation keeps."""

    BANKS = "banks"
    SLOTS = "slots"


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation at a cabinet.

    `command` is the latest command about it and is waited for until `command_due_ms`; from then on one that
    is RELEASING and was not released is released again. The cabinet ends the reservation by itself at
    `until_ms`, on its own clock. `filled` counts the banks that came back through
    its slots.
    """

    id: ReservationId
    cabinet: CabinetId
    kind: HoldKind
    quantity: int
    code: str
    state: HoldState
    until_ms: int
    command: CommandId
    command_due_ms: int
    filled: int = 0

    @property
    def due_ms(self) -> int:
        """Return when the platform has to look at it again: no answer, not released, or no longer held."""
        if self.state is HoldState.HELD:
            return self.until_ms
        return (
            self.command_due_ms if self.state is HoldState.ASKED else min(self.command_due_ms, self.until_ms)
        )


@dataclass(frozen=True, slots=True)
class BankTrack:
    """One bank the order has given out, and the facts its fee needs.

    `rented` and `ended` are the two ends of its rental; `job` is the delivery job whose courier holds it or
    held it last, `left_job` the one with whose courier it left its cabinet `given_by`, and `reservation` what
    it was given out for; `claimed` is a courier's word that it is back, `back` the cabinet's.
    """

    bank: BankId
    place: BankPlace
    job: JobId | None = None
    ejected: Mark | None = None
    rented: Mark | None = None
    ended: Mark | None = None
    claimed: Mark | None = None
    back: Mark | None = None
    reservation: ReservationId | None = None
    left_job: JobId | None = None
    given_by: CabinetId | None = None

    def left_for(self, leg: "Leg") -> bool:
        """Tell whether its cabinet has told that it left with the present courier of a leg.

        That is for the leg's reservation, or for one before it, since a courier may say that there was
        nothing; but then not before that courier took the job.
        """
        if self.ejected is None:
            return False
        if self.reservation is not None and self.reservation == leg.reservation:
            return True
        if (self.left_job or self.job) != leg.job:
            return False
        by_another = leg.indicated is None or self.ejected.time_ms < leg.indicated.time_ms
        return self.reservation is None or not by_another


@dataclass(frozen=True, slots=True)
class Claim:
    """A hand-over as a courier platform tells of it: the banks that it names, and when."""

    banks: tuple[BankId, ...]
    time_ms: int
    quality: ClockState


@dataclass(frozen=True, slots=True)
class Leg:
    """One delivery job.

    `indicated` and `succeeded` are the two ends of its fee. When a courier left and another came,
    `indicated` is the other's, and `called` the first of them all: the user is not charged for a courier who
    gave up. It is `open` until the courier platform has said that it ended. `journal` and `seq` name the last
    report taken about it; nothing reported can have happened before it was requested at `requested_ms`. The
    cabinet has `given` when it has told of every bank that left for the reservation. `claim` is a hand-over
    that waits for this, since none of the banks that it names can be the right one.
    """

    job: JobId
    kind: LegKind
    quantity: int
    cabinet: CabinetId
    reservation: ReservationId
    user_location: Point
    handover_code: str
    requested_ms: int = 0
    open: bool = True
    cancelled: bool = False
    courier: CourierId | None = None
    indicated: Mark | None = None
    called: Mark | None = None
    succeeded: Mark | None = None
    journal: JournalId | None = None
    seq: int = 0
    given: bool = False
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order as it stands.

    `quantity` is what it is about now: what the user asked for, or fewer when that was agreed or all that
    came out. `since_ms` is when it entered its state, `changed_ms` when anything happened last (platform
    time). `serial` numbers the ids derived from the order's, `events` its journal. `tried` are the
    cabinets that could not serve the present search. `ending` is the final state that RECALLING leads to.
    `unlock` is the eject command of a walk-up, `inquiry` the inventory asked for when its outcome is
    unknown. `grace_due_ms` is when a courier's word alone is taken for a return. `lines` are all its fee
    lines, `waived` what an operator has taken off its bill.
    """

    id: OrderId
    user: UserId
    location: Point
    quantity: int
    asked_quantity: int
    accept_fewer: bool
    hand_over: HandOver
    state: OrderState
    tariff: str
    buyout_after_ms: int | None
    placed_ms: int
    since_ms: int
    changed_ms: int
    walk_up_cabinet: CabinetId | None = None
    attempt: int = 1
    serial: int = 0
    events: int = 0
    tried: tuple[CabinetId, ...] = ()
    holds: tuple[Hold, ...] = ()
    legs: tuple[Leg, ...] = ()
    banks: tuple[BankTrack, ...] = ()
    reason: str | None = None
    ending: OrderState | None = None
    unlock: CommandId | None = None
    inquiry: CommandId | None = None
    return_location: Point | None = None
    return_quantity: int = 0
    grace_due_ms: int | None = None
    view_version: int = 0
    lines: tuple[FeeLine, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    waived: tuple[Waiver, ...] = ()

    @property
    def final(self) -> bool:
        """Tell whether it has ended."""
        return self.state in FINAL

    @property
    def leg(self) -> Leg | None:
        """Return the open leg, or None."""
        return self.legs[-1] if self.legs and self.legs[-1].open else None

    def leg_of(self, job: str) -> Leg | None:
        """Return the leg of a delivery job of this order."""
        return next((leg for leg in self.legs if leg.job == job), None)

    def leg_served(self, reservation: str | None) -> Leg | None:
        """Return the outward leg that a reservation is for; of one before a redirection, the latest."""
        outward = [leg for leg in self.legs if leg.kind is LegKind.OUTWARD]
        named = (leg for leg in outward if leg.reservation == reservation)
        return next(named, outward[-1] if outward else None)

    def hold(self, reservation: str) -> Hold | None:
        """Return a reservation that has not ended."""
        return next((hold for hold in self.holds if hold.id == reservation), None)

    def live_hold(self, kind: HoldKind) -> Hold | None:
        """Return the reservation of this kind that is asked for or held."""
        live = (HoldState.ASKED, HoldState.HELD)
        return next((hold for hold in self.holds if hold.kind is kind and hold.state in live), None)

    def bank(self, bank: str) -> BankTrack | None:
        """Return the track of a bank the order has given out."""
        return next((track for track in self.banks if track.bank == bank), None)

    def dispute(self, dispute: str) -> Dispute | None:
        """Return a dispute about the order by its id."""
        return next((one for one in self.disputes if one.id == dispute), None)

    @property
    def open_disputes(self) -> tuple[Dispute, ...]:
        """Return the disputes that wait for an answer."""
        return tuple(one for one in self.disputes if one.answer is None)

    def banks_at(self, *places: BankPlace) -> tuple[BankTrack, ...]:
        """Return the banks that are in one of these places."""
        return tuple(track for track in self.banks if track.place in places)

    def derived(self, kind: IdKind, number: int) -> str:
        """Return the order's derived id: `rsv-<body>-<number>` and so on."""
        return f"{kind}-{body_of(self.id)}-{number}"


def body_of(order: str) -> str:
    """Return what the ids derived from an order's id carry of it."""
    return order.partition("-")[2]


def order_of(derived: str) -> OrderId:
    """Return the order from whose id a reservation, command or job id was derived."""
    return OrderId(f"{IdKind.ORDER}-{derived.partition('-')[2].rpartition('-')[0]}")
