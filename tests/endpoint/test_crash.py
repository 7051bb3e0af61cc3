"""The platform is killed at any moment and started again: nothing lost, nothing repeated."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from chargeloop.broker.device import Journal
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.messages.cabinet import CommandFinished, KeypadLocked, SlotChanged, SlotState
from tests.endpoint.site import Device, Site, site, until
from tests.endpoint.toy import ToyCore, ToyStore, finished

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKED = KeypadLocked(wrong_codes=5, until=0)
CHANGED = SlotChanged(slot=4, state=SlotState.FAULTY)
EVENTS = 120


@asynccontextmanager
async def platform(place: Site) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the platform in a process of its own; at the end it is killed, not asked."""
    command = [sys.executable, "-m", "tests.endpoint.serve", str(place.data), str(place.broker)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def test_a_platform_killed_again_and_again_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """A cabinet streams events and obeys each command once; a courier platform hears of what happens."""
    rng = random.Random(7)
    obeyed: list[str] = []

    async def obey(device: Device, incoming: Incoming) -> None:
        if incoming.message.id not in obeyed:
            obeyed.append(incoming.message.id)
            await device.link.record(finished(incoming.message.id))

    dispatch = ToyCore(reacts=False)
    async with (
        site(tmp_path) as place,
        place.endpoint(dispatch, client="dsp-main"),
        place.device(receive=obey) as cabinet,
    ):
        journal = cabinet.journal
        assert journal is not None
        streaming = asyncio.create_task(_stream(cabinet, rng))
        for _ in range(3):
            async with platform(place):
                enough = journal.acked_seq + rng.randint(1, EVENTS // 3)
                await until(partial(_has_acknowledged, journal, enough), what="some progress")
        async with platform(place):
            await streaming
            await until(
                lambda: len(obeyed) == EVENTS and not journal.unacknowledged(), what="everything acknowledged"
            )
            await until(lambda: len(_requests(dispatch)) >= EVENTS, what="all requests have arrived")
        assert _requests(dispatch) == list(range(1, EVENTS + 1))
        await _check_store(place.data, journal.last_seq)


async def _stream(cabinet: Device, rng: random.Random) -> None:
    for _ in range(EVENTS):
        await cabinet.link.record(CHANGED, LOCKED)
        # One turn in three waits for the wire, so that some events are alone in their batch.
        await asyncio.sleep(0.002 if rng.random() < 0.3 else 0)


def _has_acknowledged(journal: Journal, enough: int) -> bool:
    return journal.acked_seq >= enough


def _requests(dispatch: ToyCore) -> list[int | None]:
    return [one.message.seq for one in dispatch.received if one.topic.spec.name == "dispatch_request"]


async def _check_store(data: Path, last_seq: int) -> None:
    store = ToyStore(data / "rnt-main.sqlite3")
    await store.open()
    rows = await store.seen()
    assert [row[1] for row in rows] == list(range(1, last_seq + 1))
    outcomes = [row for row in rows if row[3] == CommandFinished.TYPE]
    assert len(outcomes) == EVENTS
    assert await store.read("SELECT count(*) FROM leases") == [(0,)]
    assert await store.read("SELECT count(*) FROM quarantine") == [(0,)]
    await store.close()
