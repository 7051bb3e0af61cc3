"""The memory of processes over time: whether it stays flat is told from samples of what they hold (RSS).

Two things are judged: how much more a process holds at the end than at the start of its steady state, and,
once there are minutes enough, how fast it still grows in the second half of it. The first finds what has
leaked, the second what will: a process that grows by 200 MiB in an hour has not grown by 16 in five minutes.
The slope is the median of those between all pairs of points (Theil-Sen), which a single step does not bend.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import fmean, median
from typing import Final

_KIB_PER_MIB: Final = 1024
# A process may grow by so much in a steady state: by allocation that settles, and by what must be remembered.
_GROWTH_MIB: Final = 16.0
_GROWTH: Final = 0.10
# Samples at either end whose mean is taken.
_END: Final = 0.1
# How fast a process may still grow when everything has settled: by so much an hour, or by so much of itself.
_SLOPE_MIB_PER_H: Final = 64.0
_SLOPE_PER_H: Final = 0.25
# Over a shorter time a slope says nothing: an allocator takes memory in steps of a MiB or more.
_SLOPE_S: Final = 90.0
# So many points are enough for a slope, however long the run; each is the median of its samples.
_POINTS: Final = 60


@dataclass(frozen=True, slots=True)
class Held:
    """What one process held in a steady state, in MiB: at its start, at its end, at most, and by the hour.

    The growth by the hour is that of the last `slope_s` seconds.
    """

    start_mib: float
    end_mib: float
    most_mib: float
    slope_mib_per_h: float
    slope_s: float

    @property
    def grew(self) -> bool:
        """Tell whether it is more at the end than settling explains."""
        return self.end_mib - self.start_mib > max(_GROWTH_MIB, self.start_mib * _GROWTH)

    @property
    def goes_on_growing(self) -> bool:
        """Tell whether it still grows faster than what must be remembered, once there is time enough."""
        most_mib_per_h = max(_SLOPE_MIB_PER_H, self.start_mib * _SLOPE_PER_H)
        return self.slope_s >= _SLOPE_S and self.slope_mib_per_h > most_mib_per_h


class MemoryWatch:
    """Samples of several processes, by name."""

    def __init__(self) -> None:
        self._samples: dict[str, list[tuple[float, float]]] = {}

    def sample(self, at_s: float, pids: Mapping[str, int]) -> None:
        """Take one sample of each process; one that is just starting again is left out."""
        for name, pid in pids.items():
            held_mib = resident_mib(pid)
            if held_mib is not None:
                self._samples.setdefault(name, []).append((at_s, held_mib))

    def held(self, from_s: float) -> dict[str, Held]:
        """Return what each process held from that time on, without those that were not sampled twice."""
        steady = {
            name: [sample for sample in samples if sample[0] >= from_s]
            for name, samples in self._samples.items()
        }
        return {name: _held(samples) for name, samples in steady.items() if len(samples) > 1}


def growing(held: Mapping[str, Held]) -> Iterator[str]:
    """Yield a sentence for each process whose memory does not stay flat."""
    for name, one in held.items():
        if one.grew:
            yield f"the memory of {name} grew from {one.start_mib:.0f} to {one.end_mib:.0f} MiB"
        if one.goes_on_growing:
            at_last = f"in the last {one.slope_s:.0f} s, at {one.end_mib:.0f} MiB"
            yield f"the memory of {name} grew by {one.slope_mib_per_h:.0f} MiB an hour {at_last}"


def resident_mib(pid: int) -> float | None:
    """Return the resident memory of a process in MiB (Linux), or None when there is no such process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    kib = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return None if kib is None else int(kib) / _KIB_PER_MIB


def _held(samples: Sequence[tuple[float, float]]) -> Held:
    held_mib = [mib for _, mib in samples]
    end = max(1, round(len(samples) * _END))
    late = samples[len(samples) // 2 :]
    return Held(
        start_mib=fmean(held_mib[:end]),
        end_mib=fmean(held_mib[-end:]),
        most_mib=max(held_mib),
        slope_mib_per_h=_slope(late) * 3600,
        slope_s=late[-1][0] - late[0][0],
    )


def _slope(samples: Sequence[tuple[float, float]]) -> float:
    """Return the median slope between all pairs of points (Theil and Sen), 0 when there is no pair."""
    points = _points(samples)
    slopes = [
        (later_mib - earlier_mib) / (later_s - earlier_s)
        for (earlier_s, earlier_mib), (later_s, later_mib) in combinations(points, 2)
        if later_s > earlier_s
    ]
    return median(slopes) if slopes else 0.0


def _points(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most `_POINTS` points in the place of the samples."""
    size = -(-len(samples) // _POINTS)
    groups = [samples[first : first + size] for first in range(0, len(samples), size)]
    return [(fmean(at_s for at_s, _ in group), median(mib for _, mib in group)) for group in groups]
