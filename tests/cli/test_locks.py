"""A part runs once on a data directory, and its place is free as soon as it has ended."""

import json
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from chargeloop.broker.device import alone_in
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.locks import alone, take
from chargeloop.cli.main import run


def test_a_lock_is_held_by_one_and_free_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "run" / "x.lock"
    with ExitStack() as first:
        assert take(file, first) is None
        with ExitStack() as second:
            assert take(file, second) == f"pid {os.getpid()}"
    with ExitStack() as third:
        assert take(file, third) is None


def test_a_part_runs_once_with_each_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    with alone(tmp_path, "cabinets", one), alone(tmp_path, "cabinets", other), alone(tmp_path, "agents", one):
        with (
            pytest.raises(CommandError, match="cabinets runs already on") as refused,
            alone(tmp_path, "cabinets", one),
        ):
            pass
        assert refused.value.exit_code == FAILED


def test_a_command_that_is_started_twice_is_told_who_was_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone(tmp_path, "couriers"):
        assert run(["couriers", "--data", str(tmp_path), "--broker", "localhost:1"]) == 1
    assert capsys.readouterr().err == (
        f"chargeloop: couriers runs already on {tmp_path} (pid {os.getpid()}): stop it first\n"
    )


@pytest.mark.parametrize(
    ("command", "directory", "entry"),
    [
        (
            "cabinets",
            "cabinets/cab-1",
            {"cabinet": "cab-1", "name": "x", "lat_e7": 0, "lon_e7": 0, "slots": 4},
        ),
        (
            "agents",
            "agents/cou-1",
            {"courier": "cou-1", "lat_e7": 0, "lon_e7": 0, "speed_m_per_s": 5},
        ),
    ],
)
def test_a_device_that_another_file_names_too_is_not_run_twice(
    command: str,
    directory: str,
    entry: dict[str, object],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "copy.json"
    file.write_text(json.dumps([entry]))
    with alone_in([tmp_path / directory]):
        assert run([command, str(file), "--data", str(tmp_path), "--broker", "localhost:1"]) == FAILED
    name = directory.partition("/")[2]
    assert capsys.readouterr().err == (
        f"chargeloop: {name} is run by another process: {tmp_path / directory}\n"
    )
