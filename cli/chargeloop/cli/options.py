"""Options that several commands share: one name, one help text, one unit everywhere."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="TOML file with settings. Default: chargeloop.toml, when it is here."
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Directory of credentials, stores and journals. Default: chargeloop-data.",
    ),
]
FreshDataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Empty directory to keep everything in. Default: a new temporary one."
    ),
]
RegionOption = Annotated[
    str | None, typer.Option("--region", metavar="NAME", help="Region: one city or district. Default: demo.")
]
BrokerOption = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="KIND",
        help="mosquitto, embedded, or HOST:PORT of one that runs on the same --data, with nothing else in it."
        " Default: mosquitto when it is installed.",
        autocompletion=lambda: ["mosquitto", "embedded"],
    ),
]
BrokerKindOption = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="KIND",
        help="mosquitto or embedded. Default: mosquitto when it is installed.",
        autocompletion=lambda: ["mosquitto", "embedded"],
    ),
]
BrokerAddressOption = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="HOST:PORT",
        help="Address of the MQTT broker (TCP). Default: that in DATA/run/broker.address.",
    ),
]
BrokerPortOption = Annotated[
    int | None,
    typer.Option(
        "--broker-port",
        metavar="PORT",
        help="TCP port of a broker started here, 0 to 65535. Default: 0, the last one's, else a free one.",
    ),
]
ClockOption = Annotated[
    str | None,
    typer.Option(
        "--clock",
        metavar="CLOCK",
        help="real, or scaled:REAL_ORIGIN_MS:ORIGIN_MS:SPEED (ms since 1970; world seconds in a second)."
        " Default: real.",
    ),
]
HttpHostOption = Annotated[
    str | None,
    typer.Option(
        "--http-host", metavar="HOST", help="Address the HTTP gateway listens on. Default: 127.0.0.1."
    ),
]
HttpPortOption = Annotated[
    int | None,
    typer.Option(
        "--http-port",
        metavar="PORT",
        help="TCP port of the HTTP gateway, 0 to 65535; 0: a free one. Default: 8080.",
    ),
]
TlsCertOption = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert",
        metavar="FILE",
        help="Certificate with its chain, PEM: the gateway speaks HTTPS. Default: HTTP.",
    ),
]
TlsKeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="Key of --tls-cert, PEM without a password.")
]
BehindTlsOption = Annotated[
    bool | None,
    typer.Option(
        "--behind-tls",
        help="A proxy speaks TLS with browsers, and HTTP with the gateway: its cookie is for TLS only."
        " Default: no proxy does.",
    ),
]
MapStyleOption = Annotated[
    str | None,
    typer.Option(
        "--map-style", metavar="URL", help="MapLibre style that the pages draw on. Default: an invented city."
    ),
]
MapTilesOption = Annotated[
    str | None,
    typer.Option(
        "--map-tiles",
        metavar="FILE|URL",
        help="PMTiles file or its URL, or URL of tiles with {z}, {x} and {y}, that the pages draw on.",
    ),
]
MapAttributionOption = Annotated[
    str | None, typer.Option("--map-attribution", metavar="TEXT", help="Whom the pages' map names.")
]
GatewayOption = Annotated[
    str | None,
    typer.Option(
        "--gateway",
        metavar="URL",
        help="Address of the HTTP gateway. Default: that in DATA/run/gateway.url, else http://127.0.0.1:8080.",
    ),
]
TariffOption = Annotated[
    Path | None,
    typer.Option("--tariff", metavar="FILE", help="TOML file with the tariff. Default: the built-in one."),
]
UserOption = Annotated[
    str | None,
    typer.Option("--user", metavar="USER", help="Who orders: usr-…; needs --data of the gateway, no log-in."),
]
OrdererOption = Annotated[
    str | None,
    typer.Option("--login", metavar="NAME", help="Log in as this account. Password: CHARGELOOP_PASSWORD."),
]
OperatorOption = Annotated[
    str | None, typer.Option("--operator", metavar="OPERATOR", help="Who watches: opr-…. Default: opr-main.")
]
OrdersOption = Annotated[
    int | None, typer.Option("--orders", metavar="N", help="How many people order, 1 to 500. Default: 20.")
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="S", help="The same seed gives the same people, places and troubles. Default: 7."
    ),
]
SpeedOption = Annotated[
    str | None,
    typer.Option(
        "--speed", metavar="X", help="World seconds in one real second, 1 to 1000. Default: one that suits."
    ),
]
ReplaySpeedOption = Annotated[
    str | None,
    typer.Option(
        "--speed",
        metavar="X",
        help="World seconds in one real second, 1 to 1000, or max: as fast as the machine can. Default: max.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Machine-readable JSON, and nothing else, on standard output.")
]
ReadyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--ready-file", metavar="PATH", help="Write this file when ready to work; it holds the process id."
    ),
]
UntilEofOption = Annotated[
    bool, typer.Option("--until-eof", help="Stop when standard input ends: for a parent that may be killed.")
]
