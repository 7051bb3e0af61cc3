import pytest

from chargeloop.broker import BrokerAddress


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:1883", "127.0.0.1", 1883),
        ("broker.example:8883", "broker.example", 8883),
        ("mqtt://localhost:1/", "localhost", 1),
        ("[::1]:65535", "::1", 65535),
    ],
)
def test_an_address_is_read_from_text(text: str, host: str, port: int) -> None:
    assert BrokerAddress.parse(text) == BrokerAddress(host, port)


@pytest.mark.parametrize("text", ["127.0.0.1:1883", "[::1]:1883"])
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(BrokerAddress.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "localhost", ":1883", "localhost:", "localhost:0", "localhost:65536", "localhost:x", "::1:1883"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a broker address"):
        BrokerAddress.parse(text)
