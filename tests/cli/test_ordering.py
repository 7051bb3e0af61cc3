"""`chargeloop order` against a real platform with real cabinets: JSON for programs, tables for people."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from chargeloop.broker.main import running_broker
from chargeloop.cli.city import lay_out
from chargeloop.cli.demo import free_port
from chargeloop.cli.main import run
from chargeloop.cli.places import note_broker
from chargeloop.cli.scenario import CabinetFaults, demo_scenario
from chargeloop.cli.supervisor import Child, Supervisor
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.protocol.ids import RegionId

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


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Order = Callable[..., Said]


@pytest.fixture
def order(data: Path, capsys: pytest.CaptureFixture[str]) -> Order:
    """Run `chargeloop order` in this process; as people start it, it is run by test_running_by_hand."""

    def ordered(command: str, *arguments: str) -> Said:
        code = run(["order", command, "--data", str(data), "--user", USER, *arguments])
        return Said(code, *capsys.readouterr())

    return ordered


def answered(order: Order, *arguments: str) -> dict[str, Any]:
    said = order(*arguments, "--json")
    assert said.code == 0, said.err
    assert said.out.count("\n") == 1
    reply: dict[str, Any] = json.loads(said.out)
    return reply


def test_a_quote_tells_the_three_fees_before_ordering(order: Order) -> None:
    quote = answered(order, "quote", *HERE, "--quantity", "2")
    assert quote["cabinet"].startswith("cab-")
    assert quote["courier_out"]["maximum"] == {"amount_minor": 650, "currency": "EUR"}
    shown = order("quote", *HERE, "--quantity", "2").out
    assert "courier out" in shown
    assert "6.50 EUR" in shown
    assert "with 2 hours of rental" in shown


def test_an_order_is_placed_once_for_a_key_shown_listed_and_called_off(order: Order) -> None:
    placed = answered(order, "place", *HERE, "--key", "k1")
    assert answered(order, "place", *HERE, "--key", "k1")["id"] == placed["id"]
    listed = answered(order, "list")["orders"]
    assert [one["id"] for one in listed] == [placed["id"]]
    answered(order, "cancel", placed["id"])
    shown = answered(order, "show", placed["id"])
    assert shown["state"] in {"cancelled", "recalling"}
    assert "placed" in [event["type"] for event in shown["events"]]
    table = order("show", placed["id"]).out
    assert placed["id"] in table
    assert "timeline" in table
    assert placed["id"] in order("list").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "ord-unknown"), "no such order"),
        (("place", *HERE, "--quantity", "20"), "20 banks"),
        (("return", "ord-unknown", *HERE), "no such order"),
    ],
)
def test_a_refusal_is_one_line_with_the_gateway_s_own_words(
    order: Order, arguments: tuple[str, ...], said: str
) -> None:
    done = order(*arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert said in done.err


def test_an_account_orders_with_its_login_name_and_password(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    opened = ("--role", "user", "--login", "Ben", "--id", "usr-0007", "--password-stdin")
    assert run(["account", "add", *opened, "--data", str(data)]) == 0
    monkeypatch.setenv("CHARGELOOP_PASSWORD", "correct horse")
    capsys.readouterr()
    assert run(["order", "place", *HERE, "--login", "ben", "--data", str(data), "--json"]) == 0
    placed = json.loads(capsys.readouterr().out)
    assert run(["order", "list", "--login", "ben", "--data", str(data), "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["orders"]
    assert (listed["id"], listed["user"]) == (placed["id"], "usr-0007")
    monkeypatch.setenv("CHARGELOOP_PASSWORD", "wrong password")
    assert run(["order", "list", "--login", "ben", "--data", str(data)]) == 1
    assert capsys.readouterr().err == "chargeloop: the login name or the password is wrong\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "who orders? give --login NAME"),
        (("--user", USER), "no gateway has run in"),
        (("--login", "ben"), "there is no terminal to ask for the password"),
    ],
)
def test_who_orders_must_be_told(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run(["order", "list", *arguments, "--data", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "in_file", "said"),
    [
        (
            "--user usr-ada --login ada",
            "",
            "user from flag --user and login from flag --login: give one",
        ),
        ("", 'user = "usr-ada"\nlogin = "ada"', "user from file chargeloop.toml and login from file"),
        ("--login ada", 'user = "usr-ada"', "no terminal to ask for the password"),
        ("--user usr-ada", 'login = "ada"', "no gateway has run in"),
    ],
)
def test_of_user_and_login_the_nearer_one_orders_and_two_in_one_place_are_refused(
    flags: str,
    in_file: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (tmp_path / "chargeloop.toml").write_text(in_file, encoding="utf-8")
    assert run(["order", "list", *flags.split()]) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), said in told) == (1, True)


def test_a_gateway_that_is_not_there_is_told(order: Order) -> None:
    away = order("list", "--gateway", "http://127.0.0.1:1")
    assert (away.code, away.err.count("\n")) == (1, 1)
    assert "no answer from http://127.0.0.1:1" in away.err


async def test_an_operator_locks_a_slot_of_a_cabinet_and_sees_that_it_happened(data: Path) -> None:
    token = AccessTokens.of_data(data, RegionId("demo")).sign("opr-anna")
    url = (data / "run" / "gateway.url").read_text().strip()
    async with httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as gateway:
        known = (await gateway.get("/v1/cabinets")).json()["cabinets"]
        path = f"/v1/cabinets/{known[0]['cabinet']}"
        inside = (await gateway.get(path)).json()["inside"]
        empty = next(slot["slot"] for slot in inside if slot["state"] == "empty")
        for action, state in (("lock", "locked"), ("unlock", "empty")):
            wish = {"action": action, "slot": empty, "reason": "the motor is mended"}
            sent = await gateway.post(f"{path}/commands", json=wish)
            assert sent.status_code == 202
            while True:
                shown = (await gateway.get(path)).json()
                told = {one["command"]: one for one in shown["commands"]}[sent.json()["command"]]
                if told["answered"] is not None and told["happened"] is not None:
                    break
                await asyncio.sleep(0.02)  # HTTP has nothing to wait on but the next answer
            assert told["outcome"] == "done"
            assert {slot["slot"]: slot["state"] for slot in shown["inside"]}[empty] == state
