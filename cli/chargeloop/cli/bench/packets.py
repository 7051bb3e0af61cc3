"""The few MQTT 3.1.1 packets of the load, as bytes: a client library would cost more than the load itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PUBLISH: Final = 3
_CLEAN_SESSION_AND_LOGIN: Final = 0xC2


@dataclass(frozen=True, slots=True)
class Packet:
    """What the broker sent: its kind (MQTT 3.1.1, table 2.1), flags and body."""

    kind: int
    flags: int
    body: bytes

    @property
    def is_publish(self) -> bool:
        """Tell whether it carries a message."""
        return self.kind == _PUBLISH

    def message(self) -> tuple[str, bytes]:
        """Return topic and payload of a message of quality of service 0."""
        end = 2 + int.from_bytes(self.body[:2], "big")
        return self.body[2:end].decode(), self.body[end:]


def connect(client: str, password: str) -> bytes:
    """Return the packet that opens a clean session without keep-alive; the user name is the client id."""
    fields = _text("MQTT") + bytes((4, _CLEAN_SESSION_AND_LOGIN, 0, 0))
    return _packet(0x10, fields + _text(client) + _text(client) + _text(password))


def subscribe(filters: list[str]) -> bytes:
    """Return the packet that subscribes to all filters with quality of service 0."""
    return _packet(0x82, b"\x00\x01" + b"".join(_text(text) + b"\x00" for text in filters))


def publish(topic: str, payload: bytes, number: int, *, retain: bool = False) -> bytes:
    """Return a message of quality of service 1 with its packet number."""
    return _packet(0x32 | retain, _text(topic) + (number % 65_535 + 1).to_bytes(2, "big") + payload)


def split(received: bytearray) -> Iterator[Packet]:
    """Take all whole packets off the front of what was received."""
    position = 0
    while True:
        length, start = _length(received, position + 1)
        if start == 0 or start + length > len(received):
            break
        first = received[position]
        yield Packet(first >> 4, first & 0x0F, bytes(received[start : start + length]))
        position = start + length
    del received[:position]


def _length(received: bytearray, start: int) -> tuple[int, int]:
    """Return the length that stands at `start` and where the body begins; 0 there when it is not all here."""
    length = 0
    for place in range(4):
        if start + place >= len(received):
            return 0, 0
        length |= (received[start + place] & 0x7F) << (7 * place)
        if received[start + place] < 0x80:
            return length, start + place + 1
    message = "a packet of the broker has no valid length"
    raise ValueError(message)


def _packet(first: int, body: bytes) -> bytes:
    length = len(body)
    header = bytearray((first,))
    while True:
        length, digit = divmod(length, 128)
        header.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(header) + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded
