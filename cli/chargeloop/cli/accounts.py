"""`chargeloop account`: who may log in to the pages and the interface of the HTTP gateway."""

import asyncio
import getpass
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.options import ConfigOption, DataOption, JsonOption, RegionOption

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chargeloop.platform.shell.accounts.account import Account
    from chargeloop.platform.shell.accounts.registry import Registry

T = TypeVar("T")

app = typer.Typer(help="Who may log in: users, couriers and operators.")

RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help="user, courier or operator.")]
LoginOption = Annotated[
    str, typer.Option("--login", metavar="NAME", help="The name to log in with; case does not matter.")
]
IdOption = Annotated[
    str | None,
    typer.Option(
        "--id", metavar="ID", help="usr-…, cou-… or opr-… in orders and topics. Default: from the name."
    ),
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The name shown. Default: the login name."),
]
PasswordOption = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input. Default: it is asked for."),
]
LoginArgument = Annotated[str, typer.Argument(metavar="LOGIN", help="The name somebody logs in with.")]


@app.callback()
def account() -> None:
    """Who may log in to the pages and the interface of a data directory's HTTP gateway."""


@app.command("add")
def add(
    role: RoleOption,
    login: LoginOption,
    account_id: IdOption = None,
    name: NameOption = None,
    password_stdin: PasswordOption = False,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
) -> None:
    """Open an account, with credentials of the broker. A running gateway lets it in at once."""
    from chargeloop.cli.settings import load_settings
    from chargeloop.platform.shell.accounts.account import ROLES, AccountError, new_account, password_of
    from chargeloop.protocol.topics import Role

    settings = load_settings({"data": data, "region": region}, config).settings
    if role not in ROLES:
        raise CommandError(f"{role!r} is no role of a person: expected {', '.join(ROLES)}")
    try:
        opened = new_account(
            Role(role),
            login,
            region=settings.region,
            now_ms=time.time_ns() // 1_000_000,
            name=name,
            account_id=account_id,
        )
        password = password_of(_password(password_stdin))
    except AccountError as error:
        raise CommandError(str(error)) from None
    with_registry(settings.data, lambda registry: registry.open(opened, password), new=True)
    _show(opened)


@app.command("list")
def list_accounts(data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the accounts: login name, id, role, region, and whether they are disabled."""
    from chargeloop.cli.columns import in_columns
    from chargeloop.cli.settings import load_settings

    known = with_registry(
        load_settings({"data": data}, config).settings.data, lambda registry: registry.store.all()
    )
    if as_json:
        print(json.dumps([_record(one) for one in known], ensure_ascii=False))
        return
    rows = [(one.login, one.id, one.role, one.region, _disabled(one)) for one in known]
    for line in in_columns([("login", "id", "role", "region", ""), *rows]):
        print(line)


@app.command("disable")
def disable(login: LoginArgument, data: DataOption = None, config: ConfigOption = None) -> None:
    """Shut somebody out: sessions, connections and credentials of the broker end."""
    from chargeloop.cli.settings import load_settings

    data_directory = load_settings({"data": data}, config).settings.data
    _show(with_registry(data_directory, lambda registry: registry.disable(login)))


@app.command("enable")
def enable(login: LoginArgument, data: DataOption = None, config: ConfigOption = None) -> None:
    """Let somebody in again, with new credentials of the broker."""
    from chargeloop.cli.settings import load_settings

    data_directory = load_settings({"data": data}, config).settings.data
    _show(with_registry(data_directory, lambda registry: registry.enable(login)))


@app.command("password")
def password(
    login: LoginArgument,
    password_stdin: PasswordOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Give somebody another password: sessions and connections end, and the broker gets new credentials."""
    from chargeloop.cli.settings import load_settings

    data_directory = load_settings({"data": data}, config).settings.data
    chosen = _password(password_stdin)
    _show(with_registry(data_directory, lambda registry: registry.set_password(login, chosen)))


def with_registry(data: Path, do: "Callable[[Registry], Awaitable[T]]", *, new: bool = False) -> T:
    """Do something with the accounts of a data directory; `new`: which may have none yet.

    Raises:
        CommandError: it cannot be done; the message says why.
    """
    import sqlite3

    from chargeloop.broker import CredentialStore
    from chargeloop.cli.places import typed
    from chargeloop.platform.shell.accounts.account import AccountError
    from chargeloop.platform.shell.accounts.passwords import Passwords
    from chargeloop.platform.shell.accounts.registry import Registry
    from chargeloop.platform.shell.accounts.store import AccountStore, accounts_path
    from chargeloop.platform.shell.gateway_file import GatewayFileError

    if not new and not accounts_path(data).is_file():
        raise CommandError(f"no accounts in {data}: {typed('account add', data)} opens one")

    async def work() -> T:
        store = AccountStore(accounts_path(data))
        await store.open()
        try:
            return await do(Registry(store, CredentialStore.of_data(data), Passwords()))
        finally:
            await store.close()

    try:
        return asyncio.run(work())
    except (AccountError, GatewayFileError) as error:
        raise CommandError(str(error)) from None
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"cannot use the accounts in {data}: {error}", FAILED) from None


def require_not_disabled(account_id: str, data: Path) -> None:
    """Refuse somebody who is shut out, and would get credentials of the broker again.

    Raises:
        CommandError: the account of a data directory that has this id is disabled, or cannot be read.
    """
    from chargeloop.platform.shell.accounts.store import accounts_path

    if not accounts_path(data).is_file():
        return
    known = with_registry(data, lambda registry: registry.store.get(account_id))
    if known is not None and known.disabled:
        raise CommandError(f"the account {known.login!r} of {account_id} is disabled", FAILED)


def _password(from_stdin: bool) -> str:
    """Return the password, of standard input or typed twice.

    Raises:
        CommandError: it cannot be asked for or read, or was typed differently.
    """
    if from_stdin:
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise CommandError("the password on standard input is no text in UTF-8") from None
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for the password: give it by --password-stdin")
    typed = getpass.getpass("password: ")
    if getpass.getpass("again: ") != typed:
        raise CommandError("the two passwords differ")
    return typed


def _record(one: "Account") -> dict[str, object]:
    return {
        "login": one.login,
        "id": one.id,
        "role": one.role,
        "region": one.region,
        "name": one.name,
        "disabled": one.disabled,
    }


def _show(one: "Account") -> None:
    print(f"{one.login} {one.id} {one.role} {one.region} {_disabled(one)}".rstrip())


def _disabled(one: "Account") -> str:
    return "disabled" if one.disabled else ""
