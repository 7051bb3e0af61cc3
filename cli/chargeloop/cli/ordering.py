"""`chargeloop order`: what a user asks of the HTTP gateway, with tables for people and JSON for programs."""

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.options import (
    ConfigOption,
    DataOption,
    GatewayOption,
    JsonOption,
    RegionOption,
    UserOption,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from chargeloop.cli.gateway import Gateway

T = TypeVar("T")

app = typer.Typer(help="Rent power banks and give them back, over HTTP.")

LatitudeOption = Annotated[
    float,
    typer.Option("--lat", metavar="DEGREES", min=-90, max=90, help="Latitude, decimal degrees, WGS 84."),
]
LongitudeOption = Annotated[
    float,
    typer.Option("--lon", metavar="DEGREES", min=-180, max=180, help="Longitude, decimal degrees, WGS 84."),
]
QuantityOption = Annotated[
    int, typer.Option("--quantity", metavar="N", min=1, max=20, help="How many power banks, 1 to 20.")
]
FewerOption = Annotated[
    bool, typer.Option("--accept-fewer", help="Take fewer banks when no cabinet near has so many.")
]
CabinetOption = Annotated[
    str | None,
    typer.Option(
        "--cabinet", metavar="CABINET", help="Stand at this cabinet and take the banks there: no courier."
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="KEY", help="Idempotency key: the same key cannot order twice. Default: a new one."
    ),
]
OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="The order: ord-….")]


@app.callback()
def order() -> None:
    """Rent power banks and give them back, through the HTTP gateway."""


@app.command("quote")
def quote(
    lat: LatitudeOption,
    lon: LongitudeOption,
    quantity: QuantityOption = 1,
    user: UserOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what it would cost, before ordering."""
    body = {"lat": lat, "lon": lon, "quantity": quantity}
    flags = {"user": user, "gateway": gateway, "data": data, "region": region}
    reply = _ask(flags, config, lambda client: client.send("POST", "/v1/quotes", body))
    _show(reply, as_json, "quote_table")


@app.command("place")
def place(
    lat: LatitudeOption,
    lon: LongitudeOption,
    quantity: QuantityOption = 1,
    accept_fewer: FewerOption = False,
    cabinet: CabinetOption = None,
    key: KeyOption = None,
    user: UserOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Order power banks to a place, or at a cabinet."""
    body: dict[str, object] = {"lat": lat, "lon": lon, "quantity": quantity, "accept_fewer": accept_fewer}
    if cabinet is not None:
        body |= {"hand_over": "walk_up", "cabinet": cabinet}
    flags = {"user": user, "gateway": gateway, "data": data, "region": region}
    reply = _ask(flags, config, lambda client: client.send("POST", "/v1/orders", body, key=_key(key)))
    _show(reply, as_json, "order_table")


@app.command("cancel")
def cancel(
    order: OrderArgument,
    key: KeyOption = None,
    user: UserOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Call an order off."""
    flags = {"user": user, "gateway": gateway, "data": data, "region": region}
    path = f"/v1/orders/{_order(order)}/cancel"
    _show(
        _ask(flags, config, lambda client: client.send("POST", path, {}, key=_key(key))),
        as_json,
        "order_table",
    )


@app.command("return")
def ask_return(
    order: OrderArgument,
    lat: LatitudeOption,
    lon: LongitudeOption,
    quantity: QuantityOption = 1,
    key: KeyOption = None,
    user: UserOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a courier fetch power banks of an order."""
    body = {"lat": lat, "lon": lon, "quantity": quantity}
    flags = {"user": user, "gateway": gateway, "data": data, "region": region}
    path = f"/v1/orders/{_order(order)}/return"
    _show(
        _ask(flags, config, lambda client: client.send("POST", path, body, key=_key(key))),
        as_json,
        "order_table",
    )


@app.command("show")
def show(
    order: OrderArgument,
    user: UserOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an order with its timeline and its fees."""
    flags = {"user": user, "gateway": gateway, "data": data, "region": region}
    path = f"/v1/orders/{_order(order)}"
    _show(_ask(flags, config, lambda client: client.send("GET", path)), as_json, "order_table")


@app.command("list")
def list_orders(
    user: UserOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the user's orders, the newest first."""
    flags = {"user": user, "gateway": gateway, "data": data, "region": region}
    _show(_ask(flags, config, lambda client: client.send("GET", "/v1/orders")), as_json, "orders_table")


def _ask(
    flags: "Mapping[str, object]", config: "Path | None", request: "Callable[[Gateway], Awaitable[T]]"
) -> T:
    """Send one request as the user of the settings.

    Raises:
        CommandError: no user is given, or the gateway refused or did not answer.
    """
    from chargeloop.broker import CredentialStore
    from chargeloop.cli.gateway import Gateway, GatewayProblemError
    from chargeloop.cli.places import known_gateway
    from chargeloop.cli.settings import load_settings

    effective = load_settings(flags, config)
    settings = effective.settings
    if settings.user is None:
        raise CommandError("who orders? give --user usr-…, or CHARGELOOP_USER")
    given = settings.password
    password = (
        CredentialStore.of_data(settings.data).grant(settings.user, settings.region).password
        if given is None
        else given.get_secret_value()
    )

    url = known_gateway(effective)

    async def send() -> T:
        client = Gateway(url, user=str(settings.user), password=password, patient=False)
        try:
            return await request(client)
        finally:
            await client.close()

    try:
        return asyncio.run(send())
    except GatewayProblemError as problem:
        advice = "; start chargeloop platform, or give --data or --gateway of one that runs"
        raise CommandError(f"{problem}{advice if problem.status is None else ''}", FAILED) from None


def _key(given: str | None) -> str:
    return uuid.uuid4().hex if given is None else given


def _order(text: str) -> str:
    from chargeloop.protocol.ids import IdKind, InvalidIdError, require_id

    try:
        return require_id(IdKind.ORDER, text)
    except InvalidIdError as error:
        raise CommandError(str(error)) from None


def _show(reply: Any, as_json: bool, table: str) -> None:
    if as_json:
        print(json.dumps(reply, ensure_ascii=False))
        return
    from chargeloop.cli import tables

    tables.show(getattr(tables, table)(reply))
