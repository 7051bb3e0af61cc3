"""What a courier has done and earned: trips, each with its fee and the times that it follows from."""

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict

from chargeloop.platform.core import fees
from chargeloop.platform.core.fees import FeeKind, FeeLine, Mark
from chargeloop.platform.core.order import Leg, Order
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.asking import READ_PROBLEMS, ACourierOrOperator, AskedServices
from chargeloop.platform.shell.prices import CourierRuleBody, MoneyBody
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.protocol import fields
from chargeloop.protocol.ids import CourierId
from chargeloop.protocol.time import DAY_MS, format_instant
from chargeloop.protocol.topics import Role

_MOST: Final = 500

router: Final = APIRouter(route_class=StrictRoute, prefix="/trips", tags=["couriers"])

_TRIP_EXAMPLE: Final[dict[str, Any]] = {
    "job": "job-7a10-2",
    "order": "ord-7a10",
    "kind": "outward",
    "quantity": 1,
    "cabinet": "cab-0003",
    "taken": "2026-11-23T12:01:10.000Z",
    "done": "2026-11-23T12:14:00.000Z",
    "amount": {"amount_minor": 330, "currency": "EUR"},
    "tariff": "default-3f6c1d2e4a5b",
}


class TripBody(BaseModel):
    """One trip: from taking the job to the hand-over or return; `amount` is null until its fee is booked."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TRIP_EXAMPLE]})

    job: str
    order: str
    kind: str
    quantity: int
    cabinet: str
    taken: str | None
    done: str | None
    amount: MoneyBody | None
    tariff: str

    @classmethod
    def of(cls, order: Order, leg: Leg) -> Self:
        """Return the body of a leg of the order."""
        line = _line(order, leg)
        return cls(
            job=leg.job,
            order=order.id,
            kind=leg.kind,
            quantity=leg.quantity,
            cabinet=leg.cabinet,
            taken=_instant(leg.indicated),
            done=_instant(leg.succeeded),
            amount=None
            if line is None
            else MoneyBody(amount_minor=line.amount_minor, currency=line.currency),
            tariff=order.tariff,
        )


class TripsBody(BaseModel):
    """A courier's trips, the newest order first, and what they have earned.

    The list ends with the 500th order; `total` is what is booked for all of the days asked for; `rule` is
    today's.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "trips": [_TRIP_EXAMPLE],
                    "total": {"amount_minor": 330, "currency": "EUR"},
                    "rule": {
                        "base": {"amount_minor": 200, "currency": "EUR"},
                        "per_minute": {"amount_minor": 10, "currency": "EUR"},
                        "promised_minutes": 45,
                        "maximum": {"amount_minor": 650, "currency": "EUR"},
                    },
                }
            ]
        }
    )

    trips: list[TripBody]
    total: MoneyBody
    rule: CourierRuleBody


@router.get("", responses=READ_PROBLEMS)
async def list_trips(
    services: AskedServices,
    caller: ACourierOrOperator,
    courier: Annotated[fields.Courier | None, Query(description="whose; operators")] = None,
    days: Annotated[int, Query(ge=1, le=92, description="of orders placed so many days back")] = 7,
) -> TripsBody:
    """Return the trips of the courier who asks, or of the one an operator names, with the sum of all."""
    whose = CourierId(caller.id) if caller.role is Role.COURIER else courier
    if whose is None:
        raise problems.invalid("courier", "an operator names the courier")
    since_ms = services.now_ms() - days * DAY_MS
    tariff = services.region.tariff
    trips, total_minor = await run_in_threadpool(_carried, services.reader, whose, since_ms, tariff.currency)
    return TripsBody(
        trips=trips,
        total=MoneyBody(amount_minor=total_minor, currency=tariff.currency),
        rule=CourierRuleBody.of(tariff.courier, tariff.currency),
    )


def _carried(
    reader: RentalReader, courier: CourierId, since_ms: int, currency: str
) -> tuple[list[TripBody], int]:
    """Return the trips that are listed, and what is booked for all of them in this currency.

    A region has one currency at a time; what was earned in another one is not added to it.
    """
    listed: list[TripBody] = []
    total_minor = 0
    for number, order in enumerate(reader.carried_by(courier, since_ms)):
        trips = [TripBody.of(order, leg) for leg in order.legs if leg.courier == courier]
        amounts = [trip.amount for trip in trips if trip.amount is not None]
        total_minor += sum(amount.amount_minor for amount in amounts if amount.currency == currency)
        if number < _MOST:
            listed += trips
    return listed, total_minor


def _line(order: Order, leg: Leg) -> FeeLine | None:
    """Return the standing fee line of a leg; a courier is paid what was agreed, also when it was waived."""
    booked = [line for line in order.lines if line.fee is not FeeKind.RENTAL and line.of == leg.job]
    standing = fees.standing(booked)
    if standing:
        return standing[0]
    waived = any(waiver.of == leg.job for waiver in order.waived)
    return next((line for line in reversed(booked) if line.reverses is None), None) if waived else None


def _instant(mark: Mark | None) -> str | None:
    return None if mark is None else format_instant(mark.time_ms)
