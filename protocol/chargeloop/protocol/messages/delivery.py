"""Between the rental platform and a courier platform: requests one way, indications and reports the other.

The rental platform knows no courier's affairs and the courier platform no tariff; this is the contract by
which either can be replaced. In reports the envelope's `time` is the corrected time of the event and
`clockstate` its quality: fees are computed from it.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from chargeloop.protocol import fields
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import Problem


class _Request(Data):
    """What both kinds of delivery request say.

    `handover_sha256` lets the courier platform check the hand-over code without knowing it: the hex SHA-256
    of `<job id>:<code>`.
    """

    job: fields.Job
    order: fields.Order
    user: fields.User
    user_location: Location
    quantity: fields.Quantity
    cabinet: fields.Cabinet
    cabinet_location: Location
    reservation: fields.Reservation
    code: fields.Code
    handover_sha256: fields.Sha256
    deliver_by: fields.Instant
    pay_minor: fields.Minor
    pay_max_minor: fields.Minor
    currency: fields.Currency


class RentalRequested(_Request):
    """Rental request (claim 1): fetch `quantity` banks from the cabinet and bring them to the user."""

    TYPE: ClassVar[str] = "chargeloop.delivery.rental_requested.v1"
    EXAMPLE: ClassVar[str] = (
        '{"job":"job-7a10-1","order":"ord-7a10","user":"usr-0042","user_location":{"lat_e7":434520000,"lon_e7":52330000},'
        '"quantity":2,"cabinet":"cab-0003","cabinet_location":{"lat_e7":434500000,"lon_e7":52300000},'
        '"reservation":"rsv-7a10-1","code":"402913",'
        '"handover_sha256":"0f3c1d7e5b9a2c4d6e8f00112233445566778899aabbccddeeff001122334455",'
        '"deliver_by":"2026-11-23T12:45:00.000Z","pay_minor":300,"pay_max_minor":900,"currency":"EUR"}'
    )


class ReturnRequested(_Request):
    """Return request (claim 3): collect `quantity` banks from the user and put them into the cabinet."""

    TYPE: ClassVar[str] = "chargeloop.delivery.return_requested.v1"
    EXAMPLE: ClassVar[str] = (
        '{"job":"job-7a10-2","order":"ord-7a10","user":"usr-0042","user_location":{"lat_e7":434520000,"lon_e7":52330000},'
        '"quantity":2,"cabinet":"cab-0005","cabinet_location":{"lat_e7":434500000,"lon_e7":52300000},'
        '"reservation":"rsv-7a10-2","code":"771204",'
        '"handover_sha256":"0f3c1d7e5b9a2c4d6e8f00112233445566778899aabbccddeeff001122334455",'
        '"deliver_by":"2026-11-23T14:45:00.000Z","pay_minor":300,"pay_max_minor":900,"currency":"EUR"}'
    )


class DeliveryRedirected(Data):
    """The job goes on with another cabinet, reservation or quantity (a jam, a full or dead cabinet)."""

    TYPE: ClassVar[str] = "chargeloop.delivery.redirected.v1"
    EXAMPLE: ClassVar[str] = (
        '{"job":"job-7a10-1","quantity":2,"cabinet":"cab-0004","cabinet_location":{"lat_e7":434500000,"lon_e7":52300000},'
        '"reservation":"rsv-7a10-3","code":"118270"}'
    )

    job: fields.Job
    quantity: fields.Quantity
    cabinet: fields.Cabinet
    cabinet_location: Location
    reservation: fields.Reservation
    code: fields.Code


class DeliveryCancelled(Data):
    """Stop the job. A courier who holds banks brings them to the cabinet of the reservation named.

    `cabinet`, `cabinet_location`, `reservation` and `code` are given when the courier may hold banks.
    """

    TYPE: ClassVar[str] = "chargeloop.delivery.cancelled.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","reason":"cancelled by the user"}'

    job: fields.Job
    reason: fields.Said
    cabinet: fields.Cabinet | None = None
    cabinet_location: Location | None = None
    reservation: fields.Reservation | None = None
    code: fields.Code | None = None


class FirstIndication(Data):
    """A courier has taken the outward job: the order is being processed (claims 1 and 6)."""

    TYPE: ClassVar[str] = "chargeloop.delivery.first_indication.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","order":"ord-7a10","courier":"cou-0005"}'

    job: fields.Job
    order: fields.Order
    courier: fields.Courier


class SecondIndication(Data):
    """A courier has taken the back job: the return is being processed (claims 3 and 7)."""

    TYPE: ClassVar[str] = "chargeloop.delivery.second_indication.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-2","order":"ord-7a10","courier":"cou-0005"}'

    job: fields.Job
    order: fields.Order
    courier: fields.Courier


class CourierProgressed(Data):
    """A milestone on the way that moves no money: for the user's page."""

    TYPE: ClassVar[str] = "chargeloop.delivery.courier_progressed.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","order":"ord-7a10","milestone":"arrived_at_cabinet"}'

    job: fields.Job
    order: fields.Order
    milestone: fields.Reason


