"""`./run mutants`: plants every mistake of the catalogue and tells which simulation killed it.

Each mutant is a copy of the source folders with one piece of text replaced. A process of its own plays runs
with rising seeds until the independent checker finds a violation: the mutant is killed. One that lives
through all seeds has survived, and then the checker has a hole. One that cannot run at all is broken: what
stopped it was not the checker.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chargeloop.cli.bars import bar
from chargeloop.protocol.slips import nearest
from tests.mutants.catalogue import CATALOGUE
from tests.mutants.mutant import Mutant

_ROOT = Path(__file__).resolve().parents[2]
# What is no Python, and large: the pages with what builds them.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "web")
_FOLDERS = ("protocol", "broker", "platform", "courier", "station_firmware_sim", "simulation")
_SEEDS = 2_000


class Fate(StrEnum):
    """How a hunt can end."""

    KILLED = "killed"
    SURVIVED = "survived"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the hunt for one mutant ended.

    `seed` and `rules` say what killed it, `text` what was found, or what broke it.
    """

    mutant: Mutant
    fate: Fate
    seed: int | None
    rules: tuple[str, ...]
    text: str
    took_s: float


def main() -> int:
    """Hunt all mutants, or those named; return 1 unless all were killed."""
    parser = argparse.ArgumentParser(prog="./run mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument(
        "--seeds", type=int, default=_SEEDS, metavar="N", help="seeds for each at most (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    options = parser.parse_args()
    chosen = _chosen(options.names, parser)
    with bar("hunting", len(chosen)) as progress, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        verdicts = []
        for verdict in pool.map(lambda mutant: hunt(mutant, options.seeds), chosen):
            verdicts.append(verdict)
            progress.step(verdict.mutant.name)
    if options.json:
        sys.stdout.write(json.dumps([_document(verdict) for verdict in verdicts]) + "\n")
    else:
        _show(verdicts)
    return int(any(verdict.fate is not Fate.KILLED for verdict in verdicts))


def _chosen(names: Sequence[str], parser: argparse.ArgumentParser) -> tuple[Mutant, ...]:
    known = [mutant.name for mutant in CATALOGUE]
    for name in names:
        if name not in known:
            parser.exit(2, f"{parser.prog}: no such mutant: {name!r}{nearest(name, known)}\n")
    return tuple(mutant for mutant in CATALOGUE if not names or mutant.name in names)


def hunt(mutant: Mutant, seeds: int) -> Verdict:
    """Plant one mutant and play until it is killed or all seeds are played."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chargeloop-mutant-") as directory:
        try:
            paths = plant(mutant, Path(directory))
        except ValueError as error:
            return Verdict(mutant, Fate.BROKEN, None, (), str(error), 0)
        done = subprocess.run(
            [sys.executable, "-m", "tests.mutants.hunt", mutant.faults, str(seeds)],
            capture_output=True, text=True, check=False, cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        )  # fmt: skip
    took_s = time.monotonic() - started
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}, without a word"]
        return Verdict(mutant, Fate.BROKEN, None, (), last[0], took_s)
    found = json.loads(done.stdout)
    fate = Fate.SURVIVED if found["seed"] is None else Fate.KILLED
    return Verdict(mutant, fate, found["seed"], tuple(found["rules"]), found["text"], took_s)


def plant(mutant: Mutant, directory: Path) -> list[Path]:
    """Copy the source folders with the mistake in them; return what goes to the front of the path."""
    for folder in _FOLDERS:
        shutil.copytree(_ROOT / folder, directory / folder, ignore=_LEFT_OUT)
    path = directory / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: what it changes does not stand exactly once in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return [directory / folder for folder in _FOLDERS]


def _document(verdict: Verdict) -> dict[str, object]:
    return {
        "mutant": verdict.mutant.name,
        "fate": verdict.fate,
        "killed": verdict.fate is Fate.KILLED,
        "seed": verdict.seed,
        "rules": list(verdict.rules),
        "text": verdict.text,
        "seconds": round(verdict.took_s, 1),
    }


def _show(verdicts: Sequence[Verdict]) -> None:
    table = Table(box=None, title="mutants", title_justify="left")
    for column in ("mutant", "", "seed", "by", "faults", "s"):
        table.add_column(column, overflow="fold")
    for verdict in verdicts:
        killed = verdict.fate is Fate.KILLED
        table.add_row(
            verdict.mutant.name, str(verdict.fate) if killed else verdict.fate.upper(),
            "-" if verdict.seed is None else str(verdict.seed), ", ".join(verdict.rules[:3]),
            verdict.mutant.faults, f"{verdict.took_s:.0f}", style="" if killed else "bold red",
        )  # fmt: skip
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    for verdict in verdicts:
        if verdict.fate is Fate.BROKEN:
            console.print(f"{verdict.mutant.name} cannot run: {verdict.text}", markup=False, highlight=False)
    fates = Counter(verdict.fate for verdict in verdicts)
    console.print(", ".join(f"{fates[fate]} {fate}" for fate in Fate))


if __name__ == "__main__":
    sys.exit(main())
