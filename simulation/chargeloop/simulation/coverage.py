"""Which orders a fault meets, and in which states they are: what is counted says what has been tried.

A fault of a service or the broker meets all open orders of its region. One of a cabinet, a courier or a
person meets those that have to do with them, as far as the platforms know; one of a message the order that it
names, else those of whom its topic names. What befalls an operator meets no order until they act on one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.protocol.codec import Fault
from chargeloop.protocol.ids import IdKind, is_id
from chargeloop.protocol.topics import parse_topic
from chargeloop.simulation.carried import CARRIED
from chargeloop.simulation.city import Region


class Coverage:
    """Counts how often each fault met an order in each state.

    Attributes:
        counts: by fault and state.
    """

    def __init__(self, regions: Iterable[Region]) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._regions = {region.name: region for region in regions}

    def met(self, region: str, name: str, target: str) -> None:
        """Count a fault at somebody or something."""
        self._count(region, name, (target,))

    def befell(self, name: str, message: Outgoing) -> None:
        """Count a fault of a message."""
        topic = parse_topic(message.topic)
        if topic is None:
            return
        decoded = CARRIED.decode(message.payload)
        order = None if isinstance(decoded, Fault) else getattr(decoded.data, "order", None)
        self._count(topic.region, name, topic.ids.values() if order is None else (order,))

    def _count(self, region: str, fault: str, targets: Iterable[str]) -> None:
        here = self._regions[region]
        books = here.rental.books
        for order in set(_met(books.orders, books.open_orders, here, targets)):
            self.counts[fault, books.open_orders[order]] += 1


def _met(
    orders: Mapping[str, Order], still_open: Mapping[str, str], region: Region, targets: Iterable[str]
) -> Iterator[str]:
    """Yield the open orders that targets have to do with."""
    for target in targets:
        if is_id(IdKind.ORDER, target):
            yield from (order for order in still_open if order == target)
        elif is_id(IdKind.USER, target):
            yield from (order for order in still_open if orders[order].user == target)
        elif is_id(IdKind.CABINET, target):
            yield from (order for order in still_open if _is_at(orders[order], target))
        elif is_id(IdKind.COURIER, target):
            jobs = region.dispatch.books.jobs.values()
            carried = {job.order for job in jobs if job.courier == target and not job.has_ended}
            yield from (order for order in still_open if order in carried)
        elif not is_id(IdKind.OPERATOR, target):
            yield from still_open


def _is_at(order: Order, cabinet: str) -> bool:
    """Tell whether an order has a reservation or a job at a cabinet, or a bank of it that is not back."""
    leg = order.leg
    return (
        any(hold.cabinet == cabinet for hold in order.holds)
        or (leg is not None and leg.cabinet == cabinet)
        or any(bank.given_by == cabinet and bank.place is not BankPlace.BACK for bank in order.banks)
    )
