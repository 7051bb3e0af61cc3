"""What charging cabinets report (events, snapshots, telemetry) and the commands they obey.

Events travel through the cabinet's journal. A command is a lease: the envelope's `id` is the command id, its
`expirytime` the last moment it may act, and `epoch` rises with every command to one cabinet. A cabinet that
sees the same id again answers with the recorded outcome; one whose epoch is below the highest it has acted on
for the same reservation is refused as `stale_epoch`.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field, StringConstraints

from chargeloop.protocol import fields
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.common import Location


class SlotState(StrEnum):
    """What a slot is doing; `reserved` with a bank is held to give out, without one it is kept free."""

    EMPTY = "empty"
    CHARGING = "charging"
    READY = "ready"
    RESERVED = "reserved"
    EJECTING = "ejecting"
    FAULTY = "faulty"
    LOCKED = "locked"


class Outcome(StrEnum):
    """How a command ended at the device; the platform alone knows a fifth: unknown."""

    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    FAILED = "failed"


class CabinetReason(StrEnum):
    """Why a command was refused or failed, a return rejected, a slot faulted."""

    NOT_ENOUGH_BANKS = "not_enough_banks"
    NOT_ENOUGH_SLOTS = "not_enough_slots"
    UNKNOWN_RESERVATION = "unknown_reservation"
    STALE_EPOCH = "stale_epoch"
    BUSY = "busy"
    JAM = "jam"
    NO_BANK_IN_SLOT = "no_bank_in_slot"
    SLOT_TAKEN = "slot_taken"
    SLOT_HELD = "slot_held"
    UNREADABLE_BANK = "unreadable_bank"
    POWER_CUT = "power_cut"
    OPERATOR = "operator"


class HoldEnd(StrEnum):
    """Why a reservation ended at the cabinet."""

    FULFILLED = "fulfilled"
    RELEASED = "released"
    EXPIRED = "expired"


class BankStatus(Data):
    """One power bank as its slot reads it."""

    bank: fields.Bank
    charge_pct: fields.Percent
    health_pct: fields.Percent
    temperature_c: Annotated[int, Field(ge=-60, le=150)]
    cycles: fields.Cycles


class SlotStatus(Data):
    """One slot as it stands; slots are numbered from 1."""

    slot: fields.Slot
    state: SlotState
    bank: BankStatus | None = None
    reservation: fields.Reservation | None = None


class SlotContent(Data):
    """A slot and the bank in it, if any."""

    slot: fields.Slot
    bank: fields.Bank | None = None


class CabinetInfo(Data):
    """What the cabinet is and where it stands; `commands` are the types of those it obeys.

    A cabinet that names none is older than this member, and obeys those that were there first: reserving
    banks and slots, releasing, ejecting, telling the inventory, locking. It is sent no other.
    """

    TYPE: ClassVar[str] = "chargeloop.cabinet.info.v1"
    EXAMPLE: ClassVar[str] = (
        '{"name":"Harbour Café","location":{"lat_e7":434500000,"lon_e7":52300000},"slots":12,'
        '"model":"CL-12","firmware":"1.0.0","commands":["chargeloop.cabinet.eject_banks.v1",'
        '"chargeloop.cabinet.reboot.v1"]}'
    )

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    location: Location
    slots: fields.Slot
    model: Annotated[str, StringConstraints(max_length=40)]
    firmware: Annotated[str, StringConstraints(max_length=40)]
    commands: Annotated[tuple[fields.MessageType, ...], Field(max_length=64)] = ()


class SlotsSnapshot(Data):
    """Every slot as it stands. `version` rises with each snapshot of one journal; an older one is ignored.

    `after_seq` is the number of the last journal entry the snapshot includes.
    """

    TYPE: ClassVar[str] = "chargeloop.cabinet.slots_snapshot.v1"
    EXAMPLE: ClassVar[str] = (
        '{"version":18,"journal":"jnl-5f0c2a","after_seq":41,"slots":[{"slot":1,"state":"ready","bank":{"bank":"bnk-000017","charge_pct":98,'
        '"health_pct":97,"temperature_c":24,"cycles":112},"reservation":null},{"slot":2,"state":"empty"}]}'
    )

    version: fields.Count
    journal: fields.Journal
    after_seq: fields.Count
    slots: Annotated[tuple[SlotStatus, ...], Field(max_length=36)]


class SlotReading(Data):
    """One slot's sensors."""

    slot: fields.Slot
    charge_pct: fields.Percent | None = None
    temperature_c: Annotated[int, Field(ge=-60, le=150)] | None = None


