"""Where a running broker and gateway noted their addresses in a data directory."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from chargeloop.broker import BrokerAddress
from chargeloop.broker.claim import address_file, note_address
from chargeloop.cli.errors import CommandError, program
from chargeloop.cli.settings import Effective, Settings

AUTO = "auto"


def typed(command: str, data: Path) -> str:
    """Return what to type for a command on a data directory; the usual one needs no mention."""
    usual = data == Settings.model_fields["data"].default
    return f"{program()} {command}" if usual else f"{program()} {command} --data {shlex.quote(str(data))}"


def broker_address(text: str) -> BrokerAddress:
    """Return where a broker listens.

    Raises:
        CommandError: it is not written as HOST:PORT.
    """
    try:
        return BrokerAddress.parse(text)
    except ValueError:
        raise CommandError(f"{text!r} is no address of a broker: expected HOST:PORT") from None


def note_broker(data: Path, address: BrokerAddress) -> None:
    """Write where the broker of this data directory listens, when somebody else has started it."""
    note_address(data, address)


def known_broker(settings: Settings) -> BrokerAddress:
    """Return the broker's address from the settings, else the one noted in the data directory.

    Raises:
        CommandError: there is neither.
    """
    if settings.broker != AUTO:
        return broker_address(settings.broker)
    noted = address_file(settings.data)
    if not noted.is_file():
        raise CommandError(
            f"no broker is known in {settings.data}: start one with {typed('broker', settings.data)},"
            " or the demo with --keep, or give --data of one that runs"
        )
    return BrokerAddress.parse(noted.read_text(encoding="utf-8").strip())


def gateway_url(settings: Settings, port: int) -> str:
    """Return where the gateway that runs with these settings is reached, on the port that it listens on."""
    host = f"[{settings.http_host}]" if ":" in settings.http_host else settings.http_host
    return f"{'http' if settings.tls_cert is None else 'https'}://{host}:{port}"


def note_gateway(data: Path, url: str) -> None:
    """Write where the gateway of this data directory listens, for commands that are not told."""
    run = data / "run"
    run.mkdir(parents=True, exist_ok=True)
    (run / "gateway.url").write_text(f"{url}\n", encoding="utf-8")


def gateway_in_force(effective: Effective) -> tuple[str, str]:
    """Return the gateway's address and where it comes from: the settings, or the data directory."""
    noted = effective.settings.data / "run" / "gateway.url"
    if effective.origins["gateway"] == "default" and noted.is_file():
        return noted.read_text(encoding="utf-8").strip(), f"noted in {noted}"
    return effective.settings.gateway, effective.origins["gateway"]


def known_gateway(effective: Effective) -> str:
    """Return the gateway's address from the settings, or the one noted in the data directory.

    Raises:
        CommandError: it is no address of a web server.
    """
    url, _ = gateway_in_force(effective)
    if not _is_gateway(url):
        raise CommandError(f"{url!r} is no address of a gateway: expected http://HOST:PORT")
    return url


def _is_gateway(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # The port is looked at when it is asked for: what is none is a ValueError.
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
        return is_web and parts.port != 0 and url.isprintable()
    except ValueError:
        return False
