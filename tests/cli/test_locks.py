"""A part runs once on a data directory, and its place is free as soon as it has ended."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

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
