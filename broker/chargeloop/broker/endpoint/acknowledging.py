"""Acknowledgements of journals: the most frequent of a service's messages, and all alike.

With thousands of senders nearly every event has an acknowledgement of its own. On the wire they are written
into a template, which is much less work than to validate and to write each message; the bytes are the same.
"""

from collections.abc import Callable
from typing import Final

from chargeloop.protocol.codec import JSON, Codec
from chargeloop.protocol.ids import IdKind, JournalId
from chargeloop.protocol.messages.common import JournalAck
from chargeloop.protocol.time import format_instant

# Message id, time (ms), journal, number, gap -> payload.
Acknowledger = Callable[[str, int, str, int, bool], bytes]

_ID: Final = "message-id"
_JOURNAL: Final = f"{IdKind.JOURNAL}-sample"
_SEQ: Final = 1_234_567_890


def acknowledger(source: str, codec: Codec) -> Acknowledger:
    """Return what makes the payloads of a source's acknowledgements."""

    def seal(message_id: str, time_ms: int, journal: str, seq: int, gap: bool) -> bytes:  # noqa: FBT001
        ack = JournalAck(journal=JournalId(journal), seq=seq, gap=gap)
        return codec.encode(codec.seal(ack, id=message_id, source=source, time=time_ms))

    if codec is not JSON:
        return seal
    template = _with_places(seal(_ID, 0, _JOURNAL, _SEQ, False).decode())

    def write(message_id: str, time_ms: int, journal: str, seq: int, gap: bool) -> bytes:  # noqa: FBT001
        said = (message_id, format_instant(time_ms), journal, seq, "true" if gap else "false")
        return (template % said).encode()

    return write


def _with_places(sample: str) -> str:
    """Return the sample with a place for each member that differs, in the order in which they stand there."""
    pieces = []
    for member in (_ID, format_instant(0), _JOURNAL, str(_SEQ), "false"):
        before, _, sample = sample.partition(member)
        pieces.append(before)
    return "%s".join([*pieces, sample])
