"""The web server: TLS, a port that is taken, and files that are no certificate."""

import asyncio
import errno
import os
import ssl
from pathlib import Path

import httpx2
import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from chargeloop.platform.shell.http import make_app
from chargeloop.platform.shell.server import HttpServer, TlsFiles, TlsFilesError
from chargeloop.platform.shell.services import Services


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(tmp_path: Path, authority: trustme.CA) -> TlsFiles:
    issued = authority.issue_cert("127.0.0.1")
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    issued.private_key_pem.write_to_path(files.key)
    return files


async def test_everything_is_served_over_tls(
    services: Services, tls: TlsFiles, authority: trustme.CA
) -> None:
    server = HttpServer(make_app(services), "127.0.0.1", 0, tls)
    running = asyncio.create_task(server.run_until_cancelled())
    await server.wait_listening()
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    address = f"127.0.0.1:{server.port}"
    async with httpx2.AsyncClient(base_url=f"https://{address}", verify=trusted) as client:
        assert (await client.get("/v1/health")).json()["status"] == "ok"
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"wss://{address}/mqtt?ticket=x", subprotocols=["mqtt"], ssl=trusted)  # type: ignore[list-item]
    assert refused.value.response.status_code == 401
    running.cancel()
    await asyncio.wait([running])
    server.close()


def test_files_that_are_no_certificate_and_its_key_are_told(
    services: Services, tls: TlsFiles, tmp_path: Path, authority: trustme.CA
) -> None:
    app = make_app(services)
    other = tmp_path / "other.pem"
    authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(other)
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    for files, said in (
        (TlsFiles(tls.certificate, tmp_path / "gone.pem"), "gone.pem: no such file"),
        (TlsFiles(tls.certificate, other), "no certificate and its key"),
        (TlsFiles(garbage, tls.key), "no certificate and its key"),
    ):
        with pytest.raises(TlsFilesError, match=said):
            HttpServer(app, "127.0.0.1", 0, files)


def test_a_key_with_a_password_is_told_and_not_asked_for(
    services: Services, tls: TlsFiles, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - it comes with trustme

    key = serialization.load_pem_private_key(tls.key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    with pytest.raises(TlsFilesError, match="no certificate and its key"):
        TlsFiles(tls.certificate, locked).check()


def test_a_port_that_is_taken_is_told_before_anything_has_begun(services: Services) -> None:
    first = HttpServer(make_app(services), "127.0.0.1", 0)
    with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
        HttpServer(make_app(services), "127.0.0.1", first.port)
    first.close()
