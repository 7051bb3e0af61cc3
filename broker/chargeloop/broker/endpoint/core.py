"""What the core of a service offers the endpoint that runs it."""

from typing import Protocol, TypeVar

from chargeloop.protocol.effects import Context, Effects, Incoming

WriteT = TypeVar("WriteT")


class RegionCore(Protocol[WriteT]):
    """All decisions of one service for one region; pure, in memory, never called twice at once.

    It must raise only when it has a bug: what is expected to go wrong is an effect or nothing. After an
    exception its memory is not trusted any more and the process ends.
    """

    def receive(self, incoming: Incoming, context: Context) -> Effects[WriteT]:
        """Take one message; requests, and journal entries that this service acknowledges, come once."""

    def tick(self, context: Context) -> Effects[WriteT]:
        """Do everything that is due at `context.now_ms`; afterwards `next_due_ms` lies in the future."""

    def next_due_ms(self) -> int | None:
        """Return when `tick` is to be called next, None when nothing is waiting for time to pass."""
