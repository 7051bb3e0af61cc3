"""What operators have to look after: troubles that stand in a region, and the alarms that tell of them.

A trouble is a fact of this moment: it is there or it is not. An alarm is about a trouble and has a life with
people: it is acknowledged, assigned and closed. One that nobody has touched closes by itself when its trouble
has been over for a while. An operator may close one whose trouble lasts; it is then not raised again before
the trouble has been over once, or has come anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.platform.core.rows import SlotRecord
from chargeloop.protocol.ids import BankId, CabinetId
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import DAY_MS, MINUTE_MS
from chargeloop.protocol.values import replace

OFFLINE_MS: Final = 2 * MINUTE_MS
LOW_STOCK: Final = 2
SELF_CLOSE_MS: Final = 10 * MINUTE_MS
MISSING_MS: Final = 60 * MINUTE_MS
# Who closes an alarm when no operator does.
SYSTEM: Final = "chargeloop"

# How long an order may stay in a state: the platform has its own deadlines, which are shorter.
_STUCK_MS: Final[Mapping[OrderState, int]] = MappingProxyType(
    {
        OrderState.RESERVING: 10 * MINUTE_MS,
        OrderState.DISPATCHING: 30 * MINUTE_MS,
        OrderState.FETCHING: 60 * MINUTE_MS,
        OrderState.DELIVERING: 90 * MINUTE_MS,
        OrderState.UNLOCKING: 10 * MINUTE_MS,
        OrderState.IN_USE: 3 * DAY_MS,
        OrderState.RETURN_RESERVING: 10 * MINUTE_MS,
        OrderState.RETURN_DISPATCHING: 60 * MINUTE_MS,
        OrderState.COLLECTING: 90 * MINUTE_MS,
        OrderState.RETURNING: 90 * MINUTE_MS,
        OrderState.RECALLING: 120 * MINUTE_MS,
    }
)

# Where a bank of an ended order is that a courier had last.
_WITH_COURIERS: Final = (BankPlace.OUTBOUND, BankPlace.INBOUND, BankPlace.ASTRAY)


class AlarmKind(StrEnum):
    """What an alarm is about."""

    CABINET_OFFLINE = "cabinet_offline"
    ORDER_STUCK = "order_stuck"
    SLOT_JAMMED = "slot_jammed"
    BANK_IN_TWO_PLACES = "bank_in_two_places"
    BANK_MISSING = "bank_missing"
    LOW_STOCK = "low_stock"
    QUARANTINE = "quarantine"


class Severity(StrEnum):
    """How soon somebody should look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class SubjectKind(StrEnum):
    """What an alarm points at."""

    CABINET = "cabinet"
    ORDER = "order"
    BANK = "bank"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two troubles the same one; `part` tells those of one subject apart, such as its slots."""

    kind: AlarmKind
    subject_kind: SubjectKind
    subject: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now, since `since_ms`.

    What happens again and again did so last at `last_ms`; a state that lasts has 0. One that is `doubtful`
    may be ours alone: it raises no alarm, and clears none either.
    """

    key: Key
    severity: Severity
    text: str
    since_ms: int
    last_ms: int = 0
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Handling:
    """Who did something with an alarm, and when."""

    by: str
    at_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it stands; `cleared_ms` is when its trouble was over, None while it lasts."""

    id: str
    key: Key
    severity: Severity
    text: str
    since_ms: int
    cleared_ms: int | None = None
    acknowledged: Handling | None = None
    assignee: str | None = None
    closed: Handling | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether nobody has closed it."""
        return self.closed is None


# Troubles.


@dataclass(frozen=True, slots=True)
class Sight:
    """What troubles of a cabinet follow from."""

    id: CabinetId
    name: str
    usable: bool
    last_seen_ms: int
    ready_banks: int
    slots: tuple[SlotRecord, ...]


def of_cabinet(
    cabinet: Sight, now_ms: int, *, listening_since_ms: int = 0, offline_ms: int = OFFLINE_MS
) -> Iterator[Trouble]:
    """Yield what is wrong with one cabinet.

    Args:
        cabinet: as the platform knows it.
        now_ms: the present.
        listening_since_ms: from when on the platform would have heard it. One that was not heard of while the
            platform was away may be well: that it is off line is doubtful until it has been silent for a
            while to somebody who listens.
        offline_ms: how long that is.
    """
    silent_ms = now_ms - cabinet.last_seen_ms
    if not cabinet.usable and silent_ms >= offline_ms:
        key = Key(AlarmKind.CABINET_OFFLINE, SubjectKind.CABINET, cabinet.id)
        text = f"{cabinet.name or cabinet.id} has not been heard of for some time"
        doubtful = now_ms - listening_since_ms < offline_ms
        yield Trouble(key, Severity.CRITICAL, text, cabinet.last_seen_ms, doubtful=doubtful)
    for slot in cabinet.slots:
        if slot.state is SlotState.FAULTY:
            key = Key(AlarmKind.SLOT_JAMMED, SubjectKind.CABINET, cabinet.id, str(slot.slot))
            held = "" if slot.bank is None else f" and holds {slot.bank}"
            text = f"slot {slot.slot} of {cabinet.name or cabinet.id} is out of order{held}"
            yield Trouble(key, Severity.WARNING, text, now_ms)
    if cabinet.usable and cabinet.ready_banks < min(LOW_STOCK, len(cabinet.slots)):
        key = Key(AlarmKind.LOW_STOCK, SubjectKind.CABINET, cabinet.id)
        banks = "1 bank" if cabinet.ready_banks == 1 else f"{cabinet.ready_banks} banks"
        text = f"{cabinet.name or cabinet.id} has {banks} to give"
        yield Trouble(key, Severity.INFO, text, now_ms)


