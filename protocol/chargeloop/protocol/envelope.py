"""The envelope: CloudEvents 1.0 in structured JSON, so that any MQTT client, old or new, can take part.

Everything that matters is in the payload, nothing in MQTT 5 properties. Attributes beyond the standard ones
follow the CloudEvents rules for extensions (lower-case letters and digits):

- `journalid`, `seq`: the sender's journal and the number of this message in it, without gaps, from 1;
- `keptfrom`: the first number of the journal that its sender still has, given when the receiver asks for
  entries it has acknowledged before (its store was lost or is older); it then goes on from there;
- `bootid`, `uptimems`, `clockstate`: a device's boot, its monotonic milliseconds since then, and what it
  thinks of its wall clock; `time` is that wall clock (for platforms: their corrected time of the event);
- `correlationid`: the request or command this answers; `causationid`: the message that led to this one;
- `expirytime`: after this the message must not be acted upon.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from chargeloop.protocol import fields


class ClockState(StrEnum):
    """How far a wall clock, or a corrected time, can be trusted."""

    UNSET = "unset"  # never set since boot: the wall time means nothing
    FREE = "free"  # set once, running alone
    SYNCED = "synced"  # in step with the platform's time
    INFERRED = "inferred"  # not measured: derived from other facts, or bounded by the time of receipt


class Data(BaseModel):
    """The payload of one message type. Unknown fields are ignored, so newer senders can talk to us."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    TYPE: ClassVar[str]
    EXAMPLE: ClassVar[str]


D_co = TypeVar("D_co", bound=Data, covariant=True)


class Envelope(BaseModel, Generic[D_co]):
    """One message: CloudEvents attributes around typed data."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    specversion: Literal["1.0"] = "1.0"
    id: fields.Message
    source: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9-]{1,48}$")]
    type: fields.MessageType
    time: fields.Instant
    subject: Annotated[str, StringConstraints(max_length=64)] | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    journalid: fields.Journal | None = None
    seq: fields.Seq | None = None
    keptfrom: fields.Seq | None = None
    bootid: fields.Boot | None = None
    uptimems: fields.UptimeMs | None = None
    clockstate: ClockState | None = None
    correlationid: fields.Message | None = None
    causationid: fields.Message | None = None
    expirytime: fields.Instant | None = None
    data: D_co
