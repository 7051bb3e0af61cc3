"""Messages that nobody can take, on every topic that a service or a device of a region reads.

What is wrong with them is drawn: an old version of a type, somebody else's source, a type of another topic,
data of another form, or bytes that are no message at all. A service must put them into its quarantine, a
device has nowhere to put them; both must go on as if they had not come.
"""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.protocol.topics import ROOT, TOPICS, Delivery, Role, TopicSpec, source_of

Owners = Mapping[Role, Sequence[str]]

_TIME: Final = "2026-06-01T08:00:00.000Z"
# As no message of a participant is called.
_UNREADABLE: Final = "unreadable"
_FORMS: Final = (
    "old", "stranger", "stray", "misshapen", "no number", "twice", "surrogate", "no text", "deep", "large",
)  # fmt: skip


class Poison(NamedTuple):
    """A message that nobody can take, and its name where that can be read."""

    outgoing: Outgoing
    name: str | None


def rows() -> tuple[TopicSpec, ...]:
    """Return the topics that somebody in a simulated region may read; hands and voices need none."""
    return tuple(row for row in TOPICS.values() if row.pattern.startswith(ROOT) and row.owner != "order")


def poison(row: TopicSpec, region: str, owners: Owners, name: str, draw: random.Random) -> Poison:
    """Return a message for a topic that nobody who reads it can take.

    Args:
        row: the topic's row.
        region: in which.
        owners: the participants of the region by role, at least one of each.
        name: names the message, begins with `poison-`.
        draw: what is wrong with it.
    """
    ids = {str(role): draw.choice(clients) for role, clients in owners.items()}
    form = draw.choice(_FORMS)
    payload = _payload(row, ids, name, form, draw)
    readable = form in _FORMS[:7]
    message_id = name if readable else f"{name}-{_UNREADABLE}"
    topic = row.topic(region, **ids)
    outgoing = Outgoing(topic, payload, row.qos, retain=row.retain, message_id=message_id)
    return Poison(outgoing, name if readable else None)


def name_of(outgoing: Outgoing) -> tuple[bool, str | None]:
    """Return whether a message is poison, and its name where that can be read."""
    is_poison = outgoing.message_id.startswith("poison-")
    return is_poison, None if outgoing.message_id.endswith(_UNREADABLE) else outgoing.message_id


def _payload(row: TopicSpec, ids: Mapping[str, str], name: str, form: str, draw: random.Random) -> bytes:
    envelope = _sound(row, ids, name, draw)
    if form == "old":
        envelope["type"] = envelope["type"].removesuffix("1") + "0"
        if row.delivery is Delivery.JOURNAL:
            # Of a journal that nobody has heard of: of no other one an entry is passed over.
            envelope |= {"journalid": f"jnl-{name}", "seq": 1}
    elif form == "stranger":
        stranger = Role.GATEWAY if row.writer is not Role.GATEWAY else Role.USER
        envelope["source"] = f"{stranger}/stranger"
    elif form == "stray":
        others = [spec for spec in rows() if not set(spec.messages) & set(row.messages)]
        other = draw.choice(draw.choice(others).messages)
        envelope |= {"type": other.TYPE, "data": json.loads(other.EXAMPLE)}
    elif form == "misshapen":
        envelope["data"] = draw.choice(([], None, "x", 1))
    elif form == "surrogate":
        envelope["subject"] = "\ud800"
    text = json.dumps(envelope)
    if form == "no number":
        text = text.removesuffix("}") + ', "extra": NaN}'
    elif form == "twice":
        text = text.removesuffix("}") + ', "specversion": "1.0"}'
    bytes_of = {"no text": b"\xff\xfe\x00", "deep": b"[" * 5_000, "large": b'{"id":"' + b"x" * 70_000 + b'"}'}
    return bytes_of.get(form, text.encode())


def _sound(row: TopicSpec, ids: Mapping[str, str], name: str, draw: random.Random) -> dict[str, Any]:
    """Return a message that the topic's readers could take, but for what is made of it."""
    message = draw.choice(row.messages)
    return {
        "specversion": "1.0",
        "id": name,
        "source": source_of(ids[str(row.writer)], row.writer),
        "type": message.TYPE,
        "time": _TIME,
        "data": json.loads(message.EXAMPLE),
    }
