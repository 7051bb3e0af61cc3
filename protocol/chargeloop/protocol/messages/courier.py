"""Couriers' phones: what they do (journal events), what they are offered, and the work they hold.

`Work` is state: the whole truth about one courier's jobs, retained, so a phone that was away needs nothing
else. Offers are leases with an expiry. Acts of the courier are journal events; one that is refused (a wrong
hand-over code, a job that is no longer theirs) is listed in `Work.refusals` by its event id.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from chargeloop.protocol import fields
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.common import Location


class LegKind(StrEnum):
    """Which way a leg goes: banks to the user, or banks back to a cabinet."""

    OUTWARD = "outward"
    BACK = "back"


class JobStep(StrEnum):
    """What the courier is to do next. Outward: to_cabinet, at_cabinet, to_user, at_user. Back: to_user first.

    `bring_back`: the job was called off while the courier held banks; they go to the cabinet named.
    """

    TO_CABINET = "to_cabinet"
    AT_CABINET = "at_cabinet"
    TO_USER = "to_user"
    AT_USER = "at_user"
    BRING_BACK = "bring_back"


class Position(Data):
    """Where the courier is; sent often, may be lost."""

    TYPE: ClassVar[str] = "chargeloop.courier.position.v1"
    EXAMPLE: ClassVar[str] = '{"location":{"lat_e7":434510000,"lon_e7":52310000}}'

    location: Location


class DutyChanged(Data):
    """The courier went on or off duty."""

    TYPE: ClassVar[str] = "chargeloop.courier.duty_changed.v1"
    EXAMPLE: ClassVar[str] = '{"on_duty":true,"location":{"lat_e7":434510000,"lon_e7":52310000}}'

    on_duty: bool
    location: Location


class OfferAccepted(Data):
    """The courier takes the offer. The first valid acceptance to be committed wins the job."""

    TYPE: ClassVar[str] = "chargeloop.courier.offer_accepted.v1"
    EXAMPLE: ClassVar[str] = '{"offer":"off-7a10-1-cou-5"}'

    offer: fields.Offer


class OfferDeclined(Data):
    """The courier does not want the offer."""

    TYPE: ClassVar[str] = "chargeloop.courier.offer_declined.v1"
    EXAMPLE: ClassVar[str] = '{"offer":"off-7a10-1-cou-5"}'

    offer: fields.Offer


class ArrivedAtCabinet(Data):
    """The courier stands at the job's cabinet."""

    TYPE: ClassVar[str] = "chargeloop.courier.arrived_at_cabinet.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1"}'

    job: fields.Job


class PickedUp(Data):
    """The courier holds these banks for the user."""

    TYPE: ClassVar[str] = "chargeloop.courier.picked_up.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","banks":["bnk-000017","bnk-000022"]}'

    job: fields.Job
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]


class ArrivedAtUser(Data):
    """The courier stands at the user's place."""

    TYPE: ClassVar[str] = "chargeloop.courier.arrived_at_user.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1"}'

    job: fields.Job


class Delivered(Data):
    """The banks are in the user's hands; `code` is the hand-over code the user said."""

    TYPE: ClassVar[str] = "chargeloop.courier.delivered.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","code":"4821","banks":["bnk-000017","bnk-000022"]}'

    job: fields.Job
    code: fields.Code
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]


class Collected(Data):
    """The user gave these banks to the courier, perhaps fewer than asked; `code` is the hand-over code."""

    TYPE: ClassVar[str] = "chargeloop.courier.collected.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-2","code":"9937","banks":["bnk-000017"]}'

    job: fields.Job
    code: fields.Code
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]


class PutBack(Data):
    """The courier put these banks into the cabinet (end of a back leg, or of a job that was called off)."""

    TYPE: ClassVar[str] = "chargeloop.courier.put_back.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-2","banks":["bnk-000017"]}'

    job: fields.Job
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)]


