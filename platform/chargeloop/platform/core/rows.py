"""What the core asks its store to write: one small value per row, in the order in which they must be written.

`Save…` rows replace the row of the same key, `Append…` rows only ever add: the journal of an order and its
fee lines are never overwritten. Everything in here is made of texts, integers, booleans, enumerations,
tuples, small dataclasses and None, so a store can keep a whole value as JSON beside the columns it searches
by.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import Order
from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.clock_map import ClockMap
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, JournalId, OrderId, ReservationId
from chargeloop.protocol.messages.cabinet import SlotState


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One entry of an order's journal: `time_ms` is the corrected time, `quality` how far it can be trusted.

    `id` is `<order>-e<number>`, numbered from 1 without gaps. `detail` is a JSON object of the event's
    facts.
    """

    id: str
    order: OrderId
    type: str
    time_ms: int
    received_ms: int
    quality: ClockState
    detail: str


class SlotRecord(NamedTuple):
    """One slot as the platform last knew it; `charge_pct` is that of the bank in it."""

    slot: int
    state: SlotState
    bank: BankId | None = None
    charge_pct: int = 0
    reservation: ReservationId | None = None


def shared(slot: SlotRecord) -> SlotRecord:
    """Return the slot, as the one value that all cabinets have together when it holds nothing."""
    bare = slot.bank is None and slot.reservation is None and slot.charge_pct == 0
    return bare_slot(slot.slot, slot.state) if bare else slot


@lru_cache(maxsize=1_024)
def bare_slot(number: int, state: SlotState) -> SlotRecord:
    """Return the value that all cabinets share of a slot that holds nothing."""
    return SlotRecord(number, state)


@dataclass(frozen=True, slots=True)
class CabinetRecord:
    """What the platform knows of one cabinet.

    `location` is None until the cabinet has introduced itself. `epoch` is that of the last command sent to
    it. `journal` and `seq` are the last journal entry taken; `slots_seq` is the entry that `slots` already
    includes. `inventory` is the open command that asks for an inventory, if any, and when it expires.
    """

    cabinet: CabinetId
    name: str = ""
    location: Point | None = None
    epoch: int = 0
    connection_epoch: int = 0
    online: bool = False
    last_seen_ms: int = 0
    journal: JournalId | None = None
    seq: int = 0
    slots_version: int = 0
    slots_seq: int = 0
    slots: tuple[SlotRecord, ...] = ()
    inventory: CommandId | None = None
    inventory_expires_ms: int = 0
    clock: ClockMap = field(default_factory=ClockMap)


class BankWhere(StrEnum):
    """Who answers for a bank."""

    CABINET = "cabinet"
    COURIER = "courier"
    USER = "user"
    SOLD = "sold"
    AWAY = "away"  # out of a cabinet, and no order answers for it


@dataclass(frozen=True, slots=True)
class BankRecord:
    """Where a bank is: in a slot of a cabinet, with a courier or the user of an order, or sold."""

    bank: BankId
    where: BankWhere
    cabinet: CabinetId | None = None
    slot: int | None = None
    order: OrderId | None = None


@dataclass(frozen=True, slots=True)
class EarlyReturn:
    """A bank that was put into a slot while no order answered for it, at a corrected time.

    The rental that this ends may be heard of later: the cabinet that gave the bank out, or the courier who
    took it, may have been off line.
    """

    bank: BankId
    cabinet: CabinetId
    slot: int
    time_ms: int
    quality: ClockState


@dataclass(frozen=True, slots=True)
class SaveOrder:
    """Replace the order's row."""

    order: Order


@dataclass(frozen=True, slots=True)
class AppendEvent:
    """Add an entry to an order's journal."""

    event: OrderEvent


@dataclass(frozen=True, slots=True)
class AppendFeeLine:
    """Add a fee line."""

    line: FeeLine


@dataclass(frozen=True, slots=True)
class SaveCabinet:
    """Replace the cabinet's row."""

    record: CabinetRecord


@dataclass(frozen=True, slots=True)
class SaveBank:
    """Replace the bank's row."""

    record: BankRecord


@dataclass(frozen=True, slots=True)
class SaveEarlyReturn:
    """Replace the early return of the bank."""

    record: EarlyReturn


@dataclass(frozen=True, slots=True)
class DropEarlyReturn:
    """Remove the early return of the bank, if there is one."""

    bank: BankId


@dataclass(frozen=True, slots=True)
class SaveTariff:
    """Keep a version of the tariff for ever; the same version is never written with another content."""

    tariff: Tariff


@dataclass(frozen=True, slots=True)
class SaveIntervention:
    """Replace the row of an operator's command."""

    intervention: Intervention


PlatformWrite = (
    SaveOrder
    | AppendEvent
    | AppendFeeLine
    | SaveCabinet
    | SaveBank
    | SaveEarlyReturn
    | DropEarlyReturn
    | SaveTariff
    | SaveIntervention
)
