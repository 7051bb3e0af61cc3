"""Somebody at the broker beside the pages: hears what travels, or lends a simulated person hands."""

import json
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from chargeloop.broker import CredentialStore
from chargeloop.broker.address import BrokerAddress
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import Data

_WAIT_S = 30.0


class Bystander:
    """Connects as somebody of the town and collects the messages of the topics given."""

    def __init__(self, data: Path, client: str, *topics: str) -> None:
        host, _, port = (data / "run" / "broker.address").read_text("utf-8").strip().rpartition(":")
        self._address = BrokerAddress(host, int(port))
        self._name = client
        self.messages = messages = list[dict[str, Any]]()
        credentials = CredentialStore.of_data(data).load(client)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client)
        self._client.username_pw_set(credentials.client, credentials.password)
        self._client.on_message = lambda _c, _u, heard: messages.append(json.loads(heard.payload))
        self._topics = topics

    def __enter__(self) -> Self:
        # A broker that has not heard of us yet refuses the first try; the client tries again by itself.
        subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe([(name, 1) for name in self._topics])
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect(self._address.host, self._address.port)
        self._client.loop_start()
        assert subscribed.wait(_WAIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        del self._client  # paho closes the sockets that wake its thread when nothing refers to it

    def say(self, topic: str, data: Data, source: str, **attributes: Any) -> None:
        """Publish a message and return when the broker has it."""
        now_ns = time.time_ns()
        name = f"{self._name}.{now_ns}"
        message = seal(data, id=name, source=source, time=now_ns // 1_000_000, **attributes)
        self.blurt(topic, encode(message))

    def blurt(self, topic: str, payload: bytes) -> None:
        """Publish whatever it is and return when the broker has it."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(_WAIT_S)

    def hear(self, kind: str) -> Any:
        """Return the data of the first message of this type, when it has come."""
        deadline = time.monotonic() + _WAIT_S
        while True:
            for message in tuple(self.messages):
                if message["type"] == kind:
                    return message["data"]
            assert time.monotonic() < deadline, f"no {kind} among {len(self.messages)} messages"
            time.sleep(0.02)

    def wait_for(self, count: int) -> None:
        """Return when so many messages have come."""
        deadline = time.monotonic() + _WAIT_S
        while len(self.messages) < count:
            assert time.monotonic() < deadline, f"{len(self.messages)} messages and not {count}"
            time.sleep(0.02)
