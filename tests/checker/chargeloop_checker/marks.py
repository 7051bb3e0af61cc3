"""Durations between two entries of a journal, and how far they can be trusted."""

from typing import Final, NamedTuple

_TRUST: Final = {"synced": 0, "free": 1, "inferred": 2, "unset": 3}


class Mark(NamedTuple):
    """An entry of the journal as one end of a duration."""

    event: str
    time_ms: int
    quality: str


class Span(NamedTuple):
    """A finished duration: the fee it makes, and the bank or job it is charged for."""

    fee: str
    of: str
    start: Mark
    end: Mark

    @property
    def held_ms(self) -> int:
        """Return how long it was; negative when its ends contradict each other."""
        return self.end.time_ms - self.start.time_ms

    @property
    def quality(self) -> str:
        """Return the worse quality of its ends; a contradiction is inferred at best."""
        return worst(self.start.quality, self.end.quality, held_ms=self.held_ms)


def worst(start: str, end: str, *, held_ms: int) -> str:
    """Return the quality of a duration from those of its ends; one that nobody knows is the worst."""
    qualities = [start, end, "inferred"] if held_ms < 0 else [start, end]
    return max(qualities, key=lambda quality: _TRUST.get(quality, len(_TRUST)))
