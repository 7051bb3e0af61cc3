"""Which durations of an order are charged, as its facts stand now (claim 5).

An order that gave nothing to its user is charged nothing: no courier's way without a hand-over or a
return at its end, no rental of a bank that only a courier held, and neither where a cabinet has told that
nothing left it of what a courier named.
"""

from collections.abc import Iterator

from chargeloop.platform.core.dispute import Waiver
from chargeloop.platform.core.fees import FeeKind, Span
from chargeloop.platform.core.order import Leg, Order
from chargeloop.protocol.messages.courier import LegKind


def spans(order: Order) -> tuple[Span, ...]:
    """Return the finished spans of the order, but those that were waived."""
    if all(track.rented is None for track in order.banks):
        return ()
    found = (*_trips(order), *_rentals(order))
    if not order.waived:
        return found
    return tuple(span for span in found if Waiver(span.fee, span.of) not in order.waived)


def _trips(order: Order) -> Iterator[Span]:
    for leg in order.legs:
        if leg.indicated is not None and leg.succeeded is not None:
            yield Span(_fee_of(leg), leg.job, leg.indicated, leg.succeeded)


def _fee_of(leg: Leg) -> FeeKind:
    return FeeKind.COURIER_OUT if leg.kind is LegKind.OUTWARD else FeeKind.COURIER_BACK


def _rentals(order: Order) -> Iterator[Span]:
    for track in order.banks:
        if track.rented is not None and track.ended is not None:
            yield Span(FeeKind.RENTAL, track.bank, track.rented, track.ended)
