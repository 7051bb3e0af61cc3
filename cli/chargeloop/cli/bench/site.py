"""Where the benchmark measures: a broker of ours, a platform of ours, and processes beside them."""

import asyncio
import contextlib
import multiprocessing
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.main import running_broker
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.bench import bare, load
from chargeloop.cli.bench.messages import GATEWAY, REGION
from chargeloop.cli.city import DISPATCH, RENTAL
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.supervisor import Child, Supervisor

OPERATOR: Final = "opr-main"
_SERVICES: Final = (RENTAL, DISPATCH, GATEWAY, OPERATOR)
_STOP_S: Final = 10
# Never forked: the broker's process and its event loop are ours alone.
_SPAWN: Final = multiprocessing.get_context("spawn")


class Peer:
    """A process beside this one, which is asked over a pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def ask(self, question: Any) -> Any:
        """Return the peer's answer.

        Raises:
            CommandError: the peer ended instead.
        """
        self._pipe.send(question)
        return await self.answer()

    async def answer(self) -> Any:
        """Return what the peer says next.

        Raises:
            CommandError: the peer ended instead.
        """
        try:
            return await asyncio.to_thread(self._pipe.recv)
        except (EOFError, OSError):
            raise CommandError("a process of the benchmark ended too early", FAILED) from None

    def tell(self, question: Any) -> None:
        """Ask something whose answer is fetched later."""
        self._pipe.send(question)


class Load(Peer):
    """The process that plays everybody around the platform."""

    async def ask(self, question: Any) -> Any:
        """Have it do something, and return the outcome.

        Raises:
            CommandError: what it waited for did not come.
        """
        outcome, error = await super().ask(question)
        if error is not None:
            raise CommandError(f"the load could not go on: {error}", FAILED)
        return outcome


@contextlib.contextmanager
def _process(target: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(_STOP_S)
        if process.is_alive():
            process.kill()
            process.join()


@dataclass(frozen=True, slots=True)
class Site:
    """A running broker and the data directory whose participants it lets in."""

    data: Path
    broker: BrokerAddress

    def client(self, name: str, *filters: str, journal_topic: str | None = None) -> load.Client:
        """Return a participant that the load may play."""
        password = CredentialStore.of_data(self.data).load(name).password
        return load.Client(name, password, filters, journal_topic)

    @contextlib.asynccontextmanager
    async def load(self, clients: Iterable[load.Client]) -> AsyncIterator[Load]:
        """Run the load with these participants connected."""
        with _process(load.run) as pipe:
            peer = Load(pipe)
            await peer.ask(load.Connect(self.broker.host, self.broker.port, tuple(clients)))
            yield peer

    @contextlib.asynccontextmanager
    async def bare(self, topic_filter: str, *, echo: str | None = None) -> AsyncIterator[Peer]:
        """Run the bare subscriber in the platform's place."""
        credentials = CredentialStore.of_data(self.data).load(RENTAL)
        with _process(bare.run, bare.Bare(self.broker, credentials, topic_filter, echo)) as pipe:
            peer = Peer(pipe)
            await peer.answer()
            yield peer

    @contextlib.asynccontextmanager
    async def platform(self) -> AsyncIterator[int]:
        """Run the rental platform as people do, and yield its process id once it takes messages."""
        supervisor = Supervisor(self.data / "run", _no_note)
        arguments = (
            "platform", "--data", str(self.data), "--region", REGION, "--broker", str(self.broker),
            "--http-port", "0",
        )  # fmt: skip
        try:
            await supervisor.start([Child("platform", arguments)])
            yield supervisor.pids["platform"]
        finally:
            await supervisor.stop()


@contextlib.asynccontextmanager
async def site(data: Path, clients: Iterable[str] = ()) -> AsyncIterator[Site]:
    """Run Mosquitto for a platform and these clients.

    Raises:
        CommandError: it could not be started.
    """
    credentials = CredentialStore.of_data(data)
    for client in (*_SERVICES, *clients):
        credentials.grant(client, REGION)
    try:
        async with running_broker(BrokerKind.MOSQUITTO, data) as broker:
            yield Site(data, broker)
    except BrokerError as error:
        raise CommandError(str(error), FAILED) from None


def _no_note(_: str) -> None:
    """Say nothing: a platform that ends by itself makes the load fail."""
