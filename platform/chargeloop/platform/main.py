"""The rental platform as one process: builds it from settings, runs it, and stops it in order."""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from chargeloop.broker import descriptors
from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import Clock
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.device import DeviceClock, DeviceLink, LinkPolicy, begin_boot
from chargeloop.broker.endpoint import Endpoint, EndpointPolicy
from chargeloop.platform.core.alarms import OFFLINE_MS
from chargeloop.platform.core.policy import Policy
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.core.rows import PlatformWrite
from chargeloop.platform.core.tariff import Tariff
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.store import AccountStore, accounts_path
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.platform.shell.alarms.desk import AlarmDesk
from chargeloop.platform.shell.alarms.store import AlarmStore, alarms_path
from chargeloop.platform.shell.basemap import Basemap
from chargeloop.platform.shell.connections import ConnectionLimits
from chargeloop.platform.shell.entrance import Entrance
from chargeloop.platform.shell.export import records as export_records
from chargeloop.platform.shell.gateway import MqttRequester
from chargeloop.platform.shell.http import Services, make_app
from chargeloop.platform.shell.pages import PAGES, Pages
from chargeloop.platform.shell.positions import Positions
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.relay import Relay
from chargeloop.platform.shell.server import HttpServer, TlsFiles
from chargeloop.platform.shell.store import PlatformStore, store_path
from chargeloop.platform.shell.tariff_file import default_tariff, load_tariff
from chargeloop.platform.shell.tickets import Tickets
from chargeloop.protocol.ids import DispatchId, GatewayId, RegionId, RentalId
from chargeloop.protocol.topics import TOPICS, Role, subscriptions

__all__ = ["PlatformSettings", "export_records", "patient", "run"]

RENTAL: Final = RentalId("rnt-main")
DISPATCH: Final = DispatchId("dsp-main")
GATEWAY: Final = GatewayId("gwy-main")

# How long an HTTP client is kept waiting for the platform's reply.
_ANSWER_MS: Final = 10_000

# The gateway's tries to connect come within so many real milliseconds; the minute over which thousands of
# cabinets spread theirs would only keep the one gateway away.
_RECONNECT_MS: Final = 2_000

# In a fast world it is stopped and started again within a few real seconds: that is no silence of a cabinet.
_OFFLINE_ROOM_MS: Final = 10_000

# How often alarms are brought up to date, in real seconds: people look at them.
_LOOK_S: Final = 5

_SWITCH_S: Final = 0.0005

# The search for garbage begins after so many objects more than went away.
_NEW_OBJECTS: Final = 20_000

# Real milliseconds of wire and machine delay that each wait must leave room for, however fast the clock runs.
_ROOM_MS: Final = {
    "cabinet_lease_ms": 5_000,
    "command_life_ms": 3_000,
    "answer_grace_ms": 2_000,
    "hold_grace_ms": 2_000,
    "unlock_life_ms": 3_000,
    "unlock_patience_ms": 5_000,
    "reserving_ms": 10_000,
    "return_grace_ms": 2_000,
}


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """What one rental platform is run with. Without a `tariff` file the packaged one is in force.

    `behind_tls`: the gateway speaks HTTP with a proxy that speaks TLS with browsers.
    """

    region: RegionId
    data: Path
    broker: BrokerAddress
    http_port: int
    http_host: str = "127.0.0.1"
    tls: TlsFiles | None = None
    behind_tls: bool = False
    pages: Path = PAGES
    basemap: Basemap | None = None
    tariff: Path | None = None
    rental: RentalId = RENTAL
    dispatch: DispatchId = DISPATCH
    gateway: GatewayId = GATEWAY
    policy: Policy = field(default_factory=Policy)


def _share_the_interpreter() -> None:
    """Let the thread that writes the store go on soon after each step of SQLite.

    By default it may wait 5 ms each time for the thread that handles messages, and a transaction has many
    steps.
    """
    sys.setswitchinterval(_SWITCH_S)


async def run(
    settings: PlatformSettings, clock: Clock, *, ready: Callable[[int], None] | None = None
) -> None:
    """Run the platform until this task is cancelled.

    `ready` is called once it takes messages and requests, with the port that it takes requests on.

    Raises:
        TariffFileError: the tariff cannot be used.
        SchemaVersionError, OtherRegionError, NotAStoreError: the store in `data` is not ours to write.
        GatewayFileError, BrokenKeyError: the accounts in `data` cannot be used, or the alarms.
        TlsFilesError: certificate and key cannot be used.
        OSError: the HTTP port is taken.
        ExceptionGroup: of StoreFailedError or CoreFailedError; end the process and start it again.
    """
    _share_the_interpreter()
    limits = ConnectionLimits.within(descriptors.allow_many())
    async with AsyncExitStack() as stack:
        store = PlatformStore(store_path(settings.data), settings.region)
        await store.open()
        stack.push_async_callback(store.close)
        accounts = AccountStore(accounts_path(settings.data))
        await accounts.open()
        stack.push_async_callback(accounts.close)
        alarms = AlarmStore(alarms_path(settings.data))
        await alarms.open()
        stack.push_async_callback(alarms.close)
        region = _load_region(settings, clock)
        positions = Positions()
        link = _link(settings, clock, positions)
        services = _services(settings, clock, region, _Sources(link, accounts, alarms, positions))
        server = HttpServer(make_app(services), settings.http_host, settings.http_port, settings.tls, limits)
        stack.callback(server.close)
        endpoint = _endpoint(settings, clock, store, region)
        parts = _Parts(
            endpoint,
            link,
            server,
            services.relay,
            accounts,
            AlarmDesk(
                alarms,
                region,
                services.reader,
                settings.rental,
                clock.now_ms,
                listening_since_ms=lambda: endpoint.listening_since_ms,
                offline_ms=max(OFFLINE_MS, clock.patience_ms(_OFFLINE_ROOM_MS)),
            ),
        )
        await _run_together(parts, ready)


