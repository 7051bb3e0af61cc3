"""Runs a broker: Mosquitto where it is installed, else the embedded one, each as a child process."""

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from chargeloop.broker.accounts import Account, Accounts, lets_in
from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.claim import Claim, ClaimedError, claimed, last_address
from chargeloop.broker.credentials import BrokenCredentialsError, Credentials, CredentialStore
from chargeloop.broker.leash import leashed
from chargeloop.broker.mosquitto import (
    MosquittoFiles,
    access_text,
    configuration_text,
    find_mosquitto,
    password_line,
)

_log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
_START_TIMEOUT_S: Final = 30
_STOP_TIMEOUT_S: Final = 5
_RETRY_S: Final = 0.02
_FREE_PORTS: Final = range(20_000, 30_000)
_FREE_TRIES: Final = 50
_MOVES: Final = 3
_SHOWN_LOG_CHARS: Final = 800


class BrokerError(RuntimeError):
    """The broker could not be started, or it ended by itself; the message says why."""


class _TakenError(BrokerError):
    """Somebody else has begun to listen on the port since it was looked at."""


class BrokerKind(StrEnum):
    """Which broker."""

    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """What `chargeloop broker` runs.

    None chooses Mosquitto when installed, and the port of the directory's last broker, else a free one.
    """

    data: Path
    kind: BrokerKind | None = None
    host: str = LOOPBACK
    port: int | None = None


def choose_kind() -> BrokerKind:
    """Return Mosquitto when it is installed, else the embedded broker."""
    return BrokerKind.EMBEDDED if find_mosquitto() is None else BrokerKind.MOSQUITTO


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


class _Software(Protocol):
    """A broker program: how it is started, and how it learns of other accounts."""

    def command(self) -> list[str]: ...
    def refresh(self, accounts: Sequence[Account]) -> signal.Signals | None: ...


class _Mosquitto:
    """Mosquitto knows its accounts from files that we write and have it read again."""

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
        text = configuration_text(self._files, self._address.host, self._address.port)
        _write(self._files.configuration, text)
        self.refresh(self._accounts.read()[0])
        return [self._program, "-c", str(self._files.configuration)]

    def refresh(self, accounts: Sequence[Account]) -> signal.Signals:
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


class _Embedded:
    """The embedded broker reads the credentials' files itself."""

    def __init__(self, data: Path, address: BrokerAddress) -> None:
        self._data = data
        self._address = address

    def command(self) -> list[str]:
        where = [str(self._data), self._address.host, str(self._address.port)]
        return [sys.executable, "-P", "-m", "chargeloop.broker.embedded", *where]

    def refresh(self, _: Sequence[Account]) -> None:
        return None


