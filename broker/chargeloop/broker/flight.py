"""Which messages are on the wire: what a virtual clock must wait for before it moves on.

Virtual time stands still while a message is between its sender and the end of its handling. The sender tells
`sent`, every receiver tells `arrived` when the message *and all that follows from it* has been dealt with
(committed, follow-ups handed to `sent`). A broker may drop a message, so a watchdog of the clock forgets
what has been outstanding for too long without any change, and counts a stall: a lost message slows a replay
down, it never wedges it. With a real or a scaled clock nothing of this is needed and `NoFlight` does
nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable
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

    # Topics are few beside messages, but those of orders are never used again.
    _MAX_REMEMBERED_TOPICS = 50_000

    def __init__(self, changed: Callable[[], None]) -> None:
        self.stalls = 0
        self.outstanding = 0
        self._changed = changed
        self._filters: dict[str, list[tuple[str, ...]]] = {}
        self._on_way: dict[str, Counter[str]] = {}
        self._receivers: dict[str, tuple[str, ...]] = {}

    def subscribed(self, client: str, filters: Iterable[str]) -> None:
        """Note that messages on these topic filters reach the client from now on."""
        self._filters.setdefault(client, []).extend(tuple(text.split("/")) for text in filters)
        self._receivers.clear()
        self._changed()

    def disconnected(self, client: str) -> None:
        """Forget the client's filters and what was on its way to it."""
        self._filters.pop(client, None)
        self._receivers.clear()
        self.outstanding -= self._on_way.pop(client, Counter()).total()
        self._changed()

    def sent(self, message_id: str, topic: str) -> None:
        """Count one copy for each client that has subscribed to the topic."""
        for client in self._receivers_of(topic):
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

    def _receivers_of(self, topic: str) -> tuple[str, ...]:
        known = self._receivers.get(topic)
        if known is None:
            parts = tuple(topic.split("/"))
            known = tuple(
                client
                for client, filters in self._filters.items()
                if any(_matches(wanted, parts) for wanted in filters)
            )
            if len(self._receivers) >= self._MAX_REMEMBERED_TOPICS:
                self._receivers.clear()
            self._receivers[topic] = known
        return known


def _matches(wanted: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Tell whether an MQTT topic filter takes a topic, both split at the slashes."""
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        parts = parts[: len(wanted)]
    return len(wanted) == len(parts) and all(
        want in {"+", part} for want, part in zip(wanted, parts, strict=True)
    )
