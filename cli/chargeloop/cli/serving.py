"""The commands that run one part of the product as a process."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.locks import alone
from chargeloop.cli.options import (
    BehindTlsOption,
    BrokerAddressOption,
    BrokerKindOption,
    BrokerPortOption,
    ClockOption,
    ConfigOption,
    DataOption,
    HttpHostOption,
    HttpPortOption,
    MapAttributionOption,
    MapStyleOption,
    MapTilesOption,
    ReadyFileOption,
    RegionOption,
    TariffOption,
    TlsCertOption,
    TlsKeyOption,
    UntilEofOption,
)
from chargeloop.courier.core.policy import DispatchPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from chargeloop.broker import BrokerAddress
    from chargeloop.broker.clock import Clock
    from chargeloop.cli.process import Ready
    from chargeloop.cli.settings import Settings

HeartbeatOption = Annotated[
    int,
    typer.Option(
        "--heartbeat-ms", metavar="MS", min=1_000, help="Milliseconds between a cabinet's readings."
    ),
]
OfferLifeOption = Annotated[
    int,
    typer.Option(
        "--offer-life-ms",
        metavar="MS",
        min=1_000,
        help="Milliseconds in which a courier may answer an offer.",
    ),
]
MotorOption = Annotated[
    int, typer.Option("--motor-ms", metavar="MS", min=0, help="Milliseconds that ejecting one bank takes.")
]


def broker(
    data: DataOption = None,
    broker: BrokerKindOption = None,
    broker_port: BrokerPortOption = None,
    config: ConfigOption = None,
) -> None:
    """Run an MQTT broker for all who have credentials in --data."""
    from chargeloop.broker.errors import BrokerError
    from chargeloop.broker.main import BrokerSettings, run_foreground
    from chargeloop.cli.brokers import broker_kind
    from chargeloop.cli.settings import load_settings

    settings = load_settings({"data": data, "broker": broker, "broker_port": broker_port}, config).settings
    wanted = BrokerSettings(settings.data, broker_kind(settings.broker), port=settings.broker_port or None)

    def ready(address: "BrokerAddress") -> None:
        print(f"broker at {address}, credentials in {settings.data / 'credentials'}", flush=True)

    from chargeloop.cli.process import log_with_time

    log_with_time()
    try:
        asyncio.run(run_foreground(wanted, ready=ready))
    except BrokerError as error:
        raise CommandError(str(error), FAILED) from None


def platform(
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerAddressOption = None,
    clock: ClockOption = None,
    http_host: HttpHostOption = None,
    http_port: HttpPortOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    behind_tls: BehindTlsOption = None,
    map_style: MapStyleOption = None,
    map_tiles: MapTilesOption = None,
    map_attribution: MapAttributionOption = None,
    tariff: TariffOption = None,
    config: ConfigOption = None,
    ready_file: ReadyFileOption = None,
    until_eof: UntilEofOption = False,
) -> None:
    """Run the rental platform of one region, with its HTTP gateway."""
    from chargeloop.cli.settings import load_settings

    flags = {
        "data": data, "region": region, "broker": broker, "clock": clock, "http_host": http_host,
        "http_port": http_port, "tls_cert": tls_cert, "tls_key": tls_key, "tariff": tariff,
        "map_style": map_style, "map_tiles": map_tiles, "map_attribution": map_attribution,
        "behind_tls": behind_tls,
    }  # fmt: skip
    settings = load_settings(flags, config).settings
    address, world_clock = _surroundings(settings)
    from chargeloop.cli.parts import basemap, run_platform, tls_files, warn_of_open_gateway
    from chargeloop.cli.places import gateway_url, note_gateway

    # A fault in these is told before anything is started.
    tls_files(settings)
    basemap(settings)
    warn_of_open_gateway(settings)

    async def work(ready: "Ready") -> None:
        def listening(port: int) -> None:
            url = gateway_url(settings, port)
            note_gateway(settings.data, url)
            pages = f"{url}/ (who rents), {url}/courier and {url}/ops"
            ready(f"platform is up, its gateway at {url}: pages {pages}")

        await run_platform(settings, address, world_clock, listening)

    with alone(settings.data, "platform"):
        _run(work, ready_file, until_eof=until_eof)


def couriers(
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerAddressOption = None,
    clock: ClockOption = None,
    offer_life_ms: OfferLifeOption = DispatchPolicy().offer_life_ms,
    config: ConfigOption = None,
    ready_file: ReadyFileOption = None,
    until_eof: UntilEofOption = False,
) -> None:
    """Run the courier platform of one region."""
    from chargeloop.cli.settings import load_settings

    settings = load_settings(
        {"data": data, "region": region, "broker": broker, "clock": clock}, config
    ).settings
    address, world_clock = _surroundings(settings)
    from chargeloop.cli.parts import Pace, run_couriers

    pace = Pace(offer_life_ms=offer_life_ms)
    up = f"couriers is up, connected to the broker at {address}"
    with alone(settings.data, "couriers"):
        _run(
            lambda ready: run_couriers(settings, address, world_clock, partial(ready, up), pace=pace),
            ready_file,
            until_eof=until_eof,
        )


def agents(
    couriers: Annotated[Path, typer.Argument(metavar="FILE", help="JSON list of the simulated couriers.")],
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerAddressOption = None,
    clock: ClockOption = None,
    config: ConfigOption = None,
    ready_file: ReadyFileOption = None,
    until_eof: UntilEofOption = False,
) -> None:
    """Run simulated couriers' phones."""
    from chargeloop.cli.settings import load_settings

    settings = load_settings(
        {"data": data, "region": region, "broker": broker, "clock": clock}, config
    ).settings
    address, world_clock = _surroundings(settings)
    from chargeloop.cli.parts import run_phones

    file = _existing(couriers)
    up = f"agents is up: the simulated couriers of {file}, connected to the broker at {address}"
    with alone(settings.data, "agents", file):
        _run(
            lambda ready: run_phones(settings, file, address, world_clock, partial(ready, up)),
            ready_file,
            until_eof=until_eof,
        )


