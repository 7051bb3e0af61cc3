"""Hands at a cabinet whose network is gone.

In the simulation, fingers on a keypad travel as messages of the world's own topics, and those must reach the
cabinet also while its network is cut: people stand in front of it all the same. The link is then really
disconnected (the broker sees it go, the journal waits), and this second way in listens to hands and answers
on the trays, nothing else. It uses the cabinet's own credentials, so it may only be open while the link is
cut: a broker lets one connection in per client id.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable

import aiomqtt

from chargeloop.broker import BrokerAddress, Credentials
from chargeloop.broker.clock import Clock
from chargeloop.broker.device import answered, enter, leave
from chargeloop.broker.intake import check
from chargeloop.protocol.codec import Fault, encode, seal
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.topics import Role, source_of, subscriptions
from chargeloop.station.core.carrying_out import HANDS

_log = logging.getLogger(__name__)

_RETRY_MS = 5_000
_RETRY_REAL_MS = 200


class WorldLine:
    """Listens to hands while `run` runs, and answers them while it is connected."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        broker: BrokerAddress,
        clock: Clock,
        receive: Callable[[Incoming], Awaitable[None]],
    ) -> None:
        self._credentials = credentials
        self._broker = broker
        self._clock = clock
        self._receive = receive
        self._client: aiomqtt.Client | None = None

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._connection()
            except aiomqtt.MqttError as error:
                _log.warning("%s: hands cannot reach it: %s", self._credentials.client, error)
            await self._clock.back_off_ms(max(_RETRY_MS, self._clock.patience_ms(_RETRY_REAL_MS)))

    async def publish(self, send: Send) -> None:
        """Publish an answer; without a connection it is not sent, and the asker asks again."""
        if self._client is None:
            return
        message_id = f"hands-{secrets.token_hex(8)}"
        envelope = seal(
            send.data,
            id=message_id,
            source=source_of(self._credentials.client, Role.CABINET),
            time=self._clock.now_ms(),
            correlationid=send.correlation_id,
        )
        self._clock.flight.sent(message_id, send.topic)
        try:
            await answered(self._client.publish(send.topic, encode(envelope), qos=1))
        except aiomqtt.MqttError as error:
            _log.warning("%s: an answer was not sent: %s", self._credentials.client, error)

    async def _connection(self) -> None:
        name, region = self._credentials.client, self._credentials.region
        filters = subscriptions(Role.CABINET, name, region, only=HANDS)
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=name,
            password=self._credentials.password,
            identifier=name,
        )
        with self._clock.hold():
            await enter(client)
        try:
            with self._clock.hold():
                await answered(client.subscribe([(text, 1) for text in filters]))
                self._clock.flight.subscribed(name, filters)
            self._client = client
            async for message in client.messages:
                await self._arrived(str(message.topic), message.payload)
        finally:
            self._client = None
            self._clock.flight.disconnected(name)
            with self._clock.hold():
                await leave(client)

    async def _arrived(self, topic: str, payload: object) -> None:
        content = payload if isinstance(payload, bytes) else b""
        checked = check(topic, content, Role.CABINET, self._credentials.region)
        if isinstance(checked, Fault):
            _log.warning("%s: refused on %s: %s", self._credentials.client, topic, checked)
            return
        await self._receive(Incoming(checked.topic, checked.message, self._clock.now_ms()))
        self._clock.flight.arrived(self._credentials.client, checked.message.id)
