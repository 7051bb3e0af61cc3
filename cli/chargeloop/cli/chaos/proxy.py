"""A TCP proxy between clients and the broker that breaks their network in the ways networks break.

Theory: bytes are passed on in order, each direction by itself. A fault is set for all connections, those to
come too, or for one. Delayed bytes keep their order. Swallowed bytes are gone while both sockets stay open,
as if the other end had lost its power: neither a close nor a reset is passed on. A stream that has lost bytes
cannot go on, so healing resets such connections, as the other end's kernel would when it hears of them again.
"""

import asyncio
import contextlib
import secrets
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Flag
from typing import Final

from chargeloop.broker import BrokerAddress

_LOOPBACK: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 64 * 1024
# Chunks on their way in one direction; then the sender has to wait, as for a full window.
_MOST_CHUNKS: Final = 256
# Below what the system gives to outgoing connections: a client must not get the proxy's port while it is
# closed, nor be connected to itself.
_PORTS: Final = range(30_000, 32_000)
_TRIES: Final = 50
# SO_LINGER on, for zero seconds: close sends RST and forgets what was not sent.
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Way(Flag):
    """The directions of a connection."""

    NONE = 0
    TO_BROKER = 1
    TO_CLIENT = 2
    BOTH = 3


@dataclass(slots=True)
class Fault:
    """What is wrong with a line: so much more latency each way, and the ways on which bytes vanish."""

    latency_ms: int = 0
    swallows: Way = Way.NONE


@dataclass(slots=True)
class Traffic:
    """What a proxy has seen."""

    connections: int = 0
    passed_bytes: int = 0
    swallowed_bytes: int = 0


class Connection:
    """One client's connection through a proxy, and what is wrong with it."""

    def __init__(
        self,
        shared: Fault,
        traffic: Traffic,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        broker: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._shared = shared
        self._traffic = traffic
        self._client = client
        self._broker = broker
        self._swallowed = False
        self._over = asyncio.Event()
        self.fault = Fault()

    async def run(self) -> None:
        """Pass bytes on until both ends have closed, or the connection is cut or reset."""
        tasks = (asyncio.create_task(self._pump_both()), asyncio.create_task(self._over.wait()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for _, writer in (self._client, self._broker):
                writer.close()

    def cut(self) -> None:
        """Close both ends in order."""
        self._over.set()

    def reset(self) -> None:
        """Close both ends with RST."""
        for _, writer in (self._client, self._broker):
            abort(writer)
        self._over.set()

    def heal(self) -> None:
        """Take the connection's own fault away; one that has lost bytes is reset."""
        self.fault = Fault()
        if self._swallowed and not self._shared.swallows:
            self.reset()

    async def _pump_both(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pump(Way.TO_BROKER, self._client[0], self._broker[1]))
            tasks.create_task(self._pump(Way.TO_CLIENT, self._broker[0], self._client[1]))

    async def _pump(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one direction on until its sender closes, and then close it."""
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_MOST_CHUNKS)
        delivering = asyncio.create_task(self._deliver(way, underway, writer))
        try:
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._take(way, chunk, underway)
            if way in self._swallowed_ways:
                await self._unheard()
            await underway.put((self._due(), b""))
            await delivering
        except OSError:
            await self._reset_by(way)
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

    async def _take(self, way: Way, chunk: bytes, underway: "asyncio.Queue[tuple[float, bytes]]") -> None:
        if way in self._swallowed_ways:
            self._swallowed = True
            self._traffic.swallowed_bytes += len(chunk)
            return
        self._traffic.passed_bytes += len(chunk)
        await underway.put((self._due(), chunk))

    async def _deliver(
        self, way: Way, underway: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                due_s, chunk = await underway.get()
                await asyncio.sleep(due_s - loop.time())
                if not chunk:
                    writer.write_eof()
                    return
                writer.write(chunk)
                await writer.drain()
        except OSError:
            # It is the receiver who is gone, so the news goes the other way.
            await self._reset_by(Way.BOTH & ~way)

    async def _reset_by(self, way: Way) -> None:
        """Let the other end learn that the sender of this way is gone, unless all vanishes that it sends."""
        if way in self._swallowed_ways:
            await self._unheard()
        else:
            self.reset()

    async def _unheard(self) -> None:
        """Let nobody hear that one end is gone, until the connection is healed."""
        self._swallowed = True
        await self._over.wait()

    @property
    def _swallowed_ways(self) -> Way:
        return self.fault.swallows | self._shared.swallows

    def _due(self) -> float:
        latency_ms = self.fault.latency_ms + self._shared.latency_ms
        return asyncio.get_running_loop().time() + latency_ms / 1_000


class Proxy:
    """Listens on a port of its own and connects each client to the broker; use `running`."""

    def __init__(self, broker: BrokerAddress, port: int) -> None:
        self._broker = broker
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._connections: dict[int, Connection] = {}
        self.address = BrokerAddress(_LOOPBACK, port)
        self.fault = Fault()
        self.traffic = Traffic()

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, broker: BrokerAddress) -> AsyncIterator["Proxy"]:
        """Yield a proxy to the broker that runs while the context lasts.

        Raises:
            OSError: no port is free.
        """
        proxy = await cls._listening(broker)
        try:
            yield proxy
        finally:
            await proxy.close()

    @classmethod
    async def _listening(cls, broker: BrokerAddress) -> "Proxy":
        for _ in range(_TRIES):
            proxy = cls(broker, _PORTS.start + secrets.randbelow(len(_PORTS)))
            with contextlib.suppress(OSError):  # somebody else listens there
                await proxy.accept()
                return proxy
        raise OSError(f"no port is free among {_TRIES} of {_PORTS.start} to {_PORTS.stop - 1}")

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Return the connections that are open now, the oldest first."""
        return tuple(self._connections.values())

    async def accept(self) -> None:
        """Listen, after `refuse` again on the same port."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accepted, self.address.host, self.address.port, limit=_CHUNK_BYTES, backlog=4096
            )

    def refuse(self) -> None:
        """Refuse new connections; those that are open go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def delay(self, latency_ms: int) -> None:
        """Delay all that is sent from now on, each way, by so much."""
        self.fault.latency_ms = latency_ms

    def swallow(self, ways: Way) -> None:
        """Let bytes vanish on these ways while all sockets stay open."""
        self.fault.swallows = ways

    def cut(self) -> None:
        """Close all connections in order."""
        for connection in self.connections:
            connection.cut()

    def reset(self) -> None:
        """Close all connections with RST."""
        for connection in self.connections:
            connection.reset()

    async def heal(self) -> None:
        """Let everything pass again; connections that have lost bytes are reset."""
        self.fault.latency_ms, self.fault.swallows = 0, Way.NONE
        for connection in self.connections:
            connection.heal()
        await self.accept()

    async def close(self) -> None:
        """Refuse new connections and close those that are open."""
        self.refuse()
        self.reset()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.traffic.connections += 1
        task = asyncio.create_task(self._serve(self.traffic.connections, reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker = await asyncio.open_connection(self._broker.host, self._broker.port, limit=_CHUNK_BYTES)
            connection = Connection(self.fault, self.traffic, (reader, writer), broker)
            self._connections[number] = connection
            await connection.run()
        except OSError:
            # Nobody listens there: the client is refused as well as an accepted one can be.
            abort(writer)
        finally:
            self._connections.pop(number, None)
            writer.close()


def abort(writer: asyncio.StreamWriter) -> None:
    """Close a socket with RST."""
    opened = writer.get_extra_info("socket")
    if opened is not None and opened.fileno() >= 0:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