def cabinets(
    fleet: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON list of the cabinets with their banks.")
    ],
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerAddressOption = None,
    clock: ClockOption = None,
    heartbeat_ms: HeartbeatOption = 60_000,
    motor_ms: MotorOption = 2_000,
    config: ConfigOption = None,
    ready_file: ReadyFileOption = None,
    until_eof: UntilEofOption = False,
) -> None:
    """Run a fleet of simulated charging cabinets."""
    from chargeloop.cli.settings import load_settings

    settings = load_settings(
        {"data": data, "region": region, "broker": broker, "clock": clock}, config
    ).settings
    address, world_clock = _surroundings(settings)
    from chargeloop.cli.parts import Pace, run_cabinets

    pace = Pace(heartbeat_ms=heartbeat_ms, motor_ms=motor_ms)
    file = _existing(fleet)
    up = f"cabinets is up: those of {file}, connected to the broker at {address}"
    with alone(settings.data, "cabinets", file):
        _run(
            lambda ready: run_cabinets(settings, file, address, world_clock, partial(ready, up), pace=pace),
            ready_file,
            until_eof=until_eof,
        )


def _surroundings(settings: "Settings") -> "tuple[BrokerAddress, Clock]":
    from chargeloop.broker.clock import InvalidClockError, parse_clock
    from chargeloop.cli.places import known_broker

    try:
        return known_broker(settings), parse_clock(settings.clock)
    except InvalidClockError as error:
        raise CommandError(str(error)) from None


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise CommandError(f"{file}: {'is a directory' if file.is_dir() else 'no such file'}")
    return file


def _run(
    work: "Callable[[Ready], Coroutine[None, None, None]]",
    ready_file: Path | None,
    *,
    until_eof: bool,
) -> None:
    from chargeloop.cli.process import run_process

    run_process(work, ready_file=ready_file, until_eof=until_eof)
