"""What a refresh token that is shown means: exchange it, or end its session.

Each token is exchanged for the next one. An answer may be lost on its way, in a tunnel, and two tabs may ask
in the same instant: so a token that is shown again is exchanged again, as long as nothing that was given for
it has been used. Of all that was given for one token only one goes on. The others are discarded: when another
one is used, and, a few seconds after the first exchange, when the token is shown again. Until then two tabs
are at it, and nobody can tell which answer the browser keeps.

Whoever shows a discarded token, or one whose successor has been used, ends the session for everybody: then
two have copies of it, and nobody can tell which of them is the thief. A thief cannot get around this. A
copied token gives its user a line of tokens, and its owner another; the first use of either discards the
other, which ends the session as soon as it is shown, at the latest when its access token is to be renewed
(`tokens.ACCESS_S`). That is what an honest retry costs: a copy of a token that was exchanged before is good
for that long too, if its owner has not yet used the next one.
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
    """A known token: when it was first exchanged, and what has become of it and of those given for it.

    `discarded` tells whether another one has taken its place; `session_lives` whether its session has not
    ended and its account is not disabled.
    """

    replaced_ms: int | None
    successor_used: bool
    discarded: bool
    session_lives: bool


def judge(shown: Shown) -> Verdict:
    """Return what the token means."""
    if not shown.session_lives:
        return Verdict.REFUSED
    return Verdict.STOLEN if shown.discarded or shown.successor_used else Verdict.EXCHANGED


def discards_successors(shown: Shown, now_ms: int) -> bool:
    """Tell whether what was given for an exchanged token before is discarded when it is exchanged again."""
    return shown.replaced_ms is not None and now_ms - shown.replaced_ms > GRACE_MS
