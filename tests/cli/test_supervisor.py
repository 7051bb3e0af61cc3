"""The supervisor starts a child again that dies, and no child outlives its parent."""

import asyncio
import contextlib
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.cli.errors import CommandError
from chargeloop.cli.supervisor import Child, Supervisor

REAL_PATIENCE_S = 30


@pytest.fixture
async def couriers(tmp_path: Path) -> AsyncIterator[Child]:
    CredentialStore.of_data(tmp_path).grant("dsp-main", "demo")
    async with running_broker(None, tmp_path) as address:
        yield courier_platform(tmp_path, address)


def courier_platform(data: Path, broker: BrokerAddress) -> Child:
    return Child("couriers", ("couriers", "--data", str(data), "--region", "demo", "--broker", str(broker)))


def runs(pid: int) -> bool:
    """Tell whether the process is there and not a zombie."""
    return state_of(pid) not in {None, "Z"}


def state_of(pid: int) -> str | None:
    """Return the letter of the process's state, None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


async def until(holds: Callable[[], bool]) -> None:
    """Wait until other processes have made it so."""
    async with asyncio.timeout(REAL_PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - a process and its files give no signal of their own
            await asyncio.sleep(0.05)


async def test_a_child_that_is_killed_is_started_again_and_all_are_stopped(
    couriers: Child, tmp_path: Path
) -> None:
    notes: list[str] = []
    ready = tmp_path / "run" / "couriers.ready"
    supervisor = Supervisor(tmp_path / "run", notes.append)
    try:
        await supervisor.start([couriers])
        first = supervisor.pids["couriers"]
        assert int((tmp_path / "run" / "couriers.pid").read_text()) == first
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids["couriers"] != first and ready.exists())
        second = supervisor.pids["couriers"]
        assert runs(second)
        assert notes == ["couriers ended with code -9; started again"]
    finally:
        await supervisor.stop()
    assert not runs(second)
    assert not (tmp_path / "run" / "couriers.pid").exists()


async def test_a_child_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "run", print)
    try:
        with pytest.raises(CommandError, match="broken could not start: chargeloop: 'x' is no clock"):
            await supervisor.start([Child("broken", ("couriers", "--broker", "localhost:1", "--clock", "x"))])
    finally:
        await supervisor.stop()


@pytest.mark.parametrize("frozen", [False, True], ids=["running", "frozen"])
async def test_children_end_when_their_parent_is_killed_outright(
    frozen: bool,  # noqa: FBT001 - a table
    couriers: Child,
    tmp_path: Path,
) -> None:
    script = textwrap.dedent(f"""
        import asyncio, pathlib
        from chargeloop.cli.supervisor import Child, Supervisor

        async def main():
            supervisor = Supervisor(pathlib.Path({str(tmp_path / "run")!r}), print)
            await supervisor.start([Child("couriers", {couriers.arguments!r})])
            print(supervisor.pids["couriers"], flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
    """)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert runs(child)
    try:
        if frozen:
            os.kill(child, signal.SIGSTOP)
            await until(lambda: state_of(child) == "T")
        parent.kill()
        await parent.wait()
        await until(lambda: not runs(child))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


async def test_a_child_that_its_owner_kills_is_back_when_kill_returns_and_counts_as_no_restart(
    couriers: Child, tmp_path: Path
) -> None:
    notes: list[str] = []
    supervisor = Supervisor(tmp_path / "run", notes.append)
    try:
        await supervisor.start([couriers])
        first = supervisor.pids["couriers"]
        await supervisor.kill("couriers", away_s=0)
        assert not runs(first)
        assert runs(supervisor.pids["couriers"])
        assert (dict(supervisor.restarts), notes) == ({}, [])
    finally:
        await supervisor.stop()


async def test_a_child_that_hangs_at_its_restart_is_told_but_not_while_something_hinders_it(
    tmp_path: Path,
) -> None:
    supervisor = Supervisor(tmp_path / "run", print)
    looks: list[bool] = []

    def hindered() -> bool:
        looks.append(len(looks) < 20)
        return looks[-1]

    CredentialStore.of_data(tmp_path).grant("dsp-main", "demo")
    try:
        async with running_broker(None, tmp_path) as address:
            await supervisor.start([courier_platform(tmp_path, address)])
        # Without its broker it never gets ready again.
        supervisor._ready_s = 0
        with pytest.raises(CommandError, match="couriers is not ready after 0 s"):
            await supervisor.kill("couriers", away_s=0, hindered=hindered)
        assert looks == [True] * 20 + [False]
    finally:
        await supervisor.stop()
