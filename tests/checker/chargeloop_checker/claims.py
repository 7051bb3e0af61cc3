"""Disputes against the truth: whoever said that a bank was back, and was right, pays for no longer than that.

This is said of every rental line, whatever its times are worth: where clocks were in doubt, force had been
used or a sensor had lied, a dispute is what remains to its user, and an operator's waiver what mends it.
"""

from collections.abc import Mapping
from typing import Final

from chargeloop_checker.disputes import Dispute, Disputes
from chargeloop_checker.fees import Fees, Line
from chargeloop_checker.findings import Findings
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.subject import Handler

_DOUBT_MS: Final = 5_000


class Claims:
    """What is charged in a region for banks that were disputed."""

    def __init__(self, findings: Findings, ledger: Ledger, disputes: Disputes, fees: Fees) -> None:
        self._findings = findings
        self._ledger = ledger
        self._disputes = disputes
        self._fees = fees

    def handlers(self) -> Mapping[str, Handler]:
        """Return nothing: the others have taken all that is compared."""
        return {}

    def finish(self, at_ms: int) -> None:
        """Report charges beyond the return of a bank that was disputed when it was back."""
        for dispute in self._disputes:
            back_ms = None if dispute.bank is None else self._back_since(dispute.bank, dispute.opened_ms)
            for line in self._fees.standing_of(dispute.order) if back_ms is not None else ():
                if line.fee == "rental" and line.of == dispute.bank and back_ms is not None:
                    self._compare(line, dispute, back_ms, at_ms)

    def _back_since(self, bank: str, at_ms: int) -> int | None:
        """Return since when a bank stood in a slot at an instant; None when it stood in none."""
        since_ms = 0
        for outing in self._ledger.outings(bank):
            if outing.left_ms > at_ms:
                break
            if outing.back_ms is None or outing.back_ms > at_ms:
                return None
            since_ms = outing.back_ms
        return since_ms

    def _compare(self, line: Line, dispute: Dispute, back_ms: int, at_ms: int) -> None:
        tariff = self._fees.tariff(line.tariff)
        if tariff is None or line.from_ms > dispute.opened_ms:
            return  # a rental that began later is not what was disputed
        held_ms = max(0, back_ms - line.from_ms) + _DOUBT_MS
        due_minor = tariff.amount_minor("rental", held_ms, "synced")
        if line.amount_minor > due_minor:
            told = (
                f"{line.id} charges {line.amount_minor}; {line.of} was back at {back_ms}: {due_minor} at most"
            )
            self._findings.report("truth.disputed", at_ms, told)
