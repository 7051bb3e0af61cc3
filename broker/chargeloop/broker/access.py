"""Who may write and read which topics, made from the topic table alone.

A client's rules are two sets of filters: what it may publish to and what it may be sent. A filter carries the
client's own id wherever the table names its role, its own region always, and `+` for the rest, so a client
reads the topics about itself, a service those of its whole region, and nobody another region. As the table
has one writer per topic and an id one holder, every topic has one client that may write it.

MQTT 3.1.1 acknowledges a forbidden publish like any other; brokers drop it. Both our brokers grant every
subscription and then filter message by message. Nothing may rely on an error that tells it was forbidden.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from chargeloop.broker.credentials import Credentials
from chargeloop.protocol.topics import TOPICS


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The topic filters of one client: `writes` it may publish to, `reads` it may be sent messages of."""

    client: str
    writes: tuple[str, ...]
    reads: tuple[str, ...]

    @classmethod
    def of(cls, credentials: Credentials) -> Self:
        """Return the rules of a participant, world topics included (they are the simulation's hands)."""
        role, client, region = credentials.role, credentials.client, credentials.region
        return cls(
            client,
            _present(row.write_filter(role, client, region) for row in TOPICS.values()),
            _present(row.read_filter(role, client, region) for row in TOPICS.values()),
        )

    def allows_publish(self, topic: str) -> bool:
        """Tell whether the client may publish to this topic (a name without wildcards)."""
        return not _has_wildcard(topic) and _any_covers(self.writes, topic)

    def allows_delivery(self, topic: str) -> bool:
        """Tell whether a message on this topic may be sent to the client, whatever it has subscribed to."""
        return _any_covers(self.reads, topic)

    def allows_subscribe(self, topic_filter: str) -> bool:
        """Tell whether everything that `topic_filter` can match may be sent to the client."""
        return _any_covers(self.reads, topic_filter)


def covers(rule: str, topic_filter: str) -> bool:
    """Tell whether every topic that `topic_filter` matches is matched by `rule`.

    A topic without wildcards is a filter that matches itself. `rule` has no `#`: the table's patterns are of
    fixed length, and a `#` of the asked filter therefore reaches further than any rule.
    """
    allowed, asked = rule.split("/"), topic_filter.split("/")
    return len(allowed) == len(asked) and all(
        want != "#" and have in {"+", want} for have, want in zip(allowed, asked, strict=True)
    )


def _any_covers(rules: Iterable[str], topic_filter: str) -> bool:
    return any(covers(rule, topic_filter) for rule in rules)


def _has_wildcard(topic: str) -> bool:
    return "+" in topic or "#" in topic


def _present(filters: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(text for text in filters if text is not None)
