"""The commands that break things on purpose, or wait for something to break: chaos and endure."""

from typing import Annotated

import typer

from chargeloop.cli.options import (
    BrokerKindOption,
    ConfigOption,
    FreshDataOption,
    JsonOption,
    RegionOption,
    SeedOption,
    SpeedOption,
    TariffOption,
)

MinutesOption = Annotated[
    float,
    typer.Option(
        "--minutes",
        metavar="M",
        min=0.1,
        max=1440,
        show_default=False,
        help="For how many real minutes it goes on. Default: 5.",
    ),
]
OrdersRateOption = Annotated[
    float,
    typer.Option(
        "--orders-per-minute",
        metavar="N",
        min=0.1,
        max=120,
        show_default=False,
        help="How many people order in a real minute. Default: 10.",
    ),
]
CabinetsOption = Annotated[
    int,
    typer.Option(
        "--cabinets",
        metavar="N",
        min=1,
        max=20_000,
        show_default=False,
        help="How many cabinets one process runs. Default: 2000.",
    ),
]
FaultsRateOption = Annotated[
    float,
    typer.Option(
        "--faults-per-minute",
        metavar="N",
        min=0.1,
        max=120,
        show_default=False,
        help="How many faults happen in a real minute; each kind comes up at least once. Default: 8.",
    ),
]


def chaos(
    minutes: MinutesOption = 5.0,
    seed: SeedOption = None,
    orders_per_minute: OrdersRateOption = 10.0,
    faults_per_minute: FaultsRateOption = 8.0,
    speed: SpeedOption = None,
    broker: BrokerKindOption = None,
    data: FreshDataOption = None,
    region: RegionOption = None,
    tariff: TariffOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Kill processes and break networks while a city plays.

    Everything is healed in the end, all orders must end, and nothing may be lost or done twice.
    """
    from chargeloop.cli.settings import load_settings

    flags = {"seed": seed, "speed": speed, "broker": broker, "data": data, "region": region, "tariff": tariff}
    effective = load_settings(flags, config)
    from chargeloop.cli.chaos.report import chaos_report, tell
    from chargeloop.cli.chaos.run import ChaosPlan, run_chaos

    result = run_chaos(effective, ChaosPlan(minutes, orders_per_minute, faults_per_minute))
    return tell(result, chaos_report(result), as_json=as_json)


def endure(
    cabinets: CabinetsOption = 2_000,
    minutes: MinutesOption = 5.0,
    seed: SeedOption = None,
    orders_per_minute: OrdersRateOption = 10.0,
    speed: SpeedOption = None,
    broker: BrokerKindOption = None,
    data: FreshDataOption = None,
    region: RegionOption = None,
    tariff: TariffOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Run thousands of cabinets: memory must stay flat.

    Nothing may be lost, either.
    """
    from chargeloop.cli.settings import load_settings

    flags = {"seed": seed, "speed": speed, "broker": broker, "data": data, "region": region, "tariff": tariff}
    effective = load_settings(flags, config)
    from chargeloop.cli.chaos.endurance import EndurancePlan, run_endurance
    from chargeloop.cli.chaos.report import endurance_report, tell

    result = run_endurance(effective, EndurancePlan(minutes, orders_per_minute, cabinets))
    return tell(result, endurance_report(result), as_json=as_json)
