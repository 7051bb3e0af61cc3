"""What a refresh token that is shown means: exchange it, allow it once more, or end its session.

Each token is exchanged once; the next one takes its place. One that is shown again was stolen, or its thief
has the newer: nobody can tell which, so the whole session ends. Two tabs that refresh in the same instant
show the same token honestly: that is allowed for a few seconds, as long as no later token has been used.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chargeloop.protocol.time import DAY_MS, SECOND_MS

SESSION_MS: Final = 30 * DAY_MS
GRACE_MS: Final = 10 * SECOND_MS


class Verdict(StrEnum):
    """What is done with a token that is shown."""

    EXCHANGED = "exchanged"
    REFUSED = "refused"
    STOLEN = "stolen"


@dataclass(frozen=True, slots=True)
class Shown:
    """A known token: when it was exchanged, and whether a token given for it has been too.

    `session_lives` tells whether its session has not ended and its account is not disabled.
    """

    replaced_ms: int | None
    successor_used: bool
    session_lives: bool


def judge(shown: Shown, now_ms: int) -> Verdict:
    """Return what the token means."""
    if not shown.session_lives:
        return Verdict.REFUSED
    if shown.replaced_ms is None:
        return Verdict.EXCHANGED
    honest = not shown.successor_used and now_ms - shown.replaced_ms <= GRACE_MS
    return Verdict.EXCHANGED if honest else Verdict.STOLEN
