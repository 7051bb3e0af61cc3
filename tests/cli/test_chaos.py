"""A short chaos run with real processes: every kind of fault, and everything holds in the end."""

import json
import subprocess
from pathlib import Path

import pytest

from chargeloop.cli.chaos.faults import Kind
from chargeloop.cli.main import run
from tests.cli.played import chargeloop

# The seed breaks the platform's own connection half, twice for more than a second, and no single one of
# people who may be done.
SHORT = "--minutes 0.2 --speed 60 --seed 31 --orders-per-minute 50 --broker mosquitto"


# A run whose orders do not end gives up by itself, but after more than 120 s: its report is wanted then.
@pytest.mark.timeout(600)
def test_a_city_in_chaos_loses_nothing_does_nothing_twice_and_ends_every_order(tmp_path: Path) -> None:
    command = chargeloop("chaos", *SHORT.split(), "--data", str(tmp_path / "data"), "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["violations"] == []
    assert done.returncode == 0
    assert set(document["faults"]) == {kind.value for kind in Kind}
    assert all(times >= 1 for times in document["faults"].values())
    assert document["broker"] == "mosquitto"
    assert document["unmet_faults"] == 0
    # Ten while things break, and two people afterwards who order until they are served.
    assert document["orders"]["placed"] >= 12
    assert document["orders"]["open"] == 0
    assert document["orders"]["settled"] >= 2
    assert document["ejected"] >= 1
    assert document["swallowed_bytes"] > 0
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
