"""Which broker to use: one to start, of which kind, or one that runs already."""

from chargeloop.broker import BrokerAddress
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.errors import CommandError
from chargeloop.cli.places import AUTO, broker_address
from chargeloop.protocol.slips import nearest


def broker_kind(text: str) -> BrokerKind | None:
    """Return which broker to start: None for Mosquitto when it is installed, else the embedded one.

    Raises:
        CommandError: the text names no kind of broker.
    """
    if text == AUTO:
        return None
    try:
        return BrokerKind(text)
    except ValueError:
        raise CommandError(
            f"{text!r} is no broker that can be started: expected mosquitto or embedded"
            f"{nearest(text, BrokerKind)}"
        ) from None


def broker_or_address(text: str) -> BrokerKind | BrokerAddress | None:
    """Return which broker to start (None: Mosquitto when installed, else embedded), or where one runs.

    Raises:
        CommandError: it is neither a kind of broker nor an address.
    """
    if text == AUTO or text in set(BrokerKind):
        return broker_kind(text)
    try:
        return broker_address(text)
    except CommandError:
        raise CommandError(
            f"{text!r} is no broker: expected mosquitto, embedded or HOST:PORT{nearest(text, BrokerKind)}"
        ) from None
