"""The city of one run, drawn from its seed: where cabinets stand, who carries, who orders what and when."""

from dataclasses import dataclass
from typing import Final

from chargeloop.courier.agent.profile import GivesUp, Profile
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.core.tariff import CourierRule, RentalRule, Tariff
from chargeloop.protocol.geo import Plane, Point
from chargeloop.protocol.ids import BankId, CourierId, UserId
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS, SECOND_MS, parse_instant
from chargeloop.simulation.cabinet import Cabinet
from chargeloop.simulation.complaints import Complaint
from chargeloop.simulation.device import PROBE_MS
from chargeloop.simulation.dispatch import Dispatch
from chargeloop.simulation.operator import Operator
from chargeloop.simulation.person import Person, Plan
from chargeloop.simulation.phone import Phone
from chargeloop.simulation.rental import Rental
from chargeloop.simulation.stage import Stage
from chargeloop.station.core.battery import FULL_PPM, Battery

BEGIN_MS: Final = parse_instant("2026-06-01T06:00:00.000Z")
# Before the first order everybody connects and learns the time.
LEAD_MS: Final = 10 * MINUTE_MS
_ORDER_EVERY_MS: Final = 4 * MINUTE_MS
_ORIGIN: Final = Point(434_520_000, 52_330_000)
_SPACING_M: Final = 500.0
_SLOTS: Final = 8
_ORDERS_PER_CABINET: Final = 6
_ORDERS_PER_COURIER: Final = 5
# Signs of life are rare here, to spend the time on orders; leases are as much longer.
_POLICY: Final = Policy(cabinet_lease_ms=40 * MINUTE_MS)
_DISPATCH_POLICY: Final = DispatchPolicy(presence_lease_ms=40 * MINUTE_MS)
# At every start the platform is given one of these. By the first a bank is sold after days, which only one
# that is lost comes to; by the second after two hours, and its caps are soon reached; the third knows no end.
_TARIFFS: Final = (
    Tariff(
        name="days",
        currency="EUR",
        rental=RentalRule(
            free_minutes=5, unit_minutes=30, price_minor=100, cap_per_24h_minor=600, total_cap_minor=3_000,
            buyout_after_minutes=5 * 24 * 60 + 1,
        ),
        courier=CourierRule(base_minor=200, per_minute_minor=10, promised_minutes=30),
    ),
    Tariff(
        name="hours",
        currency="CNY",
        rental=RentalRule(
            free_minutes=0, unit_minutes=15, price_minor=90, cap_per_24h_minor=500, total_cap_minor=400,
            buyout_after_minutes=2 * 60 + 1,
        ),
        courier=CourierRule(base_minor=0, per_minute_minor=25, promised_minutes=20),
    ),
    Tariff(
        name="endless",
        currency="JPY",
        rental=RentalRule(free_minutes=15, unit_minutes=60, price_minor=330),
        courier=CourierRule(base_minor=500, per_minute_minor=0, promised_minutes=45),
    ),
)  # fmt: skip
# Some keep a bank for so many times longer than most, until it is sold to them perhaps.
_PATIENCE: Final = (*(1,) * 11, 5)
_CANCEL_STATES: Final = (
    OrderState.RESERVING, OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING,
)  # fmt: skip

