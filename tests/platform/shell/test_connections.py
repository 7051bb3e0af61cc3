"""Connections that ask for nothing: each costs its place for a while only, and all of them leave room."""

import asyncio
import logging
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trustme
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from chargeloop.broker import descriptors
from chargeloop.platform.shell.connections import ConnectionLimits
from chargeloop.platform.shell.server import HttpServer, TlsFiles

HOST = "127.0.0.1"
HALF = b"GET /ping HTTP/1.1\r\nHost: x\r\n"
LARGE = 32 * 1024 * 1024  # more than a connection's buffers hold
IMPATIENT = ConnectionLimits(request_s=0.2, handshake_s=0.2)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def application(go_on: asyncio.Event) -> FastAPI:
    app = FastAPI()

    @app.get("/ping")
    async def ping() -> str:
        return "pong"

    @app.get("/slow")
    async def slow() -> str:
        await go_on.wait()
        return "at last"

    @app.get("/large")
    async def large() -> Response:
        return Response(bytes(LARGE))

    @app.get("/pieces")
    async def pieces() -> Response:
        return StreamingResponse(bytes(65_536) for _ in range(LARGE // 65_536))

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    app.add_api_websocket_route("/echo", echo)
    return app


@asynccontextmanager
async def serving(
    limits: ConnectionLimits, go_on: asyncio.Event | None = None, tls: TlsFiles | None = None
) -> AsyncIterator[int]:
    server = HttpServer(application(go_on or asyncio.Event()), HOST, 0, tls, limits)
    port = server.port
    running = asyncio.create_task(server.run_until_cancelled())
    await server.wait_listening()
    try:
        yield port
    finally:
        running.cancel()
        await asyncio.wait([running])


async def begun(port: int, request: bytes) -> Streams:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(request)
    await writer.drain()
    return reader, writer


async def answer(port: int, path: str = "/ping") -> bytes:
    asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    reader, writer = await begun(port, asked.encode())
    try:
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    "half", [b"", HALF, b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"], ids=str
)
async def test_a_connection_whose_request_does_not_come_whole_is_ended(half: bytes) -> None:
    async with serving(IMPATIENT) as port:
        reader, writer = await begun(port, half)
        assert await reader.read() == b""
        writer.close()


async def test_a_handshake_that_does_not_come_is_ended(tmp_path: Path) -> None:
    tls = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    issued = trustme.CA().issue_cert(HOST)
    issued.cert_chain_pems[0].write_to_path(tls.certificate)
    issued.private_key_pem.write_to_path(tls.key)
    async with serving(IMPATIENT, tls=tls) as port:
        reader, writer = await begun(port, b"\x16\x03\x01")
        assert await reader.read() == b""
        writer.close()


async def test_what_has_asked_is_waited_for_however_long_it_takes() -> None:
    go_on = asyncio.Event()
    async with serving(IMPATIENT, go_on) as port:
        asking = asyncio.create_task(answer(port, "/slow"))
        async with connect(f"ws://{HOST}:{port}/echo") as opened:
            # Whoever comes after them is ended for want of a request, so they have waited longer than that.
            for _ in range(2):
                reader, writer = await begun(port, HALF)
                assert await reader.read() == b""
                writer.close()
            await opened.send("still here")
            assert await opened.recv() == "still here"
        go_on.set()
        assert b"at last" in await asking


@pytest.mark.parametrize("path", ["/large", "/pieces"])
async def test_who_takes_an_answer_too_slowly_gives_the_place_back(path: str) -> None:
    """Nothing is taken at all, which the kernel would bear for longer than this test."""
    async with serving(ConnectionLimits(most=1, request_s=0.2, answer_s=0.2)) as port:
        with socket.create_connection((HOST, port)) as reader:
            reader.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            async with asyncio.timeout(20):
                while b"pong" not in await answer(port):
                    pass


async def test_as_many_as_there_are_places_find_one_however_quickly_they_come() -> None:
    async with serving(ConnectionLimits(most=4)) as port:
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            clients = [stack.enter_context(socket.socket()) for _ in range(4)]
            for client in clients:
                client.setblocking(False)
                # Unlike streams these leave the loop time for a step or two of the server in between.
                await loop.sock_connect(client, (HOST, port))
                await loop.sock_sendall(client, HALF)
            for client in clients:
                await loop.sock_sendall(client, b"\r\n")
                assert (await loop.sock_recv(client, 1_024)).startswith(b"HTTP/1.1 200 ")


async def test_when_all_places_are_taken_others_are_turned_away_until_there_is_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(ConnectionLimits(most=4)) as port:
        idle = [await begun(port, HALF) for _ in range(4)]
        for _ in range(3):
            reader, writer = await asyncio.open_connection(HOST, port)
            told = await reader.read()
            assert told.startswith(b"HTTP/1.1 503 ")
            assert b'"code":"too_many_connections"' in told
            writer.close()
        for _, one in idle:
            one.close()
            await one.wait_closed()
        async with asyncio.timeout(30):
            while b"pong" not in await answer(port):
                pass
    assert [line.message for line in caplog.records if "turned away" in line.message] == [
        "connections are turned away: there are 4 already",
        "connections are turned away: over",
    ]


async def test_without_descriptors_it_waits_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with serving(ConnectionLimits()) as port:
        with socket.socket() as client:
            client.setblocking(False)
            # It has the lowest number that was free, so there is none below this limit for the server's side.
            resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno() + 1, hard))
            try:
                await asyncio.get_running_loop().sock_connect(client, (HOST, port))
                async with asyncio.timeout(30):
                    while not caplog.records:  # noqa: ASYNC110 - the log has no event
                        await asyncio.sleep(0)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert b"pong" in await answer(port)
    told = [line for line in caplog.records if line.levelno >= logging.WARNING]
    assert [line.message.partition(": ")[0] for line in told] == ["no connection can be accepted"] * 2


def test_a_system_without_a_limit_gives_as_many_places_as_there_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = (1_024, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    assert ConnectionLimits.within(descriptors.allow_many()).most == ConnectionLimits().most


def test_enough_descriptors_remain_for_the_stores() -> None:
    assert ConnectionLimits.within(256).most == 32
    assert ConnectionLimits.within(1_024).most == 416
    assert ConnectionLimits.within(1_048_576).most == ConnectionLimits().most
