"""The broker programs we can run: Mosquitto where it is installed, else the embedded one."""

import os
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from chargeloop.broker.accounts import Account, Accounts
from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.mosquitto import (
    MosquittoFiles,
    access_text,
    configuration_text,
    find_mosquitto,
    password_line,
)


class BrokerKind(StrEnum):
    """Which broker."""

    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"


def choose_kind() -> BrokerKind:
    """Return Mosquitto when it is installed, else the embedded broker."""
    return BrokerKind.EMBEDDED if find_mosquitto() is None else BrokerKind.MOSQUITTO


class Software(Protocol):
    """A broker program: how it is started, and how it learns of other accounts."""

    def command(self) -> list[str]:
        """Return the command that runs it, once its files are written."""

    def refresh(self, accounts: Sequence[Account]) -> signal.Signals | None:
        """Let it know these accounts; returns the signal that it must be sent for that, or None."""


class Mosquitto:
    """Mosquitto knows its accounts from files that we write and have it read again.

    Raises:
        BrokerError: it is not installed.
    """

    def __init__(self, accounts: Accounts, directory: Path, address: BrokerAddress) -> None:
        program = find_mosquitto()
        if program is None:
            message = (
                "Mosquitto is not installed (apt-get install mosquitto); the embedded broker needs nothing"
            )
            raise BrokerError(message)
        self._program = program
        self._accounts = accounts
        self._files = MosquittoFiles(directory)
        self._address = address
        self._lines: dict[tuple[str, str], str] = {}

    def command(self) -> list[str]:
        """Return the command that runs it, once its files are written."""
        text = configuration_text(self._files, self._address.host, self._address.port)
        _write(self._files.configuration, text)
        self.refresh(self._accounts.read()[0])
        return [self._program, "-c", str(self._files.configuration)]

    def refresh(self, accounts: Sequence[Account]) -> signal.Signals:
        """Write the accounts down; returns the signal at which Mosquitto reads them."""
        # Hashing is the slow part of a thousand accounts: a line is made once.
        self._lines = {
            (one.name, one.password): self._lines.get((one.name, one.password))
            or password_line(one.name, one.password)
            for one in accounts
        }
        # In this order, for Mosquitto may read them at any moment, the passwords first: who is let in before
        # the rules are known has the first messages dropped in silence.
        _write(self._files.access, access_text(one.rules for one in accounts))
        _write(self._files.passwords, "".join(f"{line}\n" for line in self._lines.values()))
        return signal.SIGHUP


class Embedded:
    """The embedded broker reads the credentials' files itself."""

    def __init__(self, data: Path, address: BrokerAddress) -> None:
        self._data = data
        self._address = address

    def command(self) -> list[str]:
        """Return the command that runs it."""
        where = [str(self._data), self._address.host, str(self._address.port)]
        return [sys.executable, "-P", "-m", "chargeloop.broker.embedded", *where]

    def refresh(self, _: Sequence[Account]) -> None:
        """Do nothing: it looks by itself."""


def _write(path: Path, text: str) -> None:
    """Put a file in place whole, readable for its owner alone."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
