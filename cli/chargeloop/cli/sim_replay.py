"""One simulated run: shown message by message, written down, or its last steps before a violation."""

import json
import re
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.cli.checker import Checker
from chargeloop.protocol.ids import IdKind
from chargeloop.protocol.time import SECOND_MS
from chargeloop.simulation.carried import envelope_of
from chargeloop.simulation.city import BEGIN_MS
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record
from chargeloop.simulation.runner import Job, Violation, told_of
from chargeloop.simulation.world import Watch, play

_LAST_STEPS = 12
_WIDTH = 160
_ID = re.compile(rf"(?<![a-z0-9-])(?:{'|'.join(IdKind)})-[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTRY = re.compile(r"^(ord-.+)-e\d+$")
# A service has a part in everything: what else a sentence names says more.
_SERVICES = (f"{IdKind.RENTAL}-", f"{IdKind.DISPATCH}-")


def show_run(job: Job, records: Path | None) -> int:
    """Play one run and print every message and record of it; return the number of violations."""
    return _Player(job, records, show_all=True).play()


def write_run(job: Job, records: Path | None) -> int:
    """Play one run, write its records, and return the number of violations."""
    return _Player(job, records, show_all=False).play()


def steps_before(violation: Violation) -> Iterator[str]:
    """Play the run of a violation again and yield, in lines, what happened last before it.

    That is everything, and what names what the violation is about: of a rule that is judged when all is over
    the last steps say nothing.
    """
    seen = _LastSteps(violation)
    if not seen.shows_again():
        yield "it does not show again: what happens in this run does not follow from its seed alone"
        return
    yield f"at step {seen.step}; the last events before:"
    yield from (f"  {line_of(record)}" for record in seen.last)
    if seen.about:
        yield f"the last events that name {', '.join(seen.names)}:"
        yield from (f"  {line_of(record)}" for record in seen.about)


def names_in(text: str) -> tuple[str, ...]:
    """Return the ids of what a sentence is about; of an entry in an order's journal, the order's too."""
    found = dict.fromkeys(_ID.findall(text))
    orders = [entry[1] for entry in map(_ENTRY.match, found) if entry is not None]
    names = tuple(dict.fromkeys((*found, *orders)))
    return tuple(name for name in names if not name.startswith(_SERVICES)) or names


def line_of(record: Record) -> str:
    """Return a record as a line; an ellipsis ends one that was too long."""
    kind, at_ms, *columns = record
    since_ms = at_ms - BEGIN_MS if isinstance(at_ms, int) else 0
    said = " ".join("-" if value is None else str(value) for value in columns)
    line = f"{_clock(since_ms)} {kind} {said}"
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _clock(since_ms: int) -> str:
    seconds, ms = divmod(since_ms, SECOND_MS)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"


class _LastSteps:
    """The last records of a run before a violation.

    Attributes:
        step: the number of the record at which it showed.
        last: the last records.
        names: the ids that the violation's text names.
        about: the last records that name any of them.
    """

    def __init__(self, violation: Violation) -> None:
        self.step = 0
        self.last: deque[Record] = deque(maxlen=_LAST_STEPS)
        self.names = names_in(violation.text)
        self.about: deque[Record] = deque(maxlen=_LAST_STEPS)
        self._violation = violation
        self._checker = Checker()
        self._shown = False
        self._named = re.compile(rf"(?<![a-z0-9-])(?:{'|'.join(self.names)})(?![a-z0-9-])")

    def shows_again(self) -> bool:
        """Play the run until the violation shows, and tell whether it does."""
        job, rule = self._violation.job, self._violation.rule
        try:
            play(job.seed, job.orders, job.regions, faults_of(job.faults), self._take)
        except Exception:  # noqa: BLE001 - that it was raised is what was found in this run
            return self._shown or rule == "raised"
        self._checker.finish()
        return self._checker.counts.get(rule, 0) > 0

    def _take(self, record: Record) -> None:
        if self._shown:
            return
        self.step += 1
        self.last.append(record)
        if self.names and any(map(self._named.search, _texts(record))):
            self.about.append(record)
        self._checker.feed(record)
        self._shown = self._checker.counts.get(self._violation.rule, 0) > 0


def _texts(record: Sequence[object]) -> Iterator[str]:
    for value in record:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple | list):
            yield from _texts(value)


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
        job = self._job
        with ExitStack() as stack:
            if self._records is not None:
                self._file = stack.enter_context(self._records.open("w", encoding="utf-8"))
            try:
                outcome = play(
                    job.seed, job.orders, job.regions, faults_of(job.faults), self._take, watch=self
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what this run has to show
                traceback.print_exception(error)
                print(f"VIOLATION raised: {told_of(error)}")
                return 1
        found = self._checker.finish()
        print(f"trace {outcome.trace}; {dict(outcome.orders)}", file=sys.stderr)
        for violation in found:
            print(f"{_clock(violation.at_ms - BEGIN_MS)} VIOLATION {violation.rule}: {violation.text}")
        return len(found)

    def published(self, at_ms: int, client: str, outgoing: Outgoing) -> None:
        """Print a message, all of it."""
        if self._show_all:
            data = envelope_of(outgoing.payload).data
            text = data.model_dump_json(exclude_none=True)
            name = data.TYPE.removeprefix("chargeloop.")
            print(f"{_clock(at_ms - BEGIN_MS)} {client} -> {outgoing.topic} {name} {text}")

    def _take(self, record: Record) -> None:
        self._checker.feed(record)
        if self._file is not None:
            self._file.write(json.dumps(record) + "\n")
        if self._show_all:
            print(f"  {line_of(record)}")
