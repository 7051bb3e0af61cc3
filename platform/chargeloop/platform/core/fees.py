"""Fees: a pure function of an order's journal.

Claim 5 charges three durations: the courier's way out (first indication to rental success), the rental
(rental success, or the ejection for somebody who walks up, to the second indication or the bank's return),
and the courier's way back (second indication to return success). Each is a `Span` between two `Mark`s, events
of the order with their corrected times. A `FeeLine` names both events, both times and the tariff version, and
its amount is the tariff's rule applied to the difference, so anyone can recompute it.

Lines are only added. When a late or corrected event changes a span, `lines` takes the standing line back with
a reversing line and adds the new one; when nothing changed it adds nothing. The standing lines therefore
depend on what is known, not on the order in which it became known.

A hand-over that is told to be earlier than the ejection of its bank has a wrong clock on one of two sides:
the rental begins with the ejection then, inferred.

Doubt favours the customer (FIELD_NOTES, time): `LEAN` says for each kind of event which end of the interval
of possible times is taken. An event that only starts a charge is placed late, one that only ends a charge
early; one that ends one charge and starts another stays in the middle. A span that would end before it
starts, or one of whose ends has no usable time at all, charges nothing and its quality says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.clock_map import Lean
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import OrderId
from chargeloop.protocol.values import replace


class FeeKind(StrEnum):
    """The three fees of claim 5."""

    COURIER_OUT = "courier_out"
    RENTAL = "rental"
    COURIER_BACK = "courier_back"


LEAN: Final[Mapping[str, Lean]] = MappingProxyType(
    {
        "first_indication": Lean.LATEST,
        "bank_ejected": Lean.LATEST,
        "bank_returned": Lean.EARLIEST,
        "return_success": Lean.EARLIEST,
    }
)

# How far each quality can be trusted, best first; a line is as good as the worse of its two ends.
_TRUST: Final = (ClockState.SYNCED, ClockState.FREE, ClockState.INFERRED, ClockState.UNSET)


def lean(event_type: str) -> Lean:
    """Return which end of the doubt about this kind of event favours the customer."""
    return LEAN.get(event_type, Lean.MIDDLE)


class Journalled(Protocol):
    """An event in an order's journal, as far as fees need it."""

    @property
    def id(self) -> str:
        """The event's id."""

    @property
    def time_ms(self) -> int:
        """The corrected time."""

    @property
    def quality(self) -> ClockState:
        """How far that time can be trusted."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One end of a charged span: an event of the order's journal and its corrected time."""

    event: str
    time_ms: int
    quality: ClockState = ClockState.SYNCED

    @classmethod
    def of(cls, event: Journalled) -> "Mark":
        """Return the mark that an event of the journal makes."""
        return cls(event.id, event.time_ms, event.quality)


@dataclass(frozen=True, slots=True)
class Span:
    """One finished thing that is charged by its duration: a bank's rental, or a courier's leg.

    `of` is the bank of a rental and the delivery job of a courier's leg; fee and `of` identify the span in
    its order.
    """

    fee: FeeKind
    of: str
    start: Mark
    end: Mark

    @property
    def duration_ms(self) -> int:
        """Return the time between its ends; negative when they contradict each other."""
        return self.end.time_ms - self.start.time_ms

    @property
    def quality(self) -> ClockState:
        """Return the worse quality of its ends; inferred at best when they contradict each other."""
        ends = [self.start.quality, self.end.quality]
        if self.duration_ms < 0:
            ends.append(ClockState.INFERRED)
        return max(ends, key=_TRUST.index)


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One line of an order's bill; never changed once written.

    A line that `reverses` another has all that the other has and the negated amount.
    """

    id: str
    order: OrderId
    fee: FeeKind
    of: str
    from_event: str
    to_event: str
    from_ms: int
    to_ms: int
    amount_minor: int
    currency: str
    tariff: str
    quality: ClockState
    reverses: str | None = None

    @property
    def bank(self) -> str | None:
        """Return the bank of a rental line, None for a courier's leg."""
        return self.of if self.fee is FeeKind.RENTAL else None


def rental_amount(tariff: Tariff, duration_ms: int) -> int:
    """Return what holding one bank so long costs, in minor units; a negative duration costs nothing."""
    return tariff.rental.amount_minor(duration_ms) if duration_ms >= 0 else 0


def courier_amount(tariff: Tariff, duration_ms: int) -> int:
    """Return what a trip that took so long costs, in minor units; a negative duration costs nothing."""
    return tariff.courier.amount_minor(duration_ms) if duration_ms >= 0 else 0


