"""Scans of a cabinet: somebody who scans it again when nothing seems to happen has one order.

What counts is when the platform hears of them, which is all that it can know: a second scan that a link has
held up for longer than the platform's patience may begin another order.
"""

from collections.abc import Mapping
from typing import Final

from chargeloop_checker.findings import Findings
from chargeloop_checker.orders import Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_SAME_SCAN_MS: Final = 30_000
# Whose scan of which cabinet it is, and for how many banks.
_Scan = tuple[str, str, int]


class Scans:
    """The orders of a region that began before a cabinet."""

    def __init__(self, findings: Findings, orders: Orders) -> None:
        self._findings = findings
        self._orders = orders
        self._latest: dict[_Scan, tuple[str, int]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"order": self._placed}

    def _placed(self, record: Record) -> None:
        _, at_ms, _, order, user, asked_quantity, _, _, _, cabinet = record
        if cabinet is None:
            return
        scan = (user, cabinet, asked_quantity)
        before, before_ms = self._latest.get(scan, (order, 0))
        self._latest[scan] = (order, at_ms)
        if at_ms - before_ms < _SAME_SCAN_MS and not self._orders.is_over(before):
            told = (
                f"{user} scanned {cabinet} twice and has {before} and, {at_ms - before_ms} ms later, {order}"
            )
            self._findings.report("orders.scanned", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report nothing: it is known at once."""
        del at_ms
