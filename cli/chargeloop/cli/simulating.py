"""The command `sim`: whole cities on a virtual clock, under every fault, judged by an independent checker."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.options import JsonOption
from chargeloop.protocol.slips import nearest

SeedOption = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The seed of the first run.")]
OrdersOption = Annotated[int, typer.Option("--orders", metavar="N", min=1, help="So many orders in all.")]
FaultsOption = Annotated[
    str,
    typer.Option(
        "--faults",
        metavar="PROFILE",
        help="What goes wrong: none, people, network, crashes, power, clocks or worst; with changes:"
        " worst,loss=0.1,vandal=0.",
    ),
]
RegionsOption = Annotated[
    int, typer.Option("--regions", metavar="R", min=1, max=16, help="Regions in each run, on one broker.")
]
ProcessesOption = Annotated[
    int | None,
    typer.Option("--processes", metavar="P", min=1, help="Runs at a time. Default: one for each processor."),
]
ReplayOption = Annotated[
    bool,
    typer.Option("--replay", help="Play the one run of this seed and size and show it message by message."),
]
RecordsOption = Annotated[
    Path | None,
    typer.Option("--records", metavar="FILE", help="Write the records of the first run as JSON lines."),
]


def sim(
    seed: SeedOption = 1,
    orders: OrdersOption = 1_000,
    faults: FaultsOption = "worst",
    regions: RegionsOption = 1,
    processes: ProcessesOption = None,
    replay: ReplayOption = False,
    records: RecordsOption = None,
    as_json: JsonOption = False,
) -> int:
    """Simulate whole cities under every fault, and judge them.

    The clock is virtual, and an independent checker tells what does not hold. Orders are played in runs
    of some thirty for each region, each with the next seed. A run that fails is told with the command that
    plays it again and shows it message by message: --seed SEED --replay, and the size of a smaller one.
    """
    from chargeloop.cli import sim_replay, sim_report
    from chargeloop.simulation.faults import PROFILES, UnknownFaultError, faults_of
    from chargeloop.simulation.runner import jobs

    try:
        faults_of(faults)
    except UnknownFaultError as error:
        profile = faults.partition(",")[0]
        raise CommandError(f"{error}{'' if profile in PROFILES else nearest(profile, PROFILES)}") from None
    if records is not None and not records.absolute().parent.is_dir():
        raise CommandError(f"{records.parent}: no such directory")
    work = jobs(seed, orders, regions, faults)
    if replay or records is not None:
        job = next(work)
        found = sim_replay.show_run(job, records) if replay else sim_replay.write_run(job, records)
    else:
        count = processes or os.cpu_count() or 1
        found = sim_report.play_all(work, orders, faults, count, as_json=as_json)
    if found:
        print(f"chargeloop: {found} violations", file=sys.stderr)
        return FAILED
    return 0
