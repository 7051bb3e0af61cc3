"""A tiny day replayed over a real broker: on a virtual clock, and on a scaled one."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chargeloop.cli.replay import click_to_door_min, percentile
from tests.cli.instance import write_instance
from tests.cli.played import chargeloop
from tests.cli.test_demo import assert_all_well


def replayed(instance: Path, data: Path, *options: str) -> Mapping[str, Any]:
    command = chargeloop("replay", str(instance), "--seed", "3", "--data", str(data), "--json", *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    document: Mapping[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("broker", ["mosquitto", "embedded"])
def test_a_day_at_full_speed_ends_with_every_order_ended(broker: str, tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "instance")
    document = replayed(instance, tmp_path / "data", "--speed", "max", "--broker", broker)
    assert_all_well(document, 3, tmp_path / "data")
    assert 1 <= document["outward_legs"] <= 3
    assert document["back_legs"] <= document["outward_legs"]
    assert sum(document["failed_reasons"].values()) == document["orders"]["failed"]
    # A minute or more to the cabinet and 4 of service, the same to the user.
    assert 10 <= document["click_to_door_min"]["p50"] <= document["click_to_door_min"]["p90"]


def test_the_same_day_with_the_same_seed_comes_out_the_same(tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "instance")
    first = replayed(instance, tmp_path / "first", "--speed", "max", "--broker", "mosquitto")
    second = replayed(instance, tmp_path / "second", "--speed", "max", "--broker", "embedded")
    same = ("orders", "fees_minor", "click_to_door_min", "outward_legs", "back_legs")
    assert {name: first[name] for name in same} == {name: second[name] for name in same}


def test_a_day_on_a_scaled_clock_and_limited_to_its_first_order(tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "instance")
    document = replayed(instance, tmp_path / "data", "--speed", "500", "--limit", "1")
    assert_all_well(document, 1, tmp_path / "data")


def test_what_was_played_in_memory_is_kept_on_the_disk(tmp_path: Path) -> None:
    instance = write_instance(tmp_path / "instance")
    command = chargeloop("replay", str(instance), "--speed", "max", "--limit", "1", "--json")
    places = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=110, env=places)
    data = Path(json.loads(done.stdout)["data"])
    assert data.parent == tmp_path
    assert (data / "platform" / "rental.sqlite3").is_file()


def test_click_to_door_is_from_placing_to_hand_over() -> None:
    def event(order: str, kind: str, time: str) -> Mapping[str, Any]:
        return {"record": "event", "order": order, "type": kind, "time": f"2026-06-01T08:{time}.000Z"}

    records = [
        event("ord-1", "placed", "00:00"),
        event("ord-1", "rental_success", "12:30"),
        event("ord-2", "placed", "01:00"),
        event("ord-2", "rental_success", "06:00"),
        event("ord-3", "placed", "02:00"),
        event("ord-3", "failed", "05:00"),
    ]
    assert click_to_door_min(records) == [5.0, 12.5]


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (90, 4.0), (100, 4.0), (1, 1.0)])
def test_a_percentile_is_one_of_the_values(percent: int, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], percent) == value
    assert percentile([], percent) is None
