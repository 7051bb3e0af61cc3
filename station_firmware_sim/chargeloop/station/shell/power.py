"""A cabinet at the mains: one boot after the other.

A restart is a boot like any other. The shell that ends leaves its files behind and nothing else: the next one
counts a boot of its own, does not know the time until it is told, connects under a new epoch, and lets the
firmware look at its readers.
"""

import asyncio

from chargeloop.broker import Credentials
from chargeloop.broker.clock import Clock
from chargeloop.station.shell.cabinet_shell import CabinetShell
from chargeloop.station.shell.settings import CabinetEntry, FleetSettings


class PoweredCabinet:
    """One cabinet, booted anew as often as its firmware restarts; the arguments are those of its shells."""

    def __init__(
        self,
        entry: CabinetEntry,
        credentials: Credentials,
        settings: FleetSettings,
        clock: Clock,
        *,
        phase_ms: int = 0,
    ) -> None:
        self._entry = entry
        self._credentials = credentials
        self._settings = settings
        self._clock = clock
        self._phase_ms = phase_ms
        self._shell = self._boot()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        """Be a cabinet until cancelled; while it restarts it is dark, and nobody reaches it."""
        while True:
            noticing = asyncio.create_task(self._notice(self._shell))
            try:
                await self._shell.run()
            finally:
                noticing.cancel()
            await self._clock.sleep_ms(self._settings.boot_ms)
            self._shell = self._boot()

    async def wait_ready(self) -> None:
        """Return when it has been connected once; at once when its network is planted to be gone.

        It may restart at any time, also before it is asked about, so one boot's readiness stands for all.
        """
        await self._ready.wait()

    async def _notice(self, shell: CabinetShell) -> None:
        await shell.wait_ready()
        self._ready.set()

    def _boot(self) -> CabinetShell:
        return CabinetShell(
            self._entry, self._credentials, self._settings, self._clock, phase_ms=self._phase_ms
        )