class Telemetry(Data):
    """Sensor readings now and then; a lost one does not matter. Also keeps the presence lease alive."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.telemetry.v1"
    EXAMPLE: ClassVar[str] = '{"power_w":38,"slots":[{"slot":1,"charge_pct":98,"temperature_c":24}]}'

    power_w: Annotated[int, Field(ge=0, le=100_000)]
    slots: Annotated[tuple[SlotReading, ...], Field(max_length=36)] = ()


class Booted(Data):
    """The cabinet started; `interrupted` names commands whose effect it cannot know because power failed.

    `command` is the `Reboot` that it started anew for: this event is that command's physical fact.
    """

    TYPE: ClassVar[str] = "chargeloop.cabinet.booted.v1"
    EXAMPLE: ClassVar[str] = '{"cause":"reboot","firmware":"1.0.0","interrupted":[],"command":"cmd-5f0c2a"}'

    cause: Annotated[str, StringConstraints(pattern="^(power_on|reboot|crash)$")]
    firmware: Annotated[str, StringConstraints(max_length=40)]
    interrupted: Annotated[tuple[fields.Message, ...], Field(max_length=36)] = ()
    command: fields.Command | None = None


class CommandFinished(Data):
    """The one final outcome of a command, also named by `correlationid`; `slots` are those it reserved."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.command_finished.v1"
    EXAMPLE: ClassVar[str] = (
        '{"command":"cmd-7a10-1","epoch":9,"outcome":"done","reason":null,"available":null,'
        '"reservation":"rsv-7a10-1","slots":[{"slot":1,"bank":"bnk-000017"},{"slot":4,"bank":"bnk-000022"}]}'
    )

    command: fields.Command
    epoch: fields.Epoch
    outcome: Outcome
    reason: CabinetReason | None = None
    available: fields.Count | None = None
    reservation: fields.Reservation | None = None
    slots: Annotated[tuple[SlotContent, ...], Field(max_length=36)] = ()


class ReservationEnded(Data):
    """A reservation no longer holds anything here."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.reservation_ended.v1"
    EXAMPLE: ClassVar[str] = '{"reservation":"rsv-7a10-1","why":"fulfilled"}'

    reservation: fields.Reservation
    why: HoldEnd


class PickupStarted(Data):
    """Somebody gave the right code, or a remote command came: the first motor is about to move."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.pickup_started.v1"
    EXAMPLE: ClassVar[str] = '{"reservation":"rsv-7a10-1","by":"keypad"}'

    reservation: fields.Reservation
    by: Annotated[str, StringConstraints(pattern="^(keypad|command)$")]


class BankEjected(Data):
    """The exit sensor saw this bank leave: the physical fact on which orders move.

    It names the reservation, or at least the command, that the bank was given out for: without either nobody
    has rented it.
    """

    TYPE: ClassVar[str] = "chargeloop.cabinet.bank_ejected.v1"
    EXAMPLE: ClassVar[str] = (
        '{"slot":1,"bank":"bnk-000017","reservation":"rsv-7a10-1","command":null,"charge_pct":98}'
    )

    slot: fields.Slot
    bank: fields.Bank
    reservation: fields.Reservation | None = None
    command: fields.Command | None = None
    charge_pct: fields.Percent = 0


class EjectFailed(Data):
    """The motor ran and the bank did not come out; the slot is faulty now. The bank is still inside."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.eject_failed.v1"
    EXAMPLE: ClassVar[str] = '{"slot":4,"bank":"bnk-000022","reservation":"rsv-7a10-1","reason":"jam"}'

    slot: fields.Slot
    bank: fields.Bank | None = None
    reservation: fields.Reservation | None = None
    reason: CabinetReason


class PickupFinished(Data):
    """The ejecting for a reservation ended: so many came out, so many are missing (nothing else to give)."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.pickup_finished.v1"
    EXAMPLE: ClassVar[str] = '{"reservation":"rsv-7a10-1","ejected":2,"missing":0}'

    reservation: fields.Reservation
    ejected: fields.Count
    missing: fields.Count


class BankReturned(Data):
    """A bank was read in an empty slot: it is back. `reservation` when it came through a held slot."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.bank_returned.v1"
    EXAMPLE: ClassVar[str] = '{"slot":2,"bank":"bnk-000017","reservation":"rsv-7a10-2","charge_pct":12}'

    slot: fields.Slot
    bank: fields.Bank
    reservation: fields.Reservation | None = None
    charge_pct: fields.Percent = 0


class ReturnRejected(Data):
    """Something was put in that could not be accepted; it was pushed out again."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.return_rejected.v1"
    EXAMPLE: ClassVar[str] = '{"slot":2,"bank":null,"reservation":null,"reason":"unreadable_bank"}'

    slot: fields.Slot | None = None
    bank: fields.Bank | None = None
    reservation: fields.Reservation | None = None
    reason: CabinetReason


