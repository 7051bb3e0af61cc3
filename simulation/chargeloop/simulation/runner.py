"""Many runs: seed after seed, in as many processes as there are processors, each checked as it plays."""

import gc
import hashlib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final, Protocol

from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record
from chargeloop.simulation.world import play

ORDERS_PER_RUN: Final = 30
# A run frees all that it allocates when it is over: collecting cycles before would only look at the same
# objects again and again.
_COLLECT_EVERY: Final = 4


class Finding(Protocol):
    """What a checker finds."""

    @property
    def rule(self) -> str:
        """Return the name of the rule that does not hold."""

    @property
    def at_ms(self) -> int:
        """Return the true time at which that showed."""

    @property
    def text(self) -> str:
        """Return what is wrong, in a sentence."""


class Judge(Protocol):
    """A checker: reads the records of one run."""

    def feed(self, record: Record) -> None:
        """Take the next record."""

    def found(self) -> tuple[Finding, ...]:
        """Return what was found so far."""

    def finish(self) -> tuple[Finding, ...]:
        """Return what was found."""


MakeJudge = Callable[[], Judge]


class _EnoughError(Exception):
    """The judge has found what the run was played for."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to play; `faults` as `faults_of` reads them."""

    seed: int
    orders: int
    regions: int
    faults: str


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not hold in one run; it shows again when that `job` is played again."""

    job: Job
    rule: str
    at_ms: int
    text: str

    @property
    def seed(self) -> int:
        """Return the seed of the run."""
        return self.job.seed


@dataclass(slots=True)
class Summary:
    """What runs were like, added up.

    `coverage` counts how often each fault met an order in each state; `trace` is the hash of all traces in
    the order of their seeds.
    """

    runs: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    records: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    traces: dict[int, str] = field(default_factory=dict)

    @property
    def trace(self) -> str:
        """Return the hash of all traces."""
        whole = "".join(self.traces[seed] for seed in sorted(self.traces))
        return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()

    def add(self, other: "Summary") -> None:
        """Add what other runs were like."""
        self.runs += other.runs
        self.orders += other.orders
        self.messages += other.messages
        self.records += other.records
        self.faults += other.faults
        self.coverage += other.coverage
        self.violations += other.violations
        self.traces |= other.traces


def jobs(seed: int, orders: int, regions: int, faults: str, per_run: int = ORDERS_PER_RUN) -> Iterator[Job]:
    """Yield the runs that so many orders make, with rising seeds."""
    while orders > 0:
        count = min(per_run * regions, orders)
        yield Job(seed, count, min(regions, count), faults)
        seed, orders = seed + 1, orders - count


def play_job(
    job: Job,
    make_judge: MakeJudge,
    *,
    to_the_end: bool = True,
    no_finding: tuple[type[Exception], ...] = (),
) -> Summary:
    """Play one run under a judge; what the product raises is a violation, unless it is `no_finding`.

    Unless it is played `to_the_end` it stops at the first violation: what goes wrong after that may take
    long and proves nothing more.

    Raises:
        Exception: one that is, or comes from, one of `no_finding`.
    """
    judge = make_judge()
    counted = 0

    def sink(record: Record) -> None:
        nonlocal counted
        counted += 1
        judge.feed(record)
        if not to_the_end and judge.found():
            raise _EnoughError

    try:
        outcome = play(job.seed, job.orders, job.regions, faults_of(job.faults), sink)
    except _EnoughError:
        found = _violations(job, judge.found())
        return Summary(runs=1, records=counted, violations=found, traces={job.seed: "stopped"})
    except Exception as error:
        if isinstance(_first_of(error), no_finding):
            raise
        raised = Violation(job, "raised", 0, told_of(error))
        return Summary(runs=1, violations=[raised], traces={job.seed: "raised"})
    return Summary(
        runs=1,
        orders=outcome.orders,
        messages=outcome.messages,
        records=counted,
        faults=outcome.faults,
        coverage=outcome.coverage,
        violations=_violations(job, judge.finish()),
        traces={job.seed: outcome.trace},
    )


def _violations(job: Job, found: Sequence[Finding]) -> list[Violation]:
    return [Violation(job, one.rule, one.at_ms, one.text) for one in found]


def told_of(error: Exception) -> str:
    """Return what was raised, and where it began."""
    frames = traceback.extract_tb(_first_of(error).__traceback__)
    place = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-4:])
    )
    return f"{error!r} at {place}"


def _first_of(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def run(
    work: Iterator[Job],
    make_judge: MakeJudge,
    *,
    processes: int,
    most_failures: int,
    told: Callable[[Summary], None],
) -> Summary:
    """Play all runs and return their sum; `told` is called with it after each.

    Stops early when `most_failures` runs have failed.
    """
    total = Summary()
    if processes == 1:
        for job in work:
            total.add(play_job(job, make_judge))
            told(total)
            if _failed(total) >= most_failures:
                break
        return total
    with ProcessPoolExecutor(processes, initializer=_begin) as pool:
        waiting: set[Future[Summary]] = set()
        for job in work:
            waiting.add(pool.submit(_play, job, make_judge))
            if len(waiting) >= 2 * processes:
                waiting = _take(waiting, total, told)
            if _failed(total) >= most_failures:
                break
        while waiting:
            waiting = _take(waiting, total, told)
    return total


def _take(
    waiting: set[Future[Summary]], total: Summary, told: Callable[[Summary], None]
) -> set[Future[Summary]]:
    done, left = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        total.add(future.result())
        told(total)
    return left


def _failed(total: Summary) -> int:
    return len({violation.seed for violation in total.violations})


def _begin() -> None:
    gc.disable()


def _play(job: Job, make_judge: MakeJudge) -> Summary:
    summary = play_job(job, make_judge)
    if job.seed % _COLLECT_EVERY == 0:
        gc.collect()
    return summary
