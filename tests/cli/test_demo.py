"""A short real demo on each broker: processes, MQTT, HTTP, and the checks at its end."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chargeloop.cli.main import run
from tests.cli.played import SPEED, chargeloop, exported, start_demo


def recomputed(records: list[dict[str, Any]]) -> dict[str, int]:
    """Compute the three fees from the export alone, as anybody could: nothing of ours is used here."""
    rules = {r["id"]: r for r in records if r["record"] == "tariff"}
    lines = {r["id"]: r for r in records if r["record"] == "fee_line"}
    sums = {"courier_out": 0, "rental": 0, "courier_back": 0}
    for line in lines.values():
        taken_back = line["reverses"]
        of = line if taken_back is None else lines[taken_back]
        took = datetime.fromisoformat(of["to_time"]) - datetime.fromisoformat(of["from_time"])
        minutes = took.total_seconds() / 60
        if of["fee"] == "rental":
            rule = rules[of["tariff"]]["rental"]
            units = -(-minutes // rule["unit_minutes"])
            due = 0 if minutes <= rule["free_minutes"] else int(units) * rule["price_minor"]
        else:
            rule = rules[of["tariff"]]["courier"]
            due = (
                rule["base_minor"]
                + min(int(-(-minutes // 1)), rule["promised_minutes"]) * rule["per_minute_minor"]
            )
        sums[line["fee"]] += due if taken_back is None else -due
    return sums


def assert_all_well(document: Mapping[str, Any], orders: int, data: Path) -> None:
    assert document["violations"] == []
    assert document["orders"]["placed"] == orders
    assert document["orders"]["open"] == 0
    assert sum(document["orders"][end] for end in ("settled", "cancelled", "failed")) == orders
    assert document["messages"]["quarantined"] == 0
    assert document["data"] == str(data)


@pytest.mark.parametrize("broker", ["mosquitto", "embedded"])
def test_a_demo_ends_with_every_order_ended_and_fees_that_anybody_can_recompute(
    broker: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with start_demo(data, orders=5, seed=7, broker=broker) as demo:
        document, _ = demo.end()
    assert_all_well(document, 5, data)
    assert set(document) == {"orders", "fees_minor", "currency", "messages", "violations", "data"}
    assert set(document["messages"]) == {"published", "received", "duplicates", "quarantined"}
    assert document["fees_minor"]["rental"] > 0
    assert document["fees_minor"] == recomputed(exported(data))
    assert not list((data / "run").glob("*.pid"))


def test_a_demo_tells_people_what_happens_and_where_the_data_lies(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = chargeloop("demo", "--orders", "1", "--seed", "3", "--speed", SPEED, "--data", str(data))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    assert str(data) in done.stdout
    assert "1 placed" in done.stdout
    assert "all hold" in done.stdout
    assert "usr-0001 ordered" in done.stderr
    assert "the city goes on" not in done.stderr  # that is for terminals, and for --keep


def test_a_demo_plays_over_a_broker_that_runs_already(tmp_path: Path) -> None:
    data = tmp_path / "data"
    noted = data / "run" / "broker.address"
    with subprocess.Popen(chargeloop("broker", "--data", str(data)), stdout=subprocess.DEVNULL) as broker:
        deadline = time.monotonic() + 60
        while not noted.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with start_demo(data, orders=1, seed=2, broker=noted.read_text().strip()) as demo:
            document, _ = demo.end()
        broker.send_signal(signal.SIGINT)
    assert broker.returncode == 0
    assert_all_well(document, 1, data)


def test_a_demo_that_is_kept_goes_on_with_other_people_until_ctrl_c(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_demo(data, "--keep", "--keep-speed", "60", orders=1, seed=3, broker="mosquitto") as demo:
        assert demo.process.stdout is not None
        story = json.loads(demo.process.stdout.readline())
        demo.wait_for(lambda books: {"usr-0001", "usr-1001"} <= {order.user for order in books.orders()})
        os.killpg(demo.process.pid, signal.SIGINT)
        out, said = demo.process.communicate(timeout=60)
    assert (demo.process.returncode, out) == (0, ""), said
    assert_all_well(story, 1, data)
    assert f"chargeloop top --data {data}" in said
    assert "the city goes on, 60 times as fast as real time; Ctrl-C closes it" in said
    assert said.endswith(f"the city is closed; its data is in {data}\n")
    assert "Traceback" not in said
    assert not list((data / "run").glob("*.pid"))


def test_a_running_broker_needs_its_directory(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--broker", "localhost:1883"]) == 2
    assert "knows the credentials of one directory: give it as --data" in capsys.readouterr().err


def test_a_demo_refuses_a_directory_in_which_something_was_played(tmp_path: Path) -> None:
    (tmp_path / "platform").mkdir()
    done = subprocess.run(
        chargeloop("demo", "--data", str(tmp_path)), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == f"chargeloop: {tmp_path} is not empty: a demo or replay begins in an empty directory\n"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_stops_its_processes_and_shows_no_traceback(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    with start_demo(tmp_path / "data", orders=2, seed=7, broker="embedded") as demo:
        deadline = time.monotonic() + 60
        while not (tmp_path / "data" / "run" / "agents.pid").exists():  # the last to be started
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # As a terminal does at Ctrl-C: to all processes of the group.
        os.killpg(demo.process.pid, number)
        out, said = demo.process.communicate(timeout=60)
    assert (demo.process.returncode, out) == (code, "")
    assert "Traceback" not in said
    assert "ended" not in said
    assert "stopping, and waiting for agents, cabinets, couriers, platform" in said
    assert "stopping, and waiting for the broker" in said
    assert not list((tmp_path / "data" / "run").glob("*.pid"))
