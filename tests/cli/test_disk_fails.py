"""A disk that is full or fails stops a process with one clear line, and nothing acknowledged is missing."""

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from chargeloop.broker import CredentialStore
from chargeloop.broker.clock import RealClock
from chargeloop.broker.device import Journal
from chargeloop.broker.main import running_broker
from chargeloop.cli.chaos.journals import JournalWatch
from chargeloop.cli.chaos.proxy import Proxy
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.courier import DutyChanged
from tests.endpoint.site import Device, Site, until
from tests.station.shell.town import Town, town
from tests.tasks import end

COMFORT = "stopped; what was acknowledged is on the disk, and the next start goes on from there"
EVENTS: dict[str, Callable[[int], Data]] = {
    "cab-1": lambda number: cab.SlotChanged(
        slot=1, state=cab.SlotState.FAULTY if number % 2 else cab.SlotState.EMPTY
    ),
    "cou-1": lambda number: DutyChanged(
        on_duty=bool(number % 2), location=Location(lat_e7=434520000, lon_e7=52330000)
    ),
}
STORES = {"platform": "platform/rental.sqlite3", "couriers": "courier/dispatch.sqlite3"}
SENDERS = {"platform": "cab-1", "couriers": "cou-1"}
# From the n-th on, every sync of the disk fails.
FAILING_SYNC = (
    "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
    "-e", "inject=fsync,fdatasync:error=EIO:when={}+",
)  # fmt: skip


def strace_works() -> bool:
    """Tell whether system calls can be made to fail here."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*FAILING_SYNC[:5], "true"], check=False, capture_output=True).returncode == 0


needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not installed, or may not trace")


@dataclass
class Part:
    """One process of the product."""

    process: asyncio.subprocess.Process

    def fill_disk(self, room: int = 0) -> None:
        """Let none of its files grow beyond so many bytes from now on."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (room, room))

    async def end(self) -> str:
        """Return the last line it says, once it has ended by itself with a failure."""
        assert self.process.stderr is not None
        said = (await asyncio.wait_for(self.process.stderr.read(), 60)).decode()
        assert await self.process.wait() == 1, said
        assert "Traceback" not in said
        return said.splitlines()[-1]


