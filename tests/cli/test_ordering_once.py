"""`chargeloop order` when the gateway falls silent: nobody orders twice, and what was ordered is shown."""

import json
import re

import pytest

from chargeloop.cli.main import run
from tests.cli.scripted_gateway import SILENCE, Scripted, serving

PLACED = (201, {"id": "ord-1", "state": "reserving", "quantity": 1})
LOGGED_IN = (200, {"access_token": "a.b.c"})
LOGGED_OUT = (204, None)
LATE = (504, {"title": "Gateway Timeout", "status": 504, "detail": "no answer in time"})
REFUSED = (
    409,
    {"title": "Conflict", "status": 409, "detail": "no cabinet has 5", "code": "not_enough_banks"},
)
HERE = ("--lat", "43.452", "--lon", "5.233")
COMMANDS = (("place", *HERE), ("return", "ord-1", *HERE), ("cancel", "ord-1"))


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGELOOP_PASSWORD", "correct horse")


def ordered(server: Scripted, *arguments: str) -> int:
    return run(["order", *arguments, "--login", "ada", "--gateway", f"http://127.0.0.1:{server.server_port}"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("outcome", [LATE, SILENCE], ids=["late", "silence"])
def test_who_gets_no_answer_is_told_the_key_that_was_sent_and_repeats_with_it(
    outcome: tuple[int, object], command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(LOGGED_IN, outcome, LOGGED_OUT, LOGGED_IN, PLACED, LOGGED_OUT) as server:
        assert ordered(server, *command) == 1
        said = capsys.readouterr()
        (key,) = re.findall(r"repeat with --key (\w+)", said.err)
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert ordered(server, *command, "--key", key, "--json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == "ord-1"
    assert [sent for _, _, sent in server.asked if sent is not None] == [key, key]


def test_who_is_refused_is_not_told_to_repeat(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(LOGGED_IN, REFUSED, LOGGED_OUT) as server:
        assert ordered(server, "place", *HERE) == 1
    assert capsys.readouterr().err == "chargeloop: no cabinet has 5\n"


@pytest.mark.parametrize("left", [LATE, SILENCE], ids=["late", "silence"])
def test_an_order_is_shown_also_when_logging_out_fails(
    left: tuple[int, object], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(LOGGED_IN, PLACED, left) as server:
        assert ordered(server, "place", *HERE, "--json") == 0
    said = capsys.readouterr()
    assert (json.loads(said.out)["id"], said.err) == ("ord-1", "")
    assert [path for path, _, _ in server.asked] == ["/v1/session", "/v1/orders", "/v1/session"]
