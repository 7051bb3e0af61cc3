"""Real connections: brokers that are started for the check, and an instance that runs."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import RealClock, ScaledClock
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.main import running_broker
from chargeloop.broker.ports import free_address
from chargeloop.cli.doctor import connections
from chargeloop.cli.doctor.connections import brokers, compared, instance, reached
from chargeloop.cli.doctor.findings import Level
from chargeloop.cli.locks import alone
from chargeloop.cli.places import note_broker
from chargeloop.cli.settings import Settings
from chargeloop.courier.main import DispatchSettings, run
from chargeloop.protocol.ids import DispatchId, RegionId
from tests.cli.running import while_running


async def test_a_broker_of_each_kind_is_started_and_passes_a_message() -> None:
    found = await brokers()
    assert [one.name for one in found] == ["mqtt by mosquitto", "mqtt by embedded"]
    assert [one.level for one in found] == [Level.OK, Level.OK]
    assert all("a message came through, a wrong password did not" in one.seen for one in found)


async def test_a_broker_that_does_not_come_up_fails_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise BrokerError("it did not come up")

    monkeypatch.setattr(connections, "running_broker", broken)
    assert {(one.level, one.seen) for one in await brokers()} == {(Level.FAIL, "it did not come up")}


async def test_a_data_directory_on_which_nothing_runs_is_no_fault(tmp_path: Path) -> None:
    (found,) = await instance(Settings(data=tmp_path))
    assert (found.level, found.seen) == (Level.OK, f"nothing runs on {tmp_path}")


async def test_parts_that_run_without_a_broker_fail(tmp_path: Path) -> None:
    with alone(tmp_path, "platform"), alone(tmp_path, "cabinets", tmp_path / "fleet.json"):
        (found,) = await instance(Settings(data=tmp_path))
    holder = f"pid {os.getpid()}"
    assert found.level is Level.FAIL
    assert found.seen.endswith(f"these do and wait for one: cabinets ({holder}), platform ({holder})")
    assert found.advice.endswith(f"broker --data {tmp_path}")
    (found,) = await instance(Settings(data=tmp_path))
    assert found.level is Level.OK


async def test_a_platform_that_runs_and_has_not_reached_the_broker_fails(
    address: BrokerAddress, tmp_path: Path
) -> None:
    with alone(tmp_path, "platform"):
        found = {one.name: one for one in await instance(Settings(data=tmp_path))}
    assert found["rental platform"].level is Level.FAIL
    assert f"is not connected to the broker at {address}" in found["rental platform"].seen
    assert found["courier platform"].level is Level.WARN


async def test_the_directory_s_own_broker_is_known_where_it_was_reached(
    address: BrokerAddress, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path)
    assert reached(settings, await instance(settings)) == address
    assert reached(settings, []) is None
    named = Settings(data=tmp_path, broker=str(address))
    assert reached(named, await instance(named)) is None


async def test_a_broker_that_cannot_be_reached_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_LET_IN_S", 0.0)
    nobody = free_address()
    (found,) = await instance(Settings(data=tmp_path, broker=str(nobody)))
    assert found.level is Level.FAIL
    assert f"no connection to the broker at {nobody}" in found.seen
    assert not list((tmp_path / "credentials").iterdir())


async def test_a_noted_broker_that_does_not_answer_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that was killed outright leaves its address behind."""
    monkeypatch.setattr(connections, "_LET_IN_S", 0.0)
    nobody = free_address()
    note_broker(tmp_path, nobody)
    (found,) = await instance(Settings(data=tmp_path))
    assert found.level is Level.FAIL
    assert found.seen == f"no connection to the broker at {nobody}: connection refused"
    assert found.advice.startswith("start it: ")


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[BrokerAddress]:
    CredentialStore.of_data(tmp_path).grant("dsp-main", "demo")
    async with running_broker(None, tmp_path) as address:
        yield address


@pytest.mark.parametrize(
    ("speed", "seen"), [(None, "agrees with this machine's"), (50.0, "runs 50 times as fast")]
)
async def test_an_instance_is_seen_with_its_platforms_and_their_clock(
    speed: float | None, seen: str, address: BrokerAddress, tmp_path: Path
) -> None:
    settings = DispatchSettings(
        region=RegionId("demo"), broker=address, data=tmp_path, dispatch=DispatchId("dsp-main")
    )
    clock = RealClock() if speed is None else ScaledClock(real_origin_ms=0, origin_ms=0, speed=speed)
    async with while_running(lambda ready: run(settings, clock, ready=ready)):
        found = {one.name: one for one in await instance(Settings(data=tmp_path))}
    assert found["instance"].seen == f"broker at {address}"
    assert found["courier platform"].level is Level.OK
    assert (found["rental platform"].level, found["rental platform"].seen) == (
        Level.WARN, "has never been there",
    )  # fmt: skip
    assert found["platform's clock"].level is Level.OK
    assert seen in found["platform's clock"].seen
    known = [one.client for one in CredentialStore.of_data(tmp_path).all()]
    assert known == ["dsp-main"]


def test_a_platform_whose_clock_is_far_off_is_warned_of() -> None:
    found = compared(passed_ms=1_000, real_ms=1_001, ahead_ms=-90_000, doubt_ms=5)
    assert (found.level, found.seen) == (Level.WARN, "90.0 s behind this machine's")


def test_a_slow_answer_makes_no_clock_wrong() -> None:
    assert compared(passed_ms=1_500, real_ms=1_000, ahead_ms=2_400, doubt_ms=500).level is Level.OK
