"""How many messages come: in all, and by the second over the last ten seconds."""

from collections import deque
from typing import Final

_WINDOW_S: Final = 10


class Rate:
    """The messages of one kind; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self.total = 0
        self.last_s: float | None = None
        self._buckets: deque[tuple[int, int]] = deque(maxlen=_WINDOW_S + 1)

    def count(self, now_s: float) -> None:
        """Count one message."""
        self.total += 1
        self.last_s = now_s
        second = int(now_s)
        if self._buckets and self._buckets[-1][0] == second:
            self._buckets[-1] = (second, self._buckets[-1][1] + 1)
        else:
            self._buckets.append((second, 1))

    def per_second(self, now_s: float) -> float:
        """Return the messages per second over the last ten whole seconds."""
        second = int(now_s)
        counted = sum(count for at, count in self._buckets if second - _WINDOW_S <= at < second)
        return counted / _WINDOW_S