class _RunningBroker:
    """A broker's process and the task that tells it of new accounts."""

    def __init__(
        self,
        address: BrokerAddress,
        accounts: Accounts,
        software: _Software,
        process: asyncio.subprocess.Process,
        log: Path,
    ) -> None:
        self.address = address
        self._accounts = accounts
        self._software = software
        self._process = process
        self._log = log
        self._broken: frozenset[str] = frozenset()
        self._death: asyncio.Task[BrokerError] | None = None
        self._told = False

    @property
    def pid(self) -> int:
        """Return the process id of the broker."""
        return self._process.pid

    def on_death(self, tell: Callable[[BrokerError], None]) -> None:
        """Have `tell` called when the broker dies; not when it is stopped."""

        def done(death: "asyncio.Task[BrokerError]") -> None:
            if not death.cancelled():
                self._told = True
                tell(death.result())

        self._watched().add_done_callback(done)

    async def wait_for(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set.

        Raises:
            BrokerError: the broker died first.
        """
        death = self._watched()
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((stopped, death), return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done():
            stopped.cancel()
            self._told = True
            raise death.result()

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Have the broker follow the credentials, and notice when it dies, while the context lasts."""
        self._death = asyncio.create_task(self._wait_for_death())
        try:
            yield
        finally:
            self._death.cancel()
            await asyncio.wait((self._death,))

    def _watched(self) -> "asyncio.Task[BrokerError]":
        if self._death is None:
            raise RuntimeError("only inside of `watched`")
        return self._death

    async def _wait_for_death(self) -> BrokerError:
        """Return what happened once the broker is of no more use."""
        keeping = asyncio.create_task(self._keep_accounts())
        ending = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait((keeping, ending), return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                return BrokerError(f"the broker ended by itself with status {self._status()}")
            return BrokerError(f"the broker no longer learns of accounts: {keeping.exception()}")
        finally:
            for task in (keeping, ending):
                task.cancel()
            await asyncio.gather(keeping, ending, return_exceptions=True)

    def _status(self) -> str:
        """Return the exit status, and the last line that a broker which ended of its own will has said."""
        status = self._process.returncode
        if status is None or status <= 0:
            return str(status)
        return f"{status}: {_last_words(self._log).splitlines()[-1]}"

    async def wait_until_up(self) -> None:
        """Return when the broker has let the probe in.

        Raises:
            BrokerError: it ended, or did not do so in time; the message has the end of its log.
        """
        probe = self._accounts.probe()
        deadline = asyncio.get_running_loop().time() + _START_TIMEOUT_S
        while not await lets_in(self.address, probe.name, probe.password):
            ended = self._process.returncode is not None
            if ended or asyncio.get_running_loop().time() > deadline:
                what = "ended at once" if ended else f"let nobody in within {_START_TIMEOUT_S} s"
                message = f"the broker at {self.address} {what}: {_last_words(self._log)}"
                raise BrokerError(message)
            await asyncio.sleep(_RETRY_S)

    async def _keep_accounts(self) -> None:
        """Have the broker follow the credentials, for ever."""
        async for _ in self._accounts.changes():
            accounts, broken = self._accounts.read()
            self._report(broken)
            number = self._software.refresh(accounts)
            if number is not None and self._process.returncode is None:
                # Not by `send_signal`: it looks whether the process still lives, and when it has just died,
                # takes its status away from those who wait for it.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, number)

    def _report(self, broken: Sequence[BrokenCredentialsError]) -> None:
        """Tell of each broken file once; a file that breaks in another way is told of again."""
        texts = [str(error) for error in broken]
        for text in texts:
            if text not in self._broken:
                # Standard error, where no logging is set up.
                _log.warning("%s; skipped until it changes", text)
        self._broken = frozenset(texts)

    async def stop(self) -> None:
        """End the broker's process."""
        if self._process.returncode is not None:
            if not self._told:
                _log.error("the broker at %s had ended with status %s", self.address, self._status())
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def _running(settings: BrokerSettings) -> AsyncIterator[_RunningBroker]:
    data = settings.data.resolve()
    try:
        with claimed(data) as claim:
            async with _run(settings, claim) as broker:
                yield broker
    except ClaimedError as error:
        raise BrokerError(str(error)) from None


@contextlib.asynccontextmanager
async def _run(settings: BrokerSettings, claim: Claim) -> AsyncIterator[_RunningBroker]:
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


async def _started(settings: BrokerSettings, claim: Claim, accounts: Accounts) -> _RunningBroker:
    """Return a broker that is up. If it may listen anywhere and another was quicker at its port, it moves on.

    Raises:
        BrokerError: it did not come up.
    """
    last = last_address(claim.data) if settings.port is None else None
    if last is not None and last.host == settings.host:
        if _is_free(last):
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
) -> _RunningBroker:
    """Return a broker that is up at this address.

    Raises:
        BrokerError: it did not come up.
    """
    claim.tell(address)
    directory = claim.data / "broker"
    software: _Software
    if (settings.kind or choose_kind()) is BrokerKind.MOSQUITTO:
        software = _Mosquitto(accounts, directory, address)
    else:
        software = _Embedded(claim.data, address)
    log = directory / "output.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *leashed(software.command()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us: others still have to say goodbye
        )
    broker = _RunningBroker(address, accounts, software, process, log)
    try:
        await broker.wait_until_up()
    except BaseException as error:
        await broker.stop()
        if isinstance(error, BrokerError) and not _is_free(address):
            raise _TakenError(str(error)) from error
        raise
    return broker


def free_address(host: str = LOOPBACK, port: int | None = None) -> BrokerAddress:
    """Return the address when nobody listens there; port None takes any free one.

    Not one that the system would choose: those are what it gives to outgoing connections, so another program
    could get it before the broker does, and a client that tries to connect before the broker listens could
    even be connected to itself.

    Raises:
        BrokerError: somebody listens there, or the address is not one of this machine's.
    """
    if port is not None:
        _require_free(host, port)
        return BrokerAddress(host, port)
    refused = BrokerError()
    for _ in range(_FREE_TRIES):
        address = BrokerAddress(host, _FREE_PORTS.start + secrets.randbelow(len(_FREE_PORTS)))
        try:
            _require_free(host, address.port)
        except BrokerError as error:
            refused = error
        else:
            return address
    raise refused


def _is_free(address: BrokerAddress) -> bool:
    try:
        _require_free(address.host, address.port)
    except BrokerError:
        return False
    return True


def _require_free(host: str, port: int) -> None:
    """Refuse a port that a broker cannot listen on.

    Raises:
        BrokerError: somebody listens there, or the address is not one of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        # As the brokers do: connections of an earlier broker that linger are no reason to refuse.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen()
        except OSError as error:
            message = (
                f"no broker can listen on port {port} of {host}: {os.strerror(error.errno or 0).lower()}"
            )
            raise BrokerError(message) from error


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_SHOWN_LOG_CHARS:].strip() or "it said nothing"


def _write(path: Path, text: str) -> None:
    """Put a file in place whole, readable for its owner alone."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
