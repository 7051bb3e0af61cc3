"""How soon a platform reacts after it was started again, and how much memory its cabinets take."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from chargeloop.broker.clock import RealClock
from chargeloop.cli.bench.events import ACK
from chargeloop.cli.bench.figures import Trial
from chargeloop.cli.bench.filled import fill, next_entry
from chargeloop.cli.bench.load import Play, Step, publishes
from chargeloop.cli.bench.machine import memory_kib
from chargeloop.cli.bench.site import site
from chargeloop.cli.errors import FAILED, CommandError

_AGAIN_S: Final = 0.1
_PROGRAM: Final = (sys.executable, "-P", "-m", "chargeloop.cli.bench.memory")


async def measure(
    data: Path, trials: int, cabinets: int, orders: int, say: Callable[[str], None]
) -> list[Trial]:
    """Return for each trial the seconds from the platform's start to its first acknowledgement.

    A cabinet says the next entry of its journal, as it would: again and again until it is acknowledged.
    """
    now_ms = RealClock().now_ms()
    say(f"writing a store of {cabinets:,} cabinets and {orders:,} open orders")
    await fill(data, now_ms, cabinets, orders)
    cabinet = next_entry(cabinets - 1, now_ms)
    async with site(data, [cabinet.name]) as place:
        found = []
        async with place.load([place.client(cabinet.name, cabinet.topic(ACK))]) as load:
            for trial in range(1, trials + 1):
                step = Step(
                    {cabinet.name: publishes(cabinet.topic("event"), [cabinet.ordinary()])},
                    {cabinet.name: cabinet.seq},
                    again_s=_AGAIN_S,
                )
                began_s = time.monotonic()
                first = asyncio.create_task(load.ask(Play((step,))))
                async with place.platform() as pid:
                    _, reacted_s = await first
                    found.append(Trial(reacted_s - began_s, {"platform_mib": memory_kib(pid) / 1024}))
                say(f"trial {trial}: {found[-1].figure:.1f} s")
    return found


async def measure_memory(data: Path, trials: int, cabinets: int, say: Callable[[str], None]) -> list[Trial]:
    """Return for each trial the memory (KiB) that a cabinet takes in a process that has loaded them all."""
    say(f"writing a store of {cabinets:,} cabinets")
    await fill(data, RealClock().now_ms(), cabinets, 0)
    found = []
    for trial in range(1, trials + 1):
        done = await asyncio.to_thread(
            subprocess.run, [*_PROGRAM, str(data)], check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise CommandError(f"the memory could not be measured: {done.stderr}", FAILED)
        found.append(Trial(int(done.stdout) / cabinets))
        say(f"trial {trial}: {found[-1].figure:.2f} KiB")
    return found
