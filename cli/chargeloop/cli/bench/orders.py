"""What a whole order costs the rental platform: all messages of its rental and its return."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from chargeloop.broker.clock import RealClock
from chargeloop.cli.bench.events import ACK, filled, introductions
from chargeloop.cli.bench.figures import Trial
from chargeloop.cli.bench.load import Play, Step
from chargeloop.cli.bench.machine import cpu_s
from chargeloop.cli.bench.measures import PROTOTYPE_US
from chargeloop.cli.bench.messages import GATEWAY, BenchCabinet
from chargeloop.cli.bench.site import site
from chargeloop.cli.bench.whole_orders import DISPATCH_ACK, DISPATCH_FILTERS, REPLY, People, placed, rest
from chargeloop.cli.city import DISPATCH
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.store import store_path
from chargeloop.protocol.messages.rental import OrderState

_CABINETS: Final = 100
# Two requests for couriers, which the courier platform acknowledges.
_ACKNOWLEDGEMENTS: Final = 2


async def measure(data: Path, trials: int, rounds: int, say: Callable[[str], None]) -> list[Trial]:
    """Return for each trial the processor time (ms) of the platform's process for each order.

    A round plays an order at each of 100 cabinets, all of them at the same step. A first round warms up.
    """
    fleet = [BenchCabinet(number, RealClock().now_ms()) for number in range(_CABINETS)]
    async with site(data, (cabinet.name for cabinet in fleet)) as place:
        clients = [place.client(cabinet.name, cabinet.topic(ACK)) for cabinet in fleet]
        clients.append(place.client(GATEWAY, REPLY))
        clients.append(place.client(DISPATCH, *DISPATCH_FILTERS, journal_topic=DISPATCH_ACK))
        people = People(RealClock().now_ms())
        found = []
        async with place.load(clients) as load, place.platform() as pid:
            await load.ask(Play((introductions(fleet), filled(fleet), *_round(people, fleet))))
            for trial in range(1, trials + 1):
                said = people.messages
                steps = [step for _ in range(rounds) for step in _round(people, fleet)]
                messages = (people.messages - said) / (rounds * len(fleet)) + _ACKNOWLEDGEMENTS
                used_s = cpu_s(pid)
                began_s, ended_s = await load.ask(Play(tuple(steps)))
                used_s = cpu_s(pid) - used_s
                found.append(_trial(rounds * len(fleet), messages, used_s, ended_s - began_s))
                rate = f"{found[-1].others['orders_per_s']:,.0f} orders/s"
                say(f"trial {trial}: {found[-1].figure:.2f} ms an order, {rate}")
        _require_settled(data, (1 + trials * rounds) * len(fleet))
        return found


def _round(people: People, fleet: list[BenchCabinet]) -> list[Step]:
    orders, steps = placed(people, fleet)
    return [*steps, *rest(people, fleet, orders)]


def _trial(orders: int, messages: float, used_s: float, took_s: float) -> Trial:
    order_ms = used_s * 1000 / orders
    return Trial(
        order_ms,
        {
            "orders_per_s": orders / took_s,
            "messages_per_order": messages,
            "us_per_message": order_ms * 1000 / messages,
            "prototype_ms": messages * PROTOTYPE_US / 1000,
        },
    )


def _require_settled(data: Path, orders: int) -> None:
    """Refuse figures of orders that did not go the whole way."""
    loaded = RentalReader(store_path(data)).load(0)
    settled = sum(order.state is OrderState.SETTLED for order in loaded.orders)
    if settled != orders:
        raise CommandError(f"only {settled} of {orders} orders of the benchmark were settled", FAILED)
