"""How soon the platform reacts at a steady rate of events, against a bare echo through the same broker."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from chargeloop.broker.clock import RealClock
from chargeloop.cli.bench.events import ACK, filled, introductions
from chargeloop.cli.bench.figures import Trial, percentile
from chargeloop.cli.bench.load import Forget, Pace, Play, Timed
from chargeloop.cli.bench.messages import GATEWAY, SLOTS, BenchCabinet, filter_of
from chargeloop.cli.bench.packets import publish
from chargeloop.cli.bench.site import OPERATOR, Load, Site, site
from chargeloop.cli.bench.whole_orders import (
    BANK_HELD,
    DISPATCH_ACK,
    DISPATCH_FILTERS,
    REPLY,
    People,
    WholeOrder,
    placed,
)
from chargeloop.cli.city import DISPATCH
from chargeloop.protocol.ids import IdKind
from chargeloop.protocol.messages import cabinet as cab

PER_S: Final = 3_000
_CABINETS: Final = 50
# Every so many events one is about an order, which moves and tells operators so.
_ORDER_EVERY: Final = 10


async def measure(data: Path, trials: int, seconds: float, say: Callable[[str], None]) -> list[Trial]:
    """Return for each trial how the platform's slowest per cent of reactions compares with a bare echo's.

    The reaction to an event of an order is the order's move, published for operators; to any other event, its
    acknowledgement. The echo publishes every event back to its cabinet at once and keeps nothing.
    """
    fleet = [BenchCabinet(number, RealClock().now_ms()) for number in range(_CABINETS)]
    async with site(data, (cabinet.name for cabinet in fleet)) as place:
        clients = [place.client(cabinet.name, cabinet.topic(ACK)) for cabinet in fleet]
        clients.append(place.client(GATEWAY, REPLY))
        clients.append(place.client(DISPATCH, *DISPATCH_FILTERS, journal_topic=DISPATCH_ACK))
        clients.append(place.client(OPERATOR, filter_of("order_event")))
        async with place.load(clients) as load:
            await load.ask(Play((introductions(fleet),)))
            people = People(RealClock().now_ms())
            found = []
            for trial in range(1, trials + 1):
                found.append(await _trial(place, load, fleet, people, round(seconds * PER_S)))
                others = found[-1].others
                slowest = f"p99 {others['platform_p99_ms']:.1f} ms"
                say(f"trial {trial}: {slowest}, {found[-1].figure:.1f} times the echo's")
            return found


async def _trial(
    place: Site, load: Load, fleet: Sequence[BenchCabinet], people: People, number: int
) -> Trial:
    async with place.platform():
        # Each cabinet can keep a bank for one more order.
        await load.ask(Play((filled(fleet),)))
        orders, steps = placed(people, fleet)
        await load.ask(Play(tuple(steps)))
        stream = tuple(_timed(orders[turn % len(orders)], turn) for turn in range(number))
        platform = await load.ask(Pace(PER_S, stream))
    async with place.bare(filter_of("cabinet_event"), echo=ACK):
        await load.ask(Forget())
        echoed = tuple(Timed(one.client, one.packet, one.seq) for one in stream)
        echo = await load.ask(Pace(PER_S, echoed))
    figures = {
        f"{who}_p{percent}_ms": percentile(took, percent)
        for who, took in (("platform", platform), ("echo", echo))
        for percent in (50, 99)
    }
    return Trial(figures["platform_p99_ms"] / figures["echo_p99_ms"], figures)


def _timed(order: WholeOrder, turn: int) -> Timed:
    """Return the next event of the order's cabinet; every tenth is about the order."""
    cabinet = order.cabinet
    if turn % _ORDER_EVERY:
        return Timed(cabinet.name, publish(cabinet.topic("event"), cabinet.ordinary(), turn), cabinet.seq)
    reservation = order.named(IdKind.RESERVATION, BANK_HELD)
    failed = cab.EjectFailed(slot=SLOTS, reservation=reservation, reason=cab.CabinetReason.JAM)
    packet = publish(cabinet.topic("event"), cabinet.event(failed), turn)
    return Timed(cabinet.name, packet, cabinet.seq, key=cabinet.said_last)
