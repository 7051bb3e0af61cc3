import asyncio
import contextlib
import os
import resource
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chargeloop.broker import BrokerAddress, CredentialStore, ports, software
from chargeloop.broker import main as broker_main
from chargeloop.broker.accounts import PROBE, Accounts, lets_in, wait_until_granted
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.leash import leashed
from chargeloop.broker.main import BrokerSettings, grant, run_foreground, running_broker
from chargeloop.broker.software import BrokerKind, choose_kind

KINDS = pytest.mark.parametrize("kind", list(BrokerKind), ids=str)


async def listens(address: BrokerAddress) -> bool:
    try:
        _, writer = await asyncio.open_connection(address.host, address.port)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@KINDS
async def test_a_broker_runs_as_long_as_its_context(kind: BrokerKind, tmp_path: Path) -> None:
    cabinet = grant(tmp_path, "cab-0001", "demo")
    async with running_broker(kind, tmp_path) as address:
        assert address.host == "127.0.0.1"
        assert await lets_in(address, cabinet.client, cabinet.password)
    assert not await listens(address)


@KINDS
async def test_a_broker_can_be_started_again_on_its_port_at_once(kind: BrokerKind, tmp_path: Path) -> None:
    cabinet = grant(tmp_path, "cab-0001", "demo")
    async with running_broker(kind, tmp_path) as address:
        assert await lets_in(address, cabinet.client, cabinet.password)
    async with running_broker(kind, tmp_path, address.port) as again:
        assert again == address
        assert await lets_in(again, cabinet.client, cabinet.password)


async def test_a_broker_comes_back_on_the_port_of_the_last_one(tmp_path: Path) -> None:
    """Parts that run call it there; a free port chosen twice is the same once in 10,000 times."""
    async with running_broker("embedded", tmp_path) as address:
        pass
    async with running_broker("embedded", tmp_path) as again:
        assert again == address


async def test_a_broker_whose_last_port_is_taken_says_so_and_takes_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_broker("embedded", tmp_path) as address:
        pass
    with socket.create_server((address.host, address.port)):
        async with running_broker("embedded", tmp_path) as other:
            assert other.port != address.port
    assert f"another program has taken port {address.port}" in caplog.text


async def test_a_last_address_that_cannot_be_read_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "last.address").write_text("nonsense")
    async with running_broker("embedded", tmp_path) as address:
        assert await listens(address)


@KINDS
async def test_a_taken_port_is_told_clearly(kind: BrokerKind, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} of 127.0.0.1: address already in use"):
            async with running_broker(kind, tmp_path, port):
                pass


async def test_a_host_of_another_machine_is_told_clearly(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"no broker can listen on port \d+ of 192\.0\.2\.1: cannot assign"):
        async with running_broker("embedded", tmp_path, host="192.0.2.1"):
            pass


FIRST_OUTGOING_PORT = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


async def test_a_free_port_is_none_that_outgoing_connections_get(tmp_path: Path) -> None:
    async with running_broker("mosquitto", tmp_path) as address:
        assert address.port < FIRST_OUTGOING_PORT


@KINDS
async def test_a_broker_moves_on_when_another_program_was_quicker_at_its_port(
    kind: BrokerKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x20\x02\x00\x05")
        writer.close()

    free = ports.free_address
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as quicker:
        taken = BrokerAddress(*quicker.sockets[0].getsockname())
        looked_at = [taken]
        monkeypatch.setattr(broker_main, "free_address", lambda *_: looked_at.pop() if looked_at else free())
        async with running_broker(kind, tmp_path) as address:
            assert await listens(address)
            assert address != taken


async def test_a_missing_mosquitto_is_told_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "find_mosquitto", lambda: None)
    with pytest.raises(BrokerError, match="Mosquitto is not installed"):
        async with running_broker("mosquitto", tmp_path):
            pass


def test_mosquitto_is_chosen_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "find_mosquitto", lambda: "/usr/sbin/mosquitto")
    assert choose_kind() is BrokerKind.MOSQUITTO
    monkeypatch.setattr(software, "find_mosquitto", lambda: None)
    assert choose_kind() is BrokerKind.EMBEDDED


async def test_a_program_that_is_no_broker_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho cannot read minds >&2\nexit 3\n")
    program.chmod(0o700)
    monkeypatch.setattr(software, "find_mosquitto", lambda: str(program))
    with pytest.raises(BrokerError, match="ended at once: cannot read minds"):
        async with running_broker("mosquitto", tmp_path):
            pass


@KINDS
async def test_the_probe_may_connect_and_nothing_else(kind: BrokerKind, tmp_path: Path) -> None:
    async with running_broker(kind, tmp_path) as address:
        probe = Accounts(tmp_path).probe()
        assert await lets_in(address, PROBE, probe.password)
        assert (probe.rules.writes, probe.rules.reads) == ((), ())


