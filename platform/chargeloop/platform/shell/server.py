"""The web server around the gateway's application, started and stopped as one task among others."""

import asyncio
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from chargeloop.platform.shell.connections import Acceptor, ConnectionLimits, PatientProtocol

# How long requests that are under way may take once the process is to stop.
_GRACE_S: Final = 2

# A client that is not there any more, or takes nothing, is noticed so much later.
_PING_S: Final = 20
_USER_TIMEOUT_MS: Final = 30_000

# MQTT clients may send several packets in one WebSocket message.
_WEBSOCKET_BYTES: Final = 256 * 1024


class TlsFilesError(Exception):
    """Certificate and key cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate with its chain, and its key without a password, both in PEM."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Make sure that they can be used.

        Raises:
            TlsFilesError: they cannot.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for path in (self.certificate, self.key):
            if not path.is_file():
                message = f"{path}: no such file"
                raise TlsFilesError(message)
        try:
            # Without a password given here, OpenSSL would ask the terminal for one.
            context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError) as error:
            what = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
            message = f"{self.certificate} and {self.key} are no certificate and its key: {what}"
            raise TlsFilesError(message) from None


class HttpServer(uvicorn.Server):
    """Serves an application on a socket until its task is cancelled.

    The socket is bound here, so a port that is taken is an OSError before anything else has started. `limits`
    are those of its connections.

    Raises:
        TlsFilesError: certificate and key cannot be used.
        OSError: the address or the port cannot be listened on.
    """

    def __init__(
        self,
        app: FastAPI,
        host: str,
        port: int,
        tls: TlsFiles | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        if tls is not None:
            tls.check()
        config = uvicorn.Config(
            app,
            http="h11",
            ws="websockets-sansio",
            ws_max_size=_WEBSOCKET_BYTES,
            ws_ping_interval=_PING_S,
            ws_ping_timeout=_PING_S,
            # The one loop is the platform's too: bytes are passed on, not compressed.
            ws_per_message_deflate=False,
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
            # Who is asking is who is connected; a proxy's word is not taken for it.
            proxy_headers=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        super().__init__(config)
        self._limits = limits or ConnectionLimits()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, reuse_port=False)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Connections inherit it: one whose peer takes nothing is ended by the kernel.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
        self._listening = asyncio.Event()

    @property
    def port(self) -> int:
        """Return the port it listens on, also when it was asked for any (0)."""
        port: int = self._socket.getsockname()[1]
        return port

    async def run_until_cancelled(self) -> None:
        """Serve until this task is cancelled; requests under way are finished first."""
        serving = asyncio.create_task(self.serve(sockets=[]))
        accepting = asyncio.create_task(self._accept())
        try:
            await asyncio.wait((serving, accepting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            accepting.cancel()
            await asyncio.wait((accepting,))
            self._socket.close()
            self.should_exit = True
            await serving
            if not accepting.cancelled():
                accepting.result()

    def close(self) -> None:
        """Give the port back, for a server that may never have run."""
        self._socket.close()

    async def wait_listening(self) -> None:
        """Return when connections are accepted."""
        await self._listening.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Make ready to serve, and say so."""
        await super().startup(sockets)
        self._listening.set()

    async def _accept(self) -> None:
        """Let connections in; uvicorn itself would take any number, and wait for any of them for ever."""
        await self._listening.wait()
        state = self.server_state
        make_protocol = partial(
            PatientProtocol,
            limits=self._limits,
            config=self.config,
            server_state=state,
            app_state=self.lifespan.state,
        )
        acceptor = Acceptor(
            self._socket, make_protocol, self.config.ssl, lambda: len(state.connections), self._limits
        )
        await acceptor.run()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the program: it stops this server together with everything else."""
        yield
