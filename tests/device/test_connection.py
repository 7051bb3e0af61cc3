"""The end of a connection over a real Mosquitto, when the broker goes first."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.device import answered, enter, leave
from tests.endpoint.site import granted, site, until


def client_at(broker: BrokerAddress, data: Path) -> aiomqtt.Client:
    credentials = granted(data).load("usr-1")
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=credentials.client,
        password=credentials.password,
        identifier=credentials.client,
    )


async def test_a_broker_that_goes_first_leaves_nothing_for_asyncio_to_complain_about(tmp_path: Path) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with site(tmp_path) as made:
        client = client_at(made.broker, tmp_path)
        await enter(client)
    # Nobody reads: as when the reader has been cancelled in the same moment.
    await until(client._disconnected.done, what="the connection is lost")
    await leave(client)
    del client
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


async def test_leaving_a_connection_that_holds_unfinished_messages_ends(tmp_path: Path) -> None:
    async with site(tmp_path) as made:
        client = client_at(made.broker, tmp_path)
        await enter(client)
        await client.subscribe("cl/v1/demo/user/usr-1/reply")
        await leave(client)
        with pytest.raises(aiomqtt.MqttError):
            await client.publish("cl/v1/demo/user/usr-1/request", b"late")


async def test_a_cancellation_that_comes_with_the_answer_is_not_lost() -> None:
    answer = asyncio.get_running_loop().create_future()
    done = []

    async def call() -> None:
        # As aiomqtt waits.
        done.append(await asyncio.wait_for(answer, timeout=10))

    async def caller() -> None:
        await answered(call())
        done.append("went on")

    task = asyncio.create_task(caller())
    await asyncio.sleep(0.01)
    answer.set_result("answer")
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
    assert "went on" not in done
