"""The accounts a broker knows: everybody's credentials, and one of its own to find out whether it listens.

The probe's account may connect and nothing else. It exists so that "the broker is up" means that a client
with a password has been let in, not that a port is open.
"""

import asyncio
import hmac
import os
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import aiomqtt

from chargeloop.broker.access import AccessRules
from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.credentials import (
    BrokenCredentialsError,
    Credentials,
    CredentialStore,
    UnknownClientError,
)
from chargeloop.protocol.ids import InvalidIdError

PROBE: Final = "chargeloop-probe"
_WATCH_S: Final = 0.05
# Looking at tens of thousands of files takes a while: at most a fiftieth of the time goes into it.
_WATCH_REST: Final = 50
_CONNECT_TIMEOUT_S: Final = 5


@dataclass(frozen=True, slots=True)
class Account:
    """A name that may connect with a password, and what it may do then."""

    name: str
    password: str = field(repr=False)
    rules: AccessRules

    @classmethod
    def of(cls, credentials: Credentials) -> Self:
        """Return the account of a participant."""
        return cls(credentials.client, credentials.password, AccessRules.of(credentials))

    def opens_with(self, password: str) -> bool:
        """Tell whether this is the password, taking the same time for every wrong one."""
        return hmac.compare_digest(self.password.encode(), password.encode())


class Accounts:
    """The accounts of a data directory, read from its files whenever asked."""

    def __init__(self, data: Path) -> None:
        self.store = CredentialStore.of_data(data)
        self._probe = data / "broker" / "probe"

    def renew_probe(self) -> None:
        """Draw a new password for the probe; call it before a broker starts."""
        self._probe.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._probe.unlink(missing_ok=True)
        opened = os.open(self._probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe())

    def probe(self) -> Account:
        """Return the probe's account: it may neither write nor read."""
        return Account(PROBE, self._probe.read_text(encoding="ascii"), AccessRules(PROBE, (), ()))

    def read(self) -> tuple[list[Account], list[BrokenCredentialsError]]:
        """Return every account, the probe's included, and what is wrong with files that give none."""
        broken: list[BrokenCredentialsError] = []
        accounts = [Account.of(credentials) for credentials in self.store.all(broken.append)]
        return [self.probe(), *accounts], broken

    def find(self, name: str) -> Account | None:
        """Return the account of this name, or None, also while its file is half written."""
        if name == PROBE:
            return self.probe()
        try:
            return Account.of(self.store.load(name))
        except (InvalidIdError, UnknownClientError):
            return None

    async def changes(self) -> AsyncGenerator[None, None]:
        """Yield at once, and then soon after files of credentials have come, gone or been written to.

        That is at most 50 ms with a thousand clients, and a second or two with tens of thousands.
        """
        seen = None
        while True:
            begun = time.monotonic()
            found = self._stamp()
            looking_s = time.monotonic() - begun
            if found != seen:
                seen = found
                yield
            await asyncio.sleep(max(_WATCH_S, _WATCH_REST * looking_s))

    def _stamp(self) -> frozenset[tuple[str, int, int, int]]:
        """Return what changes with every grant, and when a file that others write grows under our eyes."""
        try:
            with os.scandir(self.store.directory) as entries:
                return frozenset(
                    stamp
                    for entry in entries
                    if entry.name.endswith(".json") and (stamp := _file_stamp(entry)) is not None
                )
        except FileNotFoundError:
            return frozenset()


def _file_stamp(entry: "os.DirEntry[str]") -> tuple[str, int, int, int] | None:
    """Return what tells one state of a file from another, or None when it has just gone."""
    try:
        found = entry.stat()
    except FileNotFoundError:
        return None
    return entry.name, found.st_ino, found.st_mtime_ns, found.st_size


async def lets_in(address: BrokerAddress, client: str, password: str) -> bool:
    """Connect once and tell whether the broker let us in; a connection of the same client is taken over.

    Returns:
        False when nobody listens, or when these credentials are not (yet) known.
    """
    connection = aiomqtt.Client(
        address.host,
        address.port,
        identifier=client,
        username=client,
        password=password,
        timeout=_CONNECT_TIMEOUT_S,
    )
    try:
        async with connection:
            return True
    except aiomqtt.MqttError:
        return False


async def wait_until_granted(address: BrokerAddress, credentials: Credentials, timeout_s: float = 10) -> None:
    """Return once the broker lets these credentials in: for just after a grant, while nobody uses them.

    A running broker takes a tenth of a second or two to learn of a grant. Clients that connect again when
    refused need not wait for it.

    Raises:
        TimeoutError: it did not within `timeout_s`.
    """
    async with asyncio.timeout(timeout_s):
        while not await lets_in(address, credentials.client, credentials.password):  # noqa: ASYNC110
            # It is another process that will change its mind.
            await asyncio.sleep(_WATCH_S)
