"""kill -9 in the middle of giving out banks, and a new process on the same files."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import world
from tests.repository.repository import ROOT
from tests.station.shell.town import Town, town

BANKS = ["bnk-1", "bnk-2", "bnk-3", "bnk-4"]


@asynccontextmanager
async def process(here: Town) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs the fleet in a process that is killed without a word."""
    settings = {
        "region": here.settings.region,
        "data": str(here.data),
        "broker": str(here.address),
        "fleet": str(here.settings.fleet),
        "motor_ms": here.settings.motor_ms,
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.station.shell.fleet_process", json.dumps(settings), cwd=ROOT
    )
    try:
        yield started
    finally:
        started.kill()
        await started.wait()


@pytest.mark.parametrize("motors", [0, 1])
async def test_a_killed_pickup_is_found_and_ended_and_its_banks_are_handed_over(
    tmp_path: Path, motors: int
) -> None:
    code = world.CodeTyped(code="402913")
    async with town(tmp_path, motor_ms=400) as here:
        async with process(here):
            await here.know_the_time()
            await here.reserve()
            typed = asyncio.create_task(here.insist(here.courier, code))
            if motors == 0:
                await here.platform.first(cab.PickupStarted)
            else:
                await here.platform.first(cab.BankEjected)
        async with here.fleet():
            answer = await typed
            finished = await here.platform.first(cab.PickupFinished)
            assert (finished.ejected, finished.missing) == (motors, 2 - motors)
            assert [bank.bank for bank in answer.banks] == BANKS[:motors]
            assert [event.bank for event in here.platform.all(cab.BankEjected)] == BANKS[:motors]
            assert here.banks_inside() == BANKS[motors:]
            assert [event.cause for event in here.platform.all(cab.Booted)] == ["power_on", "crash"]
            numbers = here.journal_numbers()
            assert numbers == list(range(1, len(numbers) + 1))
            assert (await here.reserve(1, "555555")).outcome is cab.Outcome.DONE