class BanksPickedUp(Data):
    """The courier says these banks were taken out of the cabinet for the user."""

    TYPE: ClassVar[str] = "chargeloop.delivery.banks_picked_up.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","order":"ord-7a10","banks":["bnk-000017","bnk-000022"]}'

    job: fields.Job
    order: fields.Order
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]


class RentalSucceeded(Data):
    """Rental success: the user has the banks and proved it with the hand-over code."""

    TYPE: ClassVar[str] = "chargeloop.delivery.rental_succeeded.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","order":"ord-7a10","banks":["bnk-000017","bnk-000022"]}'

    job: fields.Job
    order: fields.Order
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]


class BanksCollected(Data):
    """The user gave these banks to the courier; fewer than asked is a partial return."""

    TYPE: ClassVar[str] = "chargeloop.delivery.banks_collected.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-2","order":"ord-7a10","banks":["bnk-000017"]}'

    job: fields.Job
    order: fields.Order
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]


class Evidence(StrEnum):
    """On whose word the courier platform reports."""

    PHONE = "phone"
    CABINET = "cabinet"


class ReturnSucceeded(Data):
    """Return success: these banks are back in a cabinet (also the end of a job that was called off)."""

    TYPE: ClassVar[str] = "chargeloop.delivery.return_succeeded.v1"
    EXAMPLE: ClassVar[str] = (
        '{"job":"job-7a10-2","order":"ord-7a10","banks":["bnk-000017"],"evidence":"cabinet"}'
    )

    job: fields.Job
    order: fields.Order
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]
    evidence: Evidence


class CourierGaveUp(Data):
    """The courier left the job, with `banks` still in hand; without banks the job is offered again."""

    TYPE: ClassVar[str] = "chargeloop.delivery.courier_gave_up.v1"
    EXAMPLE: ClassVar[str] = (
        '{"job":"job-7a10-1","order":"ord-7a10","courier":"cou-0005","reason":"flat tyre","banks":[],'
        '"offered_again":true}'
    )

    job: fields.Job
    order: fields.Order
    courier: fields.Courier
    reason: fields.Said
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)] = ()
    offered_again: bool


class DeliveryProblem(Data):
    """The courier met a problem; the rental platform redirects or cancels."""

    TYPE: ClassVar[str] = "chargeloop.delivery.problem.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","order":"ord-7a10","problem":"cabinet_gave_nothing"}'

    job: fields.Job
    order: fields.Order
    problem: Problem


class JobEnd(StrEnum):
    """Why a job ended without success."""

    NO_COURIER = "no_courier"
    CANCELLED = "cancelled"
    GAVE_UP_WITH_BANKS = "gave_up_with_banks"
    WRONG_CODES = "wrong_codes"


class DeliveryFailed(Data):
    """The job is over without success. `banks` are still with a courier."""

    TYPE: ClassVar[str] = "chargeloop.delivery.failed.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","order":"ord-7a10","why":"no_courier","banks":[]}'

    job: fields.Job
    order: fields.Order
    why: JobEnd
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)] = ()
