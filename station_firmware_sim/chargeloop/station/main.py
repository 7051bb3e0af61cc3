"""The charging cabinets as a process: `run` a fleet of them."""

from collections.abc import Callable

from chargeloop.broker.clock import Clock
from chargeloop.station.shell.files import CabinetFileError
from chargeloop.station.shell.fleet import run_fleet
from chargeloop.station.shell.settings import FleetFileError, FleetSettings, load_fleet

__all__ = ["CabinetFileError", "FleetFileError", "FleetSettings", "load_fleet", "run"]


async def run(settings: FleetSettings, clock: Clock, *, ready: Callable[[], None] | None = None) -> None:
    """Run the fleet until cancelled; `ready` is called when all its cabinets are connected.

    Raises:
        FleetFileError: the fleet's file is wrong; nothing was started.
        DeviceRunsError: another process runs a cabinet of it; nothing was started.
        CabinetFileError: a cabinet's own file is damaged, or of another size; none was connected.
        ExceptionGroup: a cabinet failed; end the process and start it again, it will recover.
    """
    await run_fleet(settings, clock, ready=ready)
