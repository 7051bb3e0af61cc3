"""What the platform is measured against: paho as it comes, which does nothing but take, or echo."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.credentials import Credentials


@dataclass(frozen=True, slots=True)
class Bare:
    """A subscriber: where it connects, as whom, to what.

    With an `echo` each message is published again on its topic with that last word instead of its own.
    """

    broker: BrokerAddress
    credentials: Credentials
    topic_filter: str
    echo: str | None = None


def run(pipe: Connection, bare: Bare) -> None:
    """Subscribe, say so over the pipe, and answer each number of messages asked for there.

    An answer is the time (seconds) at which so many had been taken, and the processor time (seconds) used
    since the question. Ends when the pipe is closed.
    """
    taken = _Taken()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=bare.credentials.client, protocol=mqtt.MQTTv311
    )
    client.username_pw_set(bare.credentials.client, bare.credentials.password)
    client.max_inflight_messages_set(0)
    client.on_connect = lambda *_: _subscribe(client, bare.topic_filter)
    client.on_subscribe = lambda *_: pipe.send(None)
    client.on_message = taken.count if bare.echo is None else _echo(client, taken, bare.echo)
    client.connect(bare.broker.host, bare.broker.port)
    asked = 0
    try:
        while True:
            client.loop(0.01)
            if pipe.poll():
                asked += pipe.recv()
                pipe.send(_take(client, taken, asked))
    except (EOFError, KeyboardInterrupt):
        client.disconnect()


def _subscribe(client: mqtt.Client, topic_filter: str) -> None:
    client.subscribe(topic_filter, 1)


class _Taken:
    def __init__(self) -> None:
        self.number = 0

    def count(self, _client: Any, _data: Any, _message: mqtt.MQTTMessage) -> None:
        """Take a message; paho acknowledges it when this returns."""
        self.number += 1


def _echo(client: mqtt.Client, taken: _Taken, word: str) -> Callable[[Any, Any, mqtt.MQTTMessage], None]:
    def echo(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        client.publish(f"{message.topic.rpartition('/')[0]}/{word}", message.payload, 1)
        taken.number += 1

    return echo


def _take(client: mqtt.Client, taken: _Taken, asked: int) -> tuple[float, float]:
    used_s = _used_s()
    while taken.number < asked:
        client.loop(0.05)
    return time.monotonic(), _used_s() - used_s


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
