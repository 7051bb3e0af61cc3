"""Connections at the gateway's port: how many there are at a time, and how long one may keep us waiting.

Anybody can connect, so a connection is worth nothing until it has asked for something. Each takes a file
descriptor, and a process without descriptors can no longer open its stores; therefore so many are let in that
enough remain, and one that does not say what it wants in time, or does not take what it was given, gives its
place back. A WebSocket is another matter: only who is logged in has one, and it ends with the session.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Self

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from chargeloop.platform.shell import problems
from chargeloop.platform.shell.outage import Outage

# Descriptors for everything else: each of 40 threads may have a store open to read, which is three files.
_RESERVED: Final = 192
# A connection that is relayed has another one, to the broker.
_EACH: Final = 2
_FEWEST: Final = 16
_MOST: Final = 4_000

_ACCEPT_AGAIN_S: Final = 1.0
_RETRY_S: Final = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be, and how patient we are with them, in seconds of the real clock.

    Attributes:
        most: connections at a time; whoever comes then is turned away with 503, over TLS without a word.
        handshake_s: until the handshake of TLS is done.
        request_s: until a request has come whole, from when it is waited for.
        answer_s: until its answer has been taken whole, from when the request has come.
    """

    most: int = _MOST
    handshake_s: float = 10
    request_s: float = 15
    answer_s: float = 300

    @classmethod
    def within(cls, descriptors: int) -> Self:
        """Return the limits of a process that may have so many files open."""
        return cls(most=max(_FEWEST, min(_MOST, (descriptors - _RESERVED) // _EACH)))


class PatientProtocol(H11Protocol):
    """HTTP on one connection, which ends when a request does not come, or its answer is not taken, in time.

    `met` is called when the connection is among those of the server.
    """

    def __init__(self, met: Callable[[], None], *, limits: ConnectionLimits, **parts: Any) -> None:
        super().__init__(**parts)
        self._met = met
        self._limits = limits
        self._overdue: asyncio.TimerHandle | None = None
        self._answered: RequestResponseCycle | None = None
        self._answer_by_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as above it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._met()
        self._wait_for_request()

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request, and begin to wait for its answer to be taken when it is there whole."""
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            self._stop_waiting()  # it has become a WebSocket
        elif not self._awaits_more():
            self._wait_for_answer()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request; a connection that closes still has to take what is left."""
        super().on_response_complete()
        if self._awaits_more():
            self._wait_for_request()
        else:
            self._wait_for_answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _awaits_more(self) -> bool:
        if self.transport.is_closing():
            return False
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def _wait_for_request(self) -> None:
        self._wait_until(self.loop.time() + self._limits.request_s, self._close)

    def _wait_for_answer(self) -> None:
        """Wait from when the request was there, whatever else comes on the connection meanwhile."""
        if self.cycle is not self._answered:
            self._answered = self.cycle
            self._answer_by_s = self.loop.time() + self._limits.answer_s
            self._wait_until(self._answer_by_s, self.transport.abort)

    def _close(self) -> None:
        """End the connection when it has taken what is left of an answer, or does not do so in time."""
        self.transport.close()
        soonest_s = self.loop.time() + self._limits.request_s
        self._wait_until(max(soonest_s, self._answer_by_s), self.transport.abort)

    def _wait_until(self, until_s: float, then: Callable[[], None]) -> None:
        self._stop_waiting()
        self._overdue = self.loop.call_at(until_s, then)

    def _stop_waiting(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None


class Acceptor:
    """Lets connections in, and turns away whoever comes when all places are taken.

    Args:
        listening: the socket.
        make_protocol: makes what speaks on a connection, and calls what it is given when `held` counts it.
        tls: the certificate, if TLS is spoken.
        held: counts the connections there are.
        limits: how many there may be.
    """

    def __init__(
        self,
        listening: socket.socket,
        make_protocol: Callable[[Callable[[], None]], asyncio.Protocol],
        tls: ssl.SSLContext | None,
        held: Callable[[], int],
        limits: ConnectionLimits,
    ) -> None:
        self._listening = listening
        self._make_protocol = make_protocol
        self._tls = tls
        self._held = held
        self._limits = limits
        # Those that are not among the server's connections yet: each counts once.
        self._greeted: set[socket.socket] = set()
        self._cannot_accept = Outage(_log, "no connection can be accepted")
        self._full = Outage(_log, "connections are turned away")

    async def run(self) -> None:
        """Let connections in until this task is cancelled."""
        self._listening.setblocking(False)
        async with asyncio.TaskGroup() as greetings:
            while True:
                connection = await self._accept()
                if connection is None:
                    continue
                taken = self._held() + len(self._greeted)
                if taken >= self._limits.most:
                    self._full.goes_on(f"there are {self._limits.most} already")
                    self._turn_away(connection)
                    continue
                if taken < self._limits.most // 2:
                    self._full.is_over()
                self._greeted.add(connection)
                greetings.create_task(self._greet(connection))

    async def _accept(self) -> socket.socket | None:
        try:
            connection, _ = await asyncio.get_running_loop().sock_accept(self._listening)
        except ConnectionError:
            return None  # whoever it was has gone again
        except OSError as error:
            # Without descriptors or memory the next try would fail as this one did.
            self._cannot_accept.goes_on(error)
            await asyncio.sleep(_ACCEPT_AGAIN_S)
            return None
        self._cannot_accept.is_over()
        return connection

    async def _greet(self, connection: socket.socket) -> None:
        """Give the connection to its protocol; over TLS that takes as long as the handshake."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(self._make_protocol, partial(self._greeted.discard, connection)),
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else self._limits.handshake_s,
            )
        except OSError as error:
            _log.debug("a connection failed before its first request: %s", error)
        finally:
            self._greeted.discard(connection)

    def _turn_away(self, connection: socket.socket) -> None:
        with contextlib.closing(connection), contextlib.suppress(OSError):
            if self._tls is None:
                connection.send(_full())


def _full() -> bytes:
    """Return the answer to whoever finds no place; what was asked has not been read."""
    detail = "too many are connected; try again later"
    told = problems.response("/", HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", detail)
    head = (
        f"HTTP/1.1 {told.status_code} {HTTPStatus.SERVICE_UNAVAILABLE.phrase}",
        f"Content-Type: {told.media_type}",
        f"Content-Length: {len(told.body)}",
        f"Retry-After: {_RETRY_S}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + bytes(told.body)
