"""The web server around the gateway's application, started and stopped as one task among others."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

# How long requests that are under way may take once the process is to stop.
_GRACE_S = 2


class HttpServer(uvicorn.Server):
    """Serves an application on a socket until its task is cancelled.

    The socket is bound here, so a port that is taken is an OSError before anything else has started.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        super().__init__(config)
        self._socket = socket.create_server((host, port), reuse_port=False)
        self._listening = asyncio.Event()

    @property
    def port(self) -> int:
        """Return the port it listens on, also when it was asked for any (0)."""
        port: int = self._socket.getsockname()[1]
        return port

    async def run_until_cancelled(self) -> None:
        """Serve until this task is cancelled; requests under way are finished first."""
        serving = asyncio.create_task(self.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            self.should_exit = True
            await serving

    def close(self) -> None:
        """Give the port back, for a server that may never have run."""
        self._socket.close()

    async def wait_listening(self) -> None:
        """Return when connections are accepted."""
        await self._listening.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        self._listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the program: it stops this server together with everything else."""
        yield
