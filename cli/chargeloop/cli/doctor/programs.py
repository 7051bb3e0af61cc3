"""Python, the environment it runs in, and the programs that chargeloop can make use of."""

import asyncio
import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chargeloop.broker.mosquitto import find_mosquitto
from chargeloop.cli.doctor.findings import Finding, fail, ok, warn
from chargeloop.cli.errors import program

_NEEDED: Final = (3, 11)
_ANSWER_S: Final = 5.0
_VERSION: Final = re.compile(r"\d+\.\d+(\.\d+)*")
_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Check the version of Python."""
    seen = f"{platform.python_version()} ({platform.python_implementation()})"
    if version < _NEEDED:
        return fail("python", seen, "install Python 3.11 or newer")
    return ok("python", seen)


async def environment(prefix: Path | None = None) -> Finding:
    """Check that the packages are those of the lock file, where chargeloop runs from its repository."""
    home = Path(sys.prefix) if prefix is None else prefix
    bootstrap = home.parent / "tools" / "bootstrap.py"
    if not bootstrap.is_file():
        if home == Path(sys.base_prefix):
            return warn(
                "environment",
                f"no virtual environment: {home}",
                "install chargeloop into one: python3 -m venv",
            )
        return ok("environment", f"{home}, installed as a package")
    code, _ = await answer(str(home / "bin" / "python"), "-IS", str(bootstrap), "--is-current")
    if code != 0:
        return warn(
            "environment",
            f"{home} is not what requirements.lock and pyproject.toml say",
            "type ./run help, which brings it up to date",
        )
    return ok("environment", f"{home}, as requirements.lock says")


async def programs() -> list[Finding]:
    """Look for the broker programs, and for those that only the browser tests need."""
    return [
        await _mosquitto(),
        await _listener(),
        ok("embedded broker", f"amqtt {importlib.metadata.version('amqtt')}, needs nothing else"),
        await _optional("chromium", _CHROMIUM, "only for the tests of the pages: apt-get install chromium"),
        await _optional("node", ("node",), "not needed: what builds the pages brings its own"),
    ]


async def _mosquitto() -> Finding:
    found = find_mosquitto()
    if found is None:
        return warn(
            "mosquitto",
            "not installed; the embedded broker is used",
            "for more than a demo: sudo apt-get install mosquitto",
        )
    return ok("mosquitto", f"{await _version(found, '-h')}, {found}")


async def _listener() -> Finding:
    found = shutil.which("mosquitto_sub")
    if found is None:
        return ok(
            "mosquitto_sub",
            "not installed",
            f"{program()} watch does the same; acceptance tests need it: apt-get install mosquitto-clients",
        )
    return ok("mosquitto_sub", f"{await _version(found, '--help')}, {found}")


async def _optional(name: str, names: Sequence[str], use: str) -> Finding:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        return ok(name, "not installed", use)
    return ok(name, f"{await _version(found, '--version')}, {found}")


async def _version(program: str, argument: str) -> str:
    """Return the first version number that the program says."""
    _, said = await answer(program, argument)
    found = _VERSION.search(said)
    return "no version" if found is None else found[0]


async def answer(*command: str) -> tuple[int | None, str]:
    """Run a program for a short while; return its exit code (None: it did not end) and what it has said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _ANSWER_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None, ""
    return process.returncode, said.decode("utf-8", "replace")
