"""What a platform believes of the slots at the end, against the banks that stand in them."""

from collections.abc import Mapping
from typing import Final

from chargeloop_checker.findings import Findings
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_AT_REST: Final = frozenset({"empty", "charging", "ready"})


class Stock:
    """The slots of a region, as its platform knows them when everything rests."""

    def __init__(self, findings: Findings, ledger: Ledger) -> None:
        self._findings = findings
        self._ledger = ledger
        self._jammed: set[str | None] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"slot": self._told, "fault": self._met}

    def _met(self, record: Record) -> None:
        if record[3] == "jam":
            self._jammed.add(record[4])

    def _told(self, record: Record) -> None:
        _, at_ms, _, cabinet, slot, state, bank = record
        stands = self._ledger.inside(f"slot/{cabinet}/{slot}")
        if bank != stands:
            told = f"slot {slot} of {cabinet} holds {stands}, and the platform believes in {bank}"
            self._findings.report("stock.banks", at_ms, told)
        elif state not in _AT_REST and not (state == "faulty" and cabinet in self._jammed):
            told = f"slot {slot} of {cabinet} is {state} when everything rests"
            self._findings.report("stock.works", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report nothing: every slot was judged when it was told of."""
