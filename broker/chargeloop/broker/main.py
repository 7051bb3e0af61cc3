"""Runs a broker: Mosquitto where it is installed, else the embedded one, each as a child process."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chargeloop.broker import descriptors
from chargeloop.broker.accounts import Accounts
from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.claim import Claim, ClaimedError, claimed, last_address
from chargeloop.broker.credentials import Credentials, CredentialStore
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.leash import leashed
from chargeloop.broker.ports import LOOPBACK, free_address, is_free
from chargeloop.broker.process import BrokerProcess
from chargeloop.broker.software import BrokerKind, Embedded, Mosquitto, Software, choose_kind

_log = logging.getLogger(__name__)

_MOVES: Final = 3


class _TakenError(BrokerError):
    """Somebody else has begun to listen on the port since it was looked at."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """What `chargeloop broker` runs.

    None chooses Mosquitto when installed, and the port of the directory's last broker, else a free one.
    """

    data: Path
    kind: BrokerKind | None = None
    host: str = LOOPBACK
    port: int | None = None


def grant(data: Path, client: str, region: str) -> Credentials:
    """Return a client's credentials, made when new; running brokers of the same data directory learn of them.

    Raises:
        InvalidIdError: the client's id or the region is malformed.
        RegionMismatchError: the client has credentials for another region.
    """
    return CredentialStore.of_data(data).grant(client, region)


@contextlib.asynccontextmanager
async def running_broker(
    kind: BrokerKind | str | None,
    data: Path,
    port: int | None = None,
    *,
    host: str = LOOPBACK,
    died: Callable[[BrokerError], None] | None = None,
) -> AsyncIterator[BrokerAddress]:
    """Run a broker while the context lasts, and yield where it listens once it lets clients in.

    The address is noted in DATA/run/broker.address as long, the broker's process id in DATA/run/broker.pid.

    Args:
        kind: which broker; None for Mosquitto when it is installed, else the embedded one.
        data: the data directory; its credentials are the accounts, those granted later too.
        port: a TCP port, or None for that of the directory's last broker when it is free, else a free one.
        host: the address to listen on.
        died: is called when the broker has ended by itself, or no longer follows the credentials, and the
            context must be left.

    Raises:
        BrokerError: a broker already runs on this directory, Mosquitto is not installed, the port is taken,
            or the broker did not come up.
    """
    settings = BrokerSettings(data, None if kind is None else BrokerKind(kind), host, port)
    async with _running(settings) as broker:
        if died is not None:
            broker.on_death(died)
        yield broker.address


async def run_foreground(
    settings: BrokerSettings, *, ready: Callable[[BrokerAddress], None] | None = None
) -> None:
    """Run a broker until SIGINT or SIGTERM; `ready` is called once it lets clients in.

    Raises:
        BrokerError: it could not be started, or it ended by itself.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with _running(settings) as broker:
        if ready is not None:
            ready(broker.address)
        await broker.wait_for(stop)


@contextlib.asynccontextmanager
async def _running(settings: BrokerSettings) -> AsyncIterator[BrokerProcess]:
    data = settings.data.resolve()
    try:
        with claimed(data) as claim:
            async with _run(settings, claim) as broker:
                yield broker
    except ClaimedError as error:
        raise BrokerError(str(error)) from None


@contextlib.asynccontextmanager
async def _run(settings: BrokerSettings, claim: Claim) -> AsyncIterator[BrokerProcess]:
    accounts = Accounts(claim.data)
    accounts.renew_probe()
    broker = await _started(settings, claim, accounts)
    try:
        # Not before it is up: a signal kills a program that is not yet ready for it.
        async with broker.watched():
            with claim.noted(broker.address, broker.pid):
                yield broker
    finally:
        await broker.stop()


async def _started(settings: BrokerSettings, claim: Claim, accounts: Accounts) -> BrokerProcess:
    """Return a broker that is up. If it may listen anywhere and another was quicker at its port, it moves on.

    Raises:
        BrokerError: it did not come up.
    """
    last = last_address(claim.data) if settings.port is None else None
    if last is not None and last.host == settings.host:
        if is_free(last):
            with contextlib.suppress(_TakenError):
                return await _started_at(last, settings, claim, accounts)
        _log.warning(
            "another program has taken port %d, on which the broker of %s listened before: it takes"
            " another one; start the parts that were connected again",
            last.port,
            claim.data,
        )
    for _ in range(_MOVES if settings.port is None else 0):
        address = free_address(settings.host)
        with contextlib.suppress(_TakenError):
            return await _started_at(address, settings, claim, accounts)
    address = free_address(settings.host, settings.port)
    return await _started_at(address, settings, claim, accounts)


async def _started_at(
    address: BrokerAddress, settings: BrokerSettings, claim: Claim, accounts: Accounts
) -> BrokerProcess:
    """Return a broker that is up at this address.

    Raises:
        BrokerError: it did not come up.
    """
    claim.tell(address)
    directory = claim.data / "broker"
    software: Software
    if (settings.kind or choose_kind()) is BrokerKind.MOSQUITTO:
        software = Mosquitto(accounts, directory, address)
    else:
        software = Embedded(claim.data, address)
    log = directory / "output.log"
    # It needs a file descriptor per connection, and inherits how many there may be.
    descriptors.allow_many()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *leashed(software.command()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us: others still have to say goodbye
        )
    broker = BrokerProcess(address, accounts, software, process, log)
    try:
        await broker.wait_until_up()
    except BaseException as error:
        await broker.stop()
        if isinstance(error, BrokerError) and not is_free(address):
            raise _TakenError(str(error)) from error
        raise
    return broker
