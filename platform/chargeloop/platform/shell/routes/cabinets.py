"""Cabinets: those near a place, all of them, and one with what is in it."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.order import Hold, order_of
from chargeloop.platform.core.region_reads import CabinetInside, CabinetView
from chargeloop.platform.core.rows import OrderEvent, SlotRecord
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.asking import (
    COMMAND_PROBLEMS,
    READ_PROBLEMS,
    AnOperator,
    Anyone,
    AskedServices,
    MessageId,
    answered,
)
from chargeloop.platform.shell.bodies import EVENT_EXAMPLE, EventBody, Latitude, Longitude, point_of
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.protocol import fields
from chargeloop.protocol.ids import CabinetId, IdKind, OperatorId, is_id
from chargeloop.protocol.messages.rental import CabinetAction, CabinetCommanded, CommandCabinet
from chargeloop.protocol.time import format_instant
from chargeloop.protocol.topics import Role

_E7: Final = 10_000_000
_NEAR: Final = 50
_HISTORY: Final = 100

router: Final = APIRouter(route_class=StrictRoute, prefix="/cabinets", tags=["cabinets"])


CABINET_EXAMPLE: Final[dict[str, Any]] = {
    "cabinet": "cab-0003",
    "name": "Harbour Café",
    "lat": 43.45,
    "lon": 5.23,
    "distance_m": 120,
    "usable": True,
    "last_seen": "2026-11-23T12:00:00.000Z",
    "ready_banks": 5,
    "free_slots": 3,
    "slots": 8,
    "faulty_slots": 0,
}


class CabinetBody(BaseModel):
    """A cabinet. `usable` tells whether it can be rented from now; `distance_m` is null without a place.

    `last_seen` is when the platform heard it last, null before the first time.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [CABINET_EXAMPLE]})

    cabinet: str
    name: str
    lat: float
    lon: float
    distance_m: int | None
    usable: bool
    last_seen: str | None
    ready_banks: int
    free_slots: int
    slots: int
    faulty_slots: int

    @classmethod
    def of(cls, view: CabinetView) -> Self:
        """Return the body of a cabinet as people may see it."""
        return cls(
            cabinet=view.cabinet,
            name=view.name,
            lat=view.location.lat_e7 / _E7,
            lon=view.location.lon_e7 / _E7,
            distance_m=view.distance_m,
            usable=view.usable,
            last_seen=format_instant(view.last_seen_ms) if view.last_seen_ms > 0 else None,
            ready_banks=view.ready_banks,
            free_slots=view.free_slots,
            slots=view.slots,
            faulty_slots=view.faulty_slots,
        )


class CabinetsBody(BaseModel):
    """Cabinets; `next` is the cursor of the following page, null on the last one and near a place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cabinets": [CABINET_EXAMPLE], "next": None}]})

    cabinets: list[CabinetBody]
    next: str | None


class SlotBody(BaseModel):
    """One slot as last known; `charge_pct` is that of the bank in it, `order` that of its reservation."""

    slot: int
    state: str
    bank: str | None
    charge_pct: int | None
    reservation: str | None
    order: str | None

    @classmethod
    def of(cls, slot: SlotRecord) -> Self:
        """Return the body of a slot."""
        return cls(
            slot=slot.slot,
            state=slot.state,
            bank=slot.bank,
            charge_pct=None if slot.bank is None else slot.charge_pct,
            reservation=slot.reservation,
            order=None if slot.reservation is None else order_of(slot.reservation),
        )


class HoldBody(BaseModel):
    """A reservation at the cabinet: asked, held or releasing; of banks or of slots; until when."""

    reservation: str
    order: str
    kind: str
    state: str
    quantity: int
    filled: int
    until: str

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Return the body of a reservation, without its code: operators may read that in messages alone."""
        return cls(
            reservation=hold.id,
            order=order_of(hold.id),
            kind=hold.kind,
            state=hold.state,
            quantity=hold.quantity,
            filled=hold.filled,
            until=format_instant(hold.until_ms),
        )


