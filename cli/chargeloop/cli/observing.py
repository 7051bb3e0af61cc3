"""The commands that look at what happens and at what is stored: top, watch and export."""

import asyncio
import json
import sys
from typing import Annotated

import typer

from chargeloop.cli.errors import CommandError
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
        help=r"%w in words, %t topic, %p payload without codes, %x payload in hex, %l its length in bytes,"
        r" %q QoS, %r retained, %U time of receipt in seconds since 1970, %I in RFC 3339, %j all as JSON, %J"
        r" with the payload as JSON, %% a %; \n. Default: '%w' on a terminal, else '%t %p'.",
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
    """Watch topics as an operator, in the manner of mosquitto_sub.

    In words (%w) a line begins with the sender's own time, UTC; a `~` before it tells that the sender is not
    sure of its clock. Codes that open a cabinet or prove a hand-over are hidden in words and in %p; --json,
    %j, %J and %x show messages as they came, with their codes.
    """
    from chargeloop.cli import watch as watching
    from chargeloop.cli.places import known_broker
    from chargeloop.cli.seats import seated
    from chargeloop.cli.settings import load_settings

    flags = {"data": data, "region": region, "broker": broker, "operator": operator}
    effective = load_settings(flags, config)
    settings = effective.settings
    default = watching.TERMINAL_FORMAT if sys.stdout.isatty() else watching.DEFAULT_FORMAT
    wanted = watching.Watch(
        filters=watching.topics_or_region(topic or (), settings.region),
        without=tuple(watching.check_filter(text) for text in filter_out or ()),
        form=watching.JSON_FORMAT if as_json else watching.check_format(form or default),
        count=count,
        seconds=seconds,
    )
    known_broker(settings)  # before a login is made where nothing runs
    with seated(effective) as credentials:
        watched = watching.watch(wanted, credentials, lambda: known_broker(settings), show=_show, note=_note)
        return asyncio.run(watched)


def top(
    data: DataOption = None,
    region: RegionOption = None,
    broker: BrokerAddressOption = None,
    operator: OperatorOption = None,
    config: ConfigOption = None,
) -> int:
    """Show a running city on one screen of a terminal.

    It has orders, cabinets, couriers and messages. Keys: 1 to 4 choose the table, s sorts, / filters, p
    pauses, ? lists all, q quits.
    """
    from chargeloop.cli.listening import require_broker
    from chargeloop.cli.places import known_broker, typed
    from chargeloop.cli.seats import seated
    from chargeloop.cli.settings import load_settings

    flags = {"data": data, "region": region, "broker": broker, "operator": operator}
    effective = load_settings(flags, config)
    asyncio.run(require_broker(lambda: known_broker(effective.settings)))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        lines = typed("watch", effective.settings.data)
        raise CommandError(f"top draws on a terminal, and this is none: {lines} prints lines")
    from chargeloop.cli.top.app import run_top

    with seated(effective) as credentials:
        return run_top(credentials, lambda: known_broker(effective.settings))


def export(data: DataOption = None, config: ConfigOption = None) -> None:
    """Write orders, events, fee lines and tariffs as JSON lines.

    They are enough to compute every fee again, and are read from a temporary copy of the store.
    """
    from chargeloop.cli.exporting import export_records
    from chargeloop.cli.settings import load_settings

    for record in export_records(load_settings({"data": data}, config).settings.data):
        print(json.dumps(record, ensure_ascii=False))


def _show(line: str) -> None:
    print(line, flush=True)


def _note(line: str) -> None:
    print(f"chargeloop watch: {line}", file=sys.stderr, flush=True)