async def test_files_with_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    grant(tmp_path, "cab-0001", "demo")
    async with running_broker("mosquitto", tmp_path):
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (tmp_path / "broker").iterdir()
            if path.name not in {"output.log", "last.address"}
        }
    assert modes.keys() == {"mosquitto.conf", "mosquitto.passwords", "mosquitto.access", "probe", "lock"}
    assert set(modes.values()) == {0o600}


@KINDS
async def test_in_the_foreground_it_runs_until_it_is_told_to_stop(kind: BrokerKind, tmp_path: Path) -> None:
    up: asyncio.Queue[BrokerAddress] = asyncio.Queue()
    running = asyncio.create_task(run_foreground(BrokerSettings(tmp_path, kind), ready=up.put_nowait))
    address = await up.get()
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert not await listens(address)


@KINDS
async def test_in_the_foreground_it_fails_when_the_broker_dies(kind: BrokerKind, tmp_path: Path) -> None:
    up: asyncio.Queue[BrokerAddress] = asyncio.Queue()
    running = asyncio.create_task(run_foreground(BrokerSettings(tmp_path, kind), ready=up.put_nowait))
    await up.get()
    for child in children_of(os.getpid()):
        os.kill(child, signal.SIGKILL)
    with pytest.raises(BrokerError, match="ended by itself with status -9"):
        await running


