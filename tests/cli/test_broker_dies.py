"""When the broker that a demo or a replay has started dies, it ends and says why."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.instance import write_instance
from tests.cli.played import chargeloop, start_demo


def broker_of(parent: int) -> int:
    """Return the process id of the broker that a process runs: a child that has begun to be Mosquitto."""
    threads = Path(f"/proc/{parent}/task").iterdir()
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    # A child that is only just forked still has the program and the words of its parent.
    programs = {int(child): Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0] for child in children}
    (found,) = [pid for pid, program in programs.items() if program.endswith(b"mosquitto")]
    return found


def wait_for(process: "subprocess.Popen[str]", file: Path) -> None:
    """Return when the process has written the file."""
    deadline = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("last_ready", ["run/platform.pid", "users"])
def test_a_demo_ends_without_a_report_when_its_broker_dies(last_ready: str, tmp_path: Path) -> None:
    with start_demo(tmp_path / "data", orders=2, seed=7, broker="mosquitto") as demo:
        wait_for(demo.process, tmp_path / "data" / last_ready)
        os.kill(broker_of(demo.process.pid), signal.SIGKILL)
        out, said = demo.process.communicate(timeout=110)
    assert (demo.process.returncode, out) == (1, "")
    assert said.splitlines()[-1] == "chargeloop: the broker ended by itself with status -9"
    assert "Traceback" not in said
    assert not list((tmp_path / "data" / "run").glob("*.pid"))
    assert not (tmp_path / "data" / "run" / "broker.address").exists()


def test_a_replay_ends_without_a_report_when_its_broker_dies(tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "instance")
    command = chargeloop(
        "replay", str(instance), "--data", str(tmp_path / "data"), "--speed", "20", "--broker", "mosquitto"
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as replay:
        wait_for(replay, tmp_path / "data" / "users")
        os.kill(broker_of(replay.pid), signal.SIGKILL)
        out, said = replay.communicate(timeout=110)
    assert (replay.returncode, out) == (1, "")
    assert said.splitlines()[-1] == "chargeloop: the broker ended by itself with status -9"
    assert "Traceback" not in said
