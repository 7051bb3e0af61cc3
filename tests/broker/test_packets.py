import asyncio

import pytest
from amqtt.mqtt.connect import ConnectPacket, ConnectPayload, ConnectVariableHeader
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.broker.limits import MAX_PACKET_BYTES
from chargeloop.broker.packets import (
    Packet,
    PacketReader,
    ProtocolError,
    RefusedError,
    parse_connect,
    read_packet,
)

PUBLISH = b"\x30\x05\x00\x01ahi"
PING = b"\xc0\x00"


def stream(*parts: bytes, ended: bool = True) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    for part in parts:
        reader.feed_data(part)
    if ended:
        reader.feed_eof()
    return reader


def connect_bytes() -> bytes:
    packet = ConnectPacket(
        variable_header=ConnectVariableHeader(keep_alive=60),
        payload=ConnectPayload(client_id="cab-1", username="cab-1", password="secret"),
    )
    packet.username_flag = packet.password_flag = packet.clean_session_flag = True
    return bytes(packet.to_bytes())


async def test_packets_are_read_one_by_one() -> None:
    source = stream(PUBLISH, PING)
    assert [(await read_packet(source)).header for _ in range(2)] == [b"\x30\x05", b"\xc0\x00"]


async def test_a_long_packet_has_more_bytes_of_length() -> None:
    packet = await read_packet(stream(b"\x30\xc8\x01" + b"x" * 200))
    assert (packet.kind, len(packet.body)) == (3, 200)


async def test_a_packet_up_to_the_limit_is_read() -> None:
    body = MAX_PACKET_BYTES - 3
    packet = await read_packet(stream(b"\x30", bytes([body % 128 + 128, body // 128]), b"x" * body))
    assert len(packet.header) + len(packet.body) == MAX_PACKET_BYTES


@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff\x01", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80"])
async def test_too_large_or_malformed_lengths_are_refused_before_anything_is_read(length: bytes) -> None:
    with pytest.raises(ProtocolError):
        await read_packet(stream(b"\x30" + length, ended=False))


async def test_a_connect_packet_is_understood() -> None:
    connect = await parse_connect(await read_packet(stream(connect_bytes())))
    assert (connect.client_id, connect.username, connect.password) == ("cab-1", "cab-1", "secret")


async def test_another_version_of_mqtt_is_refused_with_its_code() -> None:
    packet = await read_packet(stream(connect_bytes().replace(b"MQTT\x04", b"MQTT\x05")))
    with pytest.raises(RefusedError) as refused:
        await parse_connect(packet)
    assert refused.value.code == 1


async def test_nothing_comes_before_connect() -> None:
    with pytest.raises(ProtocolError, match="kind 3 before CONNECT"):
        await parse_connect(await read_packet(stream(PUBLISH)))


@given(body=st.binary(max_size=80), marked=st.booleans())
def test_no_bytes_do_more_than_fail(body: bytes, *, marked: bool) -> None:
    packet = Packet(b"\x10\x00", b"\x00\x04MQTT\x04" * marked + body)
    header = Packet(b"\x10" + bytes([len(packet.body)]), packet.body)
    try:
        connect = asyncio.run(parse_connect(header))
    except (ProtocolError, RefusedError):
        return
    assert connect.proto_level == 4


async def test_amqtt_gets_the_rest_of_a_packet_piece_by_piece() -> None:
    reader = PacketReader(stream(PUBLISH, PING), b"connect", None)
    assert [await reader.read(7), await reader.read(2), await reader.read(0)] == [
        b"connect",
        b"\x30\x05",
        b"",
    ]
    assert [await reader.read(5), await reader.read(2), await reader.read(1)] == [PUBLISH[2:], PING, b""]


async def test_a_second_connect_ends_the_connection() -> None:
    reader = PacketReader(stream(connect_bytes(), ended=False), b"", None)
    assert await reader.read(1) == b""


async def test_silence_beyond_the_keep_alive_ends_the_connection() -> None:
    reader = PacketReader(stream(ended=False), b"", 0.01)
    assert await reader.read(1) == b""


async def test_a_packet_that_is_cut_off_ends_the_connection() -> None:
    reader = PacketReader(stream(PUBLISH[:4]), b"", None)
    assert await reader.read(1) == b""
