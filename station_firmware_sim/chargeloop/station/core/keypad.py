"""The keypad: which live reservation a typed code belongs to, and the lock-out against guessing.

A code has few digits and a cabinet many live codes, so without a lock-out a patient guesser wins. After
`MAX_WRONG_CODES` wrong codes the keypad takes none for `LOCK_OUT_MS`. Both the count and the end of the
lock-out are part of the memory that is written to disk before the answer is shown: pulling the plug gives no
new tries. A right code while locked out is refused as well, else the lock-out would only slow a guesser's
display.

Only a code that is used up by it (of banks, whose pickup has begun) begins the count anew: whoever has a
return code, or pulls the plug on a pickup that waits for the motor, could otherwise type the same code after
every few guesses. A lock-out that begins while the cabinet does not know
the time has no end yet; it is given its full length once the time is known.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.values import replace
from chargeloop.station.core.reservation import HoldKind, Reservation

MAX_WRONG_CODES: Final = 5
LOCK_OUT_MS: Final = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Keypad:
    """Wrong codes in a row, and until when (platform's time; None: not known yet) none is taken if locked."""

    wrong_codes: int = 0
    locked_until_ms: int | None = None

    @property
    def is_locked(self) -> bool:
        """Tell whether codes are refused (as of the last `passed`)."""
        return self.wrong_codes >= MAX_WRONG_CODES


def wrong_code(keypad: Keypad, now_ms: int | None) -> Keypad:
    """Return the keypad after a wrong code, locked when it was one too many.

    `now_ms` is None when the time is not known. Call it only while the keypad is not locked.
    """
    locked = Keypad(keypad.wrong_codes + 1)
    return passed(locked, now_ms) if now_ms is not None else locked


def code_used(keypad: Keypad) -> Keypad:
    """Return the keypad after a code was used up: the count begins anew, but a lock-out stays."""
    return keypad if keypad.is_locked else Keypad()


def passed(keypad: Keypad, now_ms: int) -> Keypad:
    """Return the keypad as it stands at `now_ms`: a lock-out that is over is taken off.

    One that would last longer than a fresh one was written by a clock that has been set back since; it is
    cut, so that nobody is locked out for years.
    """
    if not keypad.is_locked:
        return keypad
    if keypad.locked_until_ms is None:
        return replace(keypad, locked_until_ms=now_ms + LOCK_OUT_MS)
    if keypad.locked_until_ms <= now_ms:
        return Keypad()
    return replace(keypad, locked_until_ms=min(keypad.locked_until_ms, now_ms + LOCK_OUT_MS))


def find(reservations: Iterable[Reservation], code: str, *kinds: HoldKind) -> Reservation | None:
    """Return the reservation of one of `kinds` that `code` opens, or None.

    The code is compared with every reservation's in constant time, so that the time of the answer tells
    nothing.
    """
    found = None
    for reservation in reservations:
        same = hmac.compare_digest(reservation.code.encode(), code.encode())
        if same and reservation.kind in kinds and found is None:
            found = reservation
    return found
