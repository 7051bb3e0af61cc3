"""Watching: filters and formats, and messages of a real broker as an operator sees them."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from chargeloop.broker import BrokerAddress, Credentials, CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.cli.errors import CommandError
from chargeloop.cli.places import note_broker
from chargeloop.cli.watch import TIMED_OUT, Seen, Watch, check_filter, formatted, watch

SEEN = Seen("cl/v1/demo/order/ord-1/event", b'{"a":1}', 1, retain=False, at_ns=1_780_300_800_123_456_789)


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("%t %p", 'cl/v1/demo/order/ord-1/event {"a":1}'),
        ("%l %q %r %%", "7 1 0 %"),
        ("%U", "1780300800.123456789"),
        ("%I", "2026-06-01T08:00:00.123Z"),
        ("%x", "7b2261223a317d"),
        (r"%q\t%r\n\\\q", "1\t0\n\\\\q"),
    ],
)
def test_a_format_is_filled_in(form: str, line: str) -> None:
    assert formatted(form, SEEN) == line


def test_json_formats_hold_the_payload_as_text_or_as_json() -> None:
    assert json.loads(formatted("%j", SEEN))["payload"] == '{"a":1}'
    assert json.loads(formatted("%J", SEEN)) == {
        "tst": "2026-06-01T08:00:00.123Z", "topic": SEEN.topic, "qos": 1, "retain": 0, "payloadlen": 7,
        "payload": {"a": 1},
    }  # fmt: skip
    broken = Seen("t", b"\xff{", 0, retain=False, at_ns=0)
    assert json.loads(formatted("%J", broken))["payload"] == "\ufffd{"


@pytest.mark.parametrize("text", ["a/b", "a/+/b", "#", "+", "a/#", "/", "+/+"])
def test_topic_filters_are_taken(text: str) -> None:
    assert check_filter(text) == text


@pytest.mark.parametrize("text", ["", "a#", "a/#/b", "a+/b", "##", "a\0"])
def test_what_is_no_topic_filter_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is not a topic filter"):
        check_filter(text)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[BrokerAddress]:
    for client in ("opr-main", "cab-1"):
        CredentialStore.of_data(tmp_path).grant(client, "demo")
    async with running_broker(None, tmp_path) as address:
        note_broker(tmp_path, address)
        yield address


async def say(broker: BrokerAddress, cabinet: Credentials) -> None:
    """Have a cabinet publish a retained state, two states in fact, that come to whoever subscribes."""
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        username=cabinet.client,
        password=cabinet.password,
        identifier=cabinet.client,
    ) as client:
        for word in ("info", "slots", "connection"):
            await client.publish(f"cl/v1/demo/cabinet/cab-1/{word}", word, qos=1, retain=True)


async def test_a_watch_shows_what_it_asked_for_and_leaves_out_the_rest(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    store = CredentialStore.of_data(tmp_path)
    await say(broker, store.load("cab-1"))
    lines: list[str] = []
    wanted = Watch(("cl/v1/demo/cabinet/+/#",), ("cl/v1/demo/cabinet/+/slots",), "%p", count=2, seconds=20)
    assert await watch(wanted, store.load("opr-main"), broker, show=lines.append, note=lines.append) == 0
    assert sorted(lines) == ["connection", "info"]


async def test_a_watch_ends_when_its_time_is_over(broker: BrokerAddress, tmp_path: Path) -> None:
    operator = CredentialStore.of_data(tmp_path).load("opr-main")
    wanted = Watch(("cl/v1/demo/order/#",), (), "%p", count=None, seconds=0.5)
    assert await watch(wanted, operator, broker, show=print, note=print) == TIMED_OUT


async def test_the_command_prints_json_lines_as_the_operator_of_the_data_directory(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    await say(broker, CredentialStore.of_data(tmp_path).load("cab-1"))
    command = [sys.executable, "-m", "chargeloop.cli", "watch", "--data", str(tmp_path), "--json"]
    filters = ["-t", "cl/v1/demo/cabinet/cab-1/info", "-C", "1", "-W", "20"]
    done = subprocess.run([*command, *filters], capture_output=True, text=True, check=False, timeout=60)  # noqa: ASYNC221 - the broker is another process
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["payload"] == "info"
