"""Words that both halves of the contract suite use."""

from typing import Protocol

from chargeloop.broker import Credentials
from chargeloop.protocol.topics import TOPICS
from tests.broker.conftest import REGION
from tests.broker.peer import Peer

MARKER = b"marker"


class Connects(Protocol):
    def __call__(
        self,
        credentials: Credentials,
        *,
        client_id: str | None = None,
        clean: bool = True,
        manual_ack: bool = False,
        will: tuple[str, bytes, bool] | None = None,
        keep_alive_s: int = 60,
    ) -> Peer: ...


def of_cabinet(name: str, cabinet: str, region: str = REGION) -> str:
    return TOPICS[f"cabinet_{name}"].topic(region, cabinet=cabinet)


def of_courier(name: str, courier: str) -> str:
    return TOPICS[f"courier_{name}"].topic(REGION, courier=courier)
