"""Rentals as they are charged in the end, against each other.

Only lines whose two times were measured (`synced`) are compared: where a clock was in doubt, a line says
so, and its times are the best that could be known. Whatever the clocks show, `orders.holder` sees to it
that no two open orders have one bank.
"""

from collections.abc import Mapping
from itertools import pairwise
from operator import attrgetter

from chargeloop_checker.fees import Fees, Line
from chargeloop_checker.findings import Findings
from chargeloop_checker.subject import Handler


class Rentals:
    """The charged rentals of a region."""

    def __init__(self, findings: Findings, fees: Fees) -> None:
        self._findings = findings
        self._fees = fees

    def handlers(self) -> Mapping[str, Handler]:
        """Return nothing: rentals are known by their lines."""
        return {}

    def finish(self, at_ms: int) -> None:
        """Report rentals of one bank that overlap; one may begin at the moment in which another ends."""
        by_bank: dict[str, list[Line]] = {}
        for line in self._fees.standing():
            if line.fee == "rental" and line.quality == "synced":
                by_bank.setdefault(line.of, []).append(line)
        for lines in by_bank.values():
            lines.sort(key=attrgetter("from_ms", "to_ms"))
            for line, other in pairwise(lines):
                if other.from_ms < line.to_ms and other.order != line.order:
                    told = f"{line.of} is charged to {line.order} and {other.order} from {other.from_ms} on"
                    self._findings.report("rentals.overlap", at_ms, told)
