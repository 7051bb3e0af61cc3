"""The wire of a service, before a broker that is played byte by byte."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.endpoint.wire import Wire, WireRefusedError
from chargeloop.broker.packets import read_packet
from tests.endpoint.site import granted

WELCOME = b"\x20\x02\x00\x00"
SUBACK, REFUSED = b"\x90\x03", b"\x80"
CONNECT = 1
WILL = Outgoing("cl/v1/demo/rental/rnt-main/connection", b"{}", 1, retain=True, message_id="m-1")


async def refuse_subscriptions(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Lets somebody in and refuses each subscription (MQTT 3.1.1, 3.9)."""
    with suppress(asyncio.IncompleteReadError):
        while True:
            packet = await read_packet(reader)
            writer.write(WELCOME if packet.kind == CONNECT else SUBACK + packet.body[:2] + REFUSED)
    writer.close()
    await writer.wait_closed()


async def test_a_refused_subscription_is_a_refusal_and_no_lost_connection(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await refuse_subscriptions(reader, writer)
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        wire = Wire(granted(tmp_path).load("rnt-main"), BrokerAddress(host, port), lambda: None)
        await wire.connect(WILL)
        with pytest.raises(WireRefusedError, match="a subscription was refused"):
            await wire.subscribe(["cl/v1/demo/rental/rnt-main/request"])
        wire.cut()
        await ended.wait()
