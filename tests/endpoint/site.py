"""A broker, its credentials and participants; shared by the tests of the endpoint and of devices."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import Clock, RealClock
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.device import DeviceClock, DeviceLink, Journal, LinkPolicy, begin_boot
from chargeloop.broker.endpoint import Endpoint, EndpointPolicy
from chargeloop.broker.main import running_broker
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.topics import subscriptions
from tests.endpoint.toy import REGION, Seen, ToyCore, ToyStore

CLIENTS = ("rnt-main", "dsp-main", "cab-1", "cab-2", "usr-1", "opr-1")
# Short, so that a lost message costs a test little; the rules do not depend on them.
LINK_POLICY = LinkPolicy(resend_ms=300, reconnect_ms=50, probe_ms=0)
ENDPOINT_POLICY = EndpointPolicy(
    journal_resend_ms=300, lease_resend_ms=300, reconnect_ms=50, stats_ms=60_000, window=32
)


async def until(condition: Callable[[], bool], *, what: str, within_s: float = 30.0) -> None:
    """Return as soon as the condition holds."""
    try:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - other processes and sockets signal nothing to wait for
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"did not come in {within_s} s: {what}") from None


@dataclass(slots=True)
class Device:
    """A link with what it has received."""

    link: DeviceLink
    journal: Journal | None
    clock: DeviceClock
    received: list[Incoming] = field(default_factory=list)


@dataclass(slots=True)
class Site:
    """Where a test's participants live."""

    data: Path
    clock: Clock
    broker: BrokerAddress

    def credentials(self) -> CredentialStore:
        """Return the credentials of everybody in CLIENTS."""
        return granted(self.data)

    @asynccontextmanager
    async def endpoint(
        self, core: ToyCore, *, client: str = "rnt-main", policy: EndpointPolicy = ENDPOINT_POLICY
    ) -> AsyncIterator[tuple[Endpoint[Seen], ToyStore]]:
        """Run an endpoint of a platform; what ends it with an error fails the test."""
        store = ToyStore(self.data / f"{client}.sqlite3")
        await store.open()
        endpoint: Endpoint[Seen] = Endpoint(
            core=core,
            store=store,
            credentials=self.credentials().load(client),
            broker=self.broker,
            clock=self.clock,
            randbelow=lambda n: n // 2,
            policy=policy,
        )
        try:
            async with running(endpoint.run()):
                await endpoint.wait_ready()
                yield endpoint, store
        finally:
            await store.close()

    @asynccontextmanager
    async def device(
        self,
        client: str = "cab-1",
        *,
        policy: LinkPolicy = LINK_POLICY,
        receive: Callable[[Device, Incoming], Awaitable[None]] | None = None,
        birth: Callable[[], Sequence[Send]] = tuple,
    ) -> AsyncIterator[Device]:
        """Run a device whose files stay for the next run."""
        directory = self.data / client
        directory.mkdir(exist_ok=True)
        journal = Journal(directory / "journal") if client.startswith(("cab", "cou")) else None
        credentials = self.credentials().load(client)

        async def take(incoming: Incoming) -> None:
            device.received.append(incoming)
            if receive is not None:
                await receive(device, incoming)

        clock = DeviceClock(self.clock, boot_id=begin_boot(directory))
        link = DeviceLink(
            credentials=credentials,
            broker=self.broker,
            clock=self.clock,
            device_clock=clock,
            journal=journal,
            state_dir=directory,
            subscriptions=subscriptions(credentials.role, client, REGION),
            receive=take,
            birth=birth,
            policy=policy,
            randbelow=lambda n: n // 2,
        )
        device = Device(link, journal, clock)
        try:
            async with running(link.run()):
                await link.wait_ready()
                yield device
        finally:
            if journal is not None:
                journal.close()


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something beside the test, which it ends when it fails, and stop it in order at the end."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        try:
            yield
        finally:
            task.cancel()


def granted(data: Path) -> CredentialStore:
    """Return the credentials of everybody in CLIENTS, made when missing."""
    store = CredentialStore.of_data(data)
    for client in CLIENTS:
        store.grant(client, REGION)
    return store


@asynccontextmanager
async def site(data: Path, clock: Clock | None = None, port: int | None = None) -> AsyncIterator[Site]:
    """Run Mosquitto for a test."""
    granted(data)
    async with running_broker("mosquitto", data, port) as broker:
        yield Site(data, RealClock() if clock is None else clock, broker)
