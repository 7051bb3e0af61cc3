"""Many cabinets in one process: each is a few sleeping tasks, so an idle fleet of thousands costs little."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from chargeloop.broker import CredentialStore, descriptors
from chargeloop.broker.clock import Clock
from chargeloop.broker.device import alone_in
from chargeloop.station.shell.power import PoweredCabinet
from chargeloop.station.shell.settings import CabinetEntry, FleetSettings, load_fleet

# So many cabinets connect at a time: a broker that starts again must not be stormed.
CONNECTING: Final = 64


async def run_fleet(
    settings: FleetSettings, clock: Clock, *, ready: Callable[[], None] | None = None
) -> None:
    """Run all cabinets of the fleet's file until cancelled; `ready` is called when all are connected.

    Raises:
        FleetFileError: the fleet's file is wrong.
        DeviceRunsError: another process runs a cabinet of it.
        CabinetFileError: a cabinet's own file is damaged, or of another size.
        ExceptionGroup: a cabinet failed; the process must end, and its next start recovers.
    """
    entries = load_fleet(settings.fleet)
    descriptors.allow_many()  # each cabinet keeps its lock, its journal and a socket open
    with alone_in(settings.directory(entry.cabinet) for entry in entries):
        await _run(entries, settings, clock, ready)


async def _run(
    entries: Sequence[CabinetEntry],
    settings: FleetSettings,
    clock: Clock,
    ready: Callable[[], None] | None,
) -> None:
    store = CredentialStore.of_data(settings.data)
    spread_ms = settings.heartbeat_ms // max(1, len(entries))
    cabinets = [
        PoweredCabinet(
            entry,
            store.grant(entry.cabinet, settings.region),
            settings,
            clock,
            phase_ms=number * spread_ms,
        )
        for number, entry in enumerate(entries)
    ]
    async with asyncio.TaskGroup() as tasks:
        for first in range(0, len(cabinets), CONNECTING):
            await _start(tasks, cabinets[first : first + CONNECTING])
        if ready is not None:
            ready()


async def _start(tasks: asyncio.TaskGroup, cabinets: Sequence[PoweredCabinet]) -> None:
    for cabinet in cabinets:
        tasks.create_task(cabinet.run())
    for cabinet in cabinets:
        await cabinet.wait_ready()