_DISPUTED_STATES: Final = (
    OrderState.IN_USE, OrderState.RETURN_RESERVING, OrderState.RETURN_DISPATCHING, OrderState.COLLECTING,
    OrderState.RETURNING, OrderState.SETTLED, OrderState.SETTLED, OrderState.SETTLED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """All participants of one region."""

    name: str
    rental: Rental
    dispatch: Dispatch
    cabinets: tuple[Cabinet, ...]
    phones: tuple[Phone, ...]
    people: list[Person]
    operators: tuple[Operator, ...]
    last_order_ms: int


def build(stage: Stage, name: str, orders: int) -> Region:
    """Return a region with so many orders, nobody booted yet."""
    cabinets = tuple(_cabinet(stage, name, number) for number in range(max(4, orders // _ORDERS_PER_CABINET)))
    couriers = max(3, orders // _ORDERS_PER_COURIER)
    plans = [_plan(stage, name, number) for number in range(orders)]
    dispatch = Dispatch(stage, name, _DISPATCH_POLICY)
    rental = Rental(stage, name, dispatch.client, _TARIFFS, _POLICY)
    return Region(
        name=name,
        rental=rental,
        dispatch=dispatch,
        cabinets=cabinets,
        phones=tuple(
            Phone(stage, name, _profile(stage, name, number), cabinets) for number in range(couriers)
        ),
        people=[Person(stage, name, plan, cabinets) for plan in plans],
        operators=(Operator(stage, name, rental.books),) if stage.faults.desk.is_staffed else (),
        last_order_ms=max(plan.at_ms for plan in plans),
    )


def visitors(stage: Stage, region: Region) -> tuple[Person, ...]:
    """Return those who come when everything is healed, not booted yet: nothing keeps them from renting.

    By then every device has said anew what a broker dropped, and measured the time.
    """
    draw = stage.draw(region.name, "visitors")
    plane = Plane(_ORIGIN)
    plans = (
        Plan(
            user=UserId(f"usr-{region.name}-late-{number}"),
            place=plane.at(draw.uniform(-100, 1_100), draw.uniform(-100, 900)),
            return_place=plane.at(draw.uniform(-100, 1_100), draw.uniform(-100, 900)),
            at_ms=stage.loop.now_ms() + PROBE_MS + draw.randint(20, 40) * MINUTE_MS,
            quantity=1,
            walk_up=at_cabinet,
            accept_fewer=False,
            use_ms=draw.randint(30, 90) * MINUTE_MS,
            walks_back=at_cabinet,
        )
        for number, at_cabinet in enumerate((True, False), start=1)
    )
    return tuple(Person(stage, region.name, plan, region.cabinets) for plan in plans)


def _cabinet(stage: Stage, region: str, number: int) -> Cabinet:
    client = f"cab-{region}-{number + 1}"
    draw = stage.draw(region, client, "plan")
    row, column = divmod(number, 3)
    plane = Plane(_ORIGIN)
    place = plane.at(
        column * _SPACING_M + draw.uniform(-100, 100), row * _SPACING_M + draw.uniform(-100, 100)
    )
    batteries: list[Battery | None] = [
        Battery(
            BankId(f"bnk-{region}-{number + 1}-{slot}"), draw.randint(70, 100) * FULL_PPM // 100,
            draw.randint(85, 100), draw.randint(0, 300), stage.loop.now_ms(),
        )
        for slot in range(1, draw.randint(4, 6) + 1)
    ]  # fmt: skip
    batteries += [None] * (_SLOTS - len(batteries))
    return Cabinet(stage, client, region, place, tuple(batteries))


def _profile(stage: Stage, region: str, number: int) -> Profile:
    courier = CourierId(f"cou-{region}-{number + 1}")
    draw = stage.draw(region, courier, "plan")
    place = Plane(_ORIGIN).at(draw.uniform(0, 1_000), draw.uniform(0, 800))
    dawdles = draw.random() < stage.faults.courier_dawdles
    gives_up = draw.choice((None, None, None, GivesUp.BEFORE_PICKUP, GivesUp.AFTER_PICKUP))
    return Profile(
        courier=courier, lat_e7=place.lat_e7, lon_e7=place.lon_e7, speed_m_per_s=draw.uniform(3.5, 6.5),
        slow_factor=3.0 if dawdles else 1.0, service_ms=draw.randint(10, 40) * SECOND_MS,
        accept_probability=draw.uniform(0.7, 1.0), ignore_probability=draw.uniform(0.0, 0.1),
        gives_up=gives_up, gives_up_at_job=draw.randint(1, 5),
    )  # fmt: skip


def _plan(stage: Stage, region: str, number: int) -> Plan:
    user = UserId(f"usr-{region}-{number + 1}")
    draw = stage.draw(region, user, "plan")
    plane = Plane(_ORIGIN)
    faults = stage.faults
    twice = draw.random() < faults.double_scan
    return Plan(
        user=user,
        place=plane.at(draw.uniform(-100, 1_100), draw.uniform(-100, 900)),
        return_place=plane.at(draw.uniform(-100, 1_100), draw.uniform(-100, 900)),
        at_ms=BEGIN_MS + LEAD_MS + number * _ORDER_EVERY_MS + draw.randrange(2 * _ORDER_EVERY_MS),
        quantity=draw.choice((1, 1, 1, 2, 2, 3)),
        walk_up=draw.random() < 0.2,
        accept_fewer=draw.random() < 0.6,
        use_ms=int(draw.expovariate(1 / HOUR_MS)) * draw.choice(_PATIENCE) + MINUTE_MS,
        walks_back=draw.random() < 0.3,
        twice_after_ms=draw.choice((16, 16_000)) if twice else None,
        cancel_at=draw.choice(_CANCEL_STATES) if draw.random() < faults.cancel else None,
        absent_knocks=draw.choice((1, 1, 2, 99)) if draw.random() < faults.absent else 0,
        complaints=_complaints(stage, region, user),
    )


def _complaints(stage: Stage, region: str, user: str) -> tuple[Complaint, ...]:
    draw = stage.draw(region, user, "disputes")
    if draw.random() >= stage.faults.desk.dispute:
        return ()
    return tuple(
        Complaint(
            state=draw.choice(_DISPUTED_STATES),
            wait_ms=draw.choice((0, 1)) * int(draw.expovariate(1 / (10 * MINUTE_MS))),
            about_bank=draw.random() < 0.8,
            times=draw.choice((1, 1, 2, 3)),
        )
        for _ in range(draw.choice((1, 1, 2)))
    )
