"""Runs the measures that were asked for, one after the other, each in a fresh data directory."""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chargeloop.broker.mosquitto import find_mosquitto
from chargeloop.cli.bars import Bar, bar
from chargeloop.cli.bench import events, latency, nearest, orders, report, restart, simulated
from chargeloop.cli.bench.figures import Finding, Measure, Trial
from chargeloop.cli.bench.machine import describe
from chargeloop.cli.bench.measures import MEASURES, NAMES
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.tables import show
from chargeloop.protocol.slips import nearest as nearest_name

# What lies there outlives a restart, so it is on a disk, which /tmp need not be.
_ON_DISK: Final = Path("/var/tmp")  # noqa: S108 - a directory of our own is made in it
_NEEDS_BROKER: Final = frozenset(NAMES) - {"memory", "nearest", "simulation"}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    trials: int = 3
    events: int = events.EVENTS
    latency_s: float = 5.0
    rounds: int = 5
    cabinets: int = 100_000
    orders: int = 50_000
    searched: int = 1_000_000
    searches: int = 2_000
    simulated: int = 600


QUICK: Final = Size(
    trials=1,
    events=4_000,
    latency_s=1.0,
    rounds=1,
    cabinets=2_000,
    orders=1_000,
    searched=20_000,
    searches=200,
    simulated=60,
)


def chosen(names: Sequence[str]) -> tuple[Measure, ...]:
    """Return the measures of these names in the order of the table, all of them when none is named.

    Raises:
        CommandError: there is no measure of a name.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        known = ", ".join(NAMES)
        raise CommandError(
            f"there is no measure {unknown[0]!r}: expected one of {known}{nearest_name(unknown[0], NAMES)}"
        )
    return tuple(measure for measure in MEASURES if not names or measure.name in names)


def run_bench(names: Sequence[str], *, quick: bool, as_json: bool) -> None:
    """Measure, and show the table or the JSON on standard output.

    Raises:
        CommandError: a name is unknown, a process could not be started, or did not do what it should.
    """
    measures = chosen(names)
    directory = _ON_DISK if _ON_DISK.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="chargeloop-bench-", dir=directory) as root:
        machine = describe(Path(root))
        size = QUICK if quick else Size()
        with bar("measuring", len(measures)) as progress:
            findings = []
            for done, one in enumerate(measures):
                progress.at(done, one.name)
                findings.append(_measured(one, size, Path(root) / one.name, progress))
    if as_json:
        print(json.dumps(report.document(machine, findings, quick=quick), indent=2))
    else:
        show(report.table(machine, findings))


def _measured(measure: Measure, size: Size, data: Path, progress: Bar) -> Finding:
    def say(text: str) -> None:
        progress.say(f"{measure.name}: {text}")

    if measure.name in _NEEDS_BROKER and find_mosquitto() is None:
        return _skipped(measure, "Mosquitto is not installed: apt-get install mosquitto", say)
    data.mkdir()
    say(f"measuring {measure.what}")
    began_s = time.monotonic()
    try:
        trials = _trials(measure.name, size, data, say)
    except nearest.MissingError as error:
        return _skipped(measure, str(error), say)
    except nearest.DisagreeError as error:
        raise CommandError(f"{measure.name}: {error}", FAILED) from None
    say(f"done in {time.monotonic() - began_s:.0f} s")
    return Finding(measure, tuple(trials))


def _skipped(measure: Measure, reason: str, say: Say) -> Finding:
    say(f"skipped: {reason}")
    return Finding(measure, skipped=reason)


def _trials(name: str, size: Size, data: Path, say: Say) -> list[Trial]:
    trials = size.trials
    measuring: Mapping[str, Callable[[], Coroutine[None, None, list[Trial]]]] = {
        "events-50": lambda: events.measure(data, 50, trials, size.events, say),
        "events-2000": lambda: events.measure(data, 2_000, trials, size.events, say),
        "latency": lambda: latency.measure(data, trials, size.latency_s, say),
        "order": lambda: orders.measure(data, trials, size.rounds, say),
        "memory": lambda: restart.measure_memory(data, trials, size.cabinets, say),
        "restart": lambda: restart.measure(data, trials, size.cabinets, size.orders, say),
        "nearest": lambda: nearest.measure(trials, size.searched, size.searches, say),
        "simulation": lambda: simulated.measure(trials, size.simulated, say),
    }
    return asyncio.run(measuring[name]())
