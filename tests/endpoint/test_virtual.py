"""Virtual time over a real broker: it moves on by itself, and what happens does not depend on the machine."""

import asyncio
from pathlib import Path

from chargeloop.broker.clock import VirtualClock, act_as
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.device import LinkPolicy
from chargeloop.broker.endpoint import EndpointPolicy
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.messages.cabinet import SlotChanged, SlotState
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from tests.endpoint.site import Device, Site, site
from tests.endpoint.toy import REGION, ToyCore, finished

ORIGIN_MS = 1_763_900_000_000
CABINETS = 50
ROUNDS = 2
CHANGED = SlotChanged(slot=4, state=SlotState.FAULTY)


async def obey(device: Device, incoming: Incoming) -> None:
    await device.link.record(finished(incoming.message.id))


async def live(place: Site, number: int, begin: asyncio.Event) -> None:
    """A cabinet that reports something now and then, some of them at the same instants."""
    act_as(f"cab-{number:02}")
    policy = LinkPolicy(probe_ms=0)
    async with place.device(f"cab-{number}", policy=policy, receive=obey) as cabinet:
        await begin.wait()
        for _ in range(ROUNDS):
            await place.clock.sleep_ms(HOUR_MS + number % 7 * MINUTE_MS)
            await cabinet.link.record(CHANGED)
        await place.clock.sleep_until_ms(ORIGIN_MS + (ROUNDS + 2) * HOUR_MS)


async def history(data: Path) -> list[tuple[int, str, int | None]]:
    """Return what reached the platform, and when, in one run of the world."""
    clock = VirtualClock(ORIGIN_MS)
    core = ToyCore()
    begin = asyncio.Event()
    store = CredentialStore.of_data(data)
    for number in range(CABINETS):
        store.grant(f"cab-{number}", REGION)
    async with site(data, clock) as place, place.endpoint(core, policy=EndpointPolicy(stats_ms=0)):
        async with asyncio.TaskGroup() as lives:
            for number in range(CABINETS):
                lives.create_task(live(place, number, begin))
            await place.clock.sleep_until_ms(ORIGIN_MS + MINUTE_MS)
            begin.set()
        assert clock.flight.stalls == 0
    assert clock.now_ms() >= ORIGIN_MS + (ROUNDS + 2) * HOUR_MS
    events = [one for one in core.received if one.topic.spec.name == "cabinet_event"]
    return [(one.received_ms, one.message.source, one.message.seq) for one in events]


async def test_hours_of_fifty_cabinets_pass_by_themselves_and_the_same_way_each_time(tmp_path: Path) -> None:
    first = await history(tmp_path / "first")
    assert len(first) == CABINETS * ROUNDS * 2
    assert first == await history(tmp_path / "second")
    for received_ms, source, _ in first:
        number = int(source.removeprefix("cabinet/cab-"))
        assert (received_ms - ORIGIN_MS - MINUTE_MS) % (HOUR_MS + number % 7 * MINUTE_MS) == 0
