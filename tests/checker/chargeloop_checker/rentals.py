"""Rentals as they are charged in the end, against each other and against what really happened.

Only lines whose two times were measured (`synced`) are looked at: where a clock was in doubt, a line says
so, and its times are the best that could be known. The platforms accept a doubt of two seconds at each end;
with the drift of clocks between two measurements this is allowed for by `_DOUBT_MS`.

The two rules on the truth say what the user may expect, and not only what the platform can know: a sensor
that lies, or a courier who claims to have handed over other banks, may break them through no fault of the
platform. Leave them out (`Checker(without=...)`) where a run plays that.
"""

from collections.abc import Mapping
from itertools import pairwise
from operator import attrgetter
from typing import Final

from chargeloop_checker.fees import Fees, Line
from chargeloop_checker.findings import Findings
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.subject import Handler

_DOUBT_MS: Final = 5_000


class Rentals:
    """The charged rentals of a region."""

    def __init__(self, findings: Findings, fees: Fees, ledger: Ledger) -> None:
        self._findings = findings
        self._fees = fees
        self._ledger = ledger

    def handlers(self) -> Mapping[str, Handler]:
        """Return nothing: rentals are known by lines, and banks by the ledger."""
        return {}

    def finish(self, at_ms: int) -> None:
        """Report rentals that overlap, or that charge for more than happened."""
        by_bank: dict[str, list[Line]] = {}
        for line in self._fees.standing():
            if line.fee == "rental" and line.quality == "synced":
                by_bank.setdefault(line.of, []).append(line)
        for lines in by_bank.values():
            lines.sort(key=attrgetter("from_ms", "to_ms"))
            self._check_overlaps(lines, at_ms)
            for line in lines:
                self._check_truth(line, at_ms)

    def _check_overlaps(self, lines: list[Line], at_ms: int) -> None:
        """Compare neighbours in time; a rental may begin at the moment in which another one ends."""
        for line, other in pairwise(lines):
            if other.from_ms < line.to_ms and other.order != line.order:
                told = (
                    f"{line.of} is charged to {line.order} and {other.order} at once, from {other.from_ms} on"
                )
                self._findings.report("rentals.overlap", at_ms, told)

    def _check_truth(self, line: Line, at_ms: int) -> None:
        if line.held_ms <= 0:
            return
        out_ms = [
            min(line.to_ms, at_ms if outing.back_ms is None else outing.back_ms)
            - max(line.from_ms, outing.left_ms)
            for outing in self._ledger.outings(line.of)
        ]
        longest_ms = max(out_ms, default=-_DOUBT_MS - 1)
        if longest_ms < -_DOUBT_MS:
            told = f"{line.id} charges {line.held_ms} ms for {line.of}, which was in cabinets all the time"
            self._findings.report("truth.left", at_ms, told)
        elif line.held_ms > longest_ms + _DOUBT_MS:
            told = (
                f"{line.id} charges {line.held_ms} ms for {line.of}, which was out for {longest_ms} of them"
            )
            self._findings.report("truth.held", at_ms, told)
