"""Cabinets' events a second: the platform against a bare subscriber, and the latency of its reactions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from chargeloop.broker.clock import RealClock
from chargeloop.cli.bench.figures import Trial
from chargeloop.cli.bench.load import Play, Step, publishes
from chargeloop.cli.bench.machine import cpu_s
from chargeloop.cli.bench.messages import BenchCabinet, filter_of
from chargeloop.cli.bench.packets import publish
from chargeloop.cli.bench.site import Load, Site, site

# Fewer than a broker keeps for a client that is slow, so that none is dropped whoever is measured.
EVENTS: Final = 16_000
ACK: Final = "ack"


async def measure(
    data: Path, cabinets: int, trials: int, events: int, say: Callable[[str], None]
) -> list[Trial]:
    """Return for each trial how the platform's rate compares with that of a bare subscriber.

    A trial sends the same events to both, as fast as the broker takes them. The platform has done its part
    when every cabinet has had the acknowledgement of its last event, the subscriber when it has taken all.
    """
    fleet = [BenchCabinet(number, RealClock().now_ms()) for number in range(cabinets)]
    each = max(4, events // cabinets)
    async with site(data, (cabinet.name for cabinet in fleet)) as place:
        clients = [place.client(cabinet.name, cabinet.topic(ACK)) for cabinet in fleet]
        async with place.load(clients) as load:
            await load.ask(Play((introductions(fleet),)))
            found = []
            for trial in range(1, trials + 1):
                found.append(await _trial(place, load, fleet, each))
                rate = f"{found[-1].others['platform_per_s']:,.0f} events/s"
                say(f"trial {trial}: {rate}, {found[-1].figure:.2f} times the bare subscriber's")
            return found


def introductions(fleet: Sequence[BenchCabinet]) -> Step:
    """Return a step in which every cabinet says, for the broker to keep, what it is and holds."""
    sends: dict[str, bytes] = {
        cabinet.name: b"".join(
            publish(topic, payload, number, retain=True)
            for number, (topic, payload) in enumerate(cabinet.introduction())
        )
        for cabinet in fleet
    }
    return Step(sends)


def filled(fleet: Sequence[BenchCabinet]) -> Step:
    """Return a step in which every cabinet reports all its slots as full as in the beginning.

    When it is over, what the cabinets said before is known too.
    """
    sends: dict[str, bytes] = {
        cabinet.name: publishes(cabinet.topic("event"), [cabinet.inventory()]) for cabinet in fleet
    }
    return Step(sends, {cabinet.name: cabinet.seq for cabinet in fleet})


def ordinary(fleet: Sequence[BenchCabinet], each: int) -> Step:
    """Return a step in which every cabinet tells so many events, over when all are acknowledged."""
    sends: dict[str, bytes] = {
        cabinet.name: publishes(cabinet.topic("event"), [cabinet.ordinary() for _ in range(each)])
        for cabinet in fleet
    }
    return Step(sends, {cabinet.name: cabinet.seq for cabinet in fleet})


async def _trial(place: Site, load: Load, fleet: Sequence[BenchCabinet], each: int) -> Trial:
    number = each * len(fleet)
    warm_up, step = ordinary(fleet, 4), ordinary(fleet, each)
    async with place.bare(filter_of("cabinet_event")) as bare:
        bare.tell(number)
        began_s, _ = await load.ask(Play((Step(step.sends),)))
        ended_s, bare_cpu_s = await bare.answer()
    bare_per_s = number / (ended_s - began_s)
    async with place.platform() as pid:
        await load.ask(Play((warm_up,)))
        used_s = cpu_s(pid)
        began_s, ended_s = await load.ask(Play((step,)))
        used_s = cpu_s(pid) - used_s
    platform_per_s = number / (ended_s - began_s)
    return Trial(
        platform_per_s / bare_per_s,
        {
            "platform_per_s": platform_per_s,
            "bare_per_s": bare_per_s,
            "platform_cpu_us": used_s / number * 1e6,
            "bare_cpu_us": bare_cpu_s / number * 1e6,
        },
    )
