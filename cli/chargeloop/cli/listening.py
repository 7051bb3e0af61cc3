"""Listening as an operator: a connection that is made again when lost, wherever the broker is by then."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiomqtt

from chargeloop.broker import BrokerAddress, Credentials
from chargeloop.broker.device.connection import answered, enter, leave
from chargeloop.broker.outage import reason_in_words
from chargeloop.cli.errors import FAILED, CommandError

_RETRY_S: Final = 0.5
_CONNECT_S: Final = 5.0
# A running broker needs a moment until it has read credentials that were just granted.
_GRANTED_S: Final = 10.0

# Where the broker listens now; CommandError when nobody knows.
Where = Callable[[], BrokerAddress]


@dataclass(frozen=True, slots=True)
class Link:
    """How the connection stands: `trouble` None means connected to `address`."""

    address: BrokerAddress | None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Ear:
    """What is listened to: the topic filters, and the quality of service to ask for."""

    filters: Sequence[str]
    qos: int = 1


async def require_broker(where: Where) -> BrokerAddress:
    """Return the address at which a broker can be reached.

    Raises:
        CommandError: none is known, or nobody listens there.
    """
    address = where()
    trouble = await _unreachable(address)
    if trouble is not None:
        raise CommandError(
            f"nothing runs at {address} ({trouble}): start the demo with --keep, or a broker", FAILED
        )
    return address


async def listen(
    credentials: Credentials,
    where: Where,
    ear: Ear,
    *,
    heard: Callable[[aiomqtt.Message], bool | None],
    link: Callable[[Link], None],
    patient: bool = False,
) -> None:
    """Hear all that is published until `heard` returns True; a lost connection is made again, for ever.

    `link` is told of each change of the connection; `patient` tries for ever from the first attempt on.

    Raises:
        CommandError: there never was a connection: nobody listens there, or the broker does not let us in.
    """
    if not patient:
        await require_broker(where)
    until_s = math.inf if patient else asyncio.get_running_loop().time() + _GRANTED_S
    listener = _Listener(credentials, where, ear, heard, link, until_s)
    while True:
        if await listener.connect_once():
            return
        await asyncio.sleep(_RETRY_S)


class _Listener:
    def __init__(
        self,
        credentials: Credentials,
        where: Where,
        ear: Ear,
        heard: Callable[[aiomqtt.Message], bool | None],
        link: Callable[[Link], None],
        until_s: float,
    ) -> None:
        self._credentials = credentials
        self._where = where
        self._ear = ear
        self._heard = heard
        self._link = link
        self._was_connected = False
        self._last: Link | None = None
        self._until_s = until_s

    async def connect_once(self) -> bool:
        """Listen until the connection ends; tell whether enough was heard."""
        address: BrokerAddress | None = None
        try:
            address = self._where()
            return await self._hear(address)
        except CommandError as error:
            trouble = str(error)
        except aiomqtt.MqttError as error:
            trouble = reason_in_words(error)
        if not self._was_connected and asyncio.get_running_loop().time() > self._until_s:
            raise CommandError(
                f"the broker at {address} does not let {self._credentials.client} in ({trouble}):"
                " give --data of the directory it runs on",
                FAILED,
            )
        if self._was_connected:
            self._tell(Link(address, trouble))
        return False

    async def _hear(self, address: BrokerAddress) -> bool:
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=self._credentials.client,
            password=self._credentials.password,
            identifier=self._credentials.client,
            timeout=_CONNECT_S,
        )
        await enter(client)
        try:
            await answered(client.subscribe([(text, self._ear.qos) for text in self._ear.filters]))
            self._was_connected = True
            self._tell(Link(address))
            async for message in client.messages:
                if self._heard(message):
                    return True
        finally:
            await leave(client)
        return False

    def _tell(self, link: Link) -> None:
        if link != self._last:
            self._last = link
            self._link(link)


async def _unreachable(address: BrokerAddress) -> str | None:
    """Return why nobody can be connected to at the address, or None."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        return f"no answer in {_CONNECT_S:.0f} s"
    except OSError as error:
        return reason_in_words(error)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return None
