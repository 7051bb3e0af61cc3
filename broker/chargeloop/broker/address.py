"""Where a broker listens."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Host and TCP port of an MQTT listener; its text form is `HOST:PORT` (`[HOST]:PORT` for IPv6)."""

    host: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what cannot be connected to.

        Raises:
            ValueError: the host is empty or the port is not in 1..65535.
        """
        if not self.host or not 1 <= self.port <= 65535:
            message = (
                f"not a broker address: host {self.host!r}, port {self.port} (expected HOST and 1..65535)"
            )
            raise ValueError(message)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address written as `HOST:PORT`, `[HOST]:PORT` or `mqtt://HOST:PORT`.

        Raises:
            ValueError: it is not written so; the message says what is expected.
        """
        host, colon, port = text.removeprefix("mqtt://").rstrip("/").rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if not (colon and port.isascii() and port.isdigit()) or (":" in host and not bracketed):
            message = f"{text!r} is not a broker address: expected HOST:PORT"
            raise ValueError(message)
        return cls(host[1:-1] if bracketed else host, int(port))
