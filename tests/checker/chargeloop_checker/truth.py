"""Bills and journals against what motors and hands really did.

These rules say what a user may expect, and not only what a platform can know. Where somebody used force on
the bank, or its motor stayed put while an exit sensor showed the bank gone, `truth.hidden` is broken
instead of `truth.left` and `truth.held`. Leave out what a run is not to be judged by
(`Checker(without=...)`).

Lines whose two times were measured (`synced`) or follow from measurements (`inferred`) are compared. The
platforms accept a doubt of two seconds at each end of the former; with the drift of clocks between two
measurements that is allowed for by `_DOUBT_MS`. Doubt about the latter favours the customer, so they may be
too short, and hardly too long; but what a device has to tell that lost its power once may be of a boot whose
time nobody had learned. Where a clock ran alone (`free`) nothing is promised. A rental shorter than
the doubt ended as soon as its cabinet looked, and says nothing. A rental that was waived is judged as if it
were charged: a waiver makes no fee right.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from chargeloop_checker.fees import Fees, Line
from chargeloop_checker.findings import Findings
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.marks import Span
from chargeloop_checker.motors import Motors
from chargeloop_checker.names import order_of
from chargeloop_checker.orders import Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_DOUBT_MS: Final[Mapping[str, int]] = {"synced": 5_000, "inferred": 60_000}


class _Charge(NamedTuple):
    """A rental as it is charged, or would be without a waiver."""

    id: str
    order: str
    of: str
    from_ms: int
    to_ms: int
    quality: str

    @property
    def held_ms(self) -> int:
        return self.to_ms - self.from_ms

    @property
    def doubt_ms(self) -> int:
        """Return how far the two times may be from the truth."""
        return _DOUBT_MS[self.quality]


class Truth:
    """What is believed in a region, against what happened there."""

    def __init__(
        self, findings: Findings, ledger: Ledger, motors: Motors, orders: Orders, fees: Fees
    ) -> None:
        self._findings = findings
        self._ledger = ledger
        self._motors = motors
        self._orders = orders
        self._fees = fees
        self._crashed_nodes: set[str] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes crashes; the others have taken all else that is compared."""
        return {"crash": self._crashed}

    def _crashed(self, record: Record) -> None:
        self._crashed_nodes.add(record[3])

    def finish(self, at_ms: int) -> None:
        """Report charges for what did not happen, and what happened and is in no journal."""
        for charge in (*self._charged(), *self._waived()):
            if charge.held_ms > charge.doubt_ms:
                self._check_charge(charge, at_ms)
        self._check_left(at_ms)
        self._check_back(at_ms)

    def _charged(self) -> Iterator[_Charge]:
        for line in self._fees.standing():
            if line.fee != "rental" or line.quality not in _DOUBT_MS:
                continue
            span = self._corrected(line)
            if span is None:
                yield _Charge(line.id, line.order, line.of, line.from_ms, line.to_ms, line.quality)
            elif span.quality in _DOUBT_MS:
                ends = span.start.time_ms, span.end.time_ms
                yield _Charge(line.id, line.order, line.of, *ends, span.quality)

    def _corrected(self, line: Line) -> Span | None:
        """Return what a line charges by the journal, when it stands only because the price did not change."""
        order, tariff = self._orders.get(line.order), self._fees.tariff(line.tariff)
        if order is None or tariff is None:
            return None
        spans = (span for span in order.follower.spans() if (span.fee, span.of) == (line.fee, line.of))
        span = next(spans, None)
        if span is None:
            return None
        prices = {tariff.amount_minor(line.fee, one.held_ms, one.quality) for one in (line, span)}
        return span if len(prices) == 1 else None

    def _waived(self) -> Iterator[_Charge]:
        for order in self._orders:
            for span in order.follower.finished() if order.follower.waived else ():
                is_waived = (span.fee, span.of) in order.follower.waived
                if is_waived and span.fee == "rental" and span.quality in _DOUBT_MS:
                    name = f"what was waived of {order.id}"
                    ends = span.start.time_ms, span.end.time_ms
                    yield _Charge(name, order.id, span.of, *ends, span.quality)

    def _check_charge(self, line: _Charge, at_ms: int) -> None:
        """Compare a rental with the longest time that the bank was out of all slots within it."""
        out_ms = [
            min(line.to_ms, at_ms if outing.back_ms is None else outing.back_ms)
            - max(line.from_ms, outing.left_ms)
            for outing in self._ledger.outings(line.of)
        ]
        longest_ms = max(out_ms, default=-line.doubt_ms - 1)
        if longest_ms < -line.doubt_ms:
            told = f"{line.id} charges {line.held_ms} ms for {line.of}, which was in cabinets all the time"
            self._findings.report(self._rule("truth.left", line), at_ms, told)
        elif line.held_ms > longest_ms + line.doubt_ms and not self._is_undated(line):
            told = (
                f"{line.id} charges {line.held_ms} ms for {line.of}, which was out for {longest_ms} of them"
            )
            self._findings.report(self._rule("truth.held", line), at_ms, told)
        elif line.quality == "synced" and self._is_by_word(line) and not self._is_handed_over(line):
            told = f"{line.id} charges for {line.of} from before it was in a user's hands"
            self._findings.report(self._rule("truth.handed", line), at_ms, told)

    def _is_undated(self, line: _Charge) -> bool:
        """Tell whether the end, or a return after a sale, may be of a boot whose time nobody learned."""
        order = self._orders.get(line.order)
        bank = None if order is None else order.follower.banks.get(line.of)
        back = None if bank is None or bank.back is None else bank.back.quality
        crashed = (owner in self._crashed_nodes for owner in self._ledger.owners(line.of))
        return "inferred" in {line.quality, back} and any(crashed)

    def _is_by_word(self, line: _Charge) -> bool:
        """Tell whether the rental began with what a courier told, and not with an ejection."""
        order = self._orders.get(line.order)
        bank = None if order is None else order.follower.banks.get(line.of)
        return bank is not None and bank.begun is not None and bank.begun != bank.left

    def _is_handed_over(self, line: _Charge) -> bool:
        """Tell whether a user had got the bank by then, in the same outing."""
        latest_ms = line.from_ms + line.doubt_ms
        left_ms = (outing.left_ms for outing in self._ledger.outings(line.of) if outing.left_ms <= latest_ms)
        since_ms = max(left_ms, default=latest_ms)
        return any(since_ms <= stay.from_ms <= latest_ms for stay in self._ledger.stays(line.of))

    def _rule(self, rule: str, line: _Charge) -> str:
        """Return the rule that a line breaks: another one where its cabinet was deceived about the bank."""
        return "truth.hidden" if self._is_hidden(line.order, line.of) else rule

    def _is_hidden(self, order: str, bank: str) -> bool:
        """Tell whether a cabinet was deceived about a bank: by force, or by a sensor when a motor stuck."""
        return self._ledger.is_forced(bank) or self._motors.stayed(order, bank)

    def _check_left(self, at_ms: int) -> None:
        """Look for what motors pushed out in the journals; force on a slot hides it from its cabinet."""
        for reservation, cabinet, slot in self._motors.came_out():
            order = self._orders.get(order_of(reservation))
            hidden = self._ledger.is_forced(f"slot/{cabinet}/{slot}")
            if order is not None and (cabinet, slot) not in order.follower.left and not hidden:
                told = (
                    f"a bank left slot {slot} of {cabinet} for {reservation}, and {order.id} was never told"
                )
                self._findings.report("truth.told", at_ms, told)

    def _check_back(self, at_ms: int) -> None:
        """Look whether the last order of a bank that was put into a slot by hand knows that it is back."""
        for name in self._ledger.brought_back():
            order = self._orders.answers_for(name)
            bank = None if order is None else order.follower.banks.get(name)
            if order is None or bank is None or not bank.is_out:
                continue
            if not self._is_hidden(order.id, name):
                told = f"{name} is in a slot again, and {order.id} was never told"
                self._findings.report("truth.told", at_ms, told)
