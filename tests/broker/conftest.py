"""Both brokers, each started once for a module, and participants that nobody has used before."""

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from chargeloop.broker import BrokerAddress, Credentials, CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.broker.software import BrokerKind
from tests.broker.peer import Peer

REGION = "demo"
EACH = 80
PREFIXES = ("cab", "cou", "usr", "opr", "gwy")


@dataclass(frozen=True, slots=True)
class Site:
    """A running broker and its credentials."""

    kind: BrokerKind
    address: BrokerAddress
    store: CredentialStore
    data: Path
    numbers: Iterator[int]

    def someone(self, prefix: str) -> Credentials:
        """Return the credentials, known to the broker, of a participant that no test has used."""
        return self.store.load(f"{prefix}-{next(self.numbers)}")

    def named(self, client: str) -> Credentials:
        """Return the credentials of a participant by its id."""
        return self.store.load(client)


def _serve(
    kind: BrokerKind, data: Path, started: "queue.Queue[BrokerAddress | Exception]", stop: threading.Event
) -> None:
    async def serve() -> None:
        async with running_broker(kind, data) as address:
            started.put(address)
            await asyncio.to_thread(stop.wait)

    try:
        asyncio.run(serve())
    except Exception as error:
        started.put(error)
        raise


@pytest.fixture(scope="module", params=list(BrokerKind), ids=str)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("data")
    store = CredentialStore.of_data(data)
    for prefix, number in itertools.product(PREFIXES, range(EACH)):
        store.grant(f"{prefix}-{number}", REGION)
    for client in ("rnt-main", "dsp-main", "opr-watch"):
        store.grant(client, REGION)
    store.grant("rnt-south", "south")
    store.grant("cab-south", "south")
    started: queue.Queue[BrokerAddress | Exception] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(request.param, data, started, stop))
    thread.start()
    address = started.get(timeout=60)
    if isinstance(address, Exception):
        raise address
    try:
        yield Site(request.param, address, store, data, iter(range(EACH)))
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def peer(site: Site) -> Iterator[Callable[..., Peer]]:
    """Connect participants of the site; they leave at the end of the test."""
    with ExitStack() as stack:
        yield lambda credentials, **how: stack.enter_context(Peer(site.address, credentials, **how))


@pytest.fixture
def falls_short(request: pytest.FixtureRequest, site: Site) -> Callable[[str], None]:
    """Mark the test as expected to fail, strictly, on the embedded broker."""

    def mark(reason: str) -> None:
        if site.kind is BrokerKind.EMBEDDED:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    return mark
