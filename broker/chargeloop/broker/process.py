"""A broker's process: it comes up, follows the credentials, and may die."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final

from chargeloop.broker.accounts import Accounts, lets_in
from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.credentials import BrokenCredentialsError
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.software import Software

_log = logging.getLogger(__name__)

_START_TIMEOUT_S: Final = 30
_STOP_TIMEOUT_S: Final = 5
_RETRY_S: Final = 0.02
_SHOWN_LOG_CHARS: Final = 800


class BrokerProcess:
    """A broker's process and the task that tells it of new accounts."""

    def __init__(
        self,
        address: BrokerAddress,
        accounts: Accounts,
        software: Software,
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


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_SHOWN_LOG_CHARS:].strip() or "it said nothing"
