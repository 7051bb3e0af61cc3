"""Keeps a broker running through its deaths: one that is killed starts again on the same port, empty."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from chargeloop.broker import BrokerAddress
from chargeloop.broker.claim import pid_file
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.main import running_broker
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.errors import FAILED, CommandError


class BrokerKeeper:
    """Runs the broker of a data directory; use `running`.

    `deaths` are those that nobody has asked for.
    """

    def __init__(self, kind: BrokerKind | None, data: Path, note: Callable[[str], None]) -> None:
        self._kind = kind
        self._data = data
        self._note = note
        self._away_s: float | None = None
        self._up = asyncio.Event()
        self._address: BrokerAddress | None = None
        self.deaths: list[str] = []

    @property
    def address(self) -> BrokerAddress:
        """Return where the broker listens, also while it is away."""
        if self._address is None:
            raise RuntimeError("only inside of `running`")
        return self._address

    @property
    def pid(self) -> int:
        """Return the broker's process id."""
        return int(pid_file(self._data).read_text(encoding="utf-8"))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["BrokerKeeper"]:
        """Keep a broker running while the context lasts, and yield when it lets clients in.

        Raises:
            CommandError: in a group; it could not be started, at first or again.
        """
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self._keep())
            await self._up.wait()
            try:
                yield self
            finally:
                keeping.cancel()

    async def kill(self, *, away_s: float) -> None:
        """Kill the broker outright, start it again after so many seconds, return when it lets clients in."""
        await self._up.wait()
        self._up.clear()
        self._away_s = away_s
        os.kill(self.pid, signal.SIGKILL)
        await self._up.wait()

    async def _keep(self) -> None:
        while True:
            port = None if self._address is None else self._address.port
            died: asyncio.Queue[BrokerError] = asyncio.Queue()
            try:
                async with running_broker(self._kind, self._data, port, died=died.put_nowait) as address:
                    self._address = address
                    self._up.set()
                    death = await died.get()
            except BrokerError as error:
                raise CommandError(str(error), FAILED) from None
            self._up.clear()
            if self._away_s is None:
                self.deaths.append(str(death))
                self._note(f"{death}; started again")
            else:
                await asyncio.sleep(self._away_s)
                self._away_s = None
