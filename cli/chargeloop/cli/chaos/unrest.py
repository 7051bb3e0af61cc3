"""Carries planned faults out on real processes and real connections, and notes what was done and how long."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chargeloop.cli.chaos.faults import BROKER, KILLED, Kind, PlannedFault
from chargeloop.cli.chaos.keeper import BrokerKeeper
from chargeloop.cli.chaos.proxy import Connection, Proxy, Way
from chargeloop.cli.errors import CommandError
from chargeloop.cli.supervisor import Supervisor

_LOOK_S: Final = 0.05
# A part that is just starting connects within this time; people who are done never do.
_CONNECTION_S: Final = 20.0
_WAYS: Final = {
    Kind.HALF_OPEN: Way.BOTH,
    Kind.HALF_OPEN_TO_BROKER: Way.TO_BROKER,
    Kind.HALF_OPEN_TO_CLIENT: Way.TO_CLIENT,
}


@dataclass(frozen=True, slots=True)
class Outage:
    """A fault that was carried out. `seconds`: until it was over, for a process until it worked again."""

    kind: Kind
    target: str
    seconds: float


class NobodyConnectedError(Exception):
    """There is no connection that a fault of a single one could break."""


class Unrest:
    """Breaks things as planned; use `play` once, then `outages` has all that was done.

    `failures` has a sentence for each process that did not come up again, `unmet` counts the faults of a
    single connection for which there was none.

    Args:
        keeper: keeps the broker.
        supervisor: keeps the processes.
        proxies: the proxy between each part and the broker.
        note: is told of each fault.
        draw: chooses the connection for a fault of a single one.
        connection_s: how long such a fault waits for a connection.
    """

    def __init__(
        self,
        keeper: BrokerKeeper,
        supervisor: Supervisor,
        proxies: Mapping[str, Proxy],
        note: Callable[[str], None],
        draw: random.Random,
        *,
        connection_s: float = _CONNECTION_S,
    ) -> None:
        self._keeper = keeper
        self._supervisor = supervisor
        self._proxies = proxies
        self._note = note
        self._draw = draw
        self._connection_s = connection_s
        # One fault at a time for each process, and for each part's network.
        self._processes = {name: asyncio.Lock() for name in (BROKER, *proxies)}
        self._networks = {name: asyncio.Lock() for name in proxies}
        self.outages: list[Outage] = []
        self.failures: list[str] = []
        self.unmet = 0

    async def play(self, faults: Sequence[PlannedFault]) -> None:
        """Carry all of them out; when it returns, everything works again."""
        begun_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as tasks:
                for fault in faults:
                    tasks.create_task(self._later(fault, begun_s))
        finally:
            for proxy in self._proxies.values():
                await proxy.heal()

    async def _later(self, fault: PlannedFault, begun_s: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(begun_s + fault.at_s - loop.time())
        of_process = fault.kind in KILLED or fault.kind is Kind.FROZEN
        async with (self._processes if of_process else self._networks)[fault.target]:
            self._note(_sentence(fault))
            at_s = loop.time()
            try:
                await self._carry_out(fault)
            except NobodyConnectedError:
                self.unmet += 1
                self._note(f"fault: one connection of {fault.target}: {fault.kind}: nobody was connected")
            else:
                self.outages.append(Outage(fault.kind, fault.target, loop.time() - at_s))

    async def _carry_out(self, fault: PlannedFault) -> None:
        if fault.kind is Kind.BROKER_KILLED:
            await self._keeper.kill(away_s=fault.lasts_s)
        elif fault.kind in KILLED:
            await self._kill(fault)
        elif fault.kind is Kind.FROZEN:
            await self._freeze(fault)
        else:
            async with self._healed_after(self._proxies[fault.target]) as proxy:
                await self._break(proxy, fault)

    async def _kill(self, fault: PlannedFault) -> None:
        def hindered() -> bool:
            return self._networks[fault.target].locked() or self._processes[BROKER].locked()

        try:
            await self._supervisor.kill(fault.target, away_s=fault.lasts_s, hindered=hindered)
        except CommandError as error:
            self.failures.append(f"{fault.target} was killed and did not come up again: {error}")
            self._note(self.failures[-1])

    async def _freeze(self, fault: PlannedFault) -> None:
        pid = self._supervisor.pids[fault.target]
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.lasts_s)
        finally:
            with contextlib.suppress(ProcessLookupError):  # it could not even die of its own
                os.kill(pid, signal.SIGCONT)

    @contextlib.asynccontextmanager
    async def _healed_after(self, proxy: Proxy) -> AsyncIterator[Proxy]:
        try:
            yield proxy
        finally:
            await proxy.heal()

    async def _break(self, proxy: Proxy, fault: PlannedFault) -> None:
        broken: Proxy | Connection = await self._one_of(proxy) if fault.alone else proxy
        match fault.kind:
            case Kind.CUT:
                broken.cut()
                return
            case Kind.RESET:
                broken.reset()
                return
            case Kind.UNREACHABLE:
                proxy.refuse()
                proxy.reset()
            case Kind.LATENCY:
                broken.fault.latency_ms = fault.latency_ms
            case _:
                broken.fault.swallows = _WAYS[fault.kind]
        await asyncio.sleep(fault.lasts_s)

    async def _one_of(self, proxy: Proxy) -> Connection:
        """Return one connection, as soon as there is any: the part may just be starting.

        Raises:
            NobodyConnectedError: none came in time.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._connection_s
        while not proxy.connections:
            if loop.time() >= until_s:
                raise NobodyConnectedError
            await asyncio.sleep(_LOOK_S)
        return self._draw.choice(proxy.connections)


def _sentence(fault: PlannedFault) -> str:
    of = f"one connection of {fault.target}" if fault.alone else fault.target
    if fault.kind in {Kind.CUT, Kind.RESET}:
        return f"fault: {of}: {fault.kind}"
    how_much = f" of {fault.latency_ms} ms" if fault.kind is Kind.LATENCY else ""
    return f"fault: {of}: {fault.kind}{how_much} for {fault.lasts_s:.1f} s"
