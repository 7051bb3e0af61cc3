"""The relay at `/mqtt`: from a browser's WebSocket to the broker, byte by byte, on the gateway's own origin.

The browser speaks MQTT with its own credentials, and the broker's access rules decide what it may do. The
relay only makes sure of who it lets through: a ticket of a session, and a CONNECT of that session's client.
It ends with the session.

Whatever one side does not take, the other side soon sends no more of: each direction holds two pieces of at
most 64 KiB. A side that takes nothing for ten seconds is dropped, so that it cannot be waited for.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from chargeloop.broker.address import BrokerAddress
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.mqtt_connect import NoConnectError, connect_in
from chargeloop.platform.shell.origin import same_origin
from chargeloop.platform.shell.outage import Outage
from chargeloop.platform.shell.tickets import Ticket, Tickets

SUBPROTOCOL: Final = "mqtt"
PIECE_BYTES: Final = 64 * 1024
# The close codes of RFC 6455 and its registry.
NORMAL, UNSUPPORTED, POLICY, TRY_AGAIN_LATER = 1000, 1003, 1008, 1013

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """How patient the relay is, in seconds of the real clock, and how many connections it carries.

    The broker keeps one connection of an account and ends the others, so more are tabs that are about to end.
    """

    connect_s: float = 5
    first_packet_s: float = 10
    stall_s: float = 10
    farewell_s: float = 5
    look_s: float = 1
    most: int = 1_000
    most_of_account: int = 8


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


_GONE: Final = _Close(NORMAL, "")
_ENDED: Final = _Close(POLICY, "the session has ended")


class _FinishedError(Exception):
    """The connection is over, for the reason given."""

    def __init__(self, close: _Close) -> None:
        super().__init__(close.reason)
        self.close = close


class Relay:
    """Carries the connections of browsers; `lives` tells whether a session has not ended."""

    def __init__(
        self,
        broker: BrokerAddress,
        tickets: Tickets,
        lives: Callable[[str], Awaitable[bool]],
        limits: RelayLimits | None = None,
    ) -> None:
        self._broker = broker
        self._tickets = tickets
        self._lives = lives
        self._limits = limits or RelayLimits()
        self._endings: dict[asyncio.Event, Ticket] = {}

    def __len__(self) -> int:
        return len(self._endings)

    def end_session(self, session: str) -> None:
        """Close what is relayed for a session."""
        for ended, relayed in self._endings.items():
            if relayed.session == session:
                ended.set()

    async def follow_sessions(self, changes: Callable[[], Awaitable[int]]) -> None:
        """Close what belongs to sessions that have ended, for ever; `changes` counts changes of others."""
        outage = Outage(_log, "sessions that have ended cannot be found")
        seen, looks = None, 0
        while True:
            looks += 1
            try:
                # A session that comes of age changes nothing in the file: look once in a while all the same.
                if (found := await changes()) != seen or looks % 60 == 0:
                    await self._end_what_has_ended()
                    seen = found
            except (sqlite3.Error, OSError) as error:
                outage.goes_on(error)
            else:
                outage.is_over()
            await asyncio.sleep(self._limits.look_s)

    async def _end_what_has_ended(self) -> None:
        for session in {ticket.session for ticket in self._endings.values()}:
            if not await self._lives(session):
                self.end_session(session)

    async def serve(self, socket: WebSocket) -> None:
        """Carry one connection from its handshake to its end."""
        ticket = await self._let_in(socket)
        if ticket is not None:
            with self._listed(ticket) as ended:
                await self._connect(socket, ticket, ended)

    async def _connect(self, socket: WebSocket, ticket: Ticket, ended: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._limits.connect_s):
                reader, writer = await asyncio.open_connection(
                    self._broker.host, self._broker.port, limit=PIECE_BYTES
                )
        except (OSError, TimeoutError):
            await _deny(socket, HTTPStatus.SERVICE_UNAVAILABLE, "no_broker", "the broker cannot be reached")
            return
        try:
            close = await self._carry(socket, ticket, ended, reader, writer)
        except WebSocketDisconnect:
            close = _GONE  # it has gone away before it was let in
        except BaseException:
            writer.transport.abort()
            raise
        await asyncio.gather(self._hang_up(writer), self._say_goodbye(socket, close))

    async def _let_in(self, socket: WebSocket) -> Ticket | None:
        """Return the ticket of who may come in; who may not is told with a problem."""
        if not same_origin(socket.headers):
            detail = "pages of another origin may not connect"
            await _deny(socket, HTTPStatus.FORBIDDEN, "wrong_origin", detail)
        elif SUBPROTOCOL not in socket.scope["subprotocols"]:
            detail = f"the WebSocket subprotocol {SUBPROTOCOL} is spoken here"
            await _deny(socket, HTTPStatus.BAD_REQUEST, "subprotocol_needed", detail)
        elif len(self._endings) >= self._limits.most:
            detail = "too many are connected; try again later"
            await _deny(socket, HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", detail)
        else:
            return await self._of_ticket(socket)
        return None

    async def _of_ticket(self, socket: WebSocket) -> Ticket | None:
        ticket = self._tickets.take(socket.query_params.get("ticket", ""))
        if ticket is None or not await self._lives(ticket.session):
            detail = "the ticket is unknown, used or too old: buy another one at /v1/mqtt-ticket"
            await _deny(socket, HTTPStatus.UNAUTHORIZED, "ticket_invalid", detail)
            return None
        of_account = sum(relayed.client == ticket.client for relayed in self._endings.values())
        if of_account >= self._limits.most_of_account:
            detail = f"{ticket.client} has {of_account} connections already: close some of them"
            await _deny(socket, HTTPStatus.TOO_MANY_REQUESTS, "too_many_connections", detail)
            return None
        return ticket

    async def _carry(
        self,
        socket: WebSocket,
        ticket: Ticket,
        ended: asyncio.Event,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> _Close:
        """Carry bytes both ways until one side, or the session, ends; return why."""
        writer.transport.set_write_buffer_limits(PIECE_BYTES)
        await socket.accept(SUBPROTOCOL)
        ways: tuple[asyncio.Task[None], ...] = (
            asyncio.create_task(self._up(socket, ticket, writer)),
            asyncio.create_task(self._down(reader, socket)),
            asyncio.create_task(_until(ended)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            results = await asyncio.gather(*ways, return_exceptions=True)
        return _reason(results)

    @contextlib.contextmanager
    def _listed(self, ticket: Ticket) -> Iterator[asyncio.Event]:
        """Carry a connection in the list; the event that is yielded tells that its session has ended."""
        ended = asyncio.Event()
        self._endings[ended] = ticket
        try:
            yield ended
        finally:
            del self._endings[ended]

    async def _up(self, socket: WebSocket, ticket: Ticket, writer: asyncio.StreamWriter) -> None:
        async with contextlib.aclosing(_received(socket)) as pieces:
            try:
                async with asyncio.timeout(self._limits.first_packet_s):
                    first = await _first_packet(pieces, ticket.client)
            except TimeoutError:
                raise _FinishedError(_Close(POLICY, "no CONNECT has come")) from None
            writer.write(first)
            async for piece in pieces:
                writer.write(piece)
                await self._within_patience(writer.drain(), "the broker takes no more")

    async def _down(self, reader: asyncio.StreamReader, socket: WebSocket) -> None:
        try:
            while piece := await reader.read(PIECE_BYTES):
                await self._within_patience(socket.send_bytes(piece), "you read too slowly")
        except OSError:
            raise _FinishedError(_Close(NORMAL, "the broker has ended the connection")) from None
        raise _FinishedError(_Close(NORMAL, "the broker has ended the connection"))

    async def _within_patience(self, taking: Awaitable[None], reason: str) -> None:
        try:
            async with asyncio.timeout(self._limits.stall_s):
                await taking
        except TimeoutError:
            raise _FinishedError(_Close(TRY_AGAIN_LATER, reason)) from None

    async def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        """Let the broker have what is on its way, a DISCONNECT above all, unless it takes nothing."""
        writer.close()
        try:
            async with asyncio.timeout(self._limits.farewell_s):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            writer.transport.abort()

    async def _say_goodbye(self, socket: WebSocket, close: _Close) -> None:
        """Close the WebSocket; one that takes nothing is left to the kernel's time-out (`server`)."""
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(self._limits.farewell_s):
                await socket.close(close.code, close.reason)