@asynccontextmanager
async def part(data: Path, *arguments: str, under: Sequence[str] = ()) -> AsyncIterator[Part]:
    """Run a part of the product; yield when it is ready, or has ended."""
    ready = data / f"{arguments[0]}.ready"
    ready.unlink(missing_ok=True)
    command = [
        *under, sys.executable, "-m", "chargeloop.cli", *arguments,
        "--data", str(data), "--ready-file", str(ready),
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        await until(lambda: ready.exists() or process.returncode is not None, what="ready", within_s=60)
        yield Part(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


async def stream(device: Device, name: str) -> None:
    """Record events for ever."""
    number = 0
    while True:
        number += 1
        await device.link.record(EVENTS[name](number))
        await asyncio.sleep(0.005)


def committed(data: Path, name: str, journal: Journal) -> int:
    """Return the highest number of a journal that is in a platform's store."""
    with closing(sqlite3.connect(data / STORES[name])) as store:
        rows = store.execute("SELECT seq FROM inbox_marks WHERE journal = ?", (journal.journal_id,))
        return max((int(seq) for (seq,) in rows), default=0)


@asynccontextmanager
async def sender(data: Path, name: str) -> AsyncIterator[tuple[Site, Device, Journal]]:
    """Run a broker and a device that records events until the block ends."""
    CredentialStore.of_data(data).grant(SENDERS[name], "demo")
    async with running_broker("mosquitto", data) as address:
        place = Site(data, RealClock(), address)
        async with place.device(SENDERS[name]) as device:
            assert device.journal is not None
            streaming = asyncio.create_task(stream(device, SENDERS[name]))
            yield place, device, device.journal
            await end(streaming)


def http(name: str) -> tuple[str, ...]:
    return ("--http-port", "0") if name == "platform" else ()


async def everything_is_committed(data: Path, name: str, journal: Journal) -> None:
    """A platform that starts again has all that it acknowledged, and takes all that it had not."""
    acknowledged = journal.acked_seq
    assert acknowledged > 0
    assert committed(data, name, journal) >= acknowledged
    async with part(data, name, *http(name)):
        enough = journal.last_seq
        await until(lambda: journal.acked_seq >= enough, what="everything acknowledged", within_s=60)
        assert committed(data, name, journal) >= enough


@pytest.mark.parametrize("name", ["platform", "couriers"])
async def test_a_platform_whose_disk_is_full_stops_and_has_all_it_acknowledged(
    name: str, tmp_path: Path
) -> None:
    async with sender(tmp_path, name) as (_, _, journal):
        async with part(tmp_path, name, *http(name)) as running:
            await until(lambda: journal.acked_seq > 20, what="some progress")
            running.fill_disk()
            said = await running.end()
        store = tmp_path / STORES[name]
        assert said == f"chargeloop: {store}: a transaction failed: disk I/O error; {COMFORT}"
        await everything_is_committed(tmp_path, name, journal)


@needs_strace
@pytest.mark.parametrize("name", ["platform", "couriers"])
async def test_a_platform_whose_disk_does_not_sync_stops_and_has_all_it_acknowledged(
    name: str, tmp_path: Path
) -> None:
    async with sender(tmp_path, name) as (_, _, journal):
        failing = [word.format(200) for word in FAILING_SYNC]
        async with part(tmp_path, name, *http(name), under=failing) as running:
            said = await running.end()
        assert said.endswith(f"a transaction failed: disk I/O error; {COMFORT}")
        await everything_is_committed(tmp_path, name, journal)


# Note what is written and synced, and what is sent to anybody, with each file's name; `-D`: as a child.
WATCHED = (
    "strace",
    "-D",
    "-f",
    "-yy",
    "-qq",
    "-s",
    "0",
    "-e",
    "trace=write,pwrite64,fsync,fdatasync,sendto,sendmsg",
    "-o",
)


def before_anything_is_sent(log: Path) -> list[str]:
    """Return the system calls of a process up to the first with which it speaks to another."""
    calls = [line.partition(" ")[2].strip() for line in log.read_text().splitlines()]
    first = next(index for index, call in enumerate(calls) if call.startswith("send") and "TCP" in call)
    return calls[:first]


def written_again(calls: Sequence[str], file: Path, size: int) -> bool:
    """Tell whether a file is first written as a whole, and then synced."""
    written, synced, *_ = [call for call in calls if f"<{file}>" in call]
    return written.startswith("write(") and written.endswith(f" = {size}") and synced.startswith("fsync(")


@needs_strace
@pytest.mark.parametrize("name", ["platform", "couriers"])
async def test_a_platform_whose_sync_failed_writes_its_log_again_before_it_says_anything(
    name: str, tmp_path: Path
) -> None:
    """What could not be synced is read all the same: the kernel has it, and the disk may not."""
    async with sender(tmp_path, name) as (_, _, journal):
        failing = [word.format(120) for word in FAILING_SYNC]
        async with part(tmp_path, name, *http(name), under=failing) as running:
            await running.end()
        store = tmp_path / STORES[name]
        log = store.with_name(f"{store.name}-wal")
        size = log.stat().st_size
        watched = tmp_path / "calls"
        async with part(tmp_path, name, *http(name), under=[*WATCHED, str(watched)]):
            enough = journal.last_seq
            await until(lambda: journal.acked_seq >= enough, what="everything acknowledged", within_s=60)
        assert written_again(before_anything_is_sent(watched), log, size)


def journals_of(data: Path) -> dict[str, list[int]]:
    """Return the numbers in every journal file, and check that they have no gaps."""
    watch = JournalWatch(data)
    watch.look()
    assert watch.damaged() == []
    return {journal.source: sorted(journal.entries) for journal in watch.journals}


async def cabinet_goes_on(here: Town, data: Path, fleet: tuple[str, ...]) -> None:
    """The cabinet starts again with everything that was acknowledged, and obeys the next command."""
    acknowledged = here.journal_numbers()
    (numbers,) = journals_of(data).values()
    assert set(acknowledged) <= set(numbers)
    async with part(data, *fleet), commanding(here):
        obeyed = len(here.platform.all(cab.CommandFinished))
        await here.platform.first(cab.CommandFinished, after=obeyed)
    heard = here.journal_numbers()
    assert heard == list(range(1, len(heard) + 1))


@asynccontextmanager
async def commanding(here: Town) -> AsyncIterator[None]:
    """Command the cabinet again and again: until it knows the time it obeys none."""

    async def command() -> None:
        while True:
            epoch = next(here.epochs)
            await here.command(cab.ReportInventory(epoch=epoch), f"cmd-{epoch}")
            await asyncio.sleep(0.05)

    commands = asyncio.create_task(command())
    try:
        yield
    finally:
        await end(commands)


def fleet_of(here: Town) -> tuple[str, ...]:
    return ("cabinets", str(here.settings.fleet), "--broker", str(here.address))


async def test_cabinets_whose_disk_is_full_stop_and_have_all_that_was_acknowledged(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        async with part(tmp_path, *fleet_of(here)) as running:
            await here.know_the_time()
            await here.reserve(quantity=1)
            running.fill_disk(room=100)
            async with commanding(here):
                said = await running.end()
        memory = tmp_path / "cabinets" / "cab-0001" / "memory.json"
        assert said == f"chargeloop: {memory}: File too large; {COMFORT}"
        await cabinet_goes_on(here, tmp_path, fleet_of(here))


@needs_strace
@pytest.mark.parametrize("nth", [1, 5, 15])
async def test_cabinets_whose_disk_does_not_sync_stop_and_have_all_that_was_acknowledged(
    nth: int, tmp_path: Path
) -> None:
    async with town(tmp_path) as here:
        async with part(tmp_path, *fleet_of(here)):
            await here.know_the_time()
            await here.reserve(quantity=1)
        failing = [word.format(nth) for word in FAILING_SYNC]
        async with part(tmp_path, *fleet_of(here), under=failing) as running, commanding(here):
            said = await running.end()
        assert said.endswith(f": Input/output error; {COMFORT}")
        await cabinet_goes_on(here, tmp_path, fleet_of(here))


PHONES = '[{"courier": "cou-1", "lat_e7": 434530000, "lon_e7": 52340000, "speed_m_per_s": 5.0}]'


async def test_phones_whose_disk_is_full_stop_and_go_on_from_their_journals(tmp_path: Path) -> None:
    (tmp_path / "couriers.json").write_text(PHONES)
    for client in ("cou-1", "dsp-main"):
        CredentialStore.of_data(tmp_path).grant(client, "demo")
    marks = partial(taken_from_phone, tmp_path)
    phones = ("agents", str(tmp_path / "couriers.json"), "--broker")
    async with (
        running_broker("mosquitto", tmp_path) as address,
        Proxy.running(address) as proxy,
        part(tmp_path, "couriers"),
    ):
        async with part(tmp_path, *phones, str(proxy.address)) as running:
            await until(lambda: marks() == 1, what="on duty")
            running.fill_disk()
            # Each connection is counted on the disk.
            proxy.reset()
            said = await running.end()
        epoch = tmp_path / "agents" / "cou-1" / "connection-epoch"
        assert said == f"chargeloop: {epoch}: File too large; {COMFORT}"
        assert journals_of(tmp_path) == {"courier/cou-1": [1]}
        async with part(tmp_path, *phones, str(address)):
            await until(lambda: marks() == 2, what="on duty once more")


def taken_from_phone(data: Path) -> int:
    with closing(sqlite3.connect(data / STORES["couriers"])) as store:
        rows = store.execute("SELECT seq FROM inbox_marks WHERE source = 'courier/cou-1'").fetchall()
        return sum(int(seq) for (seq,) in rows)
