"""The command `doctor`: what chargeloop needs on this machine, and what to do where something is missing."""

from pathlib import Path
from typing import Annotated

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.options import (
    BrokerAddressOption,
    BrokerPortOption,
    ConfigOption,
    DataOption,
    HttpHostOption,
    HttpPortOption,
    JsonOption,
    RegionOption,
)

TlsCertOption = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="FILE", help="Certificate chain in PEM that is to be looked at."),
]
TlsKeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="The private key of --tls-cert, in PEM.")
]


def doctor(
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerAddressOption = None,
    broker_port: BrokerPortOption = None,
    http_host: HttpHostOption = None,
    http_port: HttpPortOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Look at all that chargeloop needs on this machine, and say what to do.

    Takes some seconds: brokers are really started. The exit code is 1 when something does not work.
    """
    if (tls_cert is None) is not (tls_key is None):
        raise CommandError("--tls-cert and --tls-key belong together: give both")
    from chargeloop.cli.doctor.report import Tls, run_doctor
    from chargeloop.cli.settings import load_settings

    flags = {
        "data": data, "region": region, "broker": broker, "broker_port": broker_port, "http_host": http_host,
        "http_port": http_port,
    }  # fmt: skip
    settings = load_settings(flags, config).settings
    tls = None if tls_cert is None or tls_key is None else Tls(tls_cert, tls_key)
    return 0 if run_doctor(settings, tls, as_json=as_json) else FAILED
