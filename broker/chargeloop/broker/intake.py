"""The door for arriving messages: a topic and bytes become a checked message or a fault.

A message is taken when its topic stands in the table, the reader may read it, its type belongs there, and
its `source` is the writer that the topic names. What cannot be taken is a value too: a `Fault`, with as much
of the envelope as could be read, so that a journal goes on behind an entry that nobody understands.
"""

import json
import re
from dataclasses import dataclass

from chargeloop.protocol.codec import JSON, Codec, Fault, FaultKind
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import MESSAGE_ID_PATTERN, IdKind, is_id
from chargeloop.protocol.topics import Delivery, Role, Topic, parse_topic, source_of

_MAX_SALVAGE_BYTES = 64 * 1024
_MAX_SEQ = 2**31 - 1
_MESSAGE_ID = re.compile(MESSAGE_ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Checked:
    """A message that has passed the door."""

    topic: Topic
    message: Envelope[Data]


@dataclass(frozen=True, slots=True)
class Salvage:
    """What could be read of an envelope that has not passed; every member is of the right form or None."""

    message_id: str | None = None
    source: str | None = None
    journal: str | None = None
    seq: int | None = None
    kept_from: int | None = None


def check(topic_text: str, payload: bytes, role: Role, region: str, codec: Codec = JSON) -> Checked | Fault:
    """Return the message for a reader of this role and region, or why it cannot be taken."""
    topic = parse_topic(topic_text)
    if topic is None or topic.region != region or role not in topic.spec.readers:
        return Fault(FaultKind.WRONG_TOPIC, "not a topic of the table that this participant reads")
    message = codec.decode(payload)
    if isinstance(message, Fault):
        return message
    if type(message.data) not in topic.spec.messages:
        return Fault(FaultKind.WRONG_TOPIC, f"{message.type} does not belong on {topic.spec.name}")
    if not is_source(topic, message.source):
        return Fault(FaultKind.WRONG_SOURCE, f"{message.source} does not write this topic")
    if topic.spec.delivery is Delivery.JOURNAL and (message.journalid is None or message.seq is None):
        return Fault(FaultKind.INVALID, "an entry of a journal has a journalid and a seq")
    return Checked(topic, message)


def is_source(topic: Topic, source: str) -> bool:
    """Tell whether `source` writes the topic (any of the role, where the topic does not name the writer)."""
    writer = topic.spec.writer
    client = topic.ids.get(str(writer))
    return source.startswith(f"{writer}/") if client is None else source == source_of(client, writer)


def salvage(payload: bytes) -> Salvage:
    """Return what can be read of the envelope in a payload that could not be taken; never raises."""
    if len(payload) > _MAX_SALVAGE_BYTES:
        return Salvage()
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return Salvage()
    if not isinstance(value, dict):
        return Salvage()
    journal = value.get("journalid")
    named = isinstance(journal, str) and is_id(IdKind.JOURNAL, journal)
    return Salvage(
        message_id=_message_id(value.get("id")),
        source=_text(value.get("source")),
        journal=journal if named else None,
        seq=_seq(value.get("seq")),
        kept_from=_seq(value.get("keptfrom")),
    )


def _seq(value: object) -> int | None:
    # bool is an int to Python and not to us.
    return value if type(value) is int and 1 <= value <= _MAX_SEQ else None


def _message_id(value: object) -> str | None:
    return value if isinstance(value, str) and _MESSAGE_ID.fullmatch(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= 128 and value.isascii() else None
