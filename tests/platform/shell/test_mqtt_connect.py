"""Reading who connects out of the first packet."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.broker.limits import MAX_PACKET_BYTES
from chargeloop.platform.shell.mqtt_connect import Connect, NoConnectError, connect_in


def text(value: str) -> bytes:
    return struct.pack("!H", len(value.encode())) + value.encode()


def connect_packet(
    client: str, user: str | None = None, *, level: int = 4, will: bool = False, protocol: str = "MQTT"
) -> bytes:
    properties = b"\x05\x11\x00\x00\x00\x0a" if level == 5 else b""
    flags = 0x02 | (0xC0 if user is not None else 0) | (0x04 if will else 0)
    body = text(protocol) + bytes([level, flags]) + b"\x00\x3c" + properties + text(client)
    if will:
        body += (b"\x00" if level == 5 else b"") + text("a/topic") + text("gone")
    if user is not None:
        body += text(user) + text("secret")
    length, size = b"", len(body)
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (0x80 if size else 0)])
        if not size:
            return b"\x10" + length + body


@pytest.mark.parametrize("level", [4, 5])
@pytest.mark.parametrize("will", [True, False])
@pytest.mark.parametrize("user", ["usr-1", None])
def test_client_and_user_are_read_from_every_kind_of_connect(
    level: int, user: str | None, *, will: bool
) -> None:
    packet = connect_packet("usr-1", user, level=level, will=will)
    assert connect_in(packet) == Connect("usr-1", user)
    assert connect_in(packet + b"\xc0\x00") == Connect("usr-1", user)


def test_a_packet_that_is_not_there_whole_is_waited_for() -> None:
    packet = connect_packet("usr-" + "1" * 200, "usr-1")
    assert all(connect_in(packet[:size]) is None for size in range(len(packet)))


@pytest.mark.parametrize(
    "bad",
    [
        b"\xc0\x00",
        b"\x11",
        b"GET / HTTP/1.1\r\n",
        b"\x10\xff\xff\xff\xff\xff",
        b"\x10" + b"\xff\xff\x7f",
        connect_packet("usr-1", level=3),
        connect_packet("usr-1", protocol="MQIsdp"),
        connect_packet("usr-1")[:-3] + b"\x00\x99x",
        b"\x10\x00",
    ],
)
def test_what_can_be_no_connect_is_refused(bad: bytes) -> None:
    with pytest.raises(NoConnectError):
        connect_in(bad)


def test_a_connect_as_large_as_the_broker_takes_is_read_and_a_larger_one_refused() -> None:
    room = MAX_PACKET_BYTES - len(connect_packet("", "x" * 1_000))
    assert connect_in(connect_packet("", "x" * (1_000 + room - 10))) is not None
    with pytest.raises(NoConnectError, match="too large"):
        connect_in(b"\x10\xff\xff\x7f")


@given(st.binary(max_size=200))
def test_whatever_comes_is_understood_waited_for_or_refused(data: bytes) -> None:
    try:
        connect_in(b"\x10" + data)
    except NoConnectError:
        return
