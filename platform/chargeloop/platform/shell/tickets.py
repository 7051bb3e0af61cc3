"""Tickets for the relay to the broker: a browser cannot send a token with a WebSocket, so it buys one before.

A ticket is used once, within 30 seconds, and kept in memory only.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TICKET_S: Final = 30
_MOST: Final = 10_000
_MOST_PER_SESSION: Final = 10
_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket lets in: the client of one account, as long as its session lasts."""

    client: str
    session: str
    until_s: float


class Tickets:
    """The tickets that have not been used; `now_s` is a steady clock."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._sold: OrderedDict[str, Ticket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sold)

    def sell(self, client: str, session: str) -> str | None:
        """Return a ticket for the client of a session, or None when there are too many unused ones."""
        self._forget()
        unused = sum(ticket.session == session for ticket in self._sold.values())
        if unused >= _MOST_PER_SESSION or len(self._sold) >= _MOST:
            return None
        name = secrets.token_urlsafe(_BYTES)
        self._sold[name] = Ticket(client, session, self._now_s() + TICKET_S)
        return name

    def take(self, name: str) -> Ticket | None:
        """Return what the ticket lets in, this once; None when it is unknown, used or too old."""
        self._forget()
        return self._sold.pop(name, None)

    def _forget(self) -> None:
        now_s = self._now_s()
        while self._sold and next(iter(self._sold.values())).until_s <= now_s:
            self._sold.popitem(last=False)
