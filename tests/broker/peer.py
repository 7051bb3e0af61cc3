"""A participant as the contract suite plays it: a paho client that remembers what it was sent, in order.

The callbacks hold what they fill and not the peer: paho closes the sockets that wake its thread only when a
client is no longer referred to, which must be when its peer is left, not when garbage is next collected.
"""

import queue
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chargeloop.broker import BrokerAddress, Credentials

PATIENCE_S = 10


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived; `ack` is for peers that acknowledge by hand."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    number: int


class Peer:
    """One connection; `with` connects and disconnects in order, `cut` ends it without a word."""

    def __init__(
        self,
        address: BrokerAddress,
        credentials: Credentials,
        *,
        client_id: str | None = None,
        clean: bool = True,
        manual_ack: bool = False,
        will: tuple[str, bytes, bool] | None = None,
        keep_alive_s: int = 60,
    ) -> None:
        self.name = credentials.client
        self._address = address
        self._keep_alive_s = keep_alive_s
        self._answers = answers = queue.Queue[Any]()
        self._messages = messages = queue.Queue[Message]()
        self._ended = ended = threading.Event()
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or credentials.client,
            clean_session=clean,
            manual_ack=manual_ack,
            reconnect_on_failure=False,
        )
        client.username_pw_set(credentials.client, credentials.password)
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=will[2])
        client.on_connect = lambda _c, _u, flags, code, _p: answers.put((code.value, flags.session_present))
        client.on_subscribe = lambda _c, _u, _mid, codes, _p: answers.put([code.value for code in codes])
        client.on_disconnect = lambda *_: ended.set()
        client.on_message = lambda _c, _u, came: messages.put(
            Message(came.topic, bytes(came.payload), came.qos, came.retain, came.mid)
        )

    def anonymous(self) -> Self:
        """Leave name and password out."""
        self._client.username_pw_set(None)
        return self

    def connect(self) -> tuple[int, bool]:
        """Return the CONNACK's return code (0 is welcome) and whether the broker knew the session."""
        self._client.connect(self._address.host, self._address.port, self._keep_alive_s)
        self._client.loop_start()
        code, known = self._answers.get(timeout=PATIENCE_S)
        return int(code), bool(known)

    def __enter__(self) -> Self:
        code, _ = self.connect()
        assert code == 0, f"{self.name} was refused with {code}"
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Disconnect in order; this peer has played its part."""
        self._client.disconnect()
        self._client.loop_stop()
        del self._client

    def cut(self) -> None:
        """End the connection as a power cut would: no DISCONNECT."""
        connection = self._client.socket()
        assert isinstance(connection, socket.socket)
        connection.shutdown(socket.SHUT_RDWR)
        self.wait_until_ended()
        self._client.loop_stop()

    def wait_until_ended(self) -> None:
        """Return when the connection has ended, by whomever."""
        assert self._ended.wait(PATIENCE_S), f"{self.name} is still connected"

    def subscribe(self, *filters: str, qos: int = 1) -> list[int]:
        """Return the SUBACK's codes."""
        self._client.subscribe([(text, qos) for text in filters])
        codes: list[int] = self._answers.get(timeout=PATIENCE_S)
        return codes

    def publish(self, topic: str, payload: bytes = b"{}", *, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait for the broker's acknowledgement."""
        self._client.publish(topic, payload, qos, retain).wait_for_publish(PATIENCE_S)

    def publish_all(self, topic: str, payloads: Iterable[bytes]) -> None:
        """Publish without waiting in between, then wait for the last acknowledgement."""
        for sent in [self._client.publish(topic, payload, 1) for payload in payloads]:
            sent.wait_for_publish(PATIENCE_S)

    def offer(self, topic: str, payload: bytes) -> None:
        """Publish without waiting for anything."""
        self._client.publish(topic, payload, 1)

    def next(self) -> Message:
        """Return the next message."""
        return self._messages.get(timeout=PATIENCE_S)

    def until(self, payload: bytes) -> list[Message]:
        """Return the messages before the one with this payload, which is waited for."""
        before = []
        while (message := self.next()).payload != payload:
            before.append(message)
        return before

    def acknowledge(self, message: Message) -> None:
        """Acknowledge by hand."""
        self._client.ack(message.number, message.qos)
