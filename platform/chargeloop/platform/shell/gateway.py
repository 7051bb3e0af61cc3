"""The gateway's road to the rental platform: a request goes out as a message, the reply is waited for.

HTTP decides nothing. The message id follows from the user and the Idempotency-Key, so a request that is
repeated after a timeout, or after the gateway was restarted, is the same message to the platform, which
answers it with the same reply and carries it out once.
"""

from typing import Protocol, cast

from chargeloop.broker.device import DeviceLink
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.rental import CabinetCommanded, RequestDone, RequestRefused

Answer = RequestDone | RequestRefused | CabinetCommanded


class Requester(Protocol):
    """Puts a request to the rental platform."""

    async def ask(self, data: Data, message_id: str) -> Answer:
        """Return the platform's answer.

        Raises:
            TimeoutError: none has come; the request may still be carried out.
        """

    @property
    def connected(self) -> bool:
        """Tell whether requests can reach the broker now."""


class MqttRequester:
    """Asks over the broker, on the gateway's own request topic."""

    def __init__(self, link: DeviceLink, topic: str, within_ms: int) -> None:
        self._link = link
        self._topic = topic
        self._within_ms = within_ms

    async def ask(self, data: Data, message_id: str) -> Answer:
        """Return the platform's answer; TimeoutError when none has come in time."""
        reply = await self._link.ask(
            self._topic,
            data,
            answers=(RequestDone, RequestRefused, CabinetCommanded),
            message_id=message_id,
            within_ms=self._within_ms,
        )
        return cast("Answer", reply.data)

    @property
    def connected(self) -> bool:
        """Tell whether the link to the broker is up."""
        return self._link.connected