@dataclass(frozen=True, slots=True)
class _Parts:
    endpoint: Endpoint[PlatformWrite]
    link: DeviceLink
    server: HttpServer
    relay: Relay
    accounts: AccountStore
    desk: AlarmDesk


async def _run_together(parts: _Parts, ready: Callable[[int], None] | None) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.endpoint.run())
        tasks.create_task(parts.link.run())
        tasks.create_task(parts.server.run_until_cancelled())
        tasks.create_task(parts.relay.follow_sessions(parts.accounts.data_version))
        await parts.endpoint.wait_ready()
        tasks.create_task(parts.desk.run(_LOOK_S))
        await parts.link.wait_ready()
        await parts.server.wait_listening()
        if ready is not None:
            ready(parts.server.port)


def patient(policy: Policy, clock: Clock) -> Policy:
    """Return the policy with every wait at least as long as wire and machine need by this clock."""
    waits = {
        name: max(getattr(policy, name), clock.patience_ms(real_ms)) for name, real_ms in _ROOM_MS.items()
    }
    return replace(policy, **waits)


def _tariff(settings: PlatformSettings) -> Tariff:
    return default_tariff() if settings.tariff is None else load_tariff(settings.tariff)


def _load_region(settings: PlatformSettings, clock: Clock) -> RentalRegion:
    policy = patient(settings.policy, clock)
    now_ms = clock.now_ms()
    region = RentalRegion(
        settings.region,
        tariff=_tariff(settings),
        policy=policy,
        dispatch=settings.dispatch,
        listening_since_ms=now_ms,
    )
    reader = RentalReader(store_path(settings.data))
    with _nothing_to_collect():
        loaded = reader.load(now_ms - policy.remember_ms)
        region.load(
            tariffs=loaded.tariffs,
            cabinets=loaded.cabinets,
            banks=loaded.banks,
            orders=loaded.orders,
            returns=loaded.early_returns,
            interventions=loaded.interventions,
        )
    return region


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Spare what is loaded the search for garbage, now and later: it is millions of objects, all in use."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        # Messages leave no cycles behind, so looking for them after every 700 new objects is mostly in vain.
        gc.set_threshold(_NEW_OBJECTS)
        gc.enable()


def _endpoint(
    settings: PlatformSettings, clock: Clock, store: PlatformStore, region: RentalRegion
) -> Endpoint[PlatformWrite]:
    credentials = CredentialStore.of_data(settings.data).grant(settings.rental, settings.region)
    return Endpoint(
        core=region,
        store=store,
        credentials=credentials,
        broker=settings.broker,
        clock=clock,
        policy=EndpointPolicy.of(clock),
    )


def _link(settings: PlatformSettings, clock: Clock, positions: Positions) -> DeviceLink:
    state_dir = settings.data / "gateway" / settings.gateway
    state_dir.mkdir(parents=True, exist_ok=True)
    return DeviceLink(
        credentials=CredentialStore.of_data(settings.data).grant(settings.gateway, settings.region),
        broker=settings.broker,
        clock=clock,
        device_clock=DeviceClock(clock, boot_id=begin_boot(state_dir)),
        journal=None,
        state_dir=state_dir,
        subscriptions=subscriptions(Role.GATEWAY, settings.gateway, settings.region),
        receive=positions.receive,
        policy=replace(LinkPolicy.of(clock), reconnect_ms=clock.patience_ms(_RECONNECT_MS)),
    )


@dataclass(frozen=True, slots=True)
class _Sources:
    link: DeviceLink
    accounts: AccountStore
    alarms: AlarmStore
    positions: Positions


def _services(
    settings: PlatformSettings,
    clock: Clock,
    region: RentalRegion,
    sources: _Sources,
) -> Services:
    link, accounts = sources.link, sources.accounts
    topic = TOPICS["gateway_request"].topic(settings.region, gateway=settings.gateway)
    within_ms = max(_ANSWER_MS, clock.patience_ms(_ANSWER_MS))
    tokens = AccessTokens.of_data(settings.data, settings.region)
    tickets = Tickets()
    return Services(
        name=settings.region,
        region=region,
        reader=RentalReader(store_path(settings.data)),
        requester=MqttRequester(link, topic, within_ms),
        entrance=Entrance(accounts, Passwords(), tokens, settings.region),
        credentials=CredentialStore.of_data(settings.data),
        tickets=tickets,
        relay=Relay(settings.broker, tickets, accounts.lives),
        alarms=sources.alarms,
        pages=Pages(settings.pages),
        positions=sources.positions,
        now_ms=clock.now_ms,
        speed=clock.patience_ms(1_000) / 1_000,
        basemap=settings.basemap,
        behind_tls=settings.behind_tls,
    )