class SlotChanged(Data):
    """A slot became faulty or locked, or usable again, outside of a rental."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.slot_changed.v1"
    EXAMPLE: ClassVar[str] = '{"slot":4,"state":"faulty","reason":"jam"}'

    slot: fields.Slot
    state: SlotState
    reason: CabinetReason | None = None


class KeypadLocked(Data):
    """Too many wrong codes: the keypad takes none until then, even after a power cycle."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.keypad_locked.v1"
    EXAMPLE: ClassVar[str] = '{"wrong_codes":5,"until":"2026-11-23T12:10:00.000Z"}'

    wrong_codes: fields.Count
    until: fields.Instant


class InventoryReported(Data):
    """Every slot, as asked for by `ReportInventory` (then `command` is its id) or after a boot."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.inventory_reported.v1"
    EXAMPLE: ClassVar[str] = (
        '{"command":"cmd-inv-3","slots":[{"slot":1,"state":"empty"},{"slot":2,"state":"ready","bank":'
        '{"bank":"bnk-000022","charge_pct":90,"health_pct":95,"temperature_c":25,"cycles":80}}]}'
    )

    command: fields.Command | None = None
    slots: Annotated[tuple[SlotStatus, ...], Field(max_length=36)]


class ReserveBanks(Data):
    """First reservation request (claims 2 and 8): set `quantity` banks aside until `hold_until`."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.reserve_banks.v1"
    EXAMPLE: ClassVar[str] = (
        '{"reservation":"rsv-7a10-1","epoch":9,"quantity":2,"min_charge_pct":60,'
        '"hold_until":"2026-11-23T13:00:00.000Z","code":"402913"}'
    )

    reservation: fields.Reservation
    epoch: fields.Epoch
    quantity: fields.Quantity
    min_charge_pct: fields.Percent
    hold_until: fields.Instant
    code: fields.Code


class ReserveSlots(Data):
    """Second reservation request (claims 4 and 9): keep `quantity` slots empty until `hold_until`."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.reserve_slots.v1"
    EXAMPLE: ClassVar[str] = (
        '{"reservation":"rsv-7a10-2","epoch":12,"quantity":2,"hold_until":"2026-11-23T15:00:00.000Z","code":"771204"}'
    )

    reservation: fields.Reservation
    epoch: fields.Epoch
    quantity: fields.Quantity
    hold_until: fields.Instant
    code: fields.Code


class ReleaseReservation(Data):
    """Give up a reservation of banks or slots. Done also when it is no longer held.

    An eject that waits for the motor is dropped, as `stale_epoch`; refused as `busy` while banks come out.
    After a refusal it is commanded anew, as long as the reservation could be held.
    """

    TYPE: ClassVar[str] = "chargeloop.cabinet.release_reservation.v1"
    EXAMPLE: ClassVar[str] = '{"reservation":"rsv-7a10-1","epoch":13}'

    reservation: fields.Reservation
    epoch: fields.Epoch


class EjectBanks(Data):
    """Give out the banks of a reservation now, one by one (walk-up rental, or help from an operator).

    One that waits for the motor of another pickup when the power fails is refused as `power_cut`.
    """

    TYPE: ClassVar[str] = "chargeloop.cabinet.eject_banks.v1"
    EXAMPLE: ClassVar[str] = '{"reservation":"rsv-7a10-1","epoch":14}'

    reservation: fields.Reservation
    epoch: fields.Epoch


class ReportInventory(Data):
    """Ask for an `InventoryReported`: how an unknown outcome is resolved before anything else is tried."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.report_inventory.v1"
    EXAMPLE: ClassVar[str] = '{"epoch":15}'

    epoch: fields.Epoch


class LockSlot(Data):
    """Take a slot out of use (`locked` true) or put it back, which also clears a fault."""

    TYPE: ClassVar[str] = "chargeloop.cabinet.lock_slot.v1"
    EXAMPLE: ClassVar[str] = '{"slot":4,"epoch":16,"locked":true}'

    slot: fields.Slot
    epoch: fields.Epoch
    locked: bool


class Reboot(Data):
    """Start anew. `done` says that the cabinet is at rest and about to; that it did, `Booted` tells.

    Refused as `busy` while banks are being given out or a slot stands open: no motor's course is cut.
    """

    TYPE: ClassVar[str] = "chargeloop.cabinet.reboot.v1"
    EXAMPLE: ClassVar[str] = '{"epoch":17}'

    epoch: fields.Epoch


# What every cabinet obeys, whether it says so or not. What is added later, it must name in its `CabinetInfo`.
FIRST_COMMANDS: Final = frozenset(
    message.TYPE
    for message in (ReserveBanks, ReserveSlots, ReleaseReservation, EjectBanks, ReportInventory, LockSlot)
)
