"""The physical world of simulations: what hands do at a cabinet and at a door.

These messages stand for things that are not messages: fingers on a keypad, a bank pushed into a slot, two
people at a door. They travel under their own root (`clsim/`), only between simulators; no platform reads or
writes them and a real installation grants them to nobody. Each request is repeated with the same envelope id
until it is answered, and the answer is repeated for the same id, so a lost message moves no second bank.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from chargeloop.protocol import fields
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.cabinet import BankStatus


class CodeTyped(Data):
    """Somebody types a code at the cabinet's keypad (pickup, or opening the held slots for a return)."""

    TYPE: ClassVar[str] = "chargeloop.world.code_typed.v1"
    EXAMPLE: ClassVar[str] = '{"code":"402913"}'

    code: fields.Code


class BankInserted(Data):
    """Somebody pushes a bank into a free slot; after a return code into one of the held slots."""

    TYPE: ClassVar[str] = "chargeloop.world.bank_inserted.v1"
    EXAMPLE: ClassVar[str] = (
        '{"bank":{"bank":"bnk-000017","charge_pct":12,"health_pct":97,"temperature_c":24,"cycles":113},"code":null}'
    )

    bank: BankStatus
    code: fields.Code | None = None


class TrayReached(Data):
    """Somebody takes the banks that a command (not a code typed by that person) has put into the tray."""

    TYPE: ClassVar[str] = "chargeloop.world.tray_reached.v1"
    EXAMPLE: ClassVar[str] = "{}"


class CabinetAnswered(Data):
    """What the person at the cabinet sees: display, banks that came out, whether it was accepted."""

    TYPE: ClassVar[str] = "chargeloop.world.cabinet_answered.v1"
    EXAMPLE: ClassVar[str] = '{"accepted":true,"display":"take 2 banks","banks":[]}'

    accepted: bool
    display: fields.Said
    banks: Annotated[tuple[BankStatus, ...], Field(max_length=20)] = ()


class Knocked(Data):
    """A courier stands at the user's door, with banks to hand over or to collect some."""

    TYPE: ClassVar[str] = "chargeloop.world.knocked.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","delivering":true,"banks":[]}'

    job: fields.Job
    delivering: bool
    banks: Annotated[tuple[BankStatus, ...], Field(max_length=20)] = ()


class DoorAnswered(Data):
    """The user at the door: absent, or saying the hand-over code and giving banks (when collecting)."""

    TYPE: ClassVar[str] = "chargeloop.world.door_answered.v1"
    EXAMPLE: ClassVar[str] = '{"present":true,"code":"4821","banks":[]}'

    present: bool
    code: fields.Code | None = None
    banks: Annotated[tuple[BankStatus, ...], Field(max_length=20)] = ()