async def _until(ended: asyncio.Event) -> None:
    await ended.wait()
    raise _FinishedError(_ENDED)


async def _received(socket: WebSocket) -> AsyncGenerator[bytes, None]:
    """Yield what the browser sends until it ends the connection."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise _FinishedError(_GONE)
        piece = message.get("bytes")
        if piece is None:
            raise _FinishedError(_Close(UNSUPPORTED, "MQTT travels in binary messages"))
        yield piece


async def _first_packet(pieces: AsyncIterator[bytes], client: str) -> bytes:
    """Return all that has come once the CONNECT is there whole, and is the client's own."""
    data = b""
    async for piece in pieces:
        data += piece
        try:
            connect = connect_in(data)
        except NoConnectError as error:
            raise _FinishedError(_Close(POLICY, str(error))) from None
        if connect is not None:
            if (connect.client, connect.user) != (client, client):
                raise _FinishedError(_Close(POLICY, f"the ticket lets in {client} and nobody else"))
            break
    return data


def _reason(results: list[BaseException | None]) -> _Close:
    """Return why the connection is over; what is no reason for that is a bug and raised."""
    for result in results:
        if isinstance(result, _FinishedError):
            return result.close
    for result in results:
        if isinstance(result, WebSocketDisconnect | OSError):
            return _GONE
        if result is not None and not isinstance(result, asyncio.CancelledError):
            raise result
    return _GONE


async def _deny(socket: WebSocket, status: HTTPStatus, code: str, detail: str) -> None:
    await socket.send_denial_response(problems.response(socket.url.path, status, code, detail))
