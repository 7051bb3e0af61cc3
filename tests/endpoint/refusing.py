"""A broker, played byte by byte, that lets everybody in and nobody hear anything (MQTT 3.1.1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.packets import Packet, read_packet

CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
WELCOME = b"\x20\x02\x00\x00"
PUBACK = b"\x40\x02"
SUBACK, REFUSED = b"\x90\x03", b"\x80"


@asynccontextmanager
async def refusing_broker() -> AsyncIterator[BrokerAddress]:
    """Yields where it listens. Who subscribes names one filter; everybody must have left at the end."""
    left: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.Event()
        left.append(gone)
        with suppress(asyncio.IncompleteReadError):
            while True:
                writer.write(_answer(await read_packet(reader)))
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield BrokerAddress(host, port)
        for gone in left:
            await gone.wait()


def _answer(packet: Packet) -> bytes:
    if packet.kind == CONNECT:
        return WELCOME
    if packet.kind == SUBSCRIBE:
        return SUBACK + packet.body[:2] + REFUSED
    if packet.kind == PUBLISH:
        after_topic = 2 + int.from_bytes(packet.body[:2])
        return PUBACK + packet.body[after_topic : after_topic + 2]
    return b""
