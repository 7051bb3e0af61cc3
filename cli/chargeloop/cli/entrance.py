"""What people are told who want to enter a city that runs: its doors, and from where to look at it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from chargeloop.cli.columns import in_columns
from chargeloop.cli.errors import program
from chargeloop.cli.logins import Login
from chargeloop.protocol.topics import Role

# What the gateway serves without a login, and for whom.
_DOORS: Final = (("the gateway, for programs", "/openapi.json"),)


def how_to_enter(gateway_url: str, data: Path, logins: Iterable[Login] = ()) -> list[str]:
    """Return the lines for people, each with an address, what to log in with, or a command to copy."""
    doors: list[tuple[str, str]] = []
    for one in logins:
        about = f"the page of a{'n' if one.role == Role.OPERATOR else ''} {one.role}"
        doors.append((about, f"{gateway_url}{one.path}?demo"))
        doors.append(("", f"login {one.login}, password {one.password}"))
    doors += [(about, f"{gateway_url}{path}") for about, path in _DOORS]
    windows = [
        ("all at a glance", f"{program()} top --data {data}"),
        ("message by message", f"{program()} watch --data {data}"),
    ]
    return in_columns([*doors, *windows])