class GaveUp(Data):
    """The courier cannot go on. `banks` are those in the courier's hands, to be put back into a cabinet."""

    TYPE: ClassVar[str] = "chargeloop.courier.gave_up.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","reason":"flat tyre","banks":[]}'

    job: fields.Job
    reason: fields.Reason
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)] = ()


class Problem(StrEnum):
    """What can be wrong at a step."""

    USER_ABSENT = "user_absent"
    CABINET_GAVE_NOTHING = "cabinet_gave_nothing"
    CABINET_TAKES_NOTHING = "cabinet_takes_nothing"


class ProblemReported(Data):
    """The courier met a problem that the platforms must solve (nobody there, nothing came out)."""

    TYPE: ClassVar[str] = "chargeloop.courier.problem_reported.v1"
    EXAMPLE: ClassVar[str] = '{"job":"job-7a10-1","problem":"user_absent"}'

    job: fields.Job
    problem: Problem


class JobOffered(Data):
    """An offer to one courier: everything needed to decide.

    The envelope's `expirytime` is the last moment to answer. `pay_minor` is the fixed part, `pay_max_minor`
    what the leg can bring at most.
    """

    TYPE: ClassVar[str] = "chargeloop.courier.job_offered.v1"
    EXAMPLE: ClassVar[str] = (
        '{"offer":"off-7a10-1-cou-5","job":"job-7a10-1","leg":"outward","quantity":2,'
        '"cabinet_location":{"lat_e7":434500000,"lon_e7":52300000},"user_location":{"lat_e7":434520000,"lon_e7":52330000},'
        '"distance_m":640,"pay_minor":300,"pay_max_minor":900,"currency":"EUR"}'
    )

    offer: fields.Offer
    job: fields.Job
    leg: LegKind
    quantity: fields.Quantity
    cabinet_location: Location
    user_location: Location
    distance_m: fields.Count
    pay_minor: fields.Minor
    pay_max_minor: fields.Minor
    currency: fields.Currency


class OfferEnd(StrEnum):
    """Why an offer is no longer open."""

    TAKEN = "taken"
    EXPIRED = "expired"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"


class OfferClosed(Data):
    """The offer is gone; `accepted` means that this courier has won the job."""

    TYPE: ClassVar[str] = "chargeloop.courier.offer_closed.v1"
    EXAMPLE: ClassVar[str] = '{"offer":"off-7a10-1-cou-5","why":"taken"}'

    offer: fields.Offer
    why: OfferEnd


class WorkJob(Data):
    """One job as the courier sees it. `code` opens the cabinet (pickup or return) at its keypad."""

    job: fields.Job
    leg: LegKind
    step: JobStep
    quantity: fields.Quantity
    cabinet: fields.Cabinet
    cabinet_location: Location
    user: fields.User
    user_location: Location
    reservation: fields.Reservation
    code: fields.Code
    banks: Annotated[tuple[fields.Bank, ...], Field(max_length=20)] = ()
    deliver_by: fields.Instant


class Refusal(Data):
    """An act that was not accepted, by the id of its event."""

    event: fields.Message
    reason: fields.Said


class Work(Data):
    """All that one courier has to do now. A higher `version` replaces a lower one."""

    TYPE: ClassVar[str] = "chargeloop.courier.work.v1"
    EXAMPLE: ClassVar[str] = (
        '{"version":31,"on_duty":true,"jobs":[{"job":"job-7a10-1","leg":"outward","step":"to_cabinet","quantity":2,'
        '"cabinet":"cab-0003","cabinet_location":{"lat_e7":434500000,"lon_e7":52300000},"user":"usr-0042",'
        '"user_location":{"lat_e7":434520000,"lon_e7":52330000},"reservation":"rsv-7a10-1","code":"402913",'
        '"deliver_by":"2026-11-23T12:45:00.000Z"}],"refusals":[]}'
    )

    version: fields.Count
    on_duty: bool
    jobs: Annotated[tuple[WorkJob, ...], Field(max_length=8)] = ()
    refusals: Annotated[tuple[Refusal, ...], Field(max_length=8)] = ()
