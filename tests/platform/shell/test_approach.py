"""Where the courier is who comes to the user, and who is told."""

from dataclasses import replace

import httpx2
import pytest

from chargeloop.broker.endpoint.changes import Changes
from chargeloop.platform.core.order import Order
from chargeloop.platform.shell.positions import FRESH_MS, Positions
from chargeloop.platform.shell.services import Services
from chargeloop.platform.shell.store import PlatformStore
from chargeloop.protocol.codec import seal
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.geo import Plane, Point
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import Position
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.topics import Role, parse_topic, subscriptions
from tests.platform.shell import books
from tests.platform.shell.books import HARBOUR, NOON_MS
from tests.platform.shell.scripted import bearer, problem

PLANE = Plane(HARBOUR)


def told(courier: str, place: Point, heard_ms: int = NOON_MS) -> Incoming:
    topic = parse_topic(f"cl/v1/demo/courier/{courier}/position")
    assert topic is not None
    message = seal(Position(location=Location.of(place)), id="m1", source=f"courier/{courier}", time=heard_ms)
    return Incoming(topic, message, heard_ms)


async def on_the_way(store: PlatformStore, services: Services, state: OrderState) -> Order:
    order = replace(books.order_on_its_way(), state=state)
    leg = replace(order.legs[0], user_location=PLANE.at(0, 600))
    order = replace(order, legs=(leg,))
    await store.commit(Changes(), books.rows_of(order))
    await services.positions.receive(told("cou-0005", PLANE.at(0, -300)))
    return order


@pytest.mark.parametrize(
    ("state", "cabinet", "distance_m", "minutes"),
    [
        (OrderState.FETCHING, "cab-0003", 900, 6),
        (OrderState.DELIVERING, None, 900, 6),
        (OrderState.COLLECTING, None, 900, 6),
    ],
)
async def test_a_user_sees_the_courier_on_the_way(
    client: httpx2.AsyncClient,
    store: PlatformStore,
    services: Services,
    state: OrderState,
    cabinet: str | None,
    distance_m: int,
    minutes: int,
) -> None:
    order = await on_the_way(store, services, state)
    shown = (await client.get(f"/v1/orders/{order.id}/courier")).json()
    assert (shown["courier"], shown["by_cabinet"], shown["minutes"]) == ("cou-0005", cabinet, minutes)
    assert shown["distance_m"] == pytest.approx(distance_m, abs=2)
    assert shown["heard"] == "2026-11-23T12:00:00.000Z"


@pytest.mark.parametrize(
    "state", [OrderState.IN_USE, OrderState.RETURNING, OrderState.RECALLING, OrderState.SETTLED]
)
async def test_a_courier_who_does_not_come_to_the_user_is_not_followed(
    client: httpx2.AsyncClient, store: PlatformStore, services: Services, state: OrderState
) -> None:
    order = await on_the_way(store, services, state)
    problem(await client.get(f"/v1/orders/{order.id}/courier"), 404, "no_courier")


async def test_nobody_else_sees_the_courier(
    client: httpx2.AsyncClient, store: PlatformStore, services: Services
) -> None:
    order = await on_the_way(store, services, OrderState.FETCHING)
    path = f"/v1/orders/{order.id}/courier"
    problem(await client.get(path, headers=bearer("usr-stranger")), 404, "unknown_order")
    problem(await client.get(path, headers=bearer("cou-0005")), 403, "forbidden")
    assert (await client.get(path, headers=bearer("opr-anna"))).status_code == 200


async def test_an_old_position_is_none() -> None:
    positions = Positions()
    await positions.receive(told("cou-0005", HARBOUR))
    assert positions.of("cou-0005", NOON_MS + FRESH_MS) is not None
    assert positions.of("cou-0005", NOON_MS + FRESH_MS + 1) is None
    assert positions.of("cou-0006", NOON_MS) is None


async def test_positions_are_kept_of_so_many_couriers_as_were_heard_of_last() -> None:
    positions = Positions(most=2)
    for courier in ("cou-1", "cou-2", "cou-1", "cou-3"):
        await positions.receive(told(courier, HARBOUR))
    assert len(positions) == 2
    assert positions.of("cou-2", NOON_MS) is None


def test_the_gateway_is_sent_the_positions_of_its_region() -> None:
    assert "cl/v1/demo/courier/+/position" in subscriptions(Role.GATEWAY, "gwy-main", "demo")
