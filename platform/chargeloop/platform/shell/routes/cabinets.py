"""Cabinets: those near a place, all of them, and one with what is in it."""

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict

from chargeloop.platform.core.order import Hold, order_of
from chargeloop.platform.core.region_reads import CabinetInside, CabinetView
from chargeloop.platform.core.rows import OrderEvent, SlotRecord
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.asking import READ_PROBLEMS, Anyone, AskedServices
from chargeloop.platform.shell.bodies import EVENT_EXAMPLE, EventBody, Latitude, Longitude, point_of
from chargeloop.protocol.ids import CabinetId
from chargeloop.protocol.time import format_instant
from chargeloop.protocol.topics import Role

_E7: Final = 10_000_000
_NEAR: Final = 50
_HISTORY: Final = 100

router: Final = APIRouter(prefix="/cabinets", tags=["cabinets"])


CABINET_EXAMPLE: Final[dict[str, Any]] = {
    "cabinet": "cab-0003",
    "name": "Harbour Café",
    "lat": 43.45,
    "lon": 5.23,
    "distance_m": 120,
    "usable": True,
    "ready_banks": 5,
    "free_slots": 3,
    "slots": 8,
    "faulty_slots": 0,
}


class CabinetBody(BaseModel):
    """A cabinet. `usable` tells whether it can be rented from now; `distance_m` is null without a place."""

    model_config = ConfigDict(json_schema_extra={"examples": [CABINET_EXAMPLE]})

    cabinet: str
    name: str
    lat: float
    lon: float
    distance_m: int | None
    usable: bool
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
        """Return the body of a reservation; its code is nobody's but the courier's."""
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


class CabinetFileBody(CabinetBody):
    """One cabinet. What is inside and what happened there is for operators; null for everybody else."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **CABINET_EXAMPLE,
                    "distance_m": None,
                    "online": True,
                    "last_seen": "2026-11-23T12:00:00.000Z",
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
                }
            ]
        }
    )

    online: bool | None = None
    last_seen: str | None = None
    inside: list[SlotBody] | None = None
    holds: list[HoldBody] | None = None
    history: list[HistoryBody] | None = None

    @classmethod
    def whole(cls, found: CabinetInside, history: tuple[OrderEvent, ...]) -> Self:
        """Return all that operators see of a cabinet."""
        return cls(
            **CabinetBody.of(found.view).model_dump(),
            online=found.online,
            last_seen=format_instant(found.last_seen_ms),
            inside=[SlotBody.of(slot) for slot in found.slots],
            holds=[HoldBody.of(hold) for hold in found.holds],
            history=[HistoryBody.at(event) for event in history],
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
    history = await run_in_threadpool(services.reader.history, CabinetId(cabinet), _HISTORY)
    return CabinetFileBody.whole(found, history)
