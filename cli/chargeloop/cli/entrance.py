"""What people are told who want to enter a city that runs: its doors, and from where to look at it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from chargeloop.cli.errors import program
from chargeloop.cli.logins import Login
from chargeloop.protocol.topics import Role

# What the gateway serves without a login, and for whom.
_DOORS: Final = (("the gateway, for programs", "/openapi.json"),)


def how_to_enter(gateway_url: str, data: Path, logins: Iterable[Login] = ()) -> list[str]:
    """Return the lines for people, each with an address, what to log in with, or a command to copy."""
    doors = [
        (f"the page of a{'n' if one.role == Role.OPERATOR else ''} {one.role}", _door(gateway_url, one))
        for one in logins
    ]
    doors += [(about, f"{gateway_url}{path}") for about, path in _DOORS]
    windows = [
        ("all at a glance", f"{program()} top --data {data}"),
        ("message by message", f"{program()} watch --data {data}"),
    ]
    return [f"{about:<26} {what}" for about, what in (*doors, *windows)]


def _door(gateway_url: str, login: Login) -> str:
    return f"{gateway_url}{login.path}?demo  login {login.login}, password {login.password}"
