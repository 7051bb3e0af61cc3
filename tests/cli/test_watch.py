"""Watching: filters and formats, and messages of a real broker as an operator sees them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiomqtt
import pytest

from chargeloop.broker import BrokerAddress, Credentials, CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.broker.ports import free_address
from chargeloop.cli.errors import CommandError
from chargeloop.cli.main import run
from chargeloop.cli.places import note_broker
from chargeloop.cli.watch import TIMED_OUT, Seen, Watch, check_filter, formatted, unheard, watch

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


def test_codes_are_hidden_in_texts_and_there_in_what_programs_read() -> None:
    payload = b'{"data": {"code": "402913", "work": [{"handover_code":"4821"}], "handover_sha256":"9f86d0"}}'
    seen = Seen("t", payload, 0, retain=False, at_ns=0)
    hidden = '{"data": {"code": "••••", "work": [{"handover_code":"••••"}], "handover_sha256":"••••"}}'
    assert formatted("%p", seen) == hidden
    assert formatted("%w", seen) == f"t {hidden}"
    assert json.loads(formatted("%J", seen))["payload"] == json.loads(payload)
    assert json.loads(formatted("%j", seen))["payload"] == payload.decode()
    assert bytes.fromhex(formatted("%x", seen)) == payload


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
    assert (
        await watch(wanted, store.load("opr-main"), lambda: broker, show=lines.append, note=lines.append) == 0
    )
    assert sorted(lines) == ["connection", "info"]


async def test_a_watch_ends_when_its_time_is_over(broker: BrokerAddress, tmp_path: Path) -> None:
    operator = CredentialStore.of_data(tmp_path).load("opr-main")
    wanted = Watch(("cl/v1/demo/order/#",), (), "%p", count=None, seconds=0.5)
    assert await watch(wanted, operator, lambda: broker, show=print, note=print) == TIMED_OUT


async def test_the_command_prints_json_lines_as_the_operator_of_the_data_directory(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    await say(broker, CredentialStore.of_data(tmp_path).load("cab-1"))
    command = [sys.executable, "-m", "chargeloop.cli", "watch", "--data", str(tmp_path), "--json"]
    filters = ["-t", "cl/v1/demo/cabinet/cab-1/info", "-C", "1", "-W", "20"]
    done = subprocess.run([*command, *filters], capture_output=True, text=True, check=False, timeout=60)  # noqa: ASYNC221 - the broker is another process
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["payload"] == "info"


def test_filters_on_which_nothing_can_come_are_named(tmp_path: Path) -> None:
    operator = CredentialStore.of_data(tmp_path).grant("opr-main", "demo")
    heard = [
        "#",
        "cl/v1/demo/#",
        "cl/v1/+/order/+/event",
        "cl/v1/demo/cabinet/cab-1/info",
        "cl/+/demo/user/#",
    ]
    unknown = ["cl/v1/other/#", "cl/v1/demo/cabinet/+/ack", "clsim/#", "cl/v1/demo/order", "x"]
    assert unheard([*heard, *unknown], operator) == unknown


async def test_a_filter_on_which_nothing_can_come_is_told_beside_the_messages(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    operator = CredentialStore.of_data(tmp_path).load("opr-main")
    notes: list[str] = []
    wanted = Watch(("cl/v1/demo/nothing",), (), "%p", count=None, seconds=0.5)
    await watch(wanted, operator, lambda: broker, show=print, note=notes.append)
    assert notes == [
        "nothing that an operator may read matches 'cl/v1/demo/nothing': topics.md lists all topics"
    ]


async def test_a_watch_whose_reader_has_gone_ends_without_a_word(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    store = CredentialStore.of_data(tmp_path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chargeloop.cli", "watch", "--data", str(tmp_path),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(60):
        await say(broker, store.load("cab-1"))
        await process.stdout.readline()
        process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        while process.returncode is None:
            await say(broker, store.load("cab-1"))
        assert await process.stderr.read() == b""
    assert process.returncode == 141


async def test_two_watches_at_once_do_not_throw_each_other_out(broker: BrokerAddress, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chargeloop.cli", "watch", "--data", str(tmp_path), "-W", "60"]
    filters = ["-t", "cl/v1/demo/cabinet/cab-1/info", "-F", "%p", "-C", "40"]
    watches = [
        await asyncio.create_subprocess_exec(
            *command, *filters, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(90):
        while any(one.returncode is None for one in watches):
            await say(broker, CredentialStore.of_data(tmp_path).load("cab-1"))
        said = [await one.communicate() for one in watches]
    assert said == [(b"info\n" * 40, b"")] * 2


async def test_a_watch_goes_on_when_the_broker_is_back_elsewhere(tmp_path: Path) -> None:
    store = CredentialStore.of_data(tmp_path)
    operator, cabinet = store.grant("opr-main", "demo"), store.grant("cab-1", "demo")
    wanted = Watch(("cl/v1/demo/cabinet/+/info",), (), "%p", count=2, seconds=60)
    places: list[BrokerAddress] = []
    notes: list[str] = []
    lines: list[str] = []
    shown = asyncio.Event()

    def show(line: str) -> None:
        lines.append(line)
        shown.set()

    async with AsyncExitStack() as first:
        places.append(await first.enter_async_context(running_broker(None, tmp_path)))
        watching = asyncio.create_task(
            watch(wanted, operator, lambda: places[-1], show=show, note=notes.append)
        )
        # Once: it is retained, and a second one would be all that is waited for.
        await say(places[-1], cabinet)
        await shown.wait()
    async with running_broker(None, tmp_path) as address:
        places.append(address)
        await say(address, cabinet)
        assert await watching == 0
    assert lines == ["info", "info"]
    assert notes[0].startswith("connection lost (")
    assert notes[-1] == f"connected to {address}"


def test_a_watch_where_nothing_runs_says_so_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = free_address()
    assert run(["watch", "--data", str(tmp_path), "--broker", str(nobody)]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert f"nothing runs at {nobody} (connection refused)" in shown.err
