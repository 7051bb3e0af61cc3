"""Reservations at the cabinets: which slot is kept for which.

A cabinet tells what changed in its memory from one step to the next, and one step may both end a
reservation whose time is over and give its slot to the next one. So a slot may pass straight from one to
another, but then the first one must be over: from the next moment on it keeps nothing, and no motor runs
for it any more. Unless somebody forced the bank out of the slot, or its reader failed so that it seemed to be
out: then the first one goes on without it.
"""

from collections.abc import Mapping
from typing import Final

from chargeloop_checker.findings import Findings
from chargeloop_checker.names import order_of
from chargeloop_checker.orders import Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

# So long a reader fails at most, and what its cabinet does at its next look.
_BLIND_MS: Final = 11 * 60_000
# A cabinet and a reservation.
_Lease = tuple[str, str]


class Holds:
    """What the cabinets of a region keep."""

    def __init__(self, findings: Findings, orders: Orders) -> None:
        self._findings = findings
        self._orders = orders
        self._kept: dict[tuple[str, int], str] = {}
        self._slots: dict[_Lease, int] = {}
        self._times: dict[tuple[str, int], int] = {}
        self._over: dict[_Lease, int] = {}
        self._in_doubt: list[_Lease] = []
        # Slots out of which a bank was forced that was kept there for a reservation.
        self._forced: set[tuple[str, int, str]] = set()
        self._blind_until_ms: dict[str, int] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"hold": self._kept_for, "move": self._moved, "fault": self._failed}

    def times(self, cabinet: str, slot: int) -> int:
        """Return how often a slot began to be kept for a reservation."""
        return self._times.get((cabinet, slot), 0)

    def motor_ran(self, cabinet: str, slot: int, reservation: str, at_ms: int) -> None:
        """Take note that the motor of a slot ran for a reservation, which must keep that slot."""
        kept = self._kept.get((cabinet, slot))
        if kept != reservation:
            told = f"the motor of slot {slot} of {cabinet} ran for {reservation}, which is kept for {kept}"
            self._findings.report("motors.held", at_ms, told)
        if (cabinet, reservation) in self._over:
            told = f"a motor of {cabinet} ran for {reservation}, whose slot had been given away"
            self._findings.report("holds.taken", at_ms, told)

    def _failed(self, record: Record) -> None:
        _, at_ms, _, name, target = record
        if name == "reader_fails" and target is not None:
            self._blind_until_ms[target] = at_ms + _BLIND_MS

    def _moved(self, record: Record) -> None:
        _, _, _, _, start, _, by = record
        kind, _, place = start.partition("/")
        if by != "vandal" or kind != "slot":
            return
        cabinet, _, slot = place.partition("/")
        kept = self._kept.get((cabinet, int(slot)))
        if kept is not None:
            self._forced.add((cabinet, int(slot), kept))

    def _kept_for(self, record: Record) -> None:
        _, at_ms, _, cabinet, slot, reservation = record
        if self._in_doubt:
            self._resolve(at_ms)
        before = self._kept.pop((cabinet, slot), None)
        if before is not None:
            self._slots[cabinet, before] -= 1
        if reservation is None:
            return
        lease = (cabinet, reservation)
        if lease in self._over:
            told = f"slot {slot} of {cabinet} is kept for {reservation}, whose slot had been given away"
            self._findings.report("holds.taken", at_ms, told)
        self._kept[cabinet, slot] = reservation
        if before != reservation:
            self._times[cabinet, slot] = self.times(cabinet, slot) + 1
        self._slots[lease] = self._slots.get(lease, 0) + 1
        # Where its reader shows nothing for a minute, a cabinet must believe that a bank is gone.
        blind = at_ms <= self._blind_until_ms.get(cabinet, at_ms - 1)
        forced = blind or (cabinet, slot, before) in self._forced
        if before is not None and before != reservation and not forced:
            self._over[cabinet, before] = at_ms
            self._in_doubt.append((cabinet, before))

    def _resolve(self, at_ms: int) -> None:
        """See whether reservations whose slots were given away keep others still."""
        due = [lease for lease in self._in_doubt if self._over[lease] < at_ms]
        for lease in due:
            self._in_doubt.remove(lease)
            if self._slots[lease] > 0:
                told = f"{lease[0]} gave away a slot of {lease[1]}, which still keeps others"
                self._findings.report("holds.taken", self._over[lease], told)

    def finish(self, at_ms: int) -> None:
        """Report slots that are still kept for an order that is over, or for none."""
        self._resolve(at_ms + 1)
        for (cabinet, slot), reservation in self._kept.items():
            order = order_of(reservation)
            if self._orders.is_over(order):
                told = f"slot {slot} of {cabinet} is still kept for {reservation}, but {order} is over"
                self._findings.report("holds.end", at_ms, told)
