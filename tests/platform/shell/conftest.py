"""The HTTP gateway on a real store, without a network."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.credentials import CredentialStore
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.registry import Registry
from chargeloop.platform.shell.accounts.store import AccountStore, accounts_path
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.platform.shell.alarms.store import AlarmStore, alarms_path
from chargeloop.platform.shell.entrance import Entrance
from chargeloop.platform.shell.http import Services, make_app
from chargeloop.platform.shell.pages import Pages
from chargeloop.platform.shell.positions import Positions
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.relay import Relay
from chargeloop.platform.shell.store import PlatformStore, store_path
from chargeloop.platform.shell.tickets import Tickets
from tests.platform.shell import books
from tests.platform.shell.books import NOON_MS, REGION, TARIFF, USER
from tests.platform.shell.scripted import KEY, Instant, ScriptedPlatform, bearer


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
def time() -> Instant:
    return Instant()


@pytest.fixture
async def accounts(tmp_path: Path, time: Instant) -> AsyncIterator[AccountStore]:
    opened = AccountStore(accounts_path(tmp_path), time.now_ms)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def registry(accounts: AccountStore, credentials: CredentialStore) -> Registry:
    # As little memory as argon2 allows: tests are no attackers.
    return Registry(accounts, credentials, Passwords(memory_kib=8))


@pytest.fixture
async def alarms(tmp_path: Path) -> AsyncIterator[AlarmStore]:
    opened = AlarmStore(alarms_path(tmp_path))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def services(
    tmp_path: Path,
    store: PlatformStore,
    platform: ScriptedPlatform,
    registry: Registry,
    alarms: AlarmStore,
    time: Instant,
) -> Services:
    region = RentalRegion(REGION, tariff=TARIFF)
    region.load(cabinets=[replace(books.CABINET, last_seen_ms=NOON_MS), books.FAR_CABINET])
    tokens = AccessTokens(KEY, REGION)
    tickets = Tickets(time.now_s)
    return Services(
        name=REGION,
        region=region,
        reader=RentalReader(store_path(tmp_path)),
        requester=platform,
        entrance=Entrance(registry.store, registry.passwords, tokens, REGION, time.now_s),
        credentials=registry.credentials,
        tickets=tickets,
        relay=Relay(BrokerAddress("127.0.0.1", 1), tickets, registry.store.lives),
        alarms=alarms,
        pages=Pages(tmp_path / "pages"),
        positions=Positions(),
        now_ms=lambda: NOON_MS,
    )


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=make_app(services), raise_app_exceptions=False)
    base = "http://gateway"
    async with httpx2.AsyncClient(transport=transport, base_url=base, headers=bearer(USER)) as opened:
        yield opened
