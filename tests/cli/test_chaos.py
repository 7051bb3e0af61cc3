"""A short chaos run with real processes: every kind of fault, and everything holds in the end."""

import json
import subprocess
from pathlib import Path

import pytest

from chargeloop.cli.chaos.faults import Kind
from chargeloop.cli.main import run
from tests.cli.played import chargeloop


def test_a_city_in_chaos_loses_nothing_does_nothing_twice_and_ends_every_order(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = chargeloop("chaos", "--minutes", "0.15", "--speed", "250", "--seed", "3", "--data", str(data))
    done = subprocess.run(
        [*command, "--orders-per-minute", "40", "--json"], capture_output=True, text=True, check=False
    )
    assert done.stdout.count("\n") == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["violations"] == []
    assert done.returncode == 0
    assert set(document["faults"]) == {kind.value for kind in Kind}
    assert all(times >= 1 for times in document["faults"].values())
    assert document["orders"]["placed"] >= 1
    assert document["orders"]["open"] == 0
    assert document["journal_entries"] > 0
    assert "fault: broker: broker killed" in done.stderr
    assert "everything is healed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("chaos --minutes 0", "Invalid value for '--minutes'"),
        ("chaos --minutes soon", "Invalid value for '--minutes'"),
        ("chaos --orders-per-minute -1", "Invalid value for '--orders-per-minute'"),
        ("chaos --broker localhost:1883", "'localhost:1883' is no broker that can be started"),
        ("chaos --speed max", "speed 'max' is not a number from 1 to 1000"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments.split()) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert shown.err.count("\n") == 1
