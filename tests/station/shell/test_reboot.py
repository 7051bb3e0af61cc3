"""A cabinet that is told to reboot goes through a boot like any other, and through one only."""

import asyncio
import itertools
import json
from pathlib import Path

from chargeloop.broker import CredentialStore
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import CommandId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import common, world
from chargeloop.protocol.time import HOUR_MS
from chargeloop.station.shell.power import PoweredCabinet
from chargeloop.station.shell.settings import load_fleet
from tests.station.shell.test_power_cut import RESERVATIONS, cabinet_in, incoming, journaled, live
from tests.station.shell.town import CABINET, PATIENCE_S, REGION, Town, town
from tests.tasks import end

REBOOT = incoming("cabinet_command", cab.Reboot(epoch=9), "cmd-reboot")
NEIGHBOUR = "cab-0002"


async def test_whenever_the_power_fails_there_is_one_outcome_and_one_boot_that_names_the_command(
    tmp_path: Path,
) -> None:
    for point in itertools.count():
        path = tmp_path / f"{point}"
        path.mkdir()
        assert not await live(cabinet_in(path), *RESERVATIONS)
        failed = await live(cabinet_in(path), REBOOT, cut_after=point)
        after = cabinet_in(path)
        assert not await live(after, REBOOT, REBOOT)
        if after._restarting.is_set():  # it had not been decided when the power failed, but is now
            assert failed
            after = cabinet_in(path)
            assert not await live(after, REBOOT)
        assert not after._restarting.is_set()
        told = [
            said
            for said in journaled(after)
            if isinstance(said, cab.CommandFinished | cab.Booted) and said.command == "cmd-reboot"
        ]
        assert [type(said) for said in told[:2]] == [cab.CommandFinished, cab.Booted]
        assert sum(isinstance(said, cab.Booted) for said in told) == 1
        assert {said.outcome for said in told if isinstance(said, cab.CommandFinished)} == {cab.Outcome.DONE}
        assert len(after._memory.reservations) == len(RESERVATIONS)
        if not failed:
            assert point == 4, "before and after the step, and before and after its entry"
            return


def boots_counted(here: Town, cabinet: str) -> int:
    return int((here.data / "cabinets" / cabinet / "boots").read_text())


async def test_it_leaves_comes_back_as_another_boot_and_learns_the_time_anew(tmp_path: Path) -> None:
    async with town(tmp_path, faults={"clock_unset": True}) as here:
        here.settings = here.settings.model_copy(update={"boot_ms": 20})
        async with here.fleet():
            await here.know_the_time()
            await here.reserve()
            await here.command(cab.Reboot(epoch=9), "cmd-reboot")
            assert (await here.outcome("cmd-reboot")).outcome is cab.Outcome.DONE
            await here.platform.first(cab.Booted, after=1)
            booted = [said for _, said in here.platform.heard if isinstance(said.data, cab.Booted)]
            assert [said.data for said in booted[1:]] == [
                cab.Booted(cause="reboot", firmware="1.0.0", command=CommandId("cmd-reboot"))
            ]
            assert [said.bootid for said in booted] == ["boot-1", "boot-2"]
            assert booted[1].clockstate is ClockState.UNSET
            await here.platform.first(common.ConnectionState, after=2)
            assert [
                (said.state, said.connection_epoch) for said in here.platform.all(common.ConnectionState)
            ] == [
                (common.Presence.ONLINE, 1), (common.Presence.OFFLINE, 1), (common.Presence.ONLINE, 2),
            ]  # fmt: skip
            await here.platform.first(common.TimeProbe)

            def probes_of_the_second_boot() -> list[common.TimeProbe]:
                return [
                    said.data
                    for _, said in here.platform.heard
                    if isinstance(said.data, common.TimeProbe) and said.bootid == "boot-2"
                ]

            await here.platform.until(lambda: len(probes_of_the_second_boot()) > 1)
            first, second = probes_of_the_second_boot()[:2]
            assert first.previous is None
            assert second.previous is not None
            numbers = here.journal_numbers()
            assert numbers == list(range(1, len(numbers) + 1))
            # The same command again is answered as before, and the cabinet goes on being the same boot.
            await here.command(cab.Reboot(epoch=9), "cmd-reboot")
            await here.platform.first(cab.CommandFinished, after=2)
            assert (await here.hands(here.courier, world.CodeTyped(code="402913"))).accepted
            assert {said.bootid for topic, said in here.platform.heard if topic.endswith("/event")} == {
                "boot-1", "boot-2",
            }  # fmt: skip
        assert boots_counted(here, CABINET) == 2


async def test_a_fleet_that_starts_does_not_wait_for_a_boot_that_is_over(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        settings = here.settings.model_copy(update={"boot_ms": HOUR_MS})
        (entry,) = load_fleet(settings.fleet)
        credentials = CredentialStore.of_data(tmp_path).load(CABINET)
        cabinet = PoweredCabinet(entry, credentials, settings, here.clock)
        running = asyncio.create_task(cabinet.run())
        await here.know_the_time()
        await here.command(cab.Reboot(epoch=9), "cmd-reboot")
        await here.platform.until(
            lambda: here.platform.all(common.ConnectionState)[-1].state is common.Presence.OFFLINE
        )
        async with asyncio.timeout(PATIENCE_S):
            await cabinet.wait_ready()
        await end(running)


async def test_the_other_cabinets_of_the_process_do_not_notice(tmp_path: Path) -> None:
    CredentialStore.of_data(tmp_path).grant(NEIGHBOUR, REGION)
    async with town(tmp_path) as here:
        (entry,) = json.loads(here.settings.fleet.read_text())
        neighbour = entry | {"cabinet": NEIGHBOUR, "banks": []}
        here.settings.fleet.write_text(json.dumps([entry, neighbour]))
        here.settings = here.settings.model_copy(update={"boot_ms": 20})
        async with here.fleet():
            await here.know_the_time()
            await here.command(cab.Reboot(epoch=9), "cmd-reboot")
            await here.platform.until(
                lambda: any(said.command == "cmd-reboot" for said in here.platform.all(cab.Booted))
            )
            said = [
                said.data.state
                for topic, said in here.platform.heard
                if isinstance(said.data, common.ConnectionState) and NEIGHBOUR in topic
            ]
            assert said == [common.Presence.ONLINE]
        assert (boots_counted(here, CABINET), boots_counted(here, NEIGHBOUR)) == (2, 1)
