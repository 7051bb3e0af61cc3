"""Where a broker of ours can listen."""

import os
import secrets
import socket
from typing import Final

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.errors import BrokerError

LOOPBACK: Final = "127.0.0.1"
_FREE_PORTS: Final = range(20_000, 30_000)
_FREE_TRIES: Final = 50


def free_address(host: str = LOOPBACK, port: int | None = None) -> BrokerAddress:
    """Return the address when nobody listens there; port None takes any free one.

    Not one that the system would choose: those are what it gives to outgoing connections, so another program
    could get it before the broker does, and a client that tries to connect before the broker listens could
    even be connected to itself.

    Raises:
        BrokerError: somebody listens there, or the address is not one of this machine's.
    """
    if port is not None:
        _require_free(host, port)
        return BrokerAddress(host, port)
    refused = BrokerError()
    for _ in range(_FREE_TRIES):
        address = BrokerAddress(host, _FREE_PORTS.start + secrets.randbelow(len(_FREE_PORTS)))
        try:
            _require_free(host, address.port)
        except BrokerError as error:
            refused = error
        else:
            return address
    raise refused


def is_free(address: BrokerAddress) -> bool:
    """Tell whether a broker could listen there now."""
    try:
        _require_free(address.host, address.port)
    except BrokerError:
        return False
    return True


def _require_free(host: str, port: int) -> None:
    """Refuse a port that a broker cannot listen on.

    Raises:
        BrokerError: somebody listens there, or the address is not one of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        # As the brokers do: connections of an earlier broker that linger are no reason to refuse.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            trial.listen()
        except OSError as error:
            message = (
                f"no broker can listen on port {port} of {host}: {os.strerror(error.errno or 0).lower()}"
            )
            raise BrokerError(message) from error
