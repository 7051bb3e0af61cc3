"""Commands to cabinets: leases with one content, epochs that rise, and one outcome each.

A cabinet keeps the outcome of a command until a day after its expiry; a copy that arrives later still can
only be told `expired` (`OUTCOME_KEPT_MS` of the firmware), whatever had become of the command. So a later
`expired` is no contradiction when that day is over; any other difference is.

A command that never reached its cabinet has no outcome: its time is over, or the platform settled it first.
One that did reach it has, unless the power failed at that very instant, and nobody sent it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_OUTCOME_KEPT_MS: Final = 24 * 60 * 60_000
# A cabinet knows the time by its own clock only.
_CLOCK_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it was sent."""

    cabinet: str
    type: str
    reservation: str | None
    epoch: int
    expires_ms: int

    @property
    def is_eject(self) -> bool:
        """Tell whether it asks for banks to be given out; the type may be told in full or cut short."""
        return "eject_banks" in self.type


class Commands:
    """All commands to the cabinets of a region."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._commands: dict[str, Command] = {}
        self._epochs: dict[str, int] = {}
        self._reservations: set[tuple[str, str]] = set()
        self._outcomes: dict[str, tuple[str, str | None]] = {}
        # When each command first reached its cabinet.
        self._heard: dict[str, tuple[str, int]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {
            "command": self._sent,
            "heard": self._reached,
            "crash": self._died,
            "outcome": self._ended,
        }

    def get(self, command: str) -> Command | None:
        """Return a command that was sent."""
        return self._commands.get(command)

    def is_reserved(self, cabinet: str, reservation: str) -> bool:
        """Tell whether the cabinet was told to keep banks for the reservation."""
        return (cabinet, reservation) in self._reservations

    def _sent(self, record: Record) -> None:
        _, at_ms, _, cabinet, name, kind, reservation, epoch, expires_ms = record
        command = Command(cabinet, kind, reservation, epoch, expires_ms)
        known = self._commands.get(name)
        if known is not None:
            if known != command:
                self._findings.report("commands.content", at_ms, f"{name} was {known} and is {command}")
            return
        self._commands[name] = command
        if reservation is not None and "reserve_banks" in kind:
            self._reservations.add((cabinet, reservation))
        highest = self._epochs.get(cabinet, 0)
        if epoch <= highest:
            self._findings.report(
                "commands.epoch", at_ms, f"{name} to {cabinet} has epoch {epoch} after {highest}"
            )
        self._epochs[cabinet] = max(epoch, highest)

    def _reached(self, record: Record) -> None:
        _, at_ms, _, cabinet, name = record
        self._heard.setdefault(name, (cabinet, at_ms))

    def _died(self, record: Record) -> None:
        """Forget what reached a cabinet as its power failed: it may not be on the disk."""
        _, at_ms, _, node, where = record
        if where == "power":
            self._heard = {name: heard for name, heard in self._heard.items() if heard != (node, at_ms)}

    def _ended(self, record: Record) -> None:
        _, at_ms, _, cabinet, name, epoch, outcome, reason, _ = record
        command = self._commands.get(name)
        if command is None or command.cabinet != cabinet or command.epoch != epoch:
            told = f"{cabinet} tells how {name} of epoch {epoch} ended, which it was not sent"
            self._findings.report("commands.outcome", at_ms, told)
            return
        known = self._outcomes.setdefault(name, (outcome, reason))
        if known == (outcome, reason):
            return
        self._outcomes[name] = (outcome, reason)
        if outcome != "expired" or at_ms < command.expires_ms + _OUTCOME_KEPT_MS - _CLOCK_MS:
            told = f"{name} ended as {known}, and then as {(outcome, reason)}"
            self._findings.report("commands.outcome", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report commands that reached their cabinets and have no outcome."""
        for name, (cabinet, heard_ms) in self._heard.items():
            if name not in self._outcomes:
                told = f"{name} reached {cabinet} at {heard_ms} and has no outcome"
                self._findings.report("commands.answered", at_ms, told)
