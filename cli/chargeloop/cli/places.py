"""Where things are: which broker to use, and where a running one noted its address in a data directory."""

from pathlib import Path

from chargeloop.broker import BrokerAddress
from chargeloop.broker.main import BrokerKind
from chargeloop.cli.errors import CommandError
from chargeloop.cli.settings import Effective, Settings

AUTO = "auto"


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
        ) from None


def broker_or_address(text: str) -> BrokerKind | BrokerAddress | None:
    """Return which broker to start (None: Mosquitto when installed, else embedded), or where one runs.

    Raises:
        CommandError: it is neither a kind of broker nor an address.
    """
    if text == AUTO or text in set(BrokerKind):
        return broker_kind(text)
    try:
        return BrokerAddress.parse(text)
    except ValueError:
        raise CommandError(f"{text!r} is no broker: expected mosquitto, embedded or HOST:PORT") from None


def note_broker(data: Path, address: BrokerAddress) -> None:
    """Write where the broker of this data directory listens, for commands that are not told."""
    run = data / "run"
    run.mkdir(parents=True, exist_ok=True)
    (run / "broker.address").write_text(f"{address}\n", encoding="utf-8")


def known_broker(settings: Settings) -> BrokerAddress:
    """Return the broker's address from the settings, else the one noted in the data directory.

    Raises:
        CommandError: there is neither.
    """
    wanted = broker_or_address(settings.broker)
    if isinstance(wanted, BrokerAddress):
        return wanted
    noted = settings.data / "run" / "broker.address"
    if not noted.is_file():
        raise CommandError(
            f"no broker is known in {settings.data}: give --broker HOST:PORT, or --data of a running one"
        )
    return BrokerAddress.parse(noted.read_text(encoding="utf-8").strip())


def note_gateway(data: Path, url: str) -> None:
    """Write where the gateway of this data directory listens, for commands that are not told."""
    run = data / "run"
    run.mkdir(parents=True, exist_ok=True)
    (run / "gateway.url").write_text(f"{url}\n", encoding="utf-8")


def known_gateway(effective: Effective) -> str:
    """Return the gateway's address from the settings, or the one noted in the data directory."""
    noted = effective.settings.data / "run" / "gateway.url"
    if effective.origins["gateway"] == "default" and noted.is_file():
        return noted.read_text(encoding="utf-8").strip()
    return effective.settings.gateway
