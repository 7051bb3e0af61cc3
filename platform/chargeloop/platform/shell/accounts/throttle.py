"""How often something may be tried: token buckets, in bounded memory.

A bucket holds so many tries and is filled again at a steady rate. One that is full is forgotten, for a new
one is full too; when there are too many, the one that was used longest ago is. One that is empty gets no
emptier: whoever was refused and waits for as long as told finds a try.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

Key = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` tries at once, and one more every `every_s` seconds."""

    burst: int
    every_s: float


class Throttle:
    """Counts tries by key; `most` keys at a time."""

    def __init__(self, rate: Rate, now_s: Callable[[], float], *, most: int = 10_000) -> None:
        self._rate = rate
        self._now_s = now_s
        self._most = most
        # When the bucket will be full again; the least recently used key comes first.
        self._full_at: OrderedDict[Key, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, key: Key) -> int:
        """Return for how many seconds nothing may be tried, rounded up; 0 when it may be now."""
        full_at = self._full_at.get(key)
        if full_at is None:
            return 0
        # A try is there when no more than the others are missing.
        ready_at = full_at - (self._rate.burst - 1) * self._rate.every_s
        return max(0, math.ceil(ready_at - self._now_s()))

    def spend(self, key: Key) -> None:
        """Take a try from the bucket; from an empty one the try that is about to be there."""
        now_s = self._now_s()
        full_at = max(now_s, self._full_at.pop(key, now_s))
        empty_at = now_s + self._rate.burst * self._rate.every_s
        self._full_at[key] = min(full_at + self._rate.every_s, empty_at)
        self._forget(now_s)

    def refund(self, key: Key) -> None:
        """Give a try back."""
        full_at = self._full_at.get(key)
        if full_at is not None:
            self._full_at[key] = full_at - self._rate.every_s

    def _forget(self, now_s: float) -> None:
        while self._full_at:
            key, full_at = next(iter(self._full_at.items()))
            if full_at > now_s and len(self._full_at) <= self._most:
                return
            del self._full_at[key]
