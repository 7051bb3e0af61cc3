"""One service's MQTT connection: paho-mqtt driven by the event loop, acknowledging only when told to.

Theory: paho gives what MQTT 3.1.1 can do and we keep it from doing more. Each connection is a client object
of its own, so nothing of an old connection is ever sent again by paho itself (it would be out of order), and
an acknowledgement carries the number of the connection its message came by: packet ids start anew with every
connection, and one of the old would acknowledge a stranger. Handlers stand before the connection does,
because the broker sends what a session has kept before it answers SUBSCRIBE. Memory is bounded by not
reading: when too much waits to be handled the socket is left alone, and TCP makes the broker wait.
"""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.credentials import Credentials
from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.endpoint.client import BulkClient
from chargeloop.broker.outage import reason_in_words

_ANSWER_S = 10.0
_KEEPALIVE_S = 30
# Waiting messages at which reading stops, and at which it goes on.
_HIGH_WATER = 4096
_LOW_WATER = 1024
# Bytes waiting to be written at which publishing pauses.
_MAX_UNWRITTEN = 1024 * 1024

# A topic that is not UTF-8 is in no table, so any text that says so will do.
_NOT_UTF8 = "not utf-8"

_log = logging.getLogger(__name__)


class WireRefusedError(Exception):
    """The broker is there and does not let us in, or not let us hear; the message says why."""


class WireLostError(Exception):
    """There is no connection, or it has just been lost; a new one may be tried."""


class Arrival(NamedTuple):
    """A message as it came: `packet` is its MQTT packet id (0 for QoS 0) on that connection."""

    topic: str
    payload: bytes
    packet: int
    connection: int


