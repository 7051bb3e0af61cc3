"""The commands that play a whole world: demo and replay."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.options import (
    BrokerOption,
    ConfigOption,
    FreshDataOption,
    JsonOption,
    OrdersOption,
    RegionOption,
    ReplaySpeedOption,
    SeedOption,
    SpeedOption,
    TariffOption,
)

InstanceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="INSTANCE_DIR",
        help="Directory with orders.txt, restaurants.txt, couriers.txt, instance_parameters.txt.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Only the first N orders of the day. Default: all."),
]


KeepOption = Annotated[
    bool | None,
    typer.Option(
        "--keep/--no-keep",
        show_default=False,
        help="Keep the city alive after the story, until Ctrl-C. Default: on a terminal.",
    ),
]
KeepSpeedOption = Annotated[
    float,
    typer.Option(
        "--keep-speed",
        metavar="X",
        min=1,
        max=1000,
        show_default=False,
        help="World seconds in one real second while the city is kept alive, 1 to 1000. Default: 3.",
    ),
]


def demo(
    orders: OrdersOption = None,
    seed: SeedOption = None,
    speed: SpeedOption = None,
    broker: BrokerOption = None,
    data: FreshDataOption = None,
    region: RegionOption = None,
    tariff: TariffOption = None,
    config: ConfigOption = None,
    keep: KeepOption = None,
    keep_speed: KeepSpeedOption = 3.0,
    as_json: JsonOption = False,
) -> int:
    """Play a small city, from the first order to the last fee.

    On a terminal the city then goes on at a pace at which people can take part, until Ctrl-C.
    """
    from chargeloop.cli.settings import load_settings

    flags = {
        "orders": orders, "seed": seed, "speed": speed, "broker": broker, "data": data, "region": region,
        "tariff": tariff,
    }  # fmt: skip
    effective = load_settings(flags, config)
    from chargeloop.cli.demo import GoOn, run_demo

    on_terminal = sys.stdout.isatty() and sys.stderr.isatty() and not as_json
    goes_on = on_terminal if keep is None else keep
    return ended(run_demo(effective, as_json=as_json, then=GoOn(keep_speed) if goes_on else None))


def replay(
    instance: InstanceArgument,
    speed: ReplaySpeedOption = None,
    limit: LimitOption = None,
    seed: SeedOption = None,
    broker: BrokerOption = None,
    data: FreshDataOption = None,
    region: RegionOption = None,
    tariff: TariffOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Play a real day of a delivery operation.

    Its restaurants become cabinets, its orders rental requests, its couriers couriers with their shifts.
    """
    from chargeloop.cli.settings import load_settings

    flags = {"seed": seed, "speed": speed, "broker": broker, "data": data, "region": region, "tariff": tariff}
    effective = load_settings(flags, config)
    from chargeloop.cli.replay import run_replay

    return ended(run_replay(effective, instance, limit=limit, as_json=as_json))


def ended(violations: int) -> int:
    """Return the exit code of a run with so many violations, and say so when there are any."""
    if violations:
        print(f"chargeloop: {violations} checks do not hold", file=sys.stderr)
        return FAILED
    return 0


def speed_of(text: str, *, default: float) -> float:
    """Return world seconds in a real second, as a setting says it.

    Raises:
        CommandError: it is neither `auto` nor a number from 1 to 1000.
    """
    if text == "auto":
        return default
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 1 <= speed <= 1000:
        raise CommandError(f"speed {text!r} is not a number from 1 to 1000")
    return speed
