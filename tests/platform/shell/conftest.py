"""The HTTP gateway on a real store, without a network."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from chargeloop.broker.credentials import CredentialStore
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.shell.auth import Tokens
from chargeloop.platform.shell.http import Services, make_app
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.store import PlatformStore, store_path
from tests.platform.shell import books
from tests.platform.shell.books import NOON_MS, REGION, TARIFF, USER
from tests.platform.shell.scripted import ScriptedPlatform, bearer


@pytest.fixture
def platform() -> ScriptedPlatform:
    return ScriptedPlatform()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[PlatformStore]:
    opened = PlatformStore(store_path(tmp_path), REGION)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def credentials(tmp_path: Path) -> CredentialStore:
    return CredentialStore.of_data(tmp_path)


@pytest.fixture
async def client(
    tmp_path: Path, store: PlatformStore, platform: ScriptedPlatform, credentials: CredentialStore
) -> AsyncIterator[httpx2.AsyncClient]:
    region = RentalRegion(REGION, tariff=TARIFF)
    region.load(cabinets=[replace(books.CABINET, last_seen_ms=NOON_MS)])
    app = make_app(
        Services(
            name=REGION,
            region=region,
            reader=RentalReader(store_path(tmp_path)),
            requester=platform,
            tokens=Tokens(credentials, REGION),
            now_ms=lambda: NOON_MS,
        )
    )
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    token = bearer(credentials, USER)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway", headers=token) as opened:
        yield opened
