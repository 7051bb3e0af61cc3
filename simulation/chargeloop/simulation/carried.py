"""Messages that are carried as they are: between participants of one thread nobody needs to write JSON.

Writing every message as JSON and reading it again is most of the work of a simulated order, and says nothing
that the codec's own tests do not. So the bytes that travel here are empty and carry their envelope. Messages
that something happens to on their way (an attribute that nobody knows) are written out by the real codec, and
read by it.
"""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final, Literal, cast

from chargeloop.protocol import codec
from chargeloop.protocol.codec import Fault
from chargeloop.protocol.envelope import ClockState, Data, Envelope
from chargeloop.protocol.values import replace


@dataclass(slots=True)
class PlainEnvelope:
    """The attributes of an envelope, not validated: who made them is ourselves."""

    data: Data
    type: str
    id: str
    source: str
    time: int
    subject: str | None = None
    journalid: str | None = None
    seq: int | None = None
    keptfrom: int | None = None
    bootid: str | None = None
    uptimems: int | None = None
    clockstate: ClockState | None = None
    correlationid: str | None = None
    causationid: str | None = None
    expirytime: int | None = None
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"


class CarriedText(str):  # noqa: SLOT000 - it carries an attribute
    """The text of a carried message, as a row of a store keeps it."""

    carried: "Carried"

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the message again."""
        del encoding, errors
        return self.carried


class Carried(bytes):
    """A message that is its envelope."""

    envelope: PlainEnvelope

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the message as a row of a store keeps it."""
        del encoding, errors
        text = CarriedText()
        text.carried = self
        return text


def envelope_of(payload: bytes) -> Envelope[Data]:
    """Return the envelope of a message that one of us has sent.

    Raises:
        ValueError: it is none.
    """
    found = CARRIED.decode(payload)
    if isinstance(found, Fault):
        raise ValueError(found.detail)  # noqa: TRY004 - the payload is wrong, not its type
    return found


def written(payload: bytes) -> bytes:
    """Return the message as the real codec writes it."""
    if not isinstance(payload, Carried):
        return payload
    plain = payload.envelope
    attributes = {field.name: getattr(plain, field.name) for field in fields(plain) if field.name not in _OWN}
    return codec.encode(codec.seal(plain.data, **attributes))


_OWN: Final = {"data", "type"}
_ATTRIBUTES: Final = attrgetter(*(field.name for field in fields(PlainEnvelope) if field.name != "data"))


def content_of(payload: bytes) -> bytes:
    """Return all that a message says, as text that is the same for a carried message and a written one.

    Raises:
        ValueError: none of us has sent it.
    """
    envelope = envelope_of(payload)
    data = envelope.data
    # Without the checks and options of `model_dump_json`: every message of every run is told.
    return data.__pydantic_serializer__.to_json(data) + repr(_ATTRIBUTES(envelope)).encode()


class _CarryingCodec:
    def seal(self, data: Data, **attributes: Any) -> Envelope[Data]:
        """Return the envelope of the right type around `data`."""
        return cast("Envelope[Data]", PlainEnvelope(data, data.TYPE, **attributes))

    def encode(self, envelope: Envelope[Data]) -> bytes:
        """Return a payload that carries the envelope."""
        carried = Carried()
        carried.envelope = cast("PlainEnvelope", envelope)
        return carried

    def decode(self, payload: bytes) -> Envelope[Data] | Fault:
        """Return the envelope that is carried, or the one that was written out."""
        if isinstance(payload, Carried):
            return cast("Envelope[Data]", payload.envelope)
        return codec.decode(payload)

    def with_kept_from(self, payload: bytes, seq: int) -> bytes:
        """Return the journal entry with its `keptfrom` set."""
        if not isinstance(payload, Carried):
            return codec.with_kept_from(payload, seq)
        return self.encode(cast("Envelope[Data]", replace(payload.envelope, keptfrom=seq)))


CARRIED: Final[codec.Codec] = _CarryingCodec()
