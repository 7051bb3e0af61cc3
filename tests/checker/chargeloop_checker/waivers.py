"""Waived fees: an operator names a line that stands; it is taken back then, and what it charged for ever.

The reversal of the line stands right behind the waiver in the order's journal: what else is booked before
the next entry was not waived by anybody. That nothing is charged again when more becomes known is seen at the
end, here and by `fees.spans`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.fees import Fees
from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler
from chargeloop_checker.wishes import Wishes


@dataclass(slots=True)
class _Waiver:
    """A waiver, and what the lines booked for it take back."""

    event: str
    line: str
    at_ms: int
    taken_back: list[str | None] = field(default_factory=list)


class Waivers:
    """The waivers of a region."""

    def __init__(self, findings: Findings, wishes: Wishes, fees: Fees) -> None:
        self._findings = findings
        self._wishes = wishes
        self._fees = fees
        self._waived: set[tuple[str, str, str]] = set()
        self._fresh: dict[str, _Waiver] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"event": self._happened, "line": self._booked}

    def _happened(self, record: Record) -> None:
        _, at_ms, _, order, event, kind, *_, text = record
        if kind != "fees_booked" and order in self._fresh:
            self._judge(self._fresh.pop(order))
        if kind != "fee_waived":
            return
        try:
            detail = Detail.of(text)
            line, fee, of = (detail.text(name) for name in ("line", "fee", "of"))
            operator, reason = detail.text("operator"), detail.text("reason")
        except DetailError as error:
            self._findings.report("record", at_ms, f"{event} has the detail {text!r}: {error}")
            return
        if not self._wishes.times(operator, "waive_fee", order, line, reason):
            self._findings.report("waivers.asked", at_ms, f"{event}: {operator} did not ask to waive {line}")
        standing = {one.id: (one.fee, one.of) for one in self._fees.standing_of(order)}
        if standing.get(line) != (fee, of) or (order, fee, of) in self._waived:
            told = f"{event} waives {fee} of {of} by {line}; it is waived already, or that is not what stands"
            self._findings.report("waivers.once", at_ms, told)
        self._waived.add((order, fee, of))
        self._fresh[order] = _Waiver(event, line, at_ms)

    def _booked(self, record: Record) -> None:
        waiver = self._fresh.get(record[3])
        if waiver is not None:
            waiver.taken_back.append(record[15])

    def _judge(self, waiver: _Waiver) -> None:
        if waiver.taken_back != [waiver.line]:
            told = f"{waiver.event} waives {waiver.line}, and {waiver.taken_back} was taken back"
            self._findings.report("waivers.amount", waiver.at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report fees that stand although they were waived, or said to be."""
        for waiver in self._fresh.values():
            self._judge(waiver)
        said = set(self._waived)
        for wish, _ in self._wishes.confirmed("waive_fee"):
            line = self._fees.line(wish.target, str(wish.facts[0]))
            if line is None:
                told = f"{wish.who} was told that {wish.facts[0]} is waived, which does not exist"
                self._findings.report("waivers.kept", at_ms, told)
            else:
                said.add((line.order, line.fee, line.of))
        for order, fee, of in sorted(said):
            standing = [line for line in self._fees.standing_of(order) if (line.fee, line.of) == (fee, of)]
            if standing:
                told = f"{fee} of {of} of {order} was waived, and {standing[0].id} stands"
                self._findings.report("waivers.kept", at_ms, told)
