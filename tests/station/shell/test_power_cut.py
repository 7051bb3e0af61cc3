"""The power fails before and after every single write to the disk, and between motor and sensor."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import VirtualClock
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.codec import Fault, decode, seal
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import common, world
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.protocol.topics import TOPICS, parse_topic
from chargeloop.station.core.mechanics import Mechanics
from chargeloop.station.core.memory import Record, Step
from chargeloop.station.shell.cabinet_shell import CabinetShell
from chargeloop.station.shell.files import CabinetFiles
from chargeloop.station.shell.settings import FleetSettings, load_fleet
from tests.station.core.workbench import (
    CODE,
    NOON_MS,
    RETURN_CODE,
    PowerCutError,
    bank,
    eject,
    reserve_banks,
    reserve_slots,
)
from tests.station.shell.town import CABINET, REGION, fleet_file

BANKS = ["bnk-1", "bnk-2", "bnk-3", "bnk-4"]


class MortalCabinet(CabinetShell):
    """A cabinet whose power fails at a chosen point; nothing but its directory survives."""

    cut_after: int | None = None

    def _tick(self) -> None:
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCutError

    def _write_step(self, step: Step, at: DeviceTime) -> None:
        self._tick()
        super()._write_step(step, at)
        self._tick()

    async def _record(self, records: tuple[Record, ...], at: DeviceTime | None) -> None:
        for record in records:
            self._tick()
            await super()._record((record,), at)
        self._tick()

    def _move(self, moved: Mechanics) -> None:
        self._tick()
        super()._move(moved)
        self._tick()


def cabinet_in(path: Path, now_ms: int = NOON_MS) -> MortalCabinet:
    fleet = fleet_file(path / "fleet.json")
    settings = FleetSettings(
        region=REGION, data=path, broker=BrokerAddress("127.0.0.1", 1), fleet=fleet, heartbeat_ms=0
    )
    credentials = CredentialStore.of_data(path).grant(CABINET, REGION)
    shell = MortalCabinet(load_fleet(fleet)[0], credentials, settings, VirtualClock(now_ms))
    shell._device_clock.learn(common.SyncSample(platform_time=now_ms, sent_uptime_ms=0, received_uptime_ms=0))
    return shell


def incoming(name: str, data: Data, message_id: str) -> Incoming:
    owner = {"cabinet": CABINET} if name == "cabinet_command" else {"courier": "cou-1", "cabinet": CABINET}
    topic = parse_topic(TOPICS[name].topic(REGION, **owner))
    assert topic is not None
    source = "rental/rnt-main" if name == "cabinet_command" else "courier/cou-1"
    sealed = seal(data, id=message_id, source=source, time=NOON_MS, expirytime=NOON_MS + MINUTE_MS)
    return Incoming(topic, sealed, NOON_MS)


RESERVATIONS = (
    incoming("cabinet_command", reserve_banks(), "cmd-banks"),
    incoming(
        "cabinet_command",
        reserve_slots(1, reservation="rsv-2", hold_until=NOON_MS + HOUR_MS),
        "cmd-slots",
    ),
)
ACTS = {
    "code": incoming("courier_hands", world.CodeTyped(code=CODE), "m-1"),
    "command": incoming("cabinet_command", eject(), "cmd-eject"),
    "return": incoming("courier_hands", world.BankInserted(bank=bank("out", 12), code=RETURN_CODE), "m-1"),
}


async def live(shell: MortalCabinet, *inputs: Incoming, cut_after: int | None = None) -> bool:
    """Returns whether the power failed while the cabinet booted and took the inputs."""
    failed = False
    try:
        async with asyncio.TaskGroup() as tasks:
            shell._motors = tasks
            await shell._boot()
            shell.cut_after = cut_after
            for one in inputs:
                await shell.receive(one)
    except* PowerCutError:
        failed = True
    finally:
        shell._journal.close()
    return failed


def envelopes(shell: CabinetShell) -> Iterator[Envelope[Data]]:
    for entry in shell._journal.unacknowledged():
        envelope = decode(entry.payload)
        assert not isinstance(envelope, Fault)
        yield envelope


def journaled(shell: CabinetShell) -> Iterator[Data]:
    for envelope in envelopes(shell):
        yield envelope.data


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
async def test_whenever_the_power_fails_nothing_is_lost_and_nothing_happens_twice(
    tmp_path: Path, act: Incoming
) -> None:
    for point in itertools.count():
        path = tmp_path / f"{point}"
        path.mkdir()
        assert not await live(cabinet_in(path), *RESERVATIONS)
        failed = await live(cabinet_in(path), act, cut_after=point)
        shell = cabinet_in(path)
        assert not await live(shell, act, act)
        assert_sound(shell, act, path)
        if not failed:
            assert point > 5, "the act has more points than that"
            return


async def test_what_happened_before_a_power_cut_keeps_its_time_though_it_is_journaled_after_it(
    tmp_path: Path,
) -> None:
    # The step that tells of the return is on disk, and the power fails before the journal has its entries.
    path, before = await cut_after_step_of(cab.BankReturned, tmp_path)
    after = cabinet_in(path, NOON_MS + HOUR_MS)
    assert not await live(after)
    (told,) = (one for one in envelopes(after) if isinstance(one.data, cab.BankReturned))
    assert (told.bootid, told.time) == (before._device_clock.boot_id, NOON_MS)
    booted = [one for one in envelopes(after) if isinstance(one.data, cab.Booted)][-1]
    assert (booted.bootid, booted.time) == (after._device_clock.boot_id, NOON_MS + HOUR_MS)


async def cut_after_step_of(kind: type[Data], tmp_path: Path) -> tuple[Path, CabinetShell]:
    for point in itertools.count():
        path = tmp_path / f"{point}"
        path.mkdir()
        assert not await live(cabinet_in(path), RESERVATIONS[1])
        shell = cabinet_in(path)
        assert await live(shell, ACTS["return"], cut_after=point)
        step = CabinetFiles(path / "cabinets" / CABINET).load_step()
        if step is not None and any(record.type == kind.TYPE for record in step.records):
            return path, shell
    raise AssertionError


def assert_sound(shell: CabinetShell, act: Incoming, path: Path) -> None:
    """The banks are where they can be, each fact was told once, and the firmware knows what is inside."""
    told = list(journaled(shell))
    ejected = [event.bank for event in told if isinstance(event, cab.BankEjected)]
    returned = [event.bank for event in told if isinstance(event, cab.BankReturned)]
    mechanics = CabinetFiles(path / "cabinets" / CABINET).load_mechanics(6)
    assert mechanics is not None
    inside = [place.bank.bank for place in mechanics.slots if place.bank is not None]
    given = [status.bank for answer in mechanics.answers.values() for status in answer.banks]
    lying = [one.bank.bank for one in mechanics.tray]
    brought = ["bnk-out"] if act is ACTS["return"] else []
    assert sorted([*inside, *given, *lying]) == sorted([*BANKS, *brought])
    assert sorted(ejected) == sorted([*given, *lying])
    assert returned == brought
    assert mechanics.motor_runs <= 2
    assert [slot.bank for slot in shell._memory.slots] == [
        None if place.bank is None else place.bank.bank for place in mechanics.slots
    ]
    outcomes = {(said.command, said.outcome) for said in told if isinstance(said, cab.CommandFinished)}
    assert max(Counter(command for command, _ in outcomes).values()) == 1
    assert (act is ACTS["command"]) == any(command == "cmd-eject" for command, _ in outcomes)
    assert (act is ACTS["command"]) != bool(mechanics.answers)
