"""Whole MQTT packets of the embedded broker's clients, checked before amqtt sees a byte of them.

A connection ends at the first packet that is too large, of a kind that clients do not send, or overdue by the
client's own keep-alive.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from amqtt.adapters import BufferReader, ReaderAdapter
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import UNACCEPTABLE_PROTOCOL_VERSION
from amqtt.mqtt.connect import ConnectPacket

from chargeloop.broker.limits import MAX_PACKET_BYTES

_log = logging.getLogger(__name__)

_CONNECT: Final = 1
# PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT: what a client may
# send next.
_AFTER_CONNECT: Final = frozenset({3, 4, 5, 6, 7, 8, 10, 12, 14})
_MQTT_3_1_1: Final = b"\x00\x04MQTT\x04"
_MAX_LENGTH_BYTES: Final = 4


class ProtocolError(Exception):
    """The client did not speak MQTT 3.1.1, or sent a packet that is too large: its connection ends."""


class RefusedError(Exception):
    """The client is told with a CONNACK of this return code that it may not connect."""

    def __init__(self, code: int) -> None:
        super().__init__(f"return code {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Packet:
    """An MQTT control packet: its first bytes (kind, flags and length) and the rest."""

    header: bytes
    body: bytes

    @property
    def kind(self) -> int:
        """Return the packet's kind: 1 for CONNECT, 3 for PUBLISH, and so on (MQTT 3.1.1, table 2.1)."""
        return self.header[0] >> 4


async def read_packet(stream: asyncio.StreamReader) -> Packet:
    """Return the next packet.

    Raises:
        ProtocolError: it is larger than allowed, or its length is malformed.
        IncompleteReadError: the connection ended.
    """
    header = await stream.readexactly(1)
    length = 0
    for place in range(_MAX_LENGTH_BYTES):
        header += await stream.readexactly(1)
        length |= (header[-1] & 0x7F) << (7 * place)
        if header[-1] < 0x80:
            break
    else:
        raise ProtocolError("malformed packet length")
    if len(header) + length > MAX_PACKET_BYTES:
        raise ProtocolError(f"a packet of {length} bytes")
    return Packet(header, await stream.readexactly(length))


async def parse_connect(packet: Packet) -> ConnectPacket:
    """Return the understood CONNECT packet.

    Raises:
        ProtocolError: it is not a CONNECT packet, or malformed.
        RefusedError: it asks for another version of MQTT than 3.1.1.
    """
    if packet.kind != _CONNECT:
        raise ProtocolError(f"a packet of kind {packet.kind} before CONNECT")
    if not packet.body.startswith(_MQTT_3_1_1):
        raise RefusedError(UNACCEPTABLE_PROTOCOL_VERSION)
    try:
        return await ConnectPacket.from_stream(BufferReader(packet.header + packet.body))
    except (AMQTTError, MQTTError, NoDataError) as error:
        raise ProtocolError("a malformed CONNECT") from error


class PacketReader(ReaderAdapter):
    """Gives amqtt whole, allowed packets, and an end when something else comes or nothing in time."""

    def __init__(self, stream: asyncio.StreamReader, connect: bytes, silence_s: float | None) -> None:
        self._stream = stream
        self._rest = memoryview(connect)
        self._silence_s = silence_s

    async def read(self, n: int = -1) -> bytes:
        """Return up to n bytes of the current packet, none at the end of the connection."""
        if n == 0:
            return b""
        if not self._rest:
            try:
                packet = await self._next_packet()
            except (ProtocolError, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                _log.info("a connection ends: %r", error)
                return b""
            self._rest = memoryview(packet.header + packet.body)
        size = len(self._rest) if n == -1 else n
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)

    def feed_eof(self) -> None:
        """Do nothing: the connection's transport ends the stream."""

    async def _next_packet(self) -> Packet:
        async with asyncio.timeout(self._silence_s):
            packet = await read_packet(self._stream)
        if packet.kind not in _AFTER_CONNECT:
            raise ProtocolError(f"a packet of kind {packet.kind}")
        return packet
