"""A broker that is kept comes back on its port; only deaths that nobody has asked for are news."""

import asyncio
import os
import signal
from pathlib import Path

from chargeloop.broker.accounts import lets_in
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.chaos.keeper import BrokerKeeper


async def test_a_killed_broker_is_back_on_its_port_when_kill_returns(tmp_path: Path) -> None:
    cabinet = CredentialStore.of_data(tmp_path).grant("cab-0001", "demo")
    notes: list[str] = []
    async with BrokerKeeper(BrokerKind.MOSQUITTO, tmp_path, notes.append).running() as keeper:
        address, first = keeper.address, keeper.pid
        await keeper.kill(away_s=0)
        assert keeper.pid != first
        assert keeper.address == address
        assert await lets_in(address, cabinet.client, cabinet.password)
        assert (keeper.deaths, notes) == ([], [])
    assert not await lets_in(address, cabinet.client, cabinet.password)


async def test_a_death_that_nobody_has_asked_for_is_told_and_mended(tmp_path: Path) -> None:
    notes: asyncio.Queue[str] = asyncio.Queue()
    async with BrokerKeeper(BrokerKind.MOSQUITTO, tmp_path, notes.put_nowait).running() as keeper:
        os.kill(keeper.pid, signal.SIGKILL)
        said = "the broker ended by itself with status -9"
        assert await asyncio.wait_for(notes.get(), 30) == f"{said}; started again"
        assert keeper.deaths == [said]
        await keeper.kill(away_s=0)
        assert keeper.deaths == [said]
