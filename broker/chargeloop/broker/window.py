"""The sending half of a journal: which numbers are on the wire, and when to send them again.

Theory: go-back-N. Entries are numbered 1, 2, 3, … and the receiver takes only the next number, so the sender
keeps at most `limit` unacknowledged entries on the wire, in order. It goes back to the first unacknowledged
one when the receiver reports a gap, and when a new connection begins (whatever was on the old one may be
lost). One lost entry makes the receiver report a gap for each entry behind it; only the first report may
send the window again, or every loss would be answered by a storm.

When no acknowledgement has come within the patience, which doubles with every vain attempt, only the first
unacknowledged entry is sent again, as a knock: whoever is away must not find the whole window in its queue
once for each attempt. The answer to a knock shows that somebody is there, and the rest follows.

A receiver that asks for less than it has acknowledged has lost its memory, or this is an old report that
comes late. What it acknowledged is gone here, so the first entry still kept is to be marked as such
(`is_marked`): that lets a receiver without memory go on, and tells others nothing new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

_MAX_DOUBLINGS = 4


@dataclass(slots=True)
class SendWindow:
    """One journal on its way to one receiver; pure, told the time by the caller.

    Args:
        limit: entries that may be on the wire at once.
        resend_ms: how long to wait for the first acknowledgement before sending again.
        acked: the highest number known to be committed by the receiver.
        last: the highest number recorded.
        until: numbers after it are held back; None: none is.
    """

    limit: int
    resend_ms: int
    acked: int = 0
    last: int = 0
    until: int | None = None
    resend_at_ms: int | None = field(default=None, init=False)
    _sent: int = field(default=0, init=False)
    _vain: int = field(default=0, init=False)
    _knocked: bool = field(default=False, init=False)
    _gap_seen_at: int | None = field(default=None, init=False)
    _forgotten: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Begin with nothing on the wire."""
        self._sent = self.acked

    def restart(self) -> None:
        """A new connection has begun: everything unacknowledged is to be sent again, at once."""
        self._go_back()
        self._vain = 0
        self._gap_seen_at = None

    def take(self, now_ms: int) -> Sequence[int]:
        """Return the numbers to publish now, in order; they count as sent. Call it only while connected."""
        new = range(self._sent + 1, self._end() + 1)
        if new:
            self._sent = new[-1]
        knocks = self.resend_at_ms is not None and now_ms >= self.resend_at_ms
        if knocks:
            self._vain = min(self._vain + 1, _MAX_DOUBLINGS)
            self._knocked = True
            self.resend_at_ms = None
        self._arm(now_ms)
        return (self.acked + 1, *new) if knocks else new

    def acknowledge(self, seq: int, now_ms: int, *, gap: bool) -> bool:
        """Take the receiver's report; returns whether more entries have become committed.

        A number never recorded here is no news of ours: the report is ignored.
        """
        if seq > self.last:
            return False
        news = seq > self.acked
        if news:
            self.acked = seq
            self._sent = seq if self._knocked else max(self._sent, seq)
            self._vain = 0
            self._knocked = False
            self._forgotten = False
            self.resend_at_ms = None
        self._forgotten = self._forgotten or (gap and seq < self.acked)
        if gap and self._gap_seen_at != self.acked:
            self._gap_seen_at = self.acked
            self._go_back()
        self._arm(now_ms)
        return news

    def is_marked(self, seq: int) -> bool:
        """Tell whether the entry is to be sent with the mark of the first one that is still kept."""
        return self._forgotten and seq == self.acked + 1

    @property
    def given_out(self) -> int:
        """Return the highest number that can be on the wire by now."""
        return self.last if self.until is None else min(self.last, self.until)

    def has_more(self) -> bool:
        """Tell whether `take` would return something without waiting."""
        return self._sent < self._end()

    def _end(self) -> int:
        return min(self.given_out, self.acked + self.limit)

    def _go_back(self) -> None:
        self._sent = self.acked
        self._knocked = False
        self.resend_at_ms = None

    def _arm(self, now_ms: int) -> None:
        if self._sent == self.acked:
            self.resend_at_ms = None
        elif self.resend_at_ms is None:
            self.resend_at_ms = now_ms + (self.resend_ms << self._vain)
