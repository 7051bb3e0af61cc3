"""How much is made of messages that cannot be taken: so much for each topic, however much comes there.

Theory: whoever may write to a topic can send nonsense there as fast as the network carries it, and all of it
comes to the one writer that everybody shares. So a message that cannot be taken is always counted, but kept,
answered and told to operators only within an allowance of its topic: a device with a bug stays within it, and
beyond it nonsense costs no more than to find out that it is some, which is done only so often in a turn: then
what else has come on that topic is counted with it. What was good among that is lost, but for what its sender
keeps until it is answered: journals, requests and leases.
Pure: the time comes in.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from chargeloop.protocol.codec import FaultKind
from chargeloop.protocol.time import SECOND_MS

# What we say of messages ourselves: it must not go under in nonsense.
OUR_FINDINGS: Final = frozenset({FaultKind.HANDLING_FAILED, FaultKind.ENTRIES_MISSING})


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and one more every `every_ms` milliseconds of the clock."""

    burst: int
    every_ms: int


KEPT: Final = Rate(burst=500, every_ms=SECOND_MS)
TOLD: Final = Rate(burst=20, every_ms=10 * SECOND_MS)

# After so much nonsense on a topic in one turn, what else has come there is not even looked at in that turn.
MOST_IN_A_TURN: Final = 100


class Allowance:
    """Allows so much for each key; the keys used last are remembered, `most` of them."""

    def __init__(self, rate: Rate, *, most: int = 10_000) -> None:
        self._rate = rate
        self._most = most
        # When the allowance will be whole again; the key used longest ago comes first.
        self._whole_at_ms: OrderedDict[str, int] = OrderedDict()

    def takes(self, key: str, now_ms: int) -> bool:
        """Take one from the allowance of the key; False when there is none left."""
        whole_at_ms = max(now_ms, self._whole_at_ms.pop(key, now_ms))
        allowed = whole_at_ms - now_ms <= (self._rate.burst - 1) * self._rate.every_ms
        self._whole_at_ms[key] = whole_at_ms + self._rate.every_ms if allowed else whole_at_ms
        if len(self._whole_at_ms) > self._most:
            self._whole_at_ms.popitem(last=False)
        return allowed
