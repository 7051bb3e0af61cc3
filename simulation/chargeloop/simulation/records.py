"""The records of a run, for an independent checker; their kinds and columns stand in docs/simulation.md."""

from collections.abc import Callable

Value = str | int | bool | tuple[str, ...] | None
Record = tuple[Value, ...]
Sink = Callable[[Record], None]


def discard(record: Record) -> None:
    """Take a record and forget it."""
    del record
