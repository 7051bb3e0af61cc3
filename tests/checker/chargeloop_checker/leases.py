"""What is lent is given back: commands while their leases last, reservations and couriers when an order ends.

A cabinet may carry out a command only before its expiry and only when it has answered no later one about the
same reservation; it journals the outcome in the very step that carries it out. (An eject is carried out by
motors, whose rules are elsewhere, and its outcome follows the last of them; what is refused as `busy` until
then does not make it older.) An order may end only when each reservation it asked for was refused, is over,
or has been asked back, and one that was called off only when every courier sent for it is accounted for.
"""

from collections.abc import Mapping

from chargeloop_checker.commands import Commands
from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_FINAL = frozenset({"settled", "cancelled", "failed"})
_GIVEN_BACK = frozenset({"reservation_refused", "reservation_ended", "release_asked"})
_LENDS = _GIVEN_BACK | {"reservation_asked", "bank_returned", "rental_requested", "job_ended"}
# How many banks or slots a reservation keeps, and how many of its slots were filled.
_Kept = dict[str, list[int]]


class Leases:
    """Commands, reservations and couriers of a region, as far as they are only lent."""

    def __init__(self, findings: Findings, commands: Commands) -> None:
        self._findings = findings
        self._commands = commands
        self._answered: set[str] = set()
        self._epochs: dict[tuple[str, str], int] = {}
        self._reservations: dict[str, _Kept] = {}
        self._couriers: dict[str, set[str]] = {}
        self._ended: set[str] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"outcome": self._told, "event": self._happened}

    # Commands.

    def _told(self, record: Record) -> None:
        _, at_ms, _, cabinet, name, epoch, outcome, reason, decided_ms = record
        command = self._commands.get(name)
        if command is None or name in self._answered:
            return
        self._answered.add(name)
        if outcome == "done" and not command.is_eject and decided_ms >= command.expires_ms:
            late_ms = decided_ms - command.expires_ms
            self._findings.report("commands.late", at_ms, f"{cabinet} obeyed {name} {late_ms} ms too late")
        if command.reservation is None:
            return
        about = (cabinet, command.reservation)
        highest = self._epochs.get(about, 0)
        if outcome == "done" and epoch < highest:
            told = f"{cabinet} obeyed {name} of epoch {epoch} after one of {highest}"
            self._findings.report("commands.older", at_ms, told)
        if reason != "busy":
            self._epochs[about] = max(epoch, highest)

    # Orders.

    def _happened(self, record: Record) -> None:
        _, at_ms, _, order, event, kind, from_state, to_state, *_, detail = record
        if kind in _LENDS:
            try:
                self._lent_or_back(order, kind, Detail.of(detail))
            except DetailError as error:
                self._findings.report("record", at_ms, f"{event} has the detail {detail!r}: {error}")
        if to_state in _FINAL and order not in self._ended:
            self._ended.add(order)
            self._end(order, at_ms, from_state)

    def _lent_or_back(self, order: str, kind: str, detail: Detail) -> None:
        if kind == "reservation_asked":
            if detail.has("hold"):
                hold = detail.part("hold")
                kept = [hold.integer("quantity"), 0]
                self._reservations.setdefault(order, {})[hold.text("reservation")] = kept
        elif kind == "bank_returned":
            self._filled(order, detail.text_or_none("reservation"))
        elif kind == "rental_requested":
            self._couriers.setdefault(order, set()).add(detail.part("leg").text("job"))
        elif kind == "job_ended":
            self._couriers.get(order, set()).discard(detail.text("job"))
        else:
            self._reservations.get(order, {}).pop(detail.text("reservation"), None)

    def _filled(self, order: str, reservation: str | None) -> None:
        """A bank came back through a kept slot; with the last one the reservation is over."""
        kept = None if reservation is None else self._reservations.get(order, {}).get(reservation)
        if kept is not None and reservation is not None:
            kept[1] += 1
            if kept[1] >= kept[0]:
                del self._reservations[order][reservation]

    def _end(self, order: str, at_ms: int, from_state: str | None) -> None:
        kept = self._reservations.get(order)
        if kept:
            told = f"{order} ended and has not asked {', '.join(sorted(kept))} back"
            self._findings.report("holds.released", at_ms, told)
        out = self._couriers.get(order)
        if from_state == "recalling" and out:
            told = f"{order} ended while {', '.join(sorted(out))} had not"
            self._findings.report("orders.recall", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report nothing: what is still lent at the end is the business of others."""
        del at_ms
