"""What `sim` shows of many runs: progress, a summary, and how each rule was broken first."""

import shlex
import sys
import time
from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from chargeloop.cli.bars import bar
from chargeloop.cli.checker import Checker
from chargeloop.cli.errors import program
from chargeloop.cli.outcome import printed
from chargeloop.cli.sim_replay import steps_before
from chargeloop.cli.tables import show
from chargeloop.cli.words import in_words
from chargeloop.simulation.runner import ORDERS_PER_RUN, Job, Summary, Violation, run

_MOST_FAILURES = 10


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
        _show_failure(violation)
    return len(total.violations)


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
            {
                "seed": found.seed,
                "orders": found.job.orders,
                "regions": found.job.regions,
                "rule": found.rule,
                "text": found.text,
            }
            for found in total.violations
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


def _show_failure(violation: Violation) -> None:
    print(f"\nseed {violation.seed}: {violation.rule}: {violation.text}", file=sys.stderr)
    for line in steps_before(violation):
        print(f"  {line}", file=sys.stderr)
    print(f"  again: {again(violation.job)}", file=sys.stderr)


def again(job: Job) -> str:
    """Return the command that plays this run and no other."""
    words = ["--seed", str(job.seed)]
    if job.orders != ORDERS_PER_RUN * job.regions:
        words += ["--orders", str(job.orders)]
    if job.regions != 1:
        words += ["--regions", str(job.regions)]
    return f"{program()} sim {shlex.join([*words, '--faults', job.faults, '--replay'])}"
