"""Keypads: whoever guesses is locked out, whatever happens to the power.

After five wrong codes in a row a keypad takes none for ten minutes, right ones neither, and writes into its
journal that it is locked. Only a code that banks come out for begins the count anew, when its pickup starts,
as the journal says; whether a code or a command started it is not told, so here every pickup does. A wrong
code that is shown with a bank in hand counts at the cabinet and is not told either: it may be locked earlier
than the codes say, and the journal says so.

What a step decides is on the disk before its entries are. When the power fails between the two, the entry
comes with the next boot, and the lock-out had begun before the power failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_MOST_WRONG: Final = 5
# The ten minutes are counted by the cabinet's own clock.
_LOCKED_MS: Final = 10 * 60_000 - 30_000
_LOCK: Final = "keypad_locked"
_STARTED: Final = "pickup_started"


@dataclass(slots=True)
class _Keypad:
    wrong: int = 0
    typed_ms: int = 0
    crashed_ms: int = -1
    written_ms: int | None = None
    locked_ms: int | None = None


class Keypads:
    """The keypads of a region's cabinets."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._keypads: dict[str, _Keypad] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"code": self._typed, "entry": self._written, "crash": self._crashed}

    def _of(self, cabinet: str) -> _Keypad:
        return self._keypads.setdefault(cabinet, _Keypad())

    def _typed(self, record: Record) -> None:
        _, at_ms, _, cabinet, answer = record
        keypad = self._of(cabinet)
        keypad.typed_ms = at_ms
        if keypad.written_ms == at_ms:
            # This is the code that locked it: it is answered at the moment in which that is written down.
            keypad.locked_ms = at_ms
            return
        if answer == "locked":
            return
        if keypad.locked_ms is not None and at_ms < keypad.locked_ms + _LOCKED_MS:
            told = f"{cabinet} takes a code, {answer}, {at_ms - keypad.locked_ms} ms after it was locked"
            self._findings.report("keypads.locked", at_ms, told)
        keypad.wrong += answer == "wrong"
        if keypad.wrong > _MOST_WRONG:
            told = f"{cabinet} takes {keypad.wrong} wrong codes, one after the other"
            self._findings.report("keypads.locked", at_ms, told)

    def _written(self, record: Record) -> None:
        if _STARTED in record[6]:
            self._of(record[3]).wrong = 0
        if _LOCK not in record[6]:
            return
        keypad = self._of(record[3])
        keypad.wrong, keypad.written_ms = 0, record[1]
        keypad.locked_ms = keypad.crashed_ms if keypad.crashed_ms >= keypad.typed_ms else record[1]

    def _crashed(self, record: Record) -> None:
        keypad = self._keypads.get(record[3])
        if keypad is not None:
            keypad.crashed_ms = record[1]

    def finish(self, at_ms: int) -> None:
        """Report nothing: codes are judged when they are typed."""
