"""What it costs: the tariff, and a quote before ordering."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from chargeloop.platform.shell.asking import READ_PROBLEMS, Anyone, AskedServices
from chargeloop.platform.shell.bodies import HandOverWord, Latitude, Longitude, point_of
from chargeloop.platform.shell.prices import FEES_EXAMPLE, TARIFF_EXAMPLE, EstimateBody, FeesBody, TariffBody
from chargeloop.platform.shell.routes.cabinets import CABINET_EXAMPLE, CabinetBody
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.protocol.messages.rental import HandOver
from chargeloop.protocol.time import MINUTE_MS

_SHOWN: Final = 5

router: Final = APIRouter(route_class=StrictRoute, tags=["prices"])


class QuoteBody(BaseModel):
    """What an order would come from and cost; nothing is reserved.

    `cabinet` is null when none near has so many; `available` can be had from one. `cabinets` are the nearest,
    for who would walk. The fees are for a rental of `rental_minutes`, and `walk_up` for the same without a
    courier.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "quantity": 1,
                    "hand_over": "courier",
                    "cabinet": "cab-0003",
                    "distance_m": 120,
                    "available": 1,
                    "rental_minutes": 120,
                    "cabinets": [CABINET_EXAMPLE],
                    **FEES_EXAMPLE,
                    "walk_up": FEES_EXAMPLE,
                    "tariff": TARIFF_EXAMPLE,
                }
            ]
        }
    )

    quantity: int
    hand_over: HandOverWord
    cabinet: str | None
    distance_m: int | None
    available: int
    rental_minutes: int
    cabinets: list[CabinetBody]
    courier_out: EstimateBody
    rental: EstimateBody
    courier_back: EstimateBody
    total: EstimateBody
    walk_up: FeesBody
    tariff: TariffBody


@router.get("/quote", responses=READ_PROBLEMS)
async def quote(
    services: AskedServices,
    _caller: Anyone,
    lat: Annotated[Latitude, Query()],
    lon: Annotated[Longitude, Query()],
    quantity: Annotated[int, Query(ge=1, le=20)] = 1,
    hand_over: HandOverWord = "courier",
) -> QuoteBody:
    """Quote the fees before ordering: brought by a courier, or taken at a cabinet (walk_up)."""
    place, now_ms = point_of(lat, lon), services.now_ms()
    found = services.region.quote(place, quantity, now_ms, hand_over=HandOver(hand_over))
    walking = services.region.quote(place, quantity, now_ms, hand_over=HandOver.WALK_UP)
    near = services.region.cabinets_near(place, services.region.search_radius_m, now_ms, limit=_SHOWN)
    return QuoteBody(
        quantity=quantity,
        hand_over=hand_over,
        cabinet=found.cabinet,
        distance_m=found.distance_m,
        available=found.available,
        rental_minutes=services.region.quoted_rental_ms // MINUTE_MS,
        cabinets=[CabinetBody.of(view) for view in near],
        **dict(FeesBody.of(found.fees)),
        walk_up=FeesBody.of(walking.fees),
        tariff=TariffBody.of(services.region.tariff),
    )


@router.get("/tariff", responses=READ_PROBLEMS)
async def tariff(services: AskedServices, _caller: Anyone) -> TariffBody:
    """Return the tariff of new orders; an order keeps the one it began with."""
    return TariffBody.of(services.region.tariff)
