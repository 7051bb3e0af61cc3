"""Messages and parts that more than one kind of participant uses."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from chargeloop.protocol import fields
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.geo import Point


class Location(Data):
    """A place in 1e-7 degrees, WGS 84 (about 1 cm)."""

    lat_e7: Annotated[int, Field(ge=-900_000_000, le=900_000_000)]
    lon_e7: Annotated[int, Field(ge=-1_800_000_000, le=1_800_000_000)]

    @classmethod
    def of(cls, point: Point) -> "Location":
        """Return the message part for a place."""
        return cls(lat_e7=point.lat_e7, lon_e7=point.lon_e7)

    @property
    def point(self) -> Point:
        """Return the place."""
        return Point(self.lat_e7, self.lon_e7)


class Presence(StrEnum):
    """Whether a participant holds a connection to the broker."""

    ONLINE = "online"
    OFFLINE = "offline"


class ConnectionState(Data):
    """Birth, orderly goodbye and last will of one connection.

    `connection_epoch` rises with every connection of a client (kept on its disk), and stands in the last will
    too: a will of an old connection that arrives late is recognised and ignored (Sparkplug's bdSeq).
    """

    TYPE: ClassVar[str] = "chargeloop.common.connection_state.v1"
    EXAMPLE: ClassVar[str] = '{"state":"online","connection_epoch":7}'

    state: Presence
    connection_epoch: fields.Epoch


class JournalAck(Data):
    """The receiver has committed every journal entry up to and including `seq` of `journal`.

    `gap` asks the sender to send again from `seq + 1` at once. `seq` 0 acknowledges nothing yet.
    """

    TYPE: ClassVar[str] = "chargeloop.common.journal_ack.v1"
    EXAMPLE: ClassVar[str] = '{"journal":"jnl-5f0c2a","seq":41,"gap":false}'

    journal: fields.Journal
    seq: fields.Count
    gap: bool = False


class SyncSample(Data):
    """One completed exchange of times: what the device saw of an earlier probe and its reply."""

    platform_time: fields.Instant
    sent_uptime_ms: fields.Count
    received_uptime_ms: fields.Count


class TimeProbe(Data):
    """A device asks for the platform's time and reports the sample of the exchange before.

    The envelope's `bootid` says which boot the uptimes belong to. The platform's clock read `platform_time`
    somewhere between the device's `sent_uptime_ms` and `received_uptime_ms`: that bounds the offset.
    """

    TYPE: ClassVar[str] = "chargeloop.common.time_probe.v1"
    EXAMPLE: ClassVar[str] = (
        '{"sent_uptime_ms":61000,"previous":{"platform_time":"2026-11-23T12:00:00.000Z",'
        '"sent_uptime_ms":1000,"received_uptime_ms":1040}}'
    )

    sent_uptime_ms: fields.Count
    previous: SyncSample | None = None


class TimeReply(Data):
    """The platform's time, with the probe's `sent_uptime_ms` echoed; `correlationid` is the probe's id."""

    TYPE: ClassVar[str] = "chargeloop.common.time_reply.v1"
    EXAMPLE: ClassVar[str] = '{"platform_time":"2026-11-23T12:00:00.000Z","sent_uptime_ms":61000}'

    platform_time: fields.Instant
    sent_uptime_ms: fields.Count
