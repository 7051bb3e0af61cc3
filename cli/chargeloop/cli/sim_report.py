"""What `sim` shows: progress, the summary of many runs, a failing run in its last steps, one run in full."""

import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from rich.console import Group
from rich.table import Table
from rich.text import Text

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.cli.bars import bar
from chargeloop.cli.checker import Checker
from chargeloop.cli.errors import program
from chargeloop.cli.outcome import printed
from chargeloop.cli.tables import show
from chargeloop.cli.words import in_words
from chargeloop.protocol.time import SECOND_MS
from chargeloop.simulation.carried import envelope_of
from chargeloop.simulation.city import BEGIN_MS
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record
from chargeloop.simulation.runner import Job, Summary, Violation, run
from chargeloop.simulation.world import Watch, play

_MOST_FAILURES = 10
_LAST_STEPS = 12
_WIDTH = 160


def play_all(work: Iterator[Job], orders: int, faults: str, processes: int, *, as_json: bool) -> int:
    """Play all runs, print what they were like, and return the number of violations."""
    started = time.monotonic()
    with bar("simulating", orders) as progress:
        total = run(
            work,
            Checker,
            processes=processes,
            most_failures=_MOST_FAILURES,
            told=lambda so_far: progress.at(so_far.orders.total(), f"{len(so_far.violations)} violations"),
        )
    took_s = time.monotonic() - started
    if as_json:
        print(printed(_document(total, faults, processes, took_s)))
    else:
        show(_summary(total, faults, processes, took_s))
    for violation in _first_of_each(total.violations):
        _show_failure(violation, faults)
    return len(total.violations)


def show_run(job: Job, records: Path | None) -> int:
    """Play one run and print every message and record of it; return the number of violations."""
    player = _Player(job, records, show_all=True)
    return player.play()


def write_run(job: Job, records: Path | None) -> int:
    """Play one run, write its records, and return the number of violations."""
    return _Player(job, records, show_all=False).play()


def _document(total: Summary, faults: str, processes: int, took_s: float) -> dict[str, object]:
    orders = total.orders.total()
    return {
        "profile": faults,
        "runs": total.runs,
        "orders": dict(sorted(total.orders.items())),
        "messages": total.messages,
        "records": total.records,
        "faults": dict(sorted(total.faults.items())),
        "coverage": _coverage(total),
        "violations": [
            {"seed": found.seed, "rule": found.rule, "text": found.text} for found in total.violations
        ],
        "trace": total.trace,
        "seconds": round(took_s, 1),
        "orders_per_second_and_process": round(orders / took_s / processes, 1) if took_s > 0 else None,
    }


def _coverage(total: Summary) -> dict[str, dict[str, int]]:
    """Return by fault how often it met an order in each state."""
    by_fault: dict[str, dict[str, int]] = {}
    for (fault, state), count in sorted(total.coverage.items()):
        by_fault.setdefault(fault, {})[state] = count
    return by_fault


def _summary(total: Summary, faults: str, processes: int, took_s: float) -> Group:
    orders = total.orders.total()
    rate = orders / took_s / processes if took_s > 0 else 0.0
    ends = ", ".join(f"{count:,} {state}" for state, count in total.orders.most_common())
    head = Text(
        f"{orders:,} orders in {total.runs:,} runs with faults {faults}: {ends}\n"
        f"{total.messages:,} messages, {total.records:,} records checked; {took_s:.0f} s, "
        f"{rate:.0f} orders/s in each of {processes} processes\n"
        f"trace {total.trace}; {len(total.violations)} violations\n"
    )
    return Group(head, _coverage_table(total))


def _coverage_table(total: Summary) -> Table:
    states = sorted({state for _, state in total.coverage})
    table = Table(title="how often each fault met an order in each state", title_justify="left", box=None)
    table.add_column("fault")
    table.add_column("injected", justify="right")
    for state in states:
        table.add_column(in_words(state), justify="right")
    for fault, count in sorted(total.faults.items()):
        cells = (f"{total.coverage[fault, state]:,}" for state in states)
        table.add_row(in_words(fault), f"{count:,}", *cells)
    return table


def _first_of_each(violations: list[Violation]) -> list[Violation]:
    """Return the first violation of each rule."""
    return list({found.rule: found for found in reversed(violations)}.values())[::-1]


def _show_failure(violation: Violation, faults: str) -> None:
    print(f"\nseed {violation.seed}: {violation.rule}: {violation.text}", file=sys.stderr)
    if violation.rule != "raised":
        job = Job(violation.seed, *_size_of(violation.seed), faults)
        step, last = _Player(job, None, show_all=False).steps_before(violation.rule)
        print(f"  at step {step}; the last events before:", file=sys.stderr)
        for record in last:
            print(f"    {_line(record)}", file=sys.stderr)
    print(f"  again: {program()} sim --seed {violation.seed} --faults {faults} --replay", file=sys.stderr)


def _size_of(seed: int) -> tuple[int, int]:
    del seed
    return 30, 1


def _line(record: Record) -> str:
    kind, at_ms, *columns = record
    since_ms = at_ms - BEGIN_MS if isinstance(at_ms, int) else 0
    return f"{_clock(since_ms)} {kind} {' '.join('-' if value is None else str(value) for value in columns)}"[
        :_WIDTH
    ]


def _clock(since_ms: int) -> str:
    seconds, ms = divmod(since_ms, SECOND_MS)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"


class _Player(Watch):
    """Plays one run and shows or writes what happens."""

    def __init__(self, job: Job, records: Path | None, *, show_all: bool) -> None:
        self._job = job
        self._records = records
        self._show_all = show_all
        self._checker = Checker()
        self._file: TextIO | None = None

    def play(self) -> int:
        """Play, and return the number of violations."""
        with ExitStack() as stack:
            if self._records is not None:
                self._file = stack.enter_context(self._records.open("w", encoding="utf-8"))
            job = self._job
            outcome = play(job.seed, job.orders, job.regions, faults_of(job.faults), self._take, watch=self)
        found = self._checker.finish()
        print(f"trace {outcome.trace}; {dict(outcome.orders)}", file=sys.stderr)
        for violation in found:
            print(f"{_clock(violation.at_ms - BEGIN_MS)} VIOLATION {violation.rule}: {violation.text}")
        return len(found)

    def steps_before(self, rule: str) -> tuple[int, list[Record]]:
        """Return at which record the rule was first broken, and the last records up to it."""
        last: deque[Record] = deque(maxlen=_LAST_STEPS)
        broken: list[tuple[int, list[Record]]] = []
        counts: Counter[str] = Counter()

        def take(record: Record) -> None:
            counts["step"] += 1
            last.append(record)
            self._checker.feed(record)
            if not broken and self._checker.counts.get(rule, 0):
                broken.append((counts["step"], list(last)))

        job = self._job
        play(job.seed, job.orders, job.regions, faults_of(job.faults), take)
        return broken[0] if broken else (counts["step"], list(last))

    def published(self, at_ms: int, client: str, outgoing: Outgoing) -> None:
        """Print a message."""
        if self._show_all:
            data = envelope_of(outgoing.payload).data
            text = data.model_dump_json(exclude_none=True)
            name = data.TYPE.removeprefix("chargeloop.")
            print(f"{_clock(at_ms - BEGIN_MS)} {client} -> {outgoing.topic} {name} {text}"[:_WIDTH])

    def _take(self, record: Record) -> None:
        self._checker.feed(record)
        if self._file is not None:
            self._file.write(json.dumps(record) + "\n")
        if self._show_all:
            print(f"  {_line(record)}")
