"""An outage of a broker is told once, with what to do, and once when it is over."""

import errno
import socket
import ssl

import aiomqtt
import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.outage import Outages, reason_in_words

HERE = BrokerAddress("127.0.0.1", 28056)
THERE = BrokerAddress("127.0.0.1", 28057)


def test_many_failures_of_many_clients_are_one_outage_that_ends_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outages = Outages()
    for _ in range(5):
        outages.lost(HERE, ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))
    for client in ("cab-1", "cab-2"):
        outages.connected(HERE, client)
    begun, over = caplog.messages
    assert begun.startswith("no connection to the broker at 127.0.0.1:28056 (connection refused): ")
    assert "start this part again" in begun
    assert over.startswith("the broker at 127.0.0.1:28056 is there again, after ")


def test_the_next_outage_and_that_of_another_broker_are_told_of_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outages = Outages()
    outages.lost(HERE, "the connection was lost")
    outages.lost(THERE, "the connection was lost")
    outages.connected(HERE, "cab-1")
    outages.disconnected(HERE, "cab-1")
    outages.lost(HERE, "the connection was lost")
    assert [message.partition(" (")[0] for message in caplog.messages if message.startswith("no")] == [
        f"no connection to the broker at {address}" for address in (HERE, THERE, HERE)
    ]


def test_one_who_is_thrown_out_alone_is_no_outage_and_the_last_one_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outages = Outages()
    for client in ("cab-1", "cab-2"):
        outages.connected(HERE, client)
    outages.disconnected(HERE, "cab-1")
    for _ in range(5):
        outages.lost(HERE, "the connection was lost")
    assert caplog.messages == []
    outages.disconnected(HERE, "cab-2")
    outages.lost(HERE, "the connection was lost")
    (told,) = caplog.messages
    assert told.startswith("no connection to the broker at 127.0.0.1:28056 (the connection was lost): ")


def test_somebody_who_is_not_let_in_is_told_of_by_name_after_some_tries(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outages = Outages()
    outages.refused(HERE, "cab-1", "Not authorized")
    outages.connected(HERE, "cab-1")
    assert caplog.messages == []  # its login had just been granted
    for _ in range(6):
        outages.refused(HERE, "cab-1", "Not authorized")
    outages.connected(HERE, "cab-1")
    told, over = caplog.messages
    assert told.startswith("the broker at 127.0.0.1:28056 does not let cab-1 in (not authorized): ")
    assert over == "the broker at 127.0.0.1:28056 lets cab-1 in now"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "connection refused"),
        (aiomqtt.MqttError("[Errno 111] Connection refused"), "connection refused"),
        (TimeoutError(), "no answer"),
        (socket.gaierror(-2, "Name or service not known"), "name or service not known"),
        (
            ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
            "certificate verify failed",
        ),
        ("The connection was lost.", "the connection was lost"),
    ],
)
def test_both_libraries_words_come_to_the_same(reason: BaseException | str, words: str) -> None:
    assert reason_in_words(reason) == words