def span_amount(tariff: Tariff, span: Span) -> int:
    """Return what the span costs, in minor units; nothing when one of its ends has no usable time."""
    if span.quality is ClockState.UNSET:
        return 0
    rule = rental_amount if span.fee is FeeKind.RENTAL else courier_amount
    return rule(tariff, span.duration_ms)


def standing(booked: Iterable[FeeLine]) -> tuple[FeeLine, ...]:
    """Return the lines that count: not reversed, and no reversals."""
    booked = tuple(booked)
    reversed_ids = {line.reverses for line in booked}
    return tuple(line for line in booked if line.reverses is None and line.id not in reversed_ids)


def total_minor(booked: Iterable[FeeLine], fee: FeeKind | None = None) -> int:
    """Return the sum of the lines, of one kind of fee or of all."""
    return sum(line.amount_minor for line in booked if fee is None or line.fee is fee)


def lines(
    order: OrderId, tariff: Tariff, booked: Sequence[FeeLine], spans: Iterable[Span]
) -> tuple[FeeLine, ...]:
    """Return the lines to add so that the standing lines charge what `spans` cost.

    `booked` are all lines the order has; `spans` all finished spans as they are known now, at most one per
    fee and thing. A span that is new gets a line, one whose price changed gets a reversal and a line, one
    that is gone gets a reversal. A span that moved without changing its price keeps its line: the same fact
    told by a second road, milliseconds apart, is no reason to rewrite a bill. Calling again adds nothing.
    """
    due = {(span.fee, span.of): span for span in spans}
    added: list[FeeLine] = []
    for line in standing(booked):
        span = due.pop((line.fee, line.of), None)
        if span is not None and span_amount(tariff, span) == line.amount_minor:
            continue
        added.append(_reversal(line))
        if span is not None:
            added.append(_line(order, tariff, span, booked))
    added += [_line(order, tariff, span, booked) for span in due.values()]
    return tuple(added)


def _line(order: OrderId, tariff: Tariff, span: Span, booked: Sequence[FeeLine]) -> FeeLine:
    earlier = sum(line.fee is span.fee and line.of == span.of and line.reverses is None for line in booked)
    return FeeLine(
        id=f"{order}/{span.fee}/{span.of}/{earlier + 1}",
        order=order,
        fee=span.fee,
        of=span.of,
        from_event=span.start.event,
        to_event=span.end.event,
        from_ms=span.start.time_ms,
        to_ms=span.end.time_ms,
        amount_minor=span_amount(tariff, span),
        currency=tariff.currency,
        tariff=tariff.version,
        quality=span.quality,
    )


def _reversal(line: FeeLine) -> FeeLine:
    return replace(line, id=f"{line.id}/reversed", amount_minor=-line.amount_minor, reverses=line.id)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to be expected and what it can be at most, in minor units; None means without limit."""

    estimate_minor: int
    maximum_minor: int | None

    def __add__(self, other: "Estimate") -> "Estimate":
        """Add two estimates; without limit plus anything is without limit."""
        limits = (self.maximum_minor, other.maximum_minor)
        maximum = None if None in limits else sum(limit for limit in limits if limit is not None)
        return Estimate(self.estimate_minor + other.estimate_minor, maximum)


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order of `quantity` banks would cost, before it is placed."""

    tariff: Tariff
    quantity: int
    courier_out: Estimate
    rental: Estimate
    courier_back: Estimate

    @property
    def total(self) -> Estimate:
        """Return the three fees together."""
        return self.courier_out + self.rental + self.courier_back


def quote(
    tariff: Tariff, quantity: int, *, held_ms: int, outward_ms: int | None, back_ms: int | None
) -> Quote:
    """Return the fees for `quantity` banks held `held_ms` each, with courier's trips of the lengths given.

    None stands for no trip: the person walks to the cabinet.
    """
    total_cap_minor = tariff.rental.total_cap_minor
    maximum_minor = None if total_cap_minor is None else quantity * total_cap_minor
    return Quote(
        tariff=tariff,
        quantity=quantity,
        courier_out=_trip(tariff, outward_ms),
        rental=Estimate(quantity * rental_amount(tariff, held_ms), maximum_minor),
        courier_back=_trip(tariff, back_ms),
    )


def _trip(tariff: Tariff, duration_ms: int | None) -> Estimate:
    if duration_ms is None:
        return Estimate(0, 0)
    return Estimate(courier_amount(tariff, duration_ms), tariff.courier.max_minor)
