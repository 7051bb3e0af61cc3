"""Fee lines: each one computed again, and all of them compared with what the order's journal says.

The lines are judged when the run is over: a line may be recorded before the events and the tariff it names,
as all of them become durable at one moment. A line whose duration changed without changing its price stands
as it was written, so amounts are compared with the journal and times are not.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from chargeloop_checker.findings import Findings
from chargeloop_checker.marks import worst
from chargeloop_checker.orders import Order, Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler
from chargeloop_checker.tariffs import Tariff

_FEES: Final = frozenset({"courier_out", "rental", "courier_back"})


class Line(NamedTuple):
    """A fee line, with the columns of its record."""

    kind: str
    at_ms: int
    region: str
    order: str
    id: str
    fee: str
    of: str
    from_event: str
    to_event: str
    from_ms: int
    to_ms: int
    amount_minor: int
    currency: str
    tariff: str
    quality: str
    reverses: str | None

    @property
    def held_ms(self) -> int:
        """Return the duration that is charged."""
        return self.to_ms - self.from_ms


class Fees:
    """All tariffs and fee lines of a region."""

    def __init__(self, findings: Findings, orders: Orders) -> None:
        self._findings = findings
        self._orders = orders
        self._tariffs: dict[str, Tariff] = {}
        self._lines: dict[str, dict[str, Line]] = {}
        self._owed_minor: dict[str, int] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"tariff": self._came_into_use, "line": self._booked}

    def standing(self) -> Iterator[Line]:
        """Yield the lines of all orders that count: not taken back, and not taking back."""
        for lines in self._lines.values():
            yield from _standing(lines)

    def standing_of(self, order: str) -> Iterator[Line]:
        """Yield the lines of one order that count."""
        return _standing(self._lines.get(order, {}))

    def line(self, order: str, name: str) -> Line | None:
        """Return a line of an order."""
        return self._lines.get(order, {}).get(name)

    def tariff(self, version: str) -> Tariff | None:
        """Return a version of the tariff that can be computed with."""
        tariff = self._tariffs.get(version)
        return None if tariff is None or tariff.unit_minutes <= 0 else tariff

    # Records.

    def _came_into_use(self, record: Record) -> None:
        at_ms, tariff = record[1], Tariff(*record[3:])
        known = self._tariffs.setdefault(tariff.version, tariff)
        if known != tariff:
            self._findings.report("fees.tariff", at_ms, f"{tariff.version} was {known} and is {tariff}")
        if tariff.unit_minutes <= 0:
            self._findings.report("fees.tariff", at_ms, f"{tariff.version} has no unit")

    def _booked(self, record: Record) -> None:
        line = Line(*record)
        lines = self._lines.setdefault(line.order, {})
        if line.id in lines:
            self._findings.report("fees.reversal", line.at_ms, f"{line.id} is written twice")
            return
        if line.reverses is not None:
            self._check_reversal(line, lines)
        lines[line.id] = line
        owed_minor = self._owed_minor[line.order] = self._owed_minor.get(line.order, 0) + line.amount_minor
        if owed_minor < 0:
            self._findings.report("fees.owed", line.at_ms, f"with {line.id} {line.order} owes {owed_minor}")

    def _check_reversal(self, line: Line, lines: Mapping[str, Line]) -> None:
        other = lines.get(line.reverses or "")
        taken_back = any(known.reverses == line.reverses for known in lines.values())
        if other is None or other.reverses is not None or taken_back:
            told = f"{line.id} takes back {line.reverses}, which is no standing line of {line.order}"
            self._findings.report("fees.reversal", line.at_ms, told)
            return
        due = other._replace(
            at_ms=line.at_ms, id=line.id, amount_minor=-other.amount_minor, reverses=other.id
        )
        if line != due:
            told = f"{line.id} is not {other.id} with the amount {-other.amount_minor}: {line}"
            self._findings.report("fees.reversal", line.at_ms, told)

    # The end.

    def finish(self, at_ms: int) -> None:
        """Judge every line, and every order's bill."""
        for name, lines in self._lines.items():
            order = self._orders.get(name)
            for line in lines.values():
                self._check_line(line, order)
        for order in self._orders:
            self._check_bill(order, self._lines.get(order.id, {}), at_ms)

    def _check_line(self, line: Line, order: Order | None) -> None:
        tariff = self._tariffs.get(line.tariff)
        if order is None or tariff is None or line.tariff != order.tariff or line.currency != tariff.currency:
            told = f"{line.id} has {line.tariff} in {line.currency}, which is not what its order began with"
            self._findings.report("fees.tariff", line.at_ms, told)
        if order is not None:
            self._check_events(line, order)
        if line.reverses is not None or tariff is None or tariff.unit_minutes <= 0:
            return
        due_minor = tariff.amount_minor(line.fee, line.held_ms, line.quality)
        if line.fee not in _FEES or line.amount_minor != due_minor:
            told = f"{line.id} charges {line.amount_minor} for {line.held_ms} ms, which cost {due_minor}"
            self._findings.report("fees.amount", line.at_ms, told)
        too_much = line.fee != "rental" and line.amount_minor > tariff.courier_cap_minor
        if too_much or line.amount_minor < 0:
            told = f"{line.id} charges {line.amount_minor}, at most it is {tariff.courier_cap_minor}"
            self._findings.report("fees.cap", line.at_ms, told)

    def _check_events(self, line: Line, order: Order) -> None:
        qualities = []
        for event, time_ms in ((line.from_event, line.from_ms), (line.to_event, line.to_ms)):
            mark = order.marks.get(event)
            if mark is None or mark.time_ms != time_ms:
                told = f"{line.id} names {event} at {time_ms}, in the journal of {order.id} it is {mark}"
                self._findings.report("fees.events", line.at_ms, told)
                return
            corrected = line.fee == "rental" and event in order.follower.corrections
            qualities.append("inferred" if corrected else mark.quality)
        due = worst(*qualities, held_ms=line.held_ms)
        if line.quality != due:
            told = f"{line.id} says its times are {line.quality}, by its events they are {due}"
            self._findings.report("fees.events", line.at_ms, told)

    def _check_bill(self, order: Order, lines: Mapping[str, Line], at_ms: int) -> None:
        total_minor = sum(line.amount_minor for line in lines.values())
        if total_minor != 0 and not order.follower.reached_user:
            told = f"no bank of {order.id} reached its user, who is charged {total_minor}"
            self._findings.report("fees.nothing", at_ms, told)
        tariff = self._tariffs.get(order.tariff)
        if order.is_over and tariff is not None and tariff.unit_minutes > 0:
            self._compare(order, lines, tariff, at_ms)

    def _compare(self, order: Order, lines: Mapping[str, Line], tariff: Tariff, at_ms: int) -> None:
        """Compare the standing lines with what is due: nothing, unless the order was settled."""
        standing = sorted((line.fee, line.of, line.amount_minor) for line in _standing(lines))
        spans = order.follower.spans() if order.state == "settled" else ()
        due = sorted(
            (span.fee, span.of, tariff.amount_minor(span.fee, span.held_ms, span.quality)) for span in spans
        )
        if standing != due:
            told = f"{order.id}, {order.state}, is charged {standing}, by its journal it is {due}"
            self._findings.report("fees.spans", at_ms, told)


def _standing(lines: Mapping[str, Line]) -> Iterator[Line]:
    taken_back = {line.reverses for line in lines.values()}
    return (line for line in lines.values() if line.reverses is None and line.id not in taken_back)
