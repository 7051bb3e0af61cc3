"""Runs the parts of the product from the command line's settings, each until it is cancelled."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import Clock
from chargeloop.cli.city import DISPATCH, GATEWAY, RENTAL
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.failing import disk_failure
from chargeloop.cli.mdrp import PLANE_ORIGIN
from chargeloop.cli.settings import Settings
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.protocol.time import DAY_MS, MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from chargeloop.platform.shell.basemap import Basemap
    from chargeloop.platform.shell.server import TlsFiles

Ready = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often devices speak unasked, and how long a silent one is taken to be there and jobs are offered.

    All of it in milliseconds.
    """

    heartbeat_ms: int = MINUTE_MS
    motor_ms: int = 2 * SECOND_MS
    position_ms: int = 15 * SECOND_MS
    cabinet_lease_ms: int = 3 * MINUTE_MS
    phone_lease_ms: int = 90 * SECOND_MS
    offer_life_ms: int = DispatchPolicy().offer_life_ms
    give_up_offering_ms: int = 3 * MINUTE_MS


# A search that has not found anybody in the first round goes on for some more.
_ROUNDS = 3

LIVE = Pace()
# A day of hundreds of devices with which nothing is wrong: they speak when something happens, are there as
# long as they are connected, and couriers say where they are when they arrive.
# In the data orders wait for the next courier who gets free, so jobs are offered for as long as people wait.
REPLAY = Pace(
    heartbeat_ms=0,
    position_ms=0,
    cabinet_lease_ms=7 * DAY_MS,
    phone_lease_ms=7 * DAY_MS,
    give_up_offering_ms=20 * MINUTE_MS,
)


def require_tariff(file: Path | None) -> None:
    """Refuse a tariff file that cannot be used, before anything is started.

    Raises:
        CommandError: it cannot; the message says why.
    """
    from chargeloop.platform.shell.tariff_file import TariffFileError, load_tariff

    try:
        if file is not None:
            load_tariff(file)
    except TariffFileError as error:
        raise CommandError(str(error)) from None


def tls_files(settings: Settings) -> "TlsFiles | None":
    """Return certificate and key of the gateway, or None when it speaks HTTP.

    Raises:
        CommandError: only one of them is given, or a proxy's TLS too, or they cannot be used.
    """
    from chargeloop.platform.shell.server import TlsFiles, TlsFilesError

    if settings.behind_tls and settings.tls_cert is not None:
        raise CommandError("--behind-tls is for a gateway without --tls-cert: give one of them")
    if settings.tls_cert is None and settings.tls_key is None:
        return None
    if settings.tls_cert is None or settings.tls_key is None:
        raise CommandError("--tls-cert and --tls-key go together: give both, or neither")
    files = TlsFiles(settings.tls_cert, settings.tls_key)
    try:
        files.check()
    except TlsFilesError as error:
        raise CommandError(str(error)) from None
    return files


def basemap(settings: Settings) -> "Basemap | None":
    """Return the map that the pages draw on, or None when they invent a city.

    Raises:
        CommandError: it cannot be used.
    """
    from chargeloop.platform.shell.basemap import Basemap, BasemapError

    try:
        return Basemap.of(settings.map_style, settings.map_tiles, settings.map_attribution)
    except BasemapError as error:
        raise CommandError(str(error)) from None


def warn_of_open_gateway(settings: Settings) -> None:
    """Tell who listens to a network without TLS what that means."""
    if settings.tls_cert is not None or settings.behind_tls or settings.http_host == "localhost":
        return
    try:
        if ip_address(settings.http_host).is_loopback:
            return
    except ValueError:
        pass  # a name: it may be anywhere
    print(
        f"chargeloop: the gateway on {settings.http_host} speaks HTTP: passwords can be read on the way;"
        " give --tls-cert and --tls-key, or --behind-tls and a proxy that speaks TLS",
        file=sys.stderr,
    )


