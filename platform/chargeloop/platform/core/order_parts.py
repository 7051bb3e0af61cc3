"""Parts of an order, replaced by name: what `evolve` is made of. Nothing here decides anything."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chargeloop.platform.core.fees import Mark
from chargeloop.platform.core.order import BankPlace, BankTrack, Hold, Order
from chargeloop.platform.core.order_journal import Happening, Stamp
from chargeloop.protocol.ids import BankId, JobId
from chargeloop.protocol.values import replace

Applied = Mapping[type[Happening], Callable[[Order, Any, Stamp], Order]]


def with_hold(order: Order, hold: Hold) -> Order:
    """Return the order with another value of one of its reservations."""
    return replace(order, holds=tuple(hold if old.id == hold.id else old for old in order.holds))


def with_leg(order: Order, job: JobId, **changes: Any) -> Order:
    """Return the order with changes to the leg of a delivery job."""
    legs = tuple(replace(leg, **changes) if leg.job == job else leg for leg in order.legs)
    return replace(order, legs=legs)


def with_bank(order: Order, track: BankTrack) -> Order:
    """Return the order with this value of a bank, known or new."""
    if order.bank(track.bank) is None:
        return replace(order, banks=(*order.banks, track))
    return replace(order, banks=tuple(track if old.bank == track.bank else old for old in order.banks))


def moved(order: Order, banks: Iterable[BankId], place: BankPlace, **changes: Any) -> Order:
    """Return the order with these banks at another place, and with the changes."""
    for bank in banks:
        track = order.bank(bank) or BankTrack(bank, place)
        order = with_bank(order, replace(track, place=place, **changes))
    return order


def earlier(known: Mark | None, new: Mark) -> Mark:
    """Return the earlier of two ends of a rental; the known one when they are equal."""
    return known if known is not None and known.time_ms <= new.time_ms else new


def without_hold(order: Order, reservation: str) -> Order:
    """Return the order without a reservation."""
    return replace(order, holds=tuple(hold for hold in order.holds if hold.id != reservation))


def noted(order: Order, _: Happening, __: Stamp) -> Order:
    """Return the order as it is: the event stands in the journal, and that is all."""
    return order
