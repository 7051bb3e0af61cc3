"""What an order's journal says was asked of a cabinet was sent to it, in the same transaction.

The journal is the platform's own word. That it says so opens no slot, and closes none: the command does.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

# Entries that tell of a command by its name, and what it commands.
_TYPES: Mapping[str, str] = {
    "release_asked": "release_reservation",
    "unlock_ordered": "eject_banks",
    "inventory_asked": "report_inventory",
}


class _Asked(NamedTuple):
    """What was asked; `command`, `cabinet` and `reservation` are null where the entry does not name them."""

    at_ms: int
    event: str
    type: str
    command: str | None
    cabinet: str | None
    reservation: str | None

    def is_sent_by(self, record: Record) -> bool:
        """Tell whether it is this command."""
        _, at_ms, _, cabinet, command, kind, reservation, _, _ = record
        return (
            at_ms == self.at_ms
            and self.type in kind
            and self.command in {None, command}
            and self.cabinet in {None, cabinet}
            and self.reservation in {None, reservation}
        )


class Asking:
    """The commands that the orders of a region need."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._awaited: list[_Asked] = []

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"event": self._happened, "command": self._sent}

    def _happened(self, record: Record) -> None:
        _, at_ms, _, _, event, kind, *_, text = record
        if kind not in _TYPES and kind != "reservation_asked":
            return
        self._resolve(at_ms)
        try:
            asked = _asked(at_ms, event, kind, Detail.of(text))
        except DetailError as error:
            self._findings.report("record", at_ms, f"{event} has the detail {text!r}: {error}")
            return
        if asked is not None:
            self._awaited.append(asked)

    def _sent(self, record: Record) -> None:
        for asked in self._awaited:
            if asked.is_sent_by(record):
                self._awaited.remove(asked)
                return

    def _resolve(self, now_ms: int) -> None:
        """Report what was asked in a transaction that is over, and was not sent in it."""
        for asked in self._awaited:
            if asked.at_ms < now_ms:
                told = f"{asked.event} says that {asked.type} was asked, and no such command was sent"
                self._findings.report("commands.sent", asked.at_ms, told)
        self._awaited = [asked for asked in self._awaited if asked.at_ms >= now_ms]

    def finish(self, at_ms: int) -> None:
        """Report what was asked last, and not sent."""
        self._resolve(at_ms + 1)


def _asked(at_ms: int, event: str, kind: str, detail: Detail) -> _Asked | None:
    """Return what an entry says was asked; None where it tells neither a command nor a reservation."""
    if kind == "reservation_asked":
        if not detail.has("hold"):
            return None
        hold = detail.part("hold")
        kept = hold.text("reservation")
        return _Asked(at_ms, event, "reserve_", None, hold.text_or_none("cabinet"), kept)
    if not detail.has("command"):
        return None
    reservation = detail.text_or_none("reservation")
    command, cabinet = detail.text("command"), detail.text_or_none("cabinet")
    return _Asked(at_ms, event, _TYPES[kind], command, cabinet, reservation)
