"""Couriers' ways, which are paid for, against the moments at which what was done was done.

A way begins when its courier accepts the offer, and ends when the banks are handed over or put back. Of one
who had left, and proves that the user gave them the banks, it begins anew with the collection.

The courier platform dates all of it by what it knows of a phone's clock. Where it says that it was sure
(`synced`), the journal of the order must tell the true time, whenever and however late it was heard. Which
entry of a phone did what is seen from the courier platform, which takes it in the transaction of its effect.
Where a cabinet has proven the return, one of the banks must have been pushed in then, but for those that
somebody used force on; a courier platform that hears of it later says so later, and the first word is paid.
"""

from collections.abc import Mapping
from typing import Final

from chargeloop_checker import names
from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.findings import Findings
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

# The platforms accept a doubt of two seconds; clocks drift between two measurements.
_DOUBT_MS: Final = 5_000
_ACCEPTED: Final = "accepted"
# What a phone must have told for each entry of an order's journal.
_DEEDS: Final[Mapping[str, str]] = {
    "first_indication": _ACCEPTED,
    "second_indication": _ACCEPTED,
    "earlier_indication": _ACCEPTED,
    "rental_success": "delivered",
    "return_success": "returned",
}
# What was done for which job, by whom; the courier is null where the order's journal does not name one.
_Deed = tuple[str, str, str | None]


class Ways:
    """What the couriers of a region did for their jobs, and when."""

    def __init__(self, findings: Findings, ledger: Ledger) -> None:
        self._findings = findings
        self._ledger = ledger
        self._written: dict[tuple[str, int], int] = {}
        # Of each courier the entry that was taken last: when that was, and when it was written.
        self._taken: dict[str, tuple[int, int]] = {}
        self._states: dict[str, str] = {}
        self._couriers: dict[str, str | None] = {}
        self._deeds: dict[_Deed, list[int]] = {}
        # Jobs that fetch banks; bringing back what could not be handed over is not paid.
        self._back: set[str] = set()
        # The first word of each return that a cabinet proves: when that was, how sure, the entry, the banks.
        self._proven: dict[str, tuple[int, str, str, tuple[str, ...]]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {
            "entry": self._noted,
            "took": self._took,
            "offer": self._offer_changed,
            "job": self._job_changed,
            "event": self._happened,
        }

    def _noted(self, record: Record) -> None:
        _, at_ms, _, device, journal, seq, _ = record
        if names.prefix(device) == names.COURIER:
            self._written[journal, seq] = at_ms

    def _took(self, record: Record) -> None:
        _, at_ms, _, _, source, journal, seq, _ = record
        written_ms = self._written.get((journal, seq))
        if written_ms is not None:
            self._taken[source.rpartition("/")[2]] = (at_ms, written_ms)

    def _offer_changed(self, record: Record) -> None:
        _, at_ms, _, _, job, courier, state = record
        if state == _ACCEPTED:
            self._did((_ACCEPTED, job, courier), courier, at_ms)

    def _job_changed(self, record: Record) -> None:
        _, at_ms, _, job, _, leg, state, courier, _, _ = record
        if leg == "back":
            self._back.add(job)
        if courier is not None and self._states.get(job) != state:
            self._did((state, job, None), courier, at_ms)
        if courier is not None and self._couriers.get(job) != courier:
            self._did((_ACCEPTED, job, courier), courier, at_ms)
        self._states[job], self._couriers[job] = state, courier

    def _did(self, deed: _Deed, courier: str, at_ms: int) -> None:
        """Note when something was done, if it is an entry of the courier's phone that tells of it."""
        taken_ms, written_ms = self._taken.get(courier, (None, 0))
        if taken_ms == at_ms:
            self._deeds.setdefault(deed, []).append(written_ms)

    def _happened(self, record: Record) -> None:
        _, at_ms, _, _, event, kind, _, _, time_ms, _, quality, text = record
        if kind not in _DEEDS:
            return
        try:
            detail = Detail.of(text)
            if detail.text_or_none("evidence") == "cabinet":
                job, told = detail.text("job"), (time_ms, quality, event, detail.texts("banks"))
                self._proven[job] = min(told, self._proven.get(job, told), key=lambda first: first[0])
            elif quality == "synced":
                self._compare(event, time_ms, self._true_ms(kind, detail), at_ms)
        except DetailError as error:
            self._findings.report("record", at_ms, f"{event} has the detail {text!r}: {error}")

    def _compare(self, event: str, time_ms: int, true_ms: list[int], at_ms: int) -> None:
        nearest_ms = min(true_ms, key=lambda one_ms: abs(one_ms - time_ms), default=time_ms)
        if abs(nearest_ms - time_ms) > _DOUBT_MS:
            told = f"what {event} tells of is dated {time_ms - nearest_ms} ms after it was done"
            self._findings.report("truth.courier", at_ms, told)

    def _true_ms(self, kind: str, detail: Detail) -> list[int]:
        """Return when a phone wrote down what an entry tells of; nothing if that is not known."""
        done = _DEEDS[kind]
        courier = detail.text_or_none("courier") if done == _ACCEPTED else None
        return self._deeds.get((done, detail.text_or_none("job") or "", courier), [])

    def finish(self, at_ms: int) -> None:
        """Compare the returns that cabinets have proven with what was pushed in."""
        for job, (time_ms, quality, event, banks) in self._proven.items():
            outings = [outing for bank in banks for outing in self._ledger.outings(bank)]
            is_hidden = any(map(self._ledger.is_forced, banks))
            if quality == "synced" and job in self._back and not is_hidden:
                back_ms = [outing.back_ms for outing in outings if outing.back_ms is not None]
                self._compare(event, time_ms, back_ms, at_ms)
