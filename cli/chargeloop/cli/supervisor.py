"""Keeps the processes of a demo running: crash-only, so one that dies is simply started again.

Each child holds the reading end of a pipe as its standard input and stops when it ends: when this process is
killed outright, the children end too, also one that was frozen, since its leash lets it go on. DATA/run has
`<name>.pid`, `<name>.log` and `<name>.ready` of each.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chargeloop.broker.leash import leashed
from chargeloop.cli.errors import FAILED, CommandError, one_line

_READY_S = 60.0
_POLL_S = 0.02
_STOP_S = 10.0
_MOST_RESTARTS = 20
_LOG_TAIL_BYTES = 2000


@dataclass(frozen=True, slots=True)
class Child:
    """One process: its name and the arguments it gives the chargeloop command line."""

    name: str
    arguments: tuple[str, ...]


class Supervisor:
    """Starts children, starts one again that dies, and stops them all; `note` is told what happens.

    `failed` is set when a child has died too often: the owner must then give up. Children that are killed by
    `kill` do not count. `ready_s` is how long a child may take to get ready at the start, `stop_s` how long
    to stop in order.
    """

    def __init__(
        self,
        run_directory: Path,
        note: Callable[[str], None],
        *,
        ready_s: float = _READY_S,
        stop_s: float = _STOP_S,
    ) -> None:
        self._directory = run_directory
        self._note = note
        self._ready_s = ready_s
        self._stop_s = stop_s
        self._killed: dict[str, float] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.restarts: dict[str, int] = {}
        self.failed = asyncio.Event()
        run_directory.mkdir(parents=True, exist_ok=True)

    @property
    def pids(self) -> Mapping[str, int]:
        """Return the process ids of the children by name."""
        return {name: process.pid for name, process in self._processes.items()}

    async def start(self, children: Sequence[Child]) -> None:
        """Start the children at once and return when all are ready.

        Raises:
            CommandError: one of them did not become ready; the message has the end of its log.
        """
        for child in children:
            await self._spawn(child)
            self._keepers.append(asyncio.create_task(self._keep(child)))
        for child in children:
            await self._wait_until_ready(child)

    async def kill(self, name: str, *, away_s: float, hindered: Callable[[], bool] = lambda: False) -> None:
        """Kill a child outright, have it started again after so many seconds, and return when it is ready.

        Args:
            name: the child.
            away_s: how long it is away.
            hindered: tells whether something keeps it from getting ready that is no fault of its own; its
                time begins anew then.

        Raises:
            CommandError: it was not ready in its time; the message has the end of its log.
        """
        ready = self._file(name, "ready")
        ready.unlink(missing_ok=True)
        self._killed[name] = away_s
        with contextlib.suppress(ProcessLookupError):  # it has just died by itself
            self._processes[name].kill()
        loop = asyncio.get_running_loop()
        until_s = loop.time() + away_s + self._ready_s
        while not ready.exists():
            if hindered():
                until_s = loop.time() + away_s + self._ready_s
            elif loop.time() >= until_s:
                raise self._not_ready(name)
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> None:
        """Stop all children, the last started first; one that does not stop in time is killed.

        Children can be started again afterwards.
        """
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers.clear()
        running = [name for name, process in self._processes.items() if process.returncode is None]
        if running:
            self._note(f"stopping, and waiting for {', '.join(reversed(running))}")
        for name in reversed(self._processes):
            await self._end(name, self._processes[name])
        self._processes.clear()

    async def _end(self, name: str, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), self._stop_s)
            except TimeoutError:
                self._note(f"{name} did not stop within {self._stop_s:.0f} s and was killed")
                process.kill()
                await process.wait()
        self._file(name, "pid").unlink(missing_ok=True)

    async def _spawn(self, child: Child) -> None:
        ready = self._file(child.name, "ready")
        ready.unlink(missing_ok=True)
        with self._file(child.name, "log").open("ab") as log:
            command = [sys.executable, "-m", "chargeloop.cli", *child.arguments]
            process = await asyncio.create_subprocess_exec(
                *leashed([*command, "--ready-file", str(ready), "--until-eof"], signal.SIGCONT),
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._processes[child.name] = process
        self._file(child.name, "pid").write_text(f"{process.pid}\n", encoding="utf-8")

    async def _keep(self, child: Child) -> None:
        while True:
            code = await self._processes[child.name].wait()
            if child.name in self._killed:
                await asyncio.sleep(self._killed.pop(child.name))
                await self._spawn(child)
                continue
            count = self.restarts[child.name] = self.restarts.get(child.name, 0) + 1
            self._note(f"{child.name} ended with code {code}; started again")
            if count > _MOST_RESTARTS:
                self.failed.set()
                return
            await self._spawn(child)

    async def _wait_until_ready(self, child: Child) -> None:
        ready = self._file(child.name, "ready")
        try:
            async with asyncio.timeout(self._ready_s):
                while not ready.exists():
                    await self._fail_when_broken(child)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise self._not_ready(child.name) from None

    async def _fail_when_broken(self, child: Child) -> None:
        if self.restarts.get(child.name, 0):
            raise CommandError(f"{child.name} could not start{self._last_words(child.name)}", FAILED)

    def _not_ready(self, name: str) -> CommandError:
        late = f"{name} is not ready after {self._ready_s:.0f} s"
        return CommandError(f"{late}{self._last_words(name)}", FAILED)

    def _last_words(self, name: str) -> str:
        log = self._file(name, "log").read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")
        lines = [line for line in log.splitlines() if line.strip()]
        return f": {one_line(lines[-1])}" if lines else ""

    def _file(self, name: str, kind: str) -> Path:
        return self._directory / f"{name}.{kind}"