def of_order(order: Order, now_ms: int) -> Iterator[Trouble]:
    """Yield what is wrong with one order."""
    allowed_ms = _STUCK_MS.get(order.state)
    if allowed_ms is not None and now_ms - order.since_ms > allowed_ms:
        key = Key(AlarmKind.ORDER_STUCK, SubjectKind.ORDER, order.id, order.state)
        text = f"{order.id} has been {order.state.replace('_', ' ')} for too long"
        yield Trouble(key, Severity.WARNING, text, order.since_ms)


def of_outstanding(order: Order, bank: BankId, now_ms: int) -> Iterator[Trouble]:
    """Yield that a bank for which an ended order still answers is in no cabinet some time later."""
    track = order.bank(bank)
    if track is None or now_ms - order.since_ms <= MISSING_MS:
        return
    by_word = track.place is BankPlace.BACK and track.back is None
    if by_word or track.place in _WITH_COURIERS:
        key = Key(AlarmKind.BANK_MISSING, SubjectKind.ORDER, order.id, bank)
        told = "a courier says that it is back" if by_word else "a courier had it last"
        if track.job is None and track.given_by is not None and not by_word:
            told = f"it left {track.given_by}"
        text = f"{bank} of {order.id} is in no cabinet: {told}"
        yield Trouble(key, Severity.WARNING, text, order.since_ms)


def of_bank(bank: BankId, cabinets: Iterable[CabinetId], now_ms: int) -> Trouble:
    """Return that two cabinets, or two slots of one, say that they have the bank."""
    key = Key(AlarmKind.BANK_IN_TWO_PLACES, SubjectKind.BANK, bank)
    places = " and in ".join(sorted(cabinets))
    return Trouble(key, Severity.CRITICAL, f"{bank} stands in {places} at once", now_ms)


@dataclass(frozen=True, slots=True)
class Unread:
    """What came on one topic and could not be read: how many times, the latest fault, the first and last."""

    topic: str
    times: int
    fault: str
    first_ms: int
    last_ms: int


def of_quarantine(service: str, unread: Unread) -> Trouble:
    """Return that a service could not read what came on a topic."""
    key = Key(AlarmKind.QUARANTINE, SubjectKind.SERVICE, service, unread.topic)
    count = "a message" if unread.times == 1 else f"{unread.times} messages"
    text = f"{count} on {unread.topic} could not be read: {unread.fault}"
    return Trouble(key, Severity.WARNING, text, unread.first_ms, unread.last_ms)


# Alarms.


def reconcile(
    known: Mapping[Key, Alarm], troubles: Mapping[Key, Trouble], now_ms: int
) -> Iterator[Trouble | Alarm]:
    """Yield what follows from the troubles of this moment: those to raise an alarm of, and alarms changed.

    `known` has the latest alarm of each key that is open, or was closed while its trouble lasted.
    """
    for key, trouble in troubles.items():
        if trouble.doubtful:
            continue
        alarm = known.get(key)
        if alarm is None or (alarm.closed is not None and trouble.last_ms > alarm.closed.at_ms):
            yield trouble
        elif alarm.is_open and (alarm.cleared_ms is not None or alarm.text != trouble.text):
            yield replace(alarm, cleared_ms=None, text=trouble.text, severity=trouble.severity)
    for key, alarm in known.items():
        if key in troubles:
            continue
        if alarm.cleared_ms is None:
            yield replace(alarm, cleared_ms=now_ms)
        elif alarm.is_open and _closes_itself(alarm, now_ms):
            yield replace(alarm, closed=Handling(SYSTEM, now_ms, "it was over by itself"))


def _closes_itself(alarm: Alarm, now_ms: int) -> bool:
    untouched = alarm.acknowledged is None and alarm.assignee is None
    return untouched and alarm.cleared_ms is not None and now_ms - alarm.cleared_ms >= SELF_CLOSE_MS
