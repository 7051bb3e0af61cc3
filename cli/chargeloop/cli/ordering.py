"""`chargeloop order`: what a user asks of the HTTP gateway, with tables for people and JSON for programs."""

import asyncio
import getpass
import json
import shlex
import sys
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.options import (
    ConfigOption,
    DataOption,
    GatewayOption,
    JsonOption,
    OrdererOption,
    RegionOption,
    UserOption,
)
from chargeloop.cli.visible import all_visible, visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from chargeloop.cli.gateway import Gateway
    from chargeloop.cli.settings import Effective, Settings

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
        "--key",
        metavar="KEY",
        help="Idempotency key: the same key cannot order twice. Default: a new one, told if no answer comes.",
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
    login: OrdererOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what it would cost, before ordering."""
    query = {"lat": lat, "lon": lon, "quantity": quantity}
    flags = {"user": user, "login": login, "gateway": gateway, "data": data, "region": region}
    reply = _ask(flags, config, lambda client: client.send("GET", "/v1/quote", query=query))
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
    login: OrdererOption = None,
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
    flags = {"user": user, "login": login, "gateway": gateway, "data": data, "region": region}
    _show(_do_once(flags, config, "/v1/orders", body, key), as_json, "order_table")


@app.command("cancel")
def cancel(
    order: OrderArgument,
    key: KeyOption = None,
    user: UserOption = None,
    login: OrdererOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Call an order off."""
    flags = {"user": user, "login": login, "gateway": gateway, "data": data, "region": region}
    path = f"/v1/orders/{_order(order)}/cancel"
    _show(_do_once(flags, config, path, {}, key), as_json, "order_table")


@app.command("return")
def ask_return(
    order: OrderArgument,
    lat: LatitudeOption,
    lon: LongitudeOption,
    quantity: QuantityOption = 1,
    key: KeyOption = None,
    user: UserOption = None,
    login: OrdererOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a courier fetch power banks of an order."""
    body = {"lat": lat, "lon": lon, "quantity": quantity}
    flags = {"user": user, "login": login, "gateway": gateway, "data": data, "region": region}
    path = f"/v1/orders/{_order(order)}/return"
    _show(_do_once(flags, config, path, body, key), as_json, "order_table")


@app.command("show")
def show(
    order: OrderArgument,
    user: UserOption = None,
    login: OrdererOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an order with its timeline and its fees."""
    flags = {"user": user, "login": login, "gateway": gateway, "data": data, "region": region}
    path = f"/v1/orders/{_order(order)}"
    _show(_ask(flags, config, lambda client: client.send("GET", path)), as_json, "order_table")


@app.command("list")
def list_orders(
    user: UserOption = None,
    login: OrdererOption = None,
    gateway: GatewayOption = None,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the user's orders, the newest first."""
    flags = {"user": user, "login": login, "gateway": gateway, "data": data, "region": region}
    _show(_ask(flags, config, lambda client: client.send("GET", "/v1/orders")), as_json, "orders_table")


def _do_once(
    flags: "Mapping[str, object]",
    config: "Path | None",
    path: str,
    body: "Mapping[str, object]",
    key: str | None,
) -> Any:
    """Have something done once for a key, which is drawn when none is given, and return the answer.

    Raises:
        CommandError: it can be no key; or as by `_ask`, with the key to repeat it by where it is not known
            whether it was done.
    """
    from chargeloop.platform.shell.idempotency import KEY_FORM, is_key

    if key is not None and not is_key(key):
        raise CommandError(f"--key is {KEY_FORM}")
    drawn = uuid.uuid4().hex if key is None else key
    return _ask(flags, config, lambda client: client.send("POST", path, body, key=drawn), drawn)


def _ask(
    flags: "Mapping[str, object]",
    config: "Path | None",
    request: "Callable[[Gateway], Awaitable[T]]",
    key: str | None = None,
) -> T:
    """Send one request as the account, or the user, of the settings; `key` is what it is done once by.

    Raises:
        CommandError: neither is given, or the gateway refused or did not answer.
    """
    from chargeloop.cli.gateway import Gateway, GatewayProblemError
    from chargeloop.cli.places import known_gateway, typed
    from chargeloop.cli.settings import load_settings

    effective = load_settings(flags, config)
    settings = effective.settings
    url = known_gateway(effective)
    login = _login_of(effective)
    token = _token_source(settings) if login is None else None
    password = "" if login is None else _password_of(login, settings)

    async def send() -> T:
        client = Gateway(url, token=token, patient=False)
        try:
            if login is None:
                return await request(client)
            await client.log_in(login, password)
            try:
                return await request(client)
            finally:
                # Nobody but this process knows the session, so one that stays open lets nobody in.
                with suppress(GatewayProblemError):
                    await client.log_out()
        finally:
            await client.close()

    try:
        return asyncio.run(send())
    except GatewayProblemError as problem:
        told = [str(problem)]
        if problem.status is None:
            start = f"start {typed('platform', settings.data)}"
            told.append(f"{start}, or give --data or --gateway of one that runs")
        if key is not None and not problem.is_refusal:
            told.append(f"repeat with --key {shlex.quote(key)}: it is done once")
        raise CommandError("; ".join(told), FAILED) from None


def _login_of(effective: "Effective") -> str | None:
    """Return the account that orders, or None when it is the user: the one that is given nearer, as ever.

    Raises:
        CommandError: both are given in one place.
    """
    settings = effective.settings
    if settings.user is None or settings.login is None:
        return settings.login
    user, login = effective.distance("user"), effective.distance("login")
    if user == login:
        origins = effective.origins
        told = f"user from {origins['user']} and login from {origins['login']}"
        raise CommandError(f"who orders? {told}: give one of them")
    return settings.login if login < user else None


def _token_source(settings: "Settings") -> "Callable[[], str]":
    """Return what signs tokens for the user of the settings: who can read DATA needs no password.

    Raises:
        CommandError: nobody is given, or is disabled, or the gateway is not of this data directory.
    """
    from functools import partial

    from chargeloop.broker import CredentialStore
    from chargeloop.cli.accounts import require_not_disabled
    from chargeloop.platform.shell.accounts.tokens import AccessTokens, BrokenKeyError, key_path

    if settings.user is None:
        raise CommandError("who orders? give --login NAME, or --user usr-… and --data of the gateway")
    if not key_path(settings.data).is_file():
        raise CommandError(f"no gateway has run in {settings.data}: give its --data, or --login NAME")
    require_not_disabled(settings.user, settings.data)
    CredentialStore.of_data(settings.data).grant(settings.user, settings.region)
    try:
        return partial(AccessTokens.of_data(settings.data, settings.region).sign, str(settings.user))
    except (BrokenKeyError, OSError) as error:
        raise CommandError(str(error)) from None


def _password_of(login: str, settings: "Settings") -> str:
    if settings.password is not None:
        return settings.password.get_secret_value()
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for the password: give it in CHARGELOOP_PASSWORD")
    return getpass.getpass(f"password of {login}: ")


def _order(text: str) -> str:
    from chargeloop.protocol.ids import IdKind, InvalidIdError, require_id

    try:
        return require_id(IdKind.ORDER, text)
    except InvalidIdError as error:
        raise CommandError(str(error)) from None


def _show(reply: Any, as_json: bool, table: str) -> None:
    if as_json:
        print(visible(json.dumps(reply, ensure_ascii=False)))
        return
    from chargeloop.cli import tables

    tables.show(getattr(tables, table)(all_visible(reply)))
