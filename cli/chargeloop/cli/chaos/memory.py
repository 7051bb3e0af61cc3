"""The memory of processes over time: whether it stays flat is told from samples of what they hold (RSS)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, linear_regression
from typing import Final

_KIB_PER_MIB: Final = 1024
# A process may grow by so much in a steady state: by allocation that settles, and by what must be remembered.
_GROWTH_MIB: Final = 16.0
_GROWTH: Final = 0.10
# Samples at either end whose mean is taken.
_END: Final = 0.1


@dataclass(frozen=True, slots=True)
class Held:
    """What one process held in a steady state, in MiB: at its start, at its end, at most, and by the hour."""

    start_mib: float
    end_mib: float
    most_mib: float
    slope_mib_per_h: float

    @property
    def grows(self) -> bool:
        """Tell whether it is more at the end than settling explains."""
        return self.end_mib - self.start_mib > max(_GROWTH_MIB, self.start_mib * _GROWTH)


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
        if one.grows:
            yield f"the memory of {name} grew from {one.start_mib:.0f} to {one.end_mib:.0f} MiB"


def resident_mib(pid: int) -> float | None:
    """Return the resident memory of a process in MiB (Linux), or None when there is no such process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    kib = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
    return None if kib is None else int(kib) / _KIB_PER_MIB


def _held(samples: Sequence[tuple[float, float]]) -> Held:
    times_s, held_mib = zip(*samples, strict=True)
    end = max(1, round(len(samples) * _END))
    slope, _ = linear_regression(times_s, held_mib)
    return Held(fmean(held_mib[:end]), fmean(held_mib[-end:]), max(held_mib), slope * 3600)