class HistoryBody(EventBody):
    """An entry of an order's journal that happened at the cabinet."""

    order: str

    @classmethod
    def at(cls, event: OrderEvent) -> Self:
        """Return the body of the entry, with its order."""
        return cls(order=event.order, **EventBody.of(event).model_dump())


_COMMAND_EXAMPLE: Final[dict[str, Any]] = {
    "command": "cmd-5f0c2a",
    "operator": "opr-anna",
    "action": "unlock",
    "slot": 4,
    "reservation": None,
    "reason": "the motor was mended",
    "sent": "2026-11-23T12:00:00.000Z",
    "expires": "2026-11-23T12:00:15.000Z",
    "outcome": "done",
    "refusal": None,
    "answered": "2026-11-23T12:00:00.400Z",
    "happened": "2026-11-23T12:00:00.350Z",
}


class CommandBody(BaseModel):
    """What an operator had the cabinet do: sent, answered and happened are three facts, null until known.

    `outcome` is `unknown` when the cabinet has not answered in time: then only `happened`, or an inventory,
    tells.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_COMMAND_EXAMPLE]})

    command: str
    operator: str
    action: str
    slot: int | None
    reservation: str | None
    reason: str
    sent: str
    expires: str
    outcome: str | None
    refusal: str | None
    answered: str | None
    happened: str | None

    @classmethod
    def of(cls, one: Intervention, now_ms: int) -> Self:
        """Return the body of a command as it stands now."""
        late = one.outcome is None and one.expires_ms < now_ms
        return cls(
            command=one.command,
            operator=one.operator,
            action=one.action,
            slot=one.slot,
            reservation=one.reservation,
            reason=one.reason,
            sent=format_instant(one.sent_ms),
            expires=format_instant(one.expires_ms),
            outcome="unknown" if late else one.outcome,
            refusal=one.refusal,
            answered=None if one.answered_ms is None else format_instant(one.answered_ms),
            happened=None if one.happened_ms is None else format_instant(one.happened_ms),
        )


class CommandRequest(BaseModel):
    """Have the cabinet do something: lock and unlock name a slot, release and eject a reservation."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"action": "unlock", "slot": 4, "reason": "the motor was mended"}]},
    )

    # Strict bodies take no text for an enumeration, which in JSON is one.
    action: Annotated[CabinetAction, Field(strict=False)]
    slot: fields.Slot | None = None
    reservation: fields.Reservation | None = None
    reason: fields.Reason


class CommandedBody(BaseModel):
    """The command is being sent until it is answered or expires; what came of it stands with the cabinet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"cabinet": "cab-0003", "command": "cmd-5f0c2a", "expires": "2026-11-23T12:00:15.000Z"}
            ]
        }
    )

    cabinet: str
    command: str
    expires: str


class CabinetFileBody(CabinetBody):
    """One cabinet. What is inside and what happened there is for operators; null for everybody else."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **CABINET_EXAMPLE,
                    "distance_m": None,
                    "online": True,
                    "inside": [
                        {
                            "slot": 1,
                            "state": "reserved",
                            "bank": "bnk-000017",
                            "charge_pct": 98,
                            "reservation": "rsv-7a10-1",
                            "order": "ord-7a10",
                        }
                    ],
                    "holds": [
                        {
                            "reservation": "rsv-7a10-1",
                            "order": "ord-7a10",
                            "kind": "banks",
                            "state": "held",
                            "quantity": 1,
                            "filled": 0,
                            "until": "2026-11-23T13:00:00.000Z",
                        }
                    ],
                    "history": [{**EVENT_EXAMPLE, "order": "ord-7a10"}],
                    "commands": [_COMMAND_EXAMPLE],
                }
            ]
        }
    )

    online: bool | None = None
    inside: list[SlotBody] | None = None
    holds: list[HoldBody] | None = None
    history: list[HistoryBody] | None = None
    commands: list[CommandBody] | None = None

    @classmethod
    def whole(cls, found: CabinetInside, history: Iterable[OrderEvent], commands: list[CommandBody]) -> Self:
        """Return all that operators see of a cabinet."""
        return cls(
            **CabinetBody.of(found.view).model_dump(),
            online=found.online,
            inside=[SlotBody.of(slot) for slot in found.slots],
            holds=[HoldBody.of(hold) for hold in found.holds],
            history=[HistoryBody.at(event) for event in history],
            commands=commands,
        )


