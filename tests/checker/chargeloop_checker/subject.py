"""What all subjects have in common: each takes some kinds of records and has its say at the end."""

from collections.abc import Callable, Mapping
from typing import Protocol

from chargeloop_checker.shapes import Record

Handler = Callable[[Record], None]


class Subject(Protocol):
    """One subject of one region."""

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record of this subject; the columns were checked."""

    def finish(self, at_ms: int) -> None:
        """Report what does not hold although the run is over."""
