"""The command `doctor`: what chargeloop needs on this machine, and what to do where something is missing."""

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
    TlsCertOption,
    TlsKeyOption,
)


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
    """Look at all that is needed here, and say what to do.

    Takes some seconds: brokers are really started. The exit code is 1 when something does not work.
    """
    from chargeloop.cli.doctor.report import Tls, run_doctor
    from chargeloop.cli.settings import load_settings

    flags = {
        "data": data, "region": region, "broker": broker, "broker_port": broker_port, "http_host": http_host,
        "http_port": http_port, "tls_cert": tls_cert, "tls_key": tls_key,
    }  # fmt: skip
    settings = load_settings(flags, config).settings
    cert, key = settings.tls_cert, settings.tls_key
    if (cert is None) is not (key is None):
        raise CommandError("--tls-cert and --tls-key go together: give both, or neither")
    tls = None if cert is None or key is None else Tls(cert, key)
    return 0 if run_doctor(settings, tls, as_json=as_json) else FAILED
