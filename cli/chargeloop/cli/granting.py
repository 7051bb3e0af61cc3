"""`chargeloop credentials`: logins for those who bring a cabinet, a phone or a platform of their own."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.options import ConfigOption, DataOption, JsonOption, RegionOption

app = typer.Typer(help="Who may connect: give somebody a login, or list who has one.")

if TYPE_CHECKING:
    from chargeloop.broker.credentials import BrokenCredentialsError

ClientsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="CLIENT-ID...",
        help="Who: cab-… cabinet, cou-… courier, usr-… user, opr-… operator, gwy-… gateway, rnt-… rental"
        " platform, dsp-… courier platform.",
    ),
]
ShowSecretOption = Annotated[
    bool,
    typer.Option(
        "--show-secret", help="Print one line for each: the id, which is the user name too, and the password."
    ),
]


@app.callback()
def credentials() -> None:
    """Who may connect to the broker and to the HTTP gateway of a data directory."""


@app.command("add")
def add(
    clients: ClientsArgument,
    show_secret: ShowSecretOption = False,
    data: DataOption = None,
    region: RegionOption = None,
    config: ConfigOption = None,
) -> None:
    """Give logins; who has one keeps it. A running broker lets them in a moment later.

    The files are in DATA/credentials, one for each, for their owner alone to read.
    """
    from chargeloop.broker import CredentialStore
    from chargeloop.broker.credentials import BrokenCredentialsError, RegionMismatchError, role_of
    from chargeloop.cli.settings import load_settings
    from chargeloop.protocol.ids import InvalidIdError

    settings = load_settings({"data": data, "region": region}, config).settings
    store = CredentialStore.of_data(settings.data)
    try:
        for client in clients:
            role_of(client)  # all or none
        granted = [store.grant(client, settings.region) for client in clients]
    except (InvalidIdError, RegionMismatchError, BrokenCredentialsError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"cannot write in {store.directory}: {error.strerror}", FAILED) from None
    for one in granted:
        print(f"{one.client} {one.password}" if show_secret else f"{one.client} {one.role} {one.region}")


@app.command("list")
def list_credentials(
    data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> int:
    """List who has a login: id, role and region; no secrets."""
    from chargeloop.broker import CredentialStore
    from chargeloop.cli.columns import in_columns
    from chargeloop.cli.settings import load_settings

    store = CredentialStore.of_data(load_settings({"data": data}, config).settings.data)
    if not store.directory.is_dir():
        raise CommandError(f"no credentials in {store.directory}")
    broken: list[BrokenCredentialsError] = []
    known = list(store.all(broken.append))
    if as_json:
        print(json.dumps([{"id": one.client, "role": one.role, "region": one.region} for one in known]))
    else:
        rows = [(one.client, one.role, one.region) for one in known]
        for line in in_columns([("id", "role", "region"), *rows]):
            print(line)
    for error in broken:
        print(f"chargeloop credentials: {error}", file=sys.stderr)
    return FAILED if broken else 0
