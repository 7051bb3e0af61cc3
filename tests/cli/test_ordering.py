"""`chargeloop order` against a real platform with real cabinets: JSON for programs, tables for people."""

import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from chargeloop.broker import CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.cli.city import lay_out
from chargeloop.cli.demo import free_port
from chargeloop.cli.places import note_broker
from chargeloop.cli.scenario import CabinetFaults, demo_scenario
from chargeloop.cli.supervisor import Child, Supervisor
from tests.cli.played import chargeloop

USER = "usr-0001"
HERE = ("--lat", "43.452", "--lon", "5.233")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def data(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """A broker, the rental platform and cabinets without troubles, on the real clock; no couriers."""
    directory = tmp_path_factory.mktemp("ordering")
    scenario = demo_scenario(seed=1, orders=1)
    whole = tuple(replace(cabinet, faults=CabinetFaults()) for cabinet in scenario.cabinets)
    files = lay_out(replace(scenario, cabinets=whole), directory)
    async with running_broker(None, directory) as broker:
        note_broker(directory, broker)
        supervisor = Supervisor(directory / "run", print)
        common = ("--data", str(directory))
        try:
            await supervisor.start(
                [
                    Child("platform", ("platform", *common, "--http-port", str(free_port()))),
                    Child("cabinets", ("cabinets", str(files.fleet), *common)),
                ]
            )
            yield directory
        finally:
            await supervisor.stop()


def order(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = chargeloop("order", arguments[0], "--data", str(data), "--user", USER, *arguments[1:])
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def answered(data: Path, *arguments: str) -> dict[str, Any]:
    done = order(data, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    reply: dict[str, Any] = json.loads(done.stdout)
    return reply


def test_a_quote_tells_the_three_fees_before_ordering(data: Path) -> None:
    quote = answered(data, "quote", *HERE, "--quantity", "2")
    assert quote["cabinet"].startswith("cab-")
    assert quote["courier_out"]["maximum"] == {"amount_minor": 650, "currency": "EUR"}
    shown = order(data, "quote", *HERE, "--quantity", "2").stdout
    assert "courier out" in shown
    assert "6.50 EUR" in shown


def test_an_order_is_placed_once_for_a_key_shown_listed_and_called_off(data: Path) -> None:
    placed = answered(data, "place", *HERE, "--key", "k1")
    assert answered(data, "place", *HERE, "--key", "k1")["id"] == placed["id"]
    listed = answered(data, "list")["orders"]
    assert [one["id"] for one in listed] == [placed["id"]]
    answered(data, "cancel", placed["id"])
    shown = answered(data, "show", placed["id"])
    assert shown["state"] in {"cancelled", "recalling"}
    assert "placed" in [event["type"] for event in shown["events"]]
    table = order(data, "show", placed["id"]).stdout
    assert placed["id"] in table
    assert "timeline" in table
    assert placed["id"] in order(data, "list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "ord-unknown"), "no such order"),
        (("place", *HERE, "--quantity", "20"), "20 banks"),
        (("return", "ord-unknown", *HERE), "no such order"),
    ],
)
def test_a_refusal_is_one_line_with_the_gateway_s_own_words(
    data: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = order(data, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_a_wrong_password_and_a_gateway_that_is_not_there_are_told(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = order(data, "list", "--gateway", "http://127.0.0.1:1")
    assert (away.returncode, away.stderr.count("\n")) == (1, 1)
    assert "no answer from http://127.0.0.1:1" in away.stderr
    monkeypatch.setenv("CHARGELOOP_PASSWORD", "guessed")
    refused = order(data, "list")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert CredentialStore.of_data(data).load(USER).password not in refused.stderr
