"""When something is due next: a heap of instants, each checked again when its time has come.

A deadline that moves away (a courier gave a sign of life) is not searched for in the heap: its entry stays,
and when it comes up it is put back at its new instant. A deadline that comes nearer gets a further entry.
So a sign of life costs one dictionary write.
"""

import heapq
from dataclasses import dataclass, field


@dataclass(slots=True)
class Deadlines:
    """One instant (ms since 1970 UTC) for each key."""

    _due: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, int] = field(default_factory=dict)
    _heap: list[tuple[int, str]] = field(default_factory=list)

    def put(self, key: str, due_ms: int | None) -> None:
        """Set the instant of a key; None takes it away."""
        if due_ms is None:
            self._due.pop(key, None)
            return
        self._due[key] = due_ms
        waiting_ms = self._waiting.get(key)
        if waiting_ms is None or due_ms < waiting_ms:
            self._waiting[key] = due_ms
            heapq.heappush(self._heap, (due_ms, key))

    def next_ms(self) -> int | None:
        """Return the earliest instant, or None when nothing is due ever."""
        self._settle()
        return self._heap[0][0] if self._heap else None

    def pop(self, now_ms: int) -> str | None:
        """Return a key whose instant has come and take it away, earliest first; None when there is none."""
        self._settle()
        if not self._heap or self._heap[0][0] > now_ms:
            return None
        _, key = heapq.heappop(self._heap)
        del self._due[key], self._waiting[key]
        return key

    def _settle(self) -> None:
        """Make the top of the heap a true deadline."""
        while self._heap:
            at_ms, key = self._heap[0]
            due_ms = self._due.get(key)
            if due_ms == at_ms and self._waiting.get(key) == at_ms:
                return
            heapq.heappop(self._heap)
            if self._waiting.get(key) != at_ms:
                continue  # A nearer entry of this key has been dealt with already.
            del self._waiting[key]
            if due_ms is not None:
                self.put(key, due_ms)
