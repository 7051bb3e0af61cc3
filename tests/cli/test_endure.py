"""A tiny endurance run with real processes."""

import json
import subprocess
from pathlib import Path

import pytest

from chargeloop.cli.main import run
from tests.cli.played import chargeloop


def test_fifty_cabinets_lose_nothing_and_their_memory_is_told(tmp_path: Path) -> None:
    command = chargeloop(
        "endure", "--cabinets", "50", "--minutes", "0.1", "--speed", "500", "--orders-per-minute", "30"
    )
    done = subprocess.run(
        [*command, "--data", str(tmp_path / "data"), "--json"], capture_output=True, text=True, check=False
    )
    assert done.stdout.count("\n") == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["violations"] == []
    assert done.returncode == 0
    assert (document["cabinets"], document["orders"]["placed"], document["orders"]["open"]) == (50, 3, 0)
    # Each cabinet tells of its boot and of what is inside, and the eight phones of their shift.
    assert document["journals"] == 58
    assert document["journal_entries"] >= 2 * 50 + 8
    assert set(document["memory"]) == {"platform", "couriers", "cabinets", "agents", "broker"}


def test_a_wrong_number_of_cabinets_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["endure", "--cabinets", "0"]) == 2
    assert "Invalid value for '--cabinets'" in capsys.readouterr().err
