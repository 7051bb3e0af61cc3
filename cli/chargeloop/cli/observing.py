"""The commands that look at what happens and at what is stored: watch and export."""

import asyncio
import json
import sys
from typing import Annotated

import typer

from chargeloop.cli.options import (
    BrokerAddressOption,
    ConfigOption,
    DataOption,
    JsonOption,
    OperatorOption,
    RegionOption,
)

TopicOption = Annotated[
    list[str] | None,
    typer.Option(
        "-t",
        "--topic",
        metavar="FILTER",
        help="Topic filter with + and #; repeatable. Default: all of the region.",
    ),
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option("-T", "--filter-out", metavar="FILTER", help="Leave out topics that match; repeatable."),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "-F",
        "--format",
        metavar="FORMAT",
        help=r"%t topic, %p payload, %x payload in hex, %l its length in bytes, %q QoS, %r retained, %U time"
        r" in seconds since 1970, %I in RFC 3339, %j all as JSON, %J with the payload as JSON, %% a %; \n."
        r" Default: '%t %p'.",
    ),
]
CountOption = Annotated[
    int | None, typer.Option("-C", "--count", metavar="COUNT", min=1, help="Stop after so many messages.")
]
SecondsOption = Annotated[
    float | None,
    typer.Option(
        "-W", "--seconds", metavar="SECONDS", min=0.001, help="Stop after so many seconds, with exit code 27."
    ),
]


def watch(
    topic: TopicOption = None,
    filter_out: WithoutOption = None,
    form: FormatOption = None,
    count: CountOption = None,
    seconds: SecondsOption = None,
    as_json: JsonOption = False,
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerAddressOption = None,
    operator: OperatorOption = None,
    config: ConfigOption = None,
) -> int:
    """Watch topics as an operator, in the manner of mosquitto_sub."""
    from chargeloop.broker import CredentialStore
    from chargeloop.cli import watch as watching
    from chargeloop.cli.places import known_broker
    from chargeloop.cli.settings import load_settings

    flags = {"data": data, "region": region, "broker": broker, "operator": operator}
    settings = load_settings(flags, config).settings
    wanted = watching.Watch(
        filters=watching.topics_or_region(topic or (), settings.region),
        without=tuple(watching.check_filter(text) for text in filter_out or ()),
        form=watching.JSON_FORMAT if as_json else watching.check_format(form or watching.DEFAULT_FORMAT),
        count=count,
        seconds=seconds,
    )
    address = known_broker(settings)
    credentials = CredentialStore.of_data(settings.data).grant(settings.operator, settings.region)
    return asyncio.run(watching.watch(wanted, credentials, address, show=_show, note=_note))


def export(data: DataOption = None, config: ConfigOption = None) -> None:
    """Write orders, events, fee lines and tariffs as JSON lines.

    They are enough to compute every fee again.
    """
    from chargeloop.cli.exporting import export_records
    from chargeloop.cli.settings import load_settings

    for record in export_records(load_settings({"data": data}, config).settings.data):
        print(json.dumps(record, ensure_ascii=False))


def _show(line: str) -> None:
    print(line, flush=True)


def _note(line: str) -> None:
    print(f"chargeloop watch: {line}", file=sys.stderr, flush=True)
