"""The proxy passes bytes on, and breaks connections in each of its ways; over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import pytest

from chargeloop.broker import BrokerAddress
from chargeloop.cli.chaos.proxy import Proxy, Way, abort
from chargeloop.protocol.time import HOUR_MS

PATIENCE_S = 20


async def until(holds: Callable[[], bool]) -> None:
    """Wait until the proxy has come so far."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - a proxy has no signal for what passes through it
            await asyncio.sleep(0.005)


def passes_at_least(proxy: Proxy, size: int) -> bool:
    return proxy.traffic.passed_bytes >= size


@dataclass(slots=True)
class Peer:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, text: bytes) -> None:
        """Send a line."""
        self.writer.write(text + b"\n")
        await self.writer.drain()

    async def hear(self) -> bytes:
        """Return the next line, empty at the end of the stream."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self.reader.readline()).rstrip(b"\n")


@dataclass(slots=True)
class Service:
    """What stands for the broker: it keeps each connection for the test to speak by."""

    address: BrokerAddress
    arrived: "asyncio.Queue[Peer]" = field(default_factory=asyncio.Queue)

    async def next(self) -> Peer:
        """Return the broker's end of the next connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.arrived.get()


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    peers: list[Peer] = []

    def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(Peer(reader, writer))
        here.arrived.put_nowait(peers[-1])

    server = await asyncio.start_server(arrived, "127.0.0.1", 0)
    here = Service(BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1]))
    try:
        yield here
    finally:
        server.close()
        for peer in peers:
            peer.writer.close()


@asynccontextmanager
async def client(proxy: Proxy) -> AsyncIterator[Peer]:
    peer = Peer(*await asyncio.open_connection(proxy.address.host, proxy.address.port))
    try:
        yield peer
    finally:
        peer.writer.close()
        with suppress(OSError):
            await peer.writer.wait_closed()


@asynccontextmanager
async def joined() -> AsyncIterator[tuple[Proxy, Peer, Peer]]:
    """Yield a proxy with one connection through it: the client's end and the broker's."""
    async with service() as here, Proxy.running(here.address) as proxy, client(proxy) as ours:
        theirs = await here.next()
        await until(lambda: len(proxy.connections) == 1)
        yield proxy, ours, theirs


async def test_bytes_pass_in_both_directions_and_a_close_does_too() -> None:
    async with joined() as (proxy, ours, theirs):
        await ours.say(b"ping")
        assert await theirs.hear() == b"ping"
        await theirs.say(b"pong")
        assert await ours.hear() == b"pong"
        ours.writer.close()
        assert await theirs.hear() == b""
        assert proxy.traffic.passed_bytes == 10


async def test_delayed_bytes_wait_for_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited_s: list[float] = []
    sleep = asyncio.sleep

    async def pass_at_once(delay_s: float) -> None:
        waited_s.append(delay_s)
        await sleep(0)

    async with joined() as (proxy, ours, theirs):
        proxy.delay(HOUR_MS)
        monkeypatch.setattr(asyncio, "sleep", pass_at_once)
        await ours.say(b"1")
        assert await theirs.hear() == b"1"
        monkeypatch.undo()
    # What is left of the hour when the proxy comes to wait: some of it has passed meanwhile.
    assert [round(delay_s / 3600) for delay_s in waited_s] == [1]


async def test_delayed_bytes_keep_their_order() -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.delay(200)
        await ours.say(b"1")
        await until(partial(passes_at_least, proxy, len("1\n")))
        await proxy.heal()
        await ours.say(b"2")
        assert [await theirs.hear(), await theirs.hear()] == [b"1", b"2"]


async def test_a_cut_ends_the_connection_in_order_at_both_ends() -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.cut()
        assert await ours.hear() == b""
        assert await theirs.hear() == b""
        await until(lambda: proxy.connections == ())


async def test_a_reset_is_an_error_at_both_ends() -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await ours.hear()
        with pytest.raises(ConnectionResetError):
            await theirs.hear()


@pytest.mark.parametrize("ways", [Way.TO_BROKER, Way.TO_CLIENT, Way.BOTH])
async def test_half_open_swallows_on_the_chosen_ways_while_both_sockets_stay_open(ways: Way) -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.swallow(ways)
        await ours.say(b"up")
        await theirs.say(b"down")
        if Way.TO_BROKER not in ways:
            assert await theirs.hear() == b"up"
        if Way.TO_CLIENT not in ways:
            assert await ours.hear() == b"down"
        gone = (len("up\n") if Way.TO_BROKER in ways else 0) + (len("down\n") if Way.TO_CLIENT in ways else 0)
        await until(lambda: proxy.traffic.swallowed_bytes == gone)
        assert len(proxy.connections) == 1
        assert not ours.reader.at_eof()
        assert not theirs.reader.at_eof()


