"""Figures: medians and percentiles of what was measured, and whether they reach what is aimed at."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Better(StrEnum):
    """Which way a figure is good."""

    HIGHER = "higher"
    LOWER = "lower"


class Verdict(StrEnum):
    """How a figure compares with what is aimed at."""

    REACHED = "reached"
    FIRST_REACHED = "first reached"
    NOT_REACHED = "not reached"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the benchmark's table: what, against what, and the figures aimed at.

    `first` is the figure wanted at first, `aim` the one aimed at; they are equal where there is only one.
    """

    name: str
    what: str
    against: str
    unit: str
    better: Better
    first: float
    aim: float

    def verdict(self, figure: float) -> Verdict:
        """Return how a figure compares."""
        if self._reaches(figure, self.aim):
            return Verdict.REACHED
        return Verdict.FIRST_REACHED if self._reaches(figure, self.first) else Verdict.NOT_REACHED

    def _reaches(self, figure: float, goal: float) -> bool:
        return figure >= goal if self.better is Better.HIGHER else figure <= goal


@dataclass(frozen=True, slots=True)
class Trial:
    """What one trial gave: the figure that counts, and others that explain it, by name."""

    figure: float
    others: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """The median of some trials, or the reason why there is none."""

    measure: Measure
    trials: tuple[Trial, ...] = ()
    skipped: str | None = None

    @property
    def figure(self) -> float | None:
        """Return the median, None when the measure was skipped."""
        return statistics.median(trial.figure for trial in self.trials) if self.trials else None

    @property
    def others(self) -> Mapping[str, float]:
        """Return the medians of the other figures."""
        names = self.trials[0].others if self.trials else ()
        return {name: statistics.median(trial.others[name] for trial in self.trials) for name in names}

    @property
    def verdict(self) -> Verdict:
        """Return how it compares with what is aimed at."""
        figure = self.figure
        return Verdict.SKIPPED if figure is None else self.measure.verdict(figure)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least so many per cent of the values do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]
