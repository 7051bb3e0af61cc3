"""paho's client for many small packets: hundreds are read, or written, by one call of the operating system.

paho keeps the connection: CONNECT, SUBSCRIBE, keep-alive, errors. Messages go past it both ways, because it
reads each packet by three small reads, writes each by a call of its own, and keeps a record of every message
it publishes, which we never ask for: nothing of an old connection is sent again, and what must not be lost is
in the outbox. A packet that is not whole yet, or of any other kind, is paho's.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MQTTErrorCode

_READ_BYTES: Final = 64 * 1024
_WRITE_BYTES: Final = 64 * 1024
_PUBLISH: Final = 0x30
_PUBACK: Final = 0x40
_DISCONNECT: Final = 0xE0
_TWO_BYTES: Final = 2

# Topic, payload and packet id (0 for QoS 0).
Taker = Callable[[bytes, bytes, int], None]


class BulkClient(mqtt.Client):
    """A client that reads and writes in bulk.

    Args:
        taker: is given each message that was read whole; others come by `on_message`, as paho reads them.
        arguments: paho's.
        keywords: paho's.
    """

    def __init__(self, taker: Taker, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._taker = taker
        self._chunk = b""
        self._position = 0

    @property
    def has_unread(self) -> bool:
        """Tell whether bytes wait here that the socket will not announce again."""
        return self._position < len(self._chunk)

    @property
    def unwritten_bytes(self) -> int:
        """Return how many bytes wait for the socket."""
        return sum(packet["to_process"] for packet in self._out_packet)

    def cut(self) -> None:
        """Close the socket without DISCONNECT."""
        self._sock_close()

    def send(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> bool:
        """Hand over a message; returns False when there is no connection. Its PUBACK is not waited for."""
        if self._sock is None:
            return False
        name = topic.encode()
        number = self._mid_generate().to_bytes(2, "big") if qos else b""
        length = _TWO_BYTES + len(name) + len(number) + len(payload)
        first = bytes((_PUBLISH | qos << 1 | retain,))
        body = (first, _length(length), len(name).to_bytes(2, "big"), name, number, payload)
        self._queue(b"".join(body))
        return True

    def acknowledge(self, packets: Iterable[int]) -> None:
        """Send the PUBACKs of messages by their packet ids."""
        self._queue(b"".join(b"\x40\x02" + packet.to_bytes(2, "big") for packet in packets))

    def _queue(self, data: bytes) -> None:
        # Of a packet called PUBACK paho wants to know nothing more once it is written.
        self._packet_queue(_PUBACK, data, 0, 1)

    # What paho calls.

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self.has_unread:
            self._chunk = super()._sock_recv(_READ_BYTES)
            self._position = 0
        piece = self._chunk[self._position : self._position + bufsize]
        self._position += len(piece)
        return piece

    def _packet_read(self) -> MQTTErrorCode:
        # A packet that paho has begun to read is its own to end.
        if self._in_packet["command"] == 0 and self._take_whole():
            while self._take_whole():
                pass
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super()._packet_read()

    def _packet_write(self) -> MQTTErrorCode:
        self._merge()
        return super()._packet_write()

    def _take_whole(self) -> bool:
        """Take a message or a PUBACK that is here whole; False for all else."""
        chunk, start = self._chunk, self._position
        if start + _TWO_BYTES > len(chunk):
            return False
        first, length, body = chunk[start], chunk[start + 1], start + 2
        if length > 0x7F:
            if body == len(chunk) or chunk[body] > 0x7F:
                return False
            length, body = length & 0x7F | chunk[body] << 7, body + 1
        end = body + length
        if end > len(chunk):
            return False
        if first == _PUBACK:
            self._position = end
            return True
        return first & 0xF0 == _PUBLISH and self._take_message(first, body, end)

    def _take_message(self, first: int, start: int, end: int) -> bool:
        qos = first >> 1 & 3
        topic = start + _TWO_BYTES
        payload = topic + int.from_bytes(self._chunk[start:topic], "big")
        number = payload
        if qos:
            payload += _TWO_BYTES
        if qos > 1 or payload > end:
            return False
        packet = int.from_bytes(self._chunk[number:payload], "big")
        self._position = end
        self._taker(self._chunk[topic:number], self._chunk[payload:end], packet)
        return True

    def _merge(self) -> None:
        """Make as few as possible of the packets that wait, up to one that ends the connection."""
        waiting = self._out_packet
        if len(waiting) < 2:
            return
        merged: list[Any] = []
        pieces: list[bytes] = []
        size = 0
        while waiting and waiting[0]["command"] != _DISCONNECT:
            packet = waiting.popleft()
            pieces.append(bytes(packet["packet"][packet["pos"] :]))
            size += len(pieces[-1])
            if size >= _WRITE_BYTES:
                merged.append(_packet_of(pieces))
                pieces, size = [], 0
        if pieces:
            merged.append(_packet_of(pieces))
        waiting.extendleft(reversed(merged))


def _packet_of(pieces: list[bytes]) -> Any:
    data = b"".join(pieces)
    return {
        "command": _PUBACK,
        "mid": 0,
        "qos": 1,
        "pos": 0,
        "to_process": len(data),
        "packet": data,
        "info": None,
    }


def _length(length: int) -> bytes:
    """Return the length as MQTT 3.1.1 writes it: seven bits a byte, the low ones first."""
    digits = bytearray()
    while length > 0x7F:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    digits.append(length)
    return bytes(digits)
