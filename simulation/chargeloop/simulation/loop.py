"""Virtual time: a heap of acts, each at its instant; nothing happens between two of them.

Acts of one instant run in the order in which they were asked for, so that a run follows from its seed alone.
"""

import heapq
import itertools
from collections.abc import Callable

Act = Callable[[], None]


class Loop:
    """The clock of one simulated world, and all that is still to happen in it."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._heap: list[tuple[int, int, Act]] = []
        self._number = itertools.count()

    def now_ms(self) -> int:
        """Return the true time in milliseconds since 1970 UTC."""
        return self._now_ms

    def at(self, at_ms: int, act: Act) -> None:
        """Have `act` done at the instant, or now when that is over."""
        heapq.heappush(self._heap, (max(at_ms, self._now_ms), next(self._number), act))

    def after(self, wait_ms: int, act: Act) -> None:
        """Have `act` done so many milliseconds from now."""
        heapq.heappush(self._heap, (self._now_ms + max(0, wait_ms), next(self._number), act))

    def run(self, until_ms: int) -> None:
        """Do everything that is due up to and including the instant, which it is then."""
        heap = self._heap
        while heap and heap[0][0] <= until_ms:
            self._now_ms, _, act = heapq.heappop(heap)
            act()
        self._now_ms = max(self._now_ms, until_ms)


class Alarm:
    """One wake-up of one participant, which may be moved or called off; only its latest instant counts."""

    __slots__ = ("_act", "_due_ms", "_loop", "_pushed_ms")

    def __init__(self, loop: Loop, act: Act) -> None:
        self._loop = loop
        self._act = act
        self._due_ms: int | None = None
        self._pushed_ms: int | None = None

    def set(self, due_ms: int | None) -> None:
        """Ring at the instant (None: not at all); one in the past rings at once, after what is due now."""
        self._due_ms = due_ms
        if due_ms is not None and (self._pushed_ms is None or due_ms < self._pushed_ms):
            self._pushed_ms = due_ms
            self._loop.at(due_ms, self._rise)

    def sooner(self, due_ms: int) -> None:
        """Ring at the instant unless it rings before."""
        if self._due_ms is None or due_ms < self._due_ms:
            self.set(due_ms)

    def _rise(self) -> None:
        now_ms = self._loop.now_ms()
        if self._pushed_ms is None or self._pushed_ms > now_ms:
            return  # replaced by a later one when this was not needed any more
        self._pushed_ms = None
        due_ms = self._due_ms
        if due_ms is None:
            return
        if due_ms > now_ms:
            self.set(due_ms)
            return
        self._due_ms = None
        self._act()
