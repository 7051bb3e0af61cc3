"""One connection of aiomqtt from beginning to end, whatever ends it.

aiomqtt connects in a thread that cannot be stopped, and keeps the reason of a lost connection in a future.
When the connection is lost while nobody reads, because the reader has just been cancelled, that reason is
never asked for, and asyncio would complain about it when the client is forgotten. It waits for answers with
`asyncio.wait_for`, which loses a cancellation that comes in the same moment as the answer, until Python 3.12:
whoever had cancelled would wait for ever. All three are seen to here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import aiomqtt

# Of a SUBACK; below it are the QoS that are granted.
_FAILURE: Final = 0x80

T = TypeVar("T")
_log = logging.getLogger(__name__)


async def enter(client: aiomqtt.Client) -> None:
    """Connect. The thread that does it cannot be stopped: a cancellation waits, and then disconnects.

    Raises:
        MqttError: it could not be made.
    """
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        if not isinstance((await asyncio.gather(entering, return_exceptions=True))[0], BaseException):
            await leave(client)
        raise


async def answered(call: Awaitable[T]) -> T:
    """Await the answer to a call of a client, and stay cancellable.

    Raises:
        MqttError: what the call raises.
    """
    (answer,) = await asyncio.gather(call)
    return answer


class SubscriptionRefusedError(aiomqtt.MqttError):
    """The broker is there and does not let us hear something; the message says what."""


async def subscribe(client: aiomqtt.Client, filters: Sequence[str]) -> None:
    """Subscribe to all of these with QoS 1.

    Raises:
        SubscriptionRefusedError: the broker refuses one of them.
        MqttError: the connection was lost.
    """
    codes = await answered(client.subscribe([(text, 1) for text in filters]))
    numbers = [code if isinstance(code, int) else code.value for code in codes]
    refused = [text for text, number in zip(filters, numbers, strict=True) if number >= _FAILURE]
    if refused:
        message = f"a subscription was refused: {', '.join(refused)}"
        raise SubscriptionRefusedError(message)


async def leave(client: aiomqtt.Client) -> None:
    """Disconnect, if there is still a connection, and forget what has arrived and was not read."""
    try:
        await client.__aexit__(None, None, None)
    except aiomqtt.MqttError as error:
        _log.info("disconnected without an answer: %s", error)
        return
    # Reading to the end asks for the reason of the end.
    with suppress(aiomqtt.MqttError):
        async for _ in client.messages:
            continue
