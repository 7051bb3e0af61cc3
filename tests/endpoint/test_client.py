"""The client that reads and writes in bulk: whatever way the bytes are cut, the messages are the same."""

import random
import socket
from collections.abc import Iterator

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chargeloop.broker.endpoint.client import BulkClient

Taken = tuple[bytes, bytes, int]


def publish(topic: bytes, payload: bytes, number: int) -> bytes:
    rest = len(topic).to_bytes(2, "big") + topic + number.to_bytes(2, "big") + payload
    length, digits = len(rest), b""
    while length > 127:
        digits += bytes((length & 127 | 128,))
        length >>= 7
    return b"\x32" + digits + bytes((length,)) + rest


class Line:
    """A client on one end of a pair of sockets, and what it took; bytes are fed at the other end."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.client = BulkClient(
            lambda topic, payload, number: self.taken.append((topic, payload, number)),
            CallbackAPIVersion.VERSION2,
            manual_ack=True,
        )
        self.client.on_message = self._by_paho
        # Of an event loop that asks for writing by itself.
        self.client.on_socket_register_write = lambda *_: None
        ours, self.other = socket.socketpair()
        ours.setblocking(False)
        self.client._sock = ours

    def _by_paho(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.taken.append((message.topic.encode(), bytes(message.payload), message.mid))

    def feed(self, data: bytes) -> None:
        self.other.sendall(data)
        while True:
            self.client.loop_read()
            if not self.client.has_unread:
                return


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.client.cut()
    line.other.close()


MESSAGES = [
    (b"cl/v1/a", b"{}", 1),
    (b"cl/v1/b", b"x" * 200, 2),
    (b"cl/v1/c", b"", 3),
    (b"cl/v1/d", b"y" * 20_000, 4),
    (b"cl/v1/e", b"z" * 126, 65_535),
]


def test_messages_come_whole_however_the_bytes_are_cut(line: Line) -> None:
    stream = b"".join(publish(*message) + b"\x40\x02\x00\x07" for message in MESSAGES)
    rng = random.Random(7)
    for _ in range(20):
        line.taken.clear()
        rest = stream
        while rest:
            size = rng.choice((1, 2, 3, 50, 5_000))
            line.feed(rest[:size])
            rest = rest[size:]
        assert line.taken == MESSAGES


def test_messages_that_come_in_one_piece_keep_their_order_with_pahos_own(line: Line) -> None:
    ping = b"\xd0\x00"
    line.feed(ping.join(publish(*message) for message in MESSAGES))
    assert line.taken == MESSAGES


def test_what_waits_is_written_in_one_piece_and_in_order(line: Line) -> None:
    assert line.client.send("a/b", b"one", 1, retain=False)
    line.client.acknowledge([5, 258])
    assert line.client.send("a/b", b"two", 0, retain=True)
    assert line.client.unwritten_bytes > 0
    line.client.loop_write()
    assert line.client.unwritten_bytes == 0
    first = b"\x32\x0a\x00\x03a/b\x00\x01one"
    assert line.other.recv(100) == first + b"\x40\x02\x00\x05\x40\x02\x01\x02" + b"\x31\x08\x00\x03a/btwo"


def test_a_full_socket_takes_the_rest_later(line: Line) -> None:
    payloads = [bytes((65 + number % 26,)) * 3_000 for number in range(400)]
    for payload in payloads:
        line.client.send("t", payload, 0, retain=False)
    received = bytearray()
    while line.client.unwritten_bytes:
        line.client.loop_write()
        received += line.other.recv(1 << 20)
    line.other.setblocking(False)
    try:
        while more := line.other.recv(1 << 20):
            received += more
    except BlockingIOError:
        pass
    assert bytes(received) == b"".join(b"\x30\xbb\x17\x00\x01t" + payload for payload in payloads)


def test_without_a_connection_nothing_is_taken_over(line: Line) -> None:
    line.client.cut()
    assert not line.client.send("a/b", b"one", 1, retain=False)