class Wire:
    """Connections of one service, one after the other.

    Args:
        credentials: who connects; the client id is the user name, and the session outlives the connection.
        broker: where to.
        on_arrival: called when there is something to `take`.
    """

    def __init__(
        self, credentials: Credentials, broker: BrokerAddress, on_arrival: Callable[[], None]
    ) -> None:
        self._credentials = credentials
        self._broker = broker
        self._on_arrival = on_arrival
        self._waiting: deque[Arrival] = deque()
        self._connection = 0
        self._client: BulkClient | None = None
        self._paused = False
        self._greeted: asyncio.Future[None] | None = None
        self._subscribed: dict[int, asyncio.Future[None]] = {}
        self._lost = asyncio.Event()
        self._lost.set()
        self._written = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Tell whether messages can be published."""
        return not self._lost.is_set()

    @property
    def has_arrivals(self) -> bool:
        """Tell whether there is something to `take`."""
        return bool(self._waiting)

    async def connect(self, will: Outgoing) -> None:
        """Make a new connection.

        Raises:
            WireRefusedError: the broker does not let us in.
            WireLostError: unreachable, or no answer in 10 s.
        """
        loop = asyncio.get_running_loop()
        self._connection += 1
        self._greeted = loop.create_future()
        client = self._client = self._new_client(will, loop)
        self._paused = False
        try:
            async with asyncio.timeout(_ANSWER_S):
                await asyncio.to_thread(client.connect, self._broker.host, self._broker.port, _KEEPALIVE_S)
                await self._greeted
        except (OSError, TimeoutError) as error:
            self._close(client)
            raise WireLostError(reason_in_words(error)) from error
        except WireRefusedError:
            self._close(client)
            raise
        except asyncio.CancelledError:
            # The thread may still open its socket; `_start_reading` then closes it.
            self._close(client)
            raise
        self._lost.clear()

    async def subscribe(self, filters: list[str]) -> None:
        """Subscribe with QoS 1 to all filters.

        Raises:
            WireRefusedError: the broker refuses one of them.
            WireLostError: the connection was lost, or no answer came in 10 s.
        """
        client = self._require_client()
        loop = asyncio.get_running_loop()
        answers = []
        for text in filters:
            result, packet = client.subscribe(text, 1)
            if result is not mqtt.MQTT_ERR_SUCCESS or packet is None:
                raise WireLostError(f"cannot subscribe: {result}")
            answers.append(self._subscribed.setdefault(packet, loop.create_future()))
        lost = asyncio.ensure_future(self._lost.wait())
        all_answers = asyncio.gather(*answers)
        done, _ = await asyncio.wait(
            (lost, all_answers), timeout=_ANSWER_S, return_when=asyncio.FIRST_COMPLETED
        )
        lost.cancel()
        self._subscribed.clear()
        if all_answers in done:
            all_answers.result()
        else:
            all_answers.cancel()
            raise WireLostError("no answer to SUBSCRIBE")

    async def lost(self) -> None:
        """Return when the connection is gone."""
        client, connection = self._client, self._connection
        while client is not None and self.connected and connection == self._connection:
            client.loop_misc()
            try:
                async with asyncio.timeout(1.0):
                    await self._lost.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Say DISCONNECT and let what has been published go out before it."""
        client = self._client
        if client is None:
            return
        client.disconnect()
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._lost.wait()
        except TimeoutError:
            _log.warning("%s: the connection did not close in time", self._broker)
        self._close(client)

    def cut(self) -> None:
        """Drop the connection without a word: the broker publishes the last will."""
        if self._client is not None:
            self._close(self._client)

    def take(self, limit: int) -> list[Arrival]:
        """Return up to `limit` messages that wait, the oldest first."""
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if self._paused and len(self._waiting) <= _LOW_WATER:
            self._resume()
        return taken

    def acknowledge(self, arrivals: Iterable[Arrival]) -> None:
        """Send the PUBACKs of messages; those whose connection is gone will be delivered again."""
        if self._client is None:
            return
        packets = [one.packet for one in arrivals if one.packet and one.connection == self._connection]
        if packets:
            self._client.acknowledge(packets)

    def publish(self, outgoing: Outgoing) -> bool:
        """Hand a message to the connection; returns False when there is none."""
        if self._client is None or not self.connected:
            return False
        return self._client.send(outgoing.topic, outgoing.payload, outgoing.qos, retain=outgoing.retain)

    async def drained(self) -> None:
        """Return when there is room to publish more, or the connection is lost."""
        while self._client is not None and self.connected and self._client.unwritten_bytes > _MAX_UNWRITTEN:
            self._written.clear()
            await self._written.wait()

    def _require_client(self) -> BulkClient:
        if self._client is None:
            raise WireLostError("not connected")
        return self._client

    def _new_client(self, will: Outgoing, loop: asyncio.AbstractEventLoop) -> BulkClient:
        connection = self._connection

        def taken(topic: bytes, payload: bytes, packet: int) -> None:
            self._waits(_text_of(topic), payload, packet, connection)

        client = BulkClient(
            taken,
            CallbackAPIVersion.VERSION2,
            client_id=self._credentials.client,
            clean_session=False,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.username_pw_set(self._credentials.client, self._credentials.password)
        client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.on_message = lambda _client, _data, message: self._waits(
            _topic_of(message), bytes(message.payload), message.mid, connection
        )
        client.on_connect = lambda _client, _data, _flags, reason, _properties: self._answered(reason)
        client.on_subscribe = lambda _client, _data, packet, reasons, _properties: self._granted(
            packet, reasons
        )
        client.on_disconnect = lambda *_: self._was_lost(client)
        self._hook(client, loop)
        return client

    def _hook(self, client: BulkClient, loop: asyncio.AbstractEventLoop) -> None:
        """Let paho ask the event loop for its reading and writing, from the thread of `connect` too."""

        def opened(_client: mqtt.Client, _data: Any, opened: Any) -> None:
            loop.call_soon_threadsafe(self._start_reading, client, opened)

        def wants_to_write(_client: mqtt.Client, _data: Any, _opened: Any) -> None:
            loop.call_soon_threadsafe(self._start_writing, client)

        def has_written(_client: mqtt.Client, _data: Any, opened: Any) -> None:
            loop.remove_writer(opened)

        def closes(_client: mqtt.Client, _data: Any, opened: Any) -> None:
            loop.remove_reader(opened)

        client.on_socket_open = opened
        client.on_socket_register_write = wants_to_write
        client.on_socket_unregister_write = has_written
        client.on_socket_close = closes

    def _start_reading(self, client: BulkClient, opened: Any) -> None:
        if client is self._client and client.socket() is not None:
            # Small packets one after the other would wait 40 ms for the broker's delayed TCP acknowledgement.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asyncio.get_running_loop().add_reader(opened, self._read, client)
        else:
            client.cut()

    def _start_writing(self, client: BulkClient) -> None:
        opened = client.socket()
        if opened is not None:
            asyncio.get_running_loop().add_writer(opened, self._write, client)

    def _read(self, client: BulkClient) -> None:
        while not self._paused:
            if client.loop_read() is not mqtt.MQTT_ERR_SUCCESS:
                self._was_lost(client)
                return
            if len(self._waiting) >= _HIGH_WATER:
                self._pause(client)
            if not client.has_unread:
                return

    def _write(self, client: BulkClient) -> None:
        if client.loop_write() is not mqtt.MQTT_ERR_SUCCESS:
            self._was_lost(client)
        if client.unwritten_bytes <= _MAX_UNWRITTEN:
            self._written.set()

    def _pause(self, client: BulkClient) -> None:
        opened = client.socket()
        if opened is not None:
            self._paused = True
            asyncio.get_running_loop().remove_reader(opened)

    def _resume(self) -> None:
        self._paused = False
        client = self._client
        opened = None if client is None else client.socket()
        if client is not None and opened is not None:
            loop = asyncio.get_running_loop()
            loop.add_reader(opened, self._read, client)
            loop.call_soon(self._read, client)

    def _waits(self, topic: str, payload: bytes, packet: int, connection: int) -> None:
        self._waiting.append(Arrival(topic, payload, packet, connection))
        self._on_arrival()

    def _answered(self, reason: Any) -> None:
        if self._greeted is None or self._greeted.done():
            return
        if reason.is_failure:
            self._greeted.set_exception(WireRefusedError(str(reason)))
        else:
            self._greeted.set_result(None)

    def _granted(self, packet: int, reasons: list[Any]) -> None:
        answer = self._subscribed.get(packet)
        if answer is None or answer.done():
            return
        if any(reason.is_failure for reason in reasons):
            answer.set_exception(WireRefusedError("a subscription was refused"))
        else:
            answer.set_result(None)

    def _was_lost(self, client: BulkClient) -> None:
        if client is self._client:
            self._lost.set()
            self._written.set()
            if self._greeted is not None and not self._greeted.done():
                self._greeted.set_exception(ConnectionResetError("closed before CONNACK"))

    def _close(self, client: BulkClient) -> None:
        """Cut the connection, whatever state it is in."""
        if client is self._client:
            self._client = None
            self._lost.set()
            self._written.set()
        client.cut()


def _topic_of(message: mqtt.MQTTMessage) -> str:
    # It raises when it is read and is no UTF-8.
    try:
        return message.topic
    except UnicodeDecodeError:
        return _NOT_UTF8


def _text_of(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return _NOT_UTF8
