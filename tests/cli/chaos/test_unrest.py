"""Faults are carried out on the connections they are meant for, and everything works again afterwards."""

import asyncio
import random
from pathlib import Path

import pytest

from chargeloop.cli.chaos.faults import Kind, PlannedFault
from chargeloop.cli.chaos.keeper import BrokerKeeper
from chargeloop.cli.chaos.proxy import Proxy
from chargeloop.cli.chaos.unrest import Unrest
from chargeloop.cli.supervisor import Supervisor
from tests.cli.chaos.test_proxy import client, service, until


def unrest(proxy: Proxy, directory: Path, notes: list[str]) -> Unrest:
    """Return an unrest of a network alone."""
    keeper = BrokerKeeper(None, directory, notes.append)
    supervisor = Supervisor(directory, notes.append)
    return Unrest(keeper, supervisor, {"people": proxy}, notes.append, random.Random(1))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.value.startswith("half-open")])
async def test_a_fault_of_one_connection_waits_for_a_connection_and_spares_those_to_come(
    kind: Kind, tmp_path: Path
) -> None:
    notes: list[str] = []
    async with service() as here, Proxy.running(here.address) as proxy:
        chaos = unrest(proxy, tmp_path, notes)
        fault = PlannedFault(0, kind, "people", 2, alone=True)
        playing = asyncio.create_task(chaos.play([fault]))
        await until(lambda: bool(notes))
        async with client(proxy) as broken:
            at_broken = await here.next()
            await until(lambda: any(one.fault.swallows for one in proxy.connections))
            async with client(proxy) as spared:
                at_spared = await here.next()
                await spared.say(b"up")
                await at_spared.say(b"down")
                assert (await at_spared.hear(), await spared.hear()) == (b"up", b"down")
                await broken.say(b"up")
                await at_broken.say(b"down")
                await playing
        assert proxy.traffic.swallowed_bytes > 0
    assert [(outage.kind, outage.target) for outage in chaos.outages] == [(kind, "people")]
    assert notes == [f"fault: one connection of people: {kind} for 2.0 s"]


async def test_an_unreachable_part_is_reachable_afterwards(tmp_path: Path) -> None:
    async with service() as here, Proxy.running(here.address) as proxy:
        chaos = unrest(proxy, tmp_path, [])
        async with client(proxy) as before:
            await until(lambda: len(proxy.connections) == 1)
            playing = asyncio.create_task(
                chaos.play(
                    [PlannedFault(0, Kind.UNREACHABLE, "people", 0.2), PlannedFault(0, Kind.CUT, "people", 0)]
                )
            )
            with pytest.raises(ConnectionResetError):
                await before.hear()
            await playing
        async with client(proxy) as after:
            await after.say(b"again")
            await here.next()
            assert await (await here.next()).hear() == b"again"
