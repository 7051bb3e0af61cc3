"""The command that measures how fast the product is on this machine."""

from typing import Annotated

import typer

from chargeloop.cli.options import JsonOption

QuickOption = Annotated[
    bool, typer.Option("--quick", help="One short trial of each measure: shows that it works, not how fast.")
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help="Measure only this one; may be repeated: events-50, events-2000, latency, order, memory,"
        " restart, nearest, simulation.",
    ),
]


def bench(only: OnlyOption = None, quick: QuickOption = False, as_json: JsonOption = False) -> None:
    """Measure speed and memory on this machine, as ratios.

    That is to something bare that does the same work. It takes about four minutes. Progress goes to
    standard error. The goals, and what was measured where, stand in docs/benchmarks.md.
    """
    from chargeloop.cli.bench.runner import run_bench

    run_bench(only or (), quick=quick, as_json=as_json)
