"""The courier who comes to the user: where, how far, and when to expect them.

A courier is shown only on the way to the user, and only to that user and to operators: not before the job was
taken, and not once the banks have been handed over or collected.
"""

from http import HTTPStatus
from typing import Any, Final, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from chargeloop.platform.core.order import Leg, Order
from chargeloop.platform.shell.asking import (
    READ_PROBLEMS,
    AskedOrder,
    AskedServices,
    AUserOrOperator,
    order_seen,
)
from chargeloop.platform.shell.positions import Sighting
from chargeloop.platform.shell.problems import ProblemError
from chargeloop.platform.shell.services import Services
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.protocol.geo import Point, distance_m
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import format_instant

_E7: Final = 10_000_000
_COMING: Final = frozenset({OrderState.FETCHING, OrderState.DELIVERING, OrderState.COLLECTING})

router: Final = APIRouter(route_class=StrictRoute, prefix="/orders", tags=["orders"])

_EXAMPLE: Final[dict[str, Any]] = {
    "courier": "cou-0005",
    "lat": 43.451,
    "lon": 5.231,
    "heard": "2026-11-23T12:05:00.000Z",
    "by_cabinet": "cab-0003",
    "distance_m": 840,
    "minutes": 6,
}


class ApproachBody(BaseModel):
    """The courier on the way to the user, by way of a cabinet where the banks are not out yet.

    `distance_m` is that of the whole way, as the crow flies, and `minutes` what it takes at a usual pace.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    courier: str
    lat: float
    lon: float
    heard: str
    by_cabinet: str | None
    distance_m: int
    minutes: int

    @classmethod
    def of(cls, courier: str, seen: Sighting, way: list[Point], cabinet: str | None, pace_m: int) -> Self:
        """Return the body of a courier who goes to the places of the way in their order."""
        stops = zip([seen.place, *way], way, strict=False)
        length_m = round(sum(distance_m(here, there) for here, there in stops))
        return cls(
            courier=courier,
            lat=seen.place.lat_e7 / _E7,
            lon=seen.place.lon_e7 / _E7,
            heard=format_instant(seen.heard_ms),
            by_cabinet=cabinet,
            distance_m=length_m,
            minutes=-(-length_m // pace_m),
        )


@router.get("/{order}/courier", responses=READ_PROBLEMS)
async def get_courier(order: AskedOrder, services: AskedServices, caller: AUserOrOperator) -> ApproachBody:
    """Return where the courier is who comes to the user; a problem when none does, or none was heard of."""
    found = await order_seen(services, caller, order)
    leg = _coming(found)
    courier = None if leg is None else leg.courier
    seen = None if courier is None else services.positions.of(courier, services.now_ms())
    if leg is None or courier is None or seen is None:
        detail = "no courier is on the way to you now, or none has said where"
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_courier", detail)
    cabinet = leg.cabinet if found.state is OrderState.FETCHING else None
    place = None if cabinet is None else _place_of(services, cabinet)
    way = [*([] if place is None else [place]), leg.user_location]
    return ApproachBody.of(courier, seen, way, cabinet, services.region.metres_per_minute)


def _coming(order: Order) -> Leg | None:
    leg = order.leg
    return leg if leg is not None and not leg.cancelled and order.state in _COMING else None


def _place_of(services: Services, cabinet: str) -> Point | None:
    inside = services.region.cabinet(cabinet, services.now_ms())
    return None if inside is None else inside.view.location
