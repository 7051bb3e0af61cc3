"""Which messages are on the wire: what a virtual clock must wait for before it moves on.

Virtual time stands still while a message is between its sender and the end of its handling. The sender tells
`sent`, every receiver tells `arrived` when the message *and all that follows from it* has been dealt with
(committed, follow-ups handed to `sent`). A broker may drop a message, so a watchdog of the clock forgets
what has been outstanding for too long without any change, and counts a stall: a lost message slows a replay
down, it never wedges it. With a real or a scaled clock nothing of this is needed and `NoFlight` does
nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Flight(Protocol):
    """Told by both ends of the wire; one object is shared by all participants of a process.

    `stalls` counts how often outstanding messages had to be forgotten.
    """

    stalls: int

    def subscribed(self, client: str, filters: Iterable[str]) -> None:
        """Note that messages on these topic filters reach the client from now on."""

    def disconnected(self, client: str) -> None:
        """Note that the client receives nothing any more; what was on its way to it is not waited for."""

    def sent(self, message_id: str, topic: str) -> None:
        """Note that a message is about to be published. Call it before the bytes leave."""

    def arrived(self, client: str, message_id: str) -> None:
        """Note that the client has fully handled one copy. Unexpected copies are ignored."""


class NoFlight:
    """The flight of clocks that do not wait for messages."""

    stalls = 0

    def subscribed(self, client: str, filters: Iterable[str]) -> None:
        """Do nothing."""

    def disconnected(self, client: str) -> None:
        """Do nothing."""

    def sent(self, message_id: str, topic: str) -> None:
        """Do nothing."""

    def arrived(self, client: str, message_id: str) -> None:
        """Do nothing."""


class CountedFlight:
    """Counts every copy on its way, by receiver.

    Args:
        changed: called after every change, so that the clock looks again.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.stalls = 0
        self.outstanding = 0
        self._changed = changed
        self._filters = _FilterTree()
        self._on_way: dict[str, Counter[str]] = {}

    def subscribed(self, client: str, filters: Iterable[str]) -> None:
        """Note that messages on these topic filters reach the client from now on."""
        for text in filters:
            self._filters.add(client, text)
        self._changed()

    def disconnected(self, client: str) -> None:
        """Forget the client's filters and what was on its way to it."""
        self._filters.remove(client)
        self.outstanding -= self._on_way.pop(client, Counter()).total()
        self._changed()

    def sent(self, message_id: str, topic: str) -> None:
        """Count one copy for each client that has subscribed to the topic."""
        for client in self._filters.takers(topic):
            self._on_way.setdefault(client, Counter())[message_id] += 1
            self.outstanding += 1
        self._changed()

    def arrived(self, client: str, message_id: str) -> None:
        """Count one copy less, if one was expected."""
        expected = self._on_way.get(client)
        if expected is not None and message_id in expected:
            expected[message_id] -= 1
            if expected[message_id] == 0:
                del expected[message_id]
            self.outstanding -= 1
        self._changed()

    def forget(self) -> None:
        """Give up waiting for all that is outstanding, and count a stall."""
        self._on_way.clear()
        self.outstanding = 0
        self.stalls += 1
        self._changed()


@dataclass(slots=True)
class _Level:
    """One level of topic filters: the levels below it, and whose filters end here or take all below."""

    below: dict[str, "_Level"] = field(default_factory=dict)
    ends: set[str] = field(default_factory=set)
    takes_all: set[str] = field(default_factory=set)


class _FilterTree:
    """Who subscribed to what, as a tree of levels: thousands of clients come and go while messages pass."""

    def __init__(self) -> None:
        self._root = _Level()
        self._by_client: dict[str, set[str]] = {}

    def add(self, client: str, text: str) -> None:
        """Note that the client takes the topics of an MQTT filter."""
        level = self._root
        for part in text.split("/"):
            if part == "#":
                break
            level = level.below.setdefault(part, _Level())
        (level.takes_all if text.endswith("#") else level.ends).add(client)
        self._by_client.setdefault(client, set()).add(text)

    def remove(self, client: str) -> None:
        """Note that the client takes nothing any more."""
        for text in self._by_client.pop(client, ()):
            self._prune(self._root, text.split("/"), client)

    def takers(self, topic: str) -> set[str]:
        """Return the clients that take the topic."""
        takers: set[str] = set()
        levels = [self._root]
        for part in topic.split("/"):
            takers.update(*(level.takes_all for level in levels))
            levels = [level.below[word] for level in levels for word in (part, "+") if word in level.below]
        return takers.union(*(level.takes_all | level.ends for level in levels))

    def _prune(self, level: _Level, parts: Sequence[str], client: str) -> None:
        """Take the client off the end of one filter, and levels away that lead to nobody any more."""
        if not parts:
            level.ends.discard(client)
        elif parts[0] == "#":
            level.takes_all.discard(client)
        elif parts[0] in level.below:
            next_level = level.below[parts[0]]
            self._prune(next_level, parts[1:], client)
            if not (next_level.below or next_level.ends or next_level.takes_all):
                del level.below[parts[0]]
