"""`chargeloop config`: the settings in force."""

import json

import typer

from chargeloop.cli.options import (
    BehindTlsOption,
    BrokerOption,
    BrokerPortOption,
    ClockOption,
    ConfigOption,
    DataOption,
    GatewayOption,
    HttpHostOption,
    HttpPortOption,
    JsonOption,
    MapAttributionOption,
    MapStyleOption,
    MapTilesOption,
    OperatorOption,
    OrdererOption,
    OrdersOption,
    RegionOption,
    SeedOption,
    SpeedOption,
    TariffOption,
    TlsCertOption,
    TlsKeyOption,
    UserOption,
)

app = typer.Typer(help="The settings in force, and where each comes from.")


@app.callback()
def config() -> None:
    """The settings in force: flags, then the environment, then the TOML file, then the default."""


@app.command("show")
def show(
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerOption = None,
    broker_port: BrokerPortOption = None,
    clock: ClockOption = None,
    http_host: HttpHostOption = None,
    http_port: HttpPortOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    behind_tls: BehindTlsOption = None,
    map_style: MapStyleOption = None,
    map_tiles: MapTilesOption = None,
    map_attribution: MapAttributionOption = None,
    gateway: GatewayOption = None,
    tariff: TariffOption = None,
    user: UserOption = None,
    login: OrdererOption = None,
    operator: OperatorOption = None,
    orders: OrdersOption = None,
    seed: SeedOption = None,
    speed: SpeedOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print every setting in force and where it came from; secrets are never shown."""
    from chargeloop.cli.columns import in_columns
    from chargeloop.cli.places import gateway_in_force
    from chargeloop.cli.settings import load_settings

    effective = load_settings(
        {
            "data": data, "region": region, "broker": broker, "broker_port": broker_port, "clock": clock,
            "http_host": http_host, "http_port": http_port, "gateway": gateway, "tariff": tariff,
            "tls_cert": tls_cert, "tls_key": tls_key, "behind_tls": behind_tls, "map_style": map_style,
            "map_tiles": map_tiles, "map_attribution": map_attribution, "user": user, "login": login,
            "operator": operator, "orders": orders, "seed": seed, "speed": speed,
        },
        config,
    )  # fmt: skip
    # Of a secret this dump has asterisks only.
    values = effective.settings.model_dump(mode="json")
    origins = dict(effective.origins)
    values["gateway"], origins["gateway"] = gateway_in_force(effective)
    if as_json:
        print(json.dumps({name: {"value": value, "from": origins[name]} for name, value in values.items()}))
        return
    rows = [(name, "" if value is None else str(value), origins[name]) for name, value in values.items()]
    for line in in_columns(rows):
        print(line)