async def run_platform(
    settings: Settings,
    broker: BrokerAddress,
    clock: Clock,
    ready: Callable[[int], None],
    *,
    pace: Pace = LIVE,
) -> None:
    """Run the rental platform with its HTTP gateway; `ready` is called with the port that it listens on.

    Raises:
        CommandError: store, tariff, accounts, map or TLS files cannot be used, or the HTTP port is taken.
    """
    from chargeloop.broker.endpoint.store import NotAStoreError
    from chargeloop.platform.core.policy import Policy
    from chargeloop.platform.main import PlatformSettings, run
    from chargeloop.platform.shell.accounts.tokens import BrokenKeyError
    from chargeloop.platform.shell.gateway_file import GatewayFileError
    from chargeloop.platform.shell.store import OtherRegionError, SchemaVersionError
    from chargeloop.platform.shell.tariff_file import TariffFileError

    told = PlatformSettings(
        region=settings.region,
        data=settings.data,
        broker=broker,
        http_host=settings.http_host,
        http_port=settings.http_port,
        tls=tls_files(settings),
        behind_tls=settings.behind_tls,
        basemap=basemap(settings),
        tariff=settings.tariff,
        rental=RENTAL,
        dispatch=DISPATCH,
        gateway=GATEWAY,
        policy=Policy(cabinet_lease_ms=pace.cabinet_lease_ms),
    )
    try:
        await run(told, clock, ready=ready)
    except (NotAStoreError, OtherRegionError, SchemaVersionError) as error:
        raise CommandError(str(error)) from None
    except (TariffFileError, GatewayFileError, BrokenKeyError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        if error.filename is not None or disk_failure(error) is not None:
            raise
        place = f"port {settings.http_port} of {settings.http_host}"
        # What cannot be looked up has a negative number, of another list.
        number = error.errno or 0
        reason = os.strerror(number).lower() if number > 0 else str(error.strerror)
        raise CommandError(f"cannot listen on {place}: {reason}: give another --http-port", FAILED) from None


async def run_couriers(
    settings: Settings, broker: BrokerAddress, clock: Clock, ready: Ready, *, pace: Pace = LIVE
) -> None:
    """Run the courier platform.

    Raises:
        CommandError: its store cannot be used.
    """
    from chargeloop.broker.endpoint.store import NotAStoreError
    from chargeloop.courier.main import DispatchSettings, run

    CredentialStore.of_data(settings.data).grant(DISPATCH, settings.region)
    policy = DispatchPolicy(
        presence_lease_ms=pace.phone_lease_ms,
        offer_life_ms=pace.offer_life_ms,
        give_up_offering_ms=max(pace.give_up_offering_ms, _ROUNDS * pace.offer_life_ms),
    )
    told = DispatchSettings(
        region=settings.region, broker=broker, data=settings.data, dispatch=DISPATCH, policy=policy
    )
    try:
        await run(told, clock, ready=ready)
    except NotAStoreError as error:
        raise CommandError(str(error)) from None


async def run_phones(
    settings: Settings,
    couriers: Path,
    broker: BrokerAddress,
    clock: Clock,
    ready: Ready,
    *,
    pace: Pace = LIVE,
) -> None:
    """Run the simulated couriers of a file.

    Raises:
        CommandError: the file is not a list of couriers.
    """
    from chargeloop.courier.agent.main import AgentSettings, run_agents
    from chargeloop.courier.agent.profile import CouriersFileError, load_profiles
    from chargeloop.protocol.messages.common import Location

    try:
        profiles = load_profiles(couriers)
    except CouriersFileError as error:
        raise CommandError(str(error)) from None
    store = CredentialStore.of_data(settings.data)
    for profile in profiles:
        store.grant(profile.courier, settings.region)
    told = AgentSettings(
        region=settings.region,
        broker=broker,
        data=settings.data,
        couriers=profiles,
        # The whole-minute rule of travel measures on the plane that replays are laid out on.
        origin=Location.of(PLANE_ORIGIN),
        position_ms=pace.position_ms,
    )
    await run_agents(told, clock, ready=ready)


async def run_cabinets(
    settings: Settings, fleet: Path, broker: BrokerAddress, clock: Clock, ready: Ready, *, pace: Pace = LIVE
) -> None:
    """Run the simulated cabinets of a file.

    Raises:
        CommandError: the file is not a list of cabinets, or one does not fit what it has written itself.
    """
    from chargeloop.station.main import CabinetFileError, FleetFileError, FleetSettings, run

    told = FleetSettings(
        region=settings.region,
        data=settings.data,
        broker=broker,
        fleet=fleet,
        heartbeat_ms=pace.heartbeat_ms,
        motor_ms=pace.motor_ms,
    )
    try:
        await run(told, clock, ready=ready)
    except (FleetFileError, CabinetFileError) as error:
        raise CommandError(str(error)) from None
