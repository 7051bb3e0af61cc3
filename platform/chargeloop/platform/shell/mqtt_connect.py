"""The first packet of an MQTT connection: who says they are connecting (MQTT 3.1.1 and 5.0, section 3.1).

Only so much is read as the relay needs to know before it passes bytes on unread: that it is a CONNECT, and
its client id and user name.
"""

from dataclasses import dataclass
from typing import Final

from chargeloop.broker.limits import MAX_PACKET_BYTES

_CONNECT: Final = 0x10
_LENGTH_BYTES: Final = 4
_LEVELS: Final = {4: "3.1.1", 5: "5.0"}
_WILL, _USER_NAME = 0x04, 0x80


class NoConnectError(Exception):
    """The bytes are not a CONNECT packet that we understand; the message says why."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Who connects."""

    client: str
    user: str | None


def connect_in(data: bytes) -> Connect | None:
    """Return who connects, or None while the packet is not there whole; what follows it is not looked at.

    Raises:
        NoConnectError: it can be no CONNECT, however it goes on.
    """
    if not data:
        return None
    if data[0] != _CONNECT:
        raise NoConnectError("the first packet must be a CONNECT")
    start, length = _length(data)
    if start + length > MAX_PACKET_BYTES:
        raise NoConnectError("the CONNECT packet is too large")
    if start == 0 or len(data) < start + length:
        return None
    try:
        return _Body(data[start : start + length]).connect()
    except (IndexError, UnicodeDecodeError):
        raise NoConnectError("the CONNECT packet is malformed") from None


def _length(data: bytes) -> tuple[int, int]:
    """Return where the packet's body begins and its length; 0 and 0 while that is not known."""
    length = 0
    for place, byte in enumerate(data[1 : 1 + _LENGTH_BYTES]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return place + 2, length
    if len(data) > _LENGTH_BYTES:
        raise NoConnectError("the packet's length is malformed")
    return 0, 0


class _Body:
    """Reads the body of a CONNECT from its start."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def connect(self) -> Connect:
        if self._field() != b"MQTT":
            raise NoConnectError("this is not MQTT")
        level, flags = self._take(1)[0], self._take(1)[0]
        if level not in _LEVELS:
            raise NoConnectError(f"MQTT {' or '.join(_LEVELS.values())} is spoken here")
        self._take(2)  # keep alive
        if level == 5:
            self._properties()
        client = self._field().decode()
        if flags & _WILL:
            if level == 5:
                self._properties()
            self._field()
            self._field()
        return Connect(client, self._field().decode() if flags & _USER_NAME else None)

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise IndexError(self._at)
        self._at += count
        return taken

    def _field(self) -> bytes:
        return self._take(int.from_bytes(self._take(2), "big"))

    def _properties(self) -> None:
        length = 0
        for place in range(_LENGTH_BYTES):
            byte = self._take(1)[0]
            length |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                break
        self._take(length)
