"""The cabinet's network: there, or planted to be gone for a while.

While it is gone the link is cut, so the broker and the platform see the cabinet go, and hands come in by the
world's own line. An answer to hands leaves by the way that is open.
"""

import asyncio

from chargeloop.broker.clock import Clock
from chargeloop.broker.device import DeviceLink
from chargeloop.protocol.effects import Send
from chargeloop.station.core.faults import Faults
from chargeloop.station.shell.world_line import WorldLine


class Network:
    """Runs the link, and cuts it when it is planted to be gone."""

    def __init__(self, link: DeviceLink, world_line: WorldLine, faults: Faults, clock: Clock) -> None:
        self._link = link
        self._world_line = world_line
        self._faults = faults
        self._clock = clock
        self._listening: asyncio.Task[None] | None = None

    @property
    def is_cut(self) -> bool:
        """Tell whether the network is planted to be gone now."""
        return self._faults.is_offline(self._clock.now_ms())

    async def run(self) -> None:
        """Stay connected, but for the planted times, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self.is_cut:
                self._link.cut()
                self._listening = tasks.create_task(self._world_line.run())
            tasks.create_task(self._link.run())
            tasks.create_task(self._play(tasks))

    async def publish(self, send: Send) -> None:
        """Publish an answer to hands."""
        if self._listening is None:
            await self._link.publish(send)
        else:
            await self._world_line.publish(send)

    async def _play(self, tasks: asyncio.TaskGroup) -> None:
        """Cut and restore the network at the planted times."""
        while (change_ms := self._faults.next_network_change_ms(self._clock.now_ms())) is not None:
            await self._clock.sleep_until_ms(change_ms)
            if self.is_cut and self._listening is None:
                self._link.cut()
                self._listening = tasks.create_task(self._world_line.run())
            elif not self.is_cut and self._listening is not None:
                await self._stop_listening(self._listening)
                self._link.restore()

    async def _stop_listening(self, listening: asyncio.Task[None]) -> None:
        self._listening = None
        listening.cancel()
        await asyncio.wait((listening,))
