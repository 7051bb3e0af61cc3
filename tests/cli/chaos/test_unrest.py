"""Faults are carried out on the connections they are meant for, and everything works again afterwards."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from chargeloop.cli.chaos.faults import Kind, PlannedFault
from chargeloop.cli.chaos.keeper import BrokerKeeper
from chargeloop.cli.chaos.proxy import Proxy
from chargeloop.cli.chaos.unrest import Unrest
from chargeloop.cli.errors import CommandError
from chargeloop.cli.supervisor import Supervisor
from tests.cli.chaos.test_proxy import client, service, until


def unrest(proxy: Proxy, directory: Path, notes: list[str], *, connection_s: float = 20.0) -> Unrest:
    """Return an unrest of a network alone."""
    keeper = BrokerKeeper(None, directory, notes.append)
    supervisor = Supervisor(directory, notes.append)
    proxies = {"people": proxy}
    draw = random.Random(1)
    return Unrest(keeper, supervisor, proxies, notes.append, draw, connection_s=connection_s)


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


@pytest.mark.parametrize("kind", [Kind.LATENCY, Kind.CUT, Kind.HALF_OPEN])
async def test_a_fault_of_one_connection_ends_when_nobody_is_connected(kind: Kind, tmp_path: Path) -> None:
    notes: list[str] = []
    async with service() as here, Proxy.running(here.address) as proxy:
        chaos = unrest(proxy, tmp_path, notes, connection_s=0.1)
        await chaos.play([PlannedFault(0, kind, "people", 0, alone=True)])
        assert (chaos.outages, chaos.unmet) == ([], 1)
        assert notes[-1] == f"fault: one connection of people: {kind}: nobody was connected"
        await chaos.play([PlannedFault(0, kind, "people", 0)])
        assert [outage.kind for outage in chaos.outages] == [kind]


class Unready(Supervisor):
    """Has a part that is never ready again."""

    async def kill(self, name: str, *, away_s: float, hindered: Callable[[], bool] = lambda: False) -> None:
        assert not hindered()
        raise CommandError(f"{name} is not ready after {away_s:.0f} s: no reason given")


async def test_a_part_that_does_not_come_up_again_is_a_failure_and_the_other_faults_go_on(
    tmp_path: Path,
) -> None:
    notes: list[str] = []
    async with service() as here, Proxy.running(here.address) as proxy:
        keeper = BrokerKeeper(None, tmp_path, notes.append)
        supervisor = Unready(tmp_path, notes.append)
        chaos = Unrest(keeper, supervisor, {"platform": proxy}, notes.append, random.Random(1))
        await chaos.play(
            [PlannedFault(0, Kind.PLATFORM_KILLED, "platform", 3), PlannedFault(0.2, Kind.CUT, "platform", 0)]
        )
    said = "platform was killed and did not come up again: platform is not ready after 3 s: no reason given"
    assert chaos.failures == [said]
    assert said in notes
    assert Kind.CUT in {outage.kind for outage in chaos.outages}
