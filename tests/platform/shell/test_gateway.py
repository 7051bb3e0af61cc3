"""The gateway's road to the platform, over a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chargeloop.broker.clock import RealClock
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.device import DeviceClock, DeviceLink, begin_boot
from chargeloop.broker.main import running_broker
from chargeloop.platform.shell.gateway import MqttRequester
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.ids import OrderId
from chargeloop.protocol.messages.rental import CancelOrder
from chargeloop.protocol.topics import TOPICS, Role, subscriptions
from tests.platform.shell.books import REGION, USER

GATEWAY = "gwy-main"


async def nothing(_incoming: Incoming) -> None:
    """Takes what nobody waits for."""


@asynccontextmanager
async def gateway_link(data: Path) -> AsyncIterator[DeviceLink]:
    credentials = CredentialStore.of_data(data).grant(GATEWAY, REGION)
    clock = RealClock()
    async with running_broker(None, data) as broker:
        link = DeviceLink(
            credentials=credentials,
            broker=broker,
            clock=clock,
            device_clock=DeviceClock(clock, boot_id=begin_boot(data)),
            journal=None,
            state_dir=data,
            subscriptions=subscriptions(Role.GATEWAY, GATEWAY, REGION),
            receive=nothing,
        )
        running = asyncio.create_task(link.run())
        await link.wait_ready()
        yield link
        running.cancel()
        await asyncio.wait([running])


async def test_a_platform_that_is_not_there_is_a_timeout(tmp_path: Path) -> None:
    topic = TOPICS["gateway_request"].topic(REGION, gateway=GATEWAY)
    async with gateway_link(tmp_path) as link:
        requester = MqttRequester(link, topic, within_ms=50)
        assert requester.connected
        with pytest.raises(TimeoutError):
            await requester.ask(CancelOrder(user=USER, order=OrderId("ord-7a10")), "http-1")