async def test_nobody_hears_of_a_close_over_a_half_open_connection_until_it_is_healed() -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.swallow(Way.BOTH)
        ours.writer.close()
        await ours.writer.wait_closed()
        hearing = asyncio.create_task(theirs.hear())
        # What passes through the proxy meanwhile shows that it has had its turns.
        await theirs.say(b"are you there")
        await until(lambda: proxy.traffic.swallowed_bytes > 0)
        assert not hearing.done()
        await proxy.heal()
        with pytest.raises(ConnectionResetError):
            await hearing


def swallows_the_end(proxy: Proxy) -> bool:
    """Tell whether the proxy has noticed that one end is gone and keeps that to itself."""
    return all(connection._swallowed for connection in proxy.connections)


@pytest.mark.parametrize("ways", [Way.TO_BROKER, Way.BOTH])
async def test_nobody_hears_of_a_client_s_reset_over_a_half_open_connection_until_it_is_healed(
    ways: Way,
) -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.swallow(ways)
        abort(ours.writer)
        await until(lambda: swallows_the_end(proxy))
        assert len(proxy.connections) == 1
        hearing = asyncio.create_task(theirs.hear())
        # What is sent to a client that is gone is answered with another reset.
        await theirs.say(b"are you there")
        await theirs.say(b"at all")
        assert not hearing.done()
        await proxy.heal()
        with pytest.raises(ConnectionResetError):
            await hearing


@pytest.mark.parametrize("ways", [Way.TO_CLIENT, Way.BOTH])
async def test_nobody_hears_of_a_broker_s_reset_over_a_half_open_connection_until_it_is_healed(
    ways: Way,
) -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.swallow(ways)
        abort(theirs.writer)
        await until(lambda: swallows_the_end(proxy))
        assert len(proxy.connections) == 1
        hearing = asyncio.create_task(ours.hear())
        await ours.say(b"are you there")
        assert not hearing.done()
        await proxy.heal()
        with pytest.raises(ConnectionResetError):
            await hearing


async def test_what_is_written_to_a_closed_client_tells_a_half_open_broker_nothing() -> None:
    async with joined() as (proxy, ours, theirs):
        (connection,) = proxy.connections
        proxy.swallow(Way.TO_BROKER)
        ours.writer.close()
        await ours.writer.wait_closed()
        hearing = asyncio.create_task(theirs.hear())
        # The first is answered with a reset by the client's system, the others meet it.
        passed = 0
        for _ in range(5):
            await theirs.say(b"are you there")
            passed += len("are you there\n")
            await until(partial(passes_at_least, proxy, passed))
        assert proxy.connections == (connection,)
        assert not hearing.done()
        await proxy.heal()
        with pytest.raises(ConnectionResetError):
            await hearing


async def test_a_reset_on_the_way_that_works_is_passed_on_by_a_half_open_connection() -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.swallow(Way.TO_CLIENT)
        abort(ours.writer)
        with pytest.raises(ConnectionResetError):
            await theirs.hear()


async def test_healing_lets_a_connection_go_on_that_has_lost_nothing() -> None:
    async with joined() as (proxy, ours, theirs):
        proxy.swallow(Way.BOTH)
        await proxy.heal()
        await ours.say(b"still here")
        assert await theirs.hear() == b"still here"


async def test_a_fault_of_one_connection_is_none_of_the_others() -> None:
    async with service() as here, Proxy.running(here.address) as proxy, client(proxy) as first:
        at_first = await here.next()
        async with client(proxy) as second:
            at_second = await here.next()
            await until(lambda: len(proxy.connections) == 2)
            broken, _ = proxy.connections
            broken.fault.swallows = Way.TO_BROKER
            await first.say(b"lost")
            await second.say(b"heard")
            assert await at_second.hear() == b"heard"
            await until(lambda: proxy.traffic.swallowed_bytes > 0)
            broken.heal()
            with pytest.raises(ConnectionResetError):
                await at_first.hear()
            await second.say(b"again")
            assert await at_second.hear() == b"again"


async def test_a_refusing_proxy_keeps_its_connections_and_takes_new_ones_when_healed() -> None:
    async with service() as here, Proxy.running(here.address) as proxy, client(proxy) as ours:
        theirs = await here.next()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(proxy.address.host, proxy.address.port)
        await ours.say(b"still here")
        assert await theirs.hear() == b"still here"
        await proxy.heal()
        async with client(proxy) as another:
            await another.say(b"new")
            assert await (await here.next()).hear() == b"new"


async def test_a_client_is_refused_when_nobody_listens_behind_the_proxy() -> None:
    async with service() as here:
        gone = here.address
    async with Proxy.running(gone) as proxy, client(proxy) as ours:
        with pytest.raises(ConnectionResetError):
            await ours.hear()


async def test_a_slow_reader_makes_the_sender_wait_and_loses_nothing() -> None:
    async with joined() as (_, ours, theirs):
        sent = b"x" * 40_000_000

        async def send() -> None:
            ours.writer.write(sent)
            await ours.writer.drain()
            ours.writer.write_eof()

        sending = asyncio.create_task(send())
        received = 0
        async with asyncio.timeout(PATIENCE_S):
            while chunk := await theirs.reader.read(1 << 20):
                received += len(chunk)
            await sending
        assert received == len(sent)
