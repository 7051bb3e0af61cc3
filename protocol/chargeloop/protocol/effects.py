"""What a core asks its shell to do: effects are data, carried out after one commit.

A core is given a `Context` (time and randomness come from outside) and returns `Effects`. The shell writes
the rows and the messages in one transaction with the ids of the messages that led to them, and only then
acknowledges and publishes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chargeloop.protocol.envelope import ClockState, Data, Envelope
from chargeloop.protocol.topics import Topic

WriteT = TypeVar("WriteT")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that has been decoded, checked against its topic and found new."""

    topic: Topic
    message: Envelope[Data]
    received_ms: int


@dataclass(frozen=True, slots=True)
class Context:
    """What a core may know of the outside: the time (ms since 1970 UTC) and a source of randomness.

    `randbelow(n)` returns an integer from 0 to n-1; it must be unpredictable in production (codes).
    """

    now_ms: int
    randbelow: Callable[[int], int]

    def draw_code(self, digits: int) -> str:
        """Return a code of exactly so many decimal digits."""
        return f"{self.randbelow(10**digits):0{digits}d}"


@dataclass(frozen=True, slots=True)
class Send:
    """Publish `data` on `topic`; the topic's row says how it is kept until it has arrived.

    `id` is needed for leases (it is the command's or offer's id) and is made by the endpoint otherwise.
    `time_ms` is the event's time; None means now.
    """

    topic: str
    data: Data
    id: str | None = None
    time_ms: int | None = None
    subject: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    expires_ms: int | None = None
    clock_state: ClockState | None = None

    def caused_by(self, message_id: str | None) -> "Send":
        """Return the same message with the id of the one that led to it."""
        return Send(
            self.topic,
            self.data,
            self.id,
            self.time_ms,
            self.subject,
            self.correlation_id,
            message_id,
            self.expires_ms,
            self.clock_state,
        )


@dataclass(slots=True)
class Effects(Generic[WriteT]):
    """All that follows from one input, in order. `settled` names leases that need no more sending."""

    sends: list[Send] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    writes: list[WriteT] = field(default_factory=list)

    def extend(self, other: "Effects[WriteT]") -> None:
        """Append what follows from the next input."""
        self.sends += other.sends
        self.settled += other.settled
        self.writes += other.writes
