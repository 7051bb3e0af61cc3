"""Orders that operators end: as they asked, at once, with no bank left to the user's charge.

What an ended order owes, and that it gives back what was kept for it, is no matter of who ended it:
`fees.spans` and `holds.released` see to that for every end.
"""

from collections.abc import Mapping
from typing import Final

from chargeloop_checker.banks import Where
from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.findings import Findings
from chargeloop_checker.orders import Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler
from chargeloop_checker.wishes import Wishes

_ENDS: Final = frozenset({"settled", "failed", "cancelled", "called_off"})
# What may be recorded between the closing of a rental and its settlement: all that was lent is called back.
_CALLED_BACK: Final = frozenset({"release_asked", "job_cancelled"})
_ENDED: Final[Mapping[str, frozenset[str]]] = {
    "end_order": frozenset({"settled", "failed", "cancelled", "recalling"}),
    "cancel_order": frozenset({"cancelled", "recalling"}),
}


class Endings:
    """The orders of a region, as far as operators end them."""

    def __init__(self, findings: Findings, wishes: Wishes, orders: Orders) -> None:
        self._findings = findings
        self._wishes = wishes
        self._orders = orders
        self._closing: dict[str, str] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"event": self._happened}

    def _happened(self, record: Record) -> None:
        _, at_ms, _, order, event, kind, *_, text = record
        closed = self._closing.get(order) if kind not in _CALLED_BACK else None
        if closed is not None:
            del self._closing[order]
            if kind != "settled":
                self._findings.report("endings.closed", at_ms, f"{closed} is followed by {kind} in {event}")
        if kind == "rental_closed" or kind in _ENDS:
            try:
                self._ended(order, kind, event, Detail.of(text), at_ms)
            except DetailError as error:
                self._findings.report("record", at_ms, f"{event} has the detail {text!r}: {error}")

    def _ended(self, order: str, kind: str, event: str, detail: Detail, at_ms: int) -> None:
        reason = detail.text_or_none("reason") or ""
        operator, _, why = reason.partition(": ")
        if kind == "rental_closed":
            operator, why = detail.text("operator"), reason
            self._close(order, event, at_ms)
        elif not operator.startswith("opr-"):
            return
        ended = self._wishes.times(operator, "end_order", order, why)
        if not ended and not self._wishes.times(operator, "cancel_order", order, reason):
            self._findings.report(
                "endings.asked", at_ms, f"{event}: {operator} never asked for that: {reason}"
            )

    def _close(self, order: str, event: str, at_ms: int) -> None:
        self._closing[order] = event
        known = self._orders.get(order)
        kept = [] if known is None else [
            name for name, bank in known.follower.banks.items() if bank.where is Where.USER
        ]  # fmt: skip
        if kept:
            told = f"{event} closes the rental, and {', '.join(kept)} stays with the user"
            self._findings.report("endings.closed", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report orders that were confirmed to have ended and have not, and ends that were refused."""
        for event in self._closing.values():
            self._findings.report("endings.closed", at_ms, f"{event} is followed by nothing")
        for kind, states in _ENDED.items():
            for wish, answer in self._wishes.confirmed(kind):
                state = answer.text_or_none("state")
                if state not in states:
                    told = f"{wish.who} was told that {wish.target} is ended, and it is {state}"
                    self._findings.report("endings.done", at_ms, told)
        for wish, code in self._wishes.refused("end_order"):
            if code != "unknown_order":
                told = f"{wish.who} may not end {wish.target}: {code}"
                self._findings.report("endings.done", at_ms, told)