@router.get("", responses=READ_PROBLEMS)
async def list_cabinets(  # noqa: PLR0913, PLR0917 - each is a parameter of the query
    services: AskedServices,
    caller: Anyone,
    lat: Annotated[Latitude | None, Query()] = None,
    lon: Annotated[Longitude | None, Query()] = None,
    radius_m: Annotated[int, Query(ge=1, le=50_000)] = 2_000,
    limit: Annotated[int, Query(ge=1, le=5_000, description="of a page of all cabinets")] = 1_000,
    cursor: Annotated[str, Query(max_length=48, description="`next` of the page before")] = "",
) -> CabinetsBody:
    """Return at most 50 cabinets near a place, the nearest first; without a place operators get them all."""
    now_ms = services.now_ms()
    if lat is not None and lon is not None:
        near = services.region.cabinets_near(point_of(lat, lon), radius_m, now_ms, limit=_NEAR)
        return CabinetsBody(cabinets=[CabinetBody.of(view) for view in near], next=None)
    if caller.role is not Role.OPERATOR or lat is not None or lon is not None:
        raise problems.invalid("lat", "lat and lon are needed both, or by an operator neither")
    found = services.region.cabinets_after(cursor, limit + 1, now_ms)
    shown = found[:limit]
    return CabinetsBody(
        cabinets=[CabinetBody.of(view) for view in shown],
        next=shown[-1].cabinet if len(found) > limit else None,
    )


@router.get("/{cabinet}", responses=READ_PROBLEMS)
async def get_cabinet(cabinet: str, services: AskedServices, caller: Anyone) -> CabinetFileBody:
    """Return one cabinet; operators see its slots, its reservations and its history, the latest first."""
    found = services.region.cabinet(cabinet, services.now_ms())
    if found is None:
        raise problems.unknown_cabinet()
    if caller.role is not Role.OPERATOR:
        return CabinetFileBody(**CabinetBody.of(found.view).model_dump())
    name, now_ms = CabinetId(cabinet), services.now_ms()
    history = await run_in_threadpool(services.reader.history, name, _HISTORY)
    sent = await run_in_threadpool(services.reader.interventions, name, _HISTORY)
    return CabinetFileBody.whole(found, history, [CommandBody.of(one, now_ms) for one in sent])


@router.post("/{cabinet}/commands", status_code=HTTPStatus.ACCEPTED, responses=COMMAND_PROBLEMS)
async def command_cabinet(
    cabinet: str,
    body: CommandRequest,
    services: AskedServices,
    caller: AnOperator,
    message_id: MessageId,
) -> CommandedBody:
    """Have a cabinet do something, with a reason. The answer says that it is being sent, and nothing more."""
    if not is_id(IdKind.CABINET, cabinet):
        raise problems.unknown_cabinet()
    data = CommandCabinet(
        operator=OperatorId(caller.id),
        cabinet=CabinetId(cabinet),
        action=body.action,
        slot=body.slot,
        reservation=body.reservation,
        reason=body.reason,
    )
    answer = await answered(services, data, message_id)
    if not isinstance(answer, CabinetCommanded):
        raise TypeError(f"{type(answer).__name__} is no answer to {data.TYPE}")
    return CommandedBody(
        cabinet=answer.cabinet, command=answer.command, expires=format_instant(answer.expires)
    )