def children_of(parent: int) -> list[int]:
    threads = Path(f"/proc/{parent}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


HOLDER = """
import asyncio, sys
from collections.abc import AsyncIterator
from pathlib import Path
from chargeloop.broker.main import running_broker
async def hold():
    async with running_broker(sys.argv[1], Path(sys.argv[2])) as address:
        print(address, flush=True)
        await asyncio.Event().wait()
asyncio.run(hold())
"""


@KINDS
async def test_a_broker_dies_with_a_parent_that_is_killed(kind: BrokerKind, tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, kind, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    address = BrokerAddress.parse((await parent.stdout.readline()).decode().strip())
    reader, writer = await asyncio.open_connection(address.host, address.port)
    parent.kill()
    await parent.wait()
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_a_leashed_program_is_not_started_for_a_parent_that_is_gone() -> None:
    command = leashed([sys.executable, "-c", "print('started')"])
    command[command.index(str(os.getpid()))] = "1"
    orphan = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, said = await orphan.communicate()
    assert (orphan.returncode, printed) == (1, b"")
    assert b"is gone" in said


async def test_a_broker_may_open_as_many_files_as_the_system_allows(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1] // 2, before[1]))
    try:
        async with running_broker("embedded", tmp_path):
            pid = int((tmp_path / "run" / "broker.pid").read_text())
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_every_grant_is_noticed_and_so_is_a_revocation(tmp_path: Path) -> None:
    store = CredentialStore.of_data(tmp_path)
    changes = Accounts(tmp_path).changes()
    await anext(changes)
    for client in ("cab-1", "cab-2"):
        store.grant(client, "demo")
        await asyncio.wait_for(anext(changes), 5)
    store.revoke("cab-1")
    await asyncio.wait_for(anext(changes), 5)
    await changes.aclose()


async def test_a_file_that_grows_under_the_watcher_s_eyes_is_noticed(tmp_path: Path) -> None:
    store = CredentialStore.of_data(tmp_path)
    text = whole_file(tmp_path, "cab-2")
    store.directory.mkdir()
    changes = Accounts(tmp_path).changes()
    await anext(changes)
    with (store.directory / "cab-2.json").open("w") as file:
        for part in (text[:20], text[20:]):
            file.write(part)
            file.flush()
            await asyncio.wait_for(anext(changes), 5)
    await changes.aclose()
    assert store.load("cab-2").region == "demo"


def whole_file(tmp_path: Path, client: str) -> str:
    """Return what stands in a file of credentials; it is made elsewhere."""
    elsewhere = CredentialStore.of_data(tmp_path / "elsewhere")
    elsewhere.grant(client, "demo")
    return (elsewhere.directory / f"{client}.json").read_text()


@contextlib.asynccontextmanager
async def foreground(
    kind: str, data: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, BrokerAddress]]:
    """Run `chargeloop broker` as people do; it is up when it says so."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chargeloop.cli", "broker", "--broker", kind, "--data", str(data),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = (await process.stdout.readline()).decode()
        yield process, BrokerAddress.parse(said.removeprefix("broker at ").partition(",")[0])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def heard(process: asyncio.subprocess.Process) -> str:
    """Return the next line on standard error."""
    assert process.stderr is not None
    return (await asyncio.wait_for(process.stderr.readline(), 30)).decode()


@KINDS
async def test_a_half_written_file_is_told_of_once_and_others_are_let_in(
    kind: BrokerKind, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    text = whole_file(tmp_path, "cab-0099")
    async with foreground(kind, data) as (process, address):
        first = grant(data, "cab-0001", "demo")
        file = data / "credentials" / "cab-0099.json"
        file.write_text(text[:30])
        said = await heard(process)
        assert "credentials/cab-0099.json cannot be used" in said
        await wait_until_granted(address, first, 30)
        await wait_until_granted(address, grant(data, "cab-0002", "demo"), 30)
        file.write_text(text)
        await wait_until_granted(address, CredentialStore.of_data(data).load("cab-0099"), 30)
        await wait_until_granted(address, grant(data, "cab-0003", "demo"), 30)
        process.terminate()
        assert (await process.communicate())[1] == b""
        assert process.returncode == 0


@KINDS
async def test_a_file_that_was_broken_before_the_start_keeps_nobody_else_out(
    kind: BrokerKind, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = grant(tmp_path, "cab-0001", "demo")
    (tmp_path / "credentials" / "cab-0099.json").write_text("")
    async with running_broker(kind, tmp_path) as address:
        await wait_until_granted(address, good, 30)
        await wait_until_granted(address, grant(tmp_path, "cab-0002", "demo"), 30)
    assert [record.message.count("cab-0099.json") for record in caplog.records] == [1]


@KINDS
async def test_a_broker_that_can_no_longer_read_the_accounts_ends_with_a_clear_message(
    kind: BrokerKind, tmp_path: Path
) -> None:
    async with foreground(kind, tmp_path) as (process, address):
        (tmp_path / "credentials").write_text("no directory")
        said = await heard(process)
        assert said.startswith("chargeloop: the broker ")
        assert "Not a directory" in said
        _, rest = await process.communicate()
        assert (process.returncode, rest) == (1, b"")
        assert not await listens(address)


async def test_the_embedded_broker_ends_when_it_can_no_longer_read_the_accounts(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.renew_probe()
    (tmp_path / "credentials").write_text("no directory")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chargeloop.broker.embedded", str(tmp_path), "127.0.0.1", "0",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await child.communicate()
    assert child.returncode == 1
    assert b"the embedded broker cannot go on: [Errno 20] Not a directory" in said


async def test_a_second_broker_on_a_directory_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    noted = tmp_path / "run" / "broker.address"
    async with foreground("mosquitto", tmp_path) as (first, address):
        configuration = (tmp_path / "broker" / "mosquitto.conf").read_text()
        probe = Accounts(tmp_path).probe()
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chargeloop.cli", "broker", "--data", str(tmp_path),
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await second.communicate()
        assert second.returncode == 1
        told = f"chargeloop: a broker already runs on {tmp_path} (pid {first.pid}, {address})\n"
        assert said.decode() == told
        assert (tmp_path / "broker" / "mosquitto.conf").read_text() == configuration
        assert noted.read_text() == f"{address}\n"
        assert await lets_in(address, probe.name, probe.password)
        first.terminate()
        await first.communicate()
    assert not noted.exists()


async def test_a_broker_that_was_killed_leaves_the_directory_to_the_next_one(tmp_path: Path) -> None:
    noted = tmp_path / "run" / "broker.address"
    async with foreground("embedded", tmp_path) as (first, address):
        first.kill()
        await first.wait()
        assert noted.read_text() == f"{address}\n"
        async with running_broker("embedded", tmp_path) as again:
            assert noted.read_text() == f"{again}\n"
        assert not noted.exists()


@KINDS
async def test_the_death_of_a_broker_is_told_to_who_runs_it(kind: BrokerKind, tmp_path: Path) -> None:
    told: asyncio.Queue[BrokerError] = asyncio.Queue()
    async with running_broker(kind, tmp_path, died=told.put_nowait):
        pid = int((tmp_path / "run" / "broker.pid").read_text())
        assert pid in children_of(os.getpid())
        os.kill(pid, signal.SIGKILL)
        assert str(await asyncio.wait_for(told.get(), 30)) == "the broker ended by itself with status -9"


async def test_a_broker_that_is_stopped_has_not_died(tmp_path: Path) -> None:
    told: list[BrokerError] = []
    async with running_broker("mosquitto", tmp_path, died=told.append):
        pass
    assert told == []


async def test_mosquitto_s_rules_are_in_place_before_the_password_that_lets_a_client_in(
    tmp_path: Path,
) -> None:
    told: asyncio.Queue[BrokerError] = asyncio.Queue()
    files = tmp_path / "broker"
    async with running_broker("mosquitto", tmp_path, died=told.put_nowait):
        (files / "mosquitto.passwords").unlink()
        (files / "mosquitto.passwords").mkdir()  # so that no new one can be put there
        grant(tmp_path, "cab-0001", "demo")
        assert "mosquitto.passwords" in str(await asyncio.wait_for(told.get(), 30))
        assert "user cab-0001\n" in (files / "mosquitto.access").read_text()
