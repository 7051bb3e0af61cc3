"""How long work shows how far it is: a bar on standard error when that is a terminal, else lines alone."""

import contextlib
import os
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


def on_terminal() -> bool:
    """Tell whether standard error is a terminal on which a line can be drawn again."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def columns() -> tuple[ProgressColumn, ...]:
    """Return what every bar is made of: what is done, the bar, so many of so many, time left, a note."""
    return (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
    )


class Bar:
    """How far some work is. Without a terminal only what is said is shown."""

    def __init__(self, progress: Progress | None, what: str, total: int) -> None:
        self._progress = progress
        self._task = None if progress is None else progress.add_task(what, total=total, note="")

    def at(self, done: int, note: str = "") -> None:
        """Show that so much is done, with a note on what is under way."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, note=note)

    def step(self, note: str = "") -> None:
        """Show that one more is done."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, advance=1, note=note)

    def say(self, text: str) -> None:
        """Write a line that stays."""
        if self._progress is None:
            print(text, file=sys.stderr, flush=True)
        else:
            self._progress.console.print(text, markup=False, highlight=False)


@contextlib.contextmanager
def bar(what: str, total: int) -> Iterator[Bar]:
    """Show a bar while the context lasts; afterwards it is gone."""
    if not on_terminal():
        yield Bar(None, what, total)
        return
    with Progress(*columns(), console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress, what, total)
