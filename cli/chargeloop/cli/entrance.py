"""What people are told who want to enter a city that runs: its doors, and from where to look at it."""

from pathlib import Path
from typing import Final

from chargeloop.cli.errors import program

# What the gateway serves, and for whom. A page, and what to log in with, is told from here.
_DOORS: Final = (("the gateway, for programs", "/openapi.json"),)


def how_to_enter(gateway_url: str, data: Path) -> list[str]:
    """Return the lines for people, each with an address or a command to copy."""
    doors = [(about, f"{gateway_url}{path}") for about, path in _DOORS]
    windows = [
        ("all at a glance", f"{program()} top --data {data}"),
        ("message by message", f"{program()} watch --data {data}"),
    ]
    return [f"{about:<26} {what}" for about, what in (*doors, *windows)]
