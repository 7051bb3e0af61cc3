"""Planted faults: what goes wrong at one cabinet, known in advance so that a run can be repeated.

Faults belong to the simulated world, not to the firmware: the mechanics ask whether a motor jams or a sensor
bounces, the shell asks whether the network is there and how the clock runs. The firmware only sees the
effects.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chargeloop.protocol.ids import BankId

BOUNCES: Final = 2  # how often a bouncing exit sensor still shows the bank that has left


@dataclass(frozen=True, slots=True)
class OfflineWindow:
    """The network is gone from `from_ms` until just before `until_ms` (milliseconds of the world's time)."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything planted at one cabinet; the default is a cabinet in perfect order."""

    jam_slots: frozenset[int] = frozenset()  # these motors always jam
    jam_next: int = 0  # so many first ejects of the cabinet's life jam, whichever the slot
    bounce_slots: frozenset[int] = frozenset()  # the exit sensors of these slots settle late
    unreadable_banks: frozenset[BankId] = frozenset()
    offline: tuple[OfflineWindow, ...] = ()
    clock_unset: bool = False  # the wall clock begins at 1970 with every boot
    clock_offset_ms: int = 0
    drift_ppm: int = 0

    def jams(self, slot: int, motor_runs: int) -> bool:
        """Tell whether the motor of `slot` jams; the cabinet's motors have run `motor_runs` times before."""
        return slot in self.jam_slots or motor_runs < self.jam_next

    def bounces(self, slot: int) -> int:
        """Return how many looks at the exit sensor after an eject still show the bank."""
        return BOUNCES if slot in self.bounce_slots else 0

    def is_offline(self, now_ms: int) -> bool:
        """Tell whether the network is gone at `now_ms`."""
        return any(window.from_ms <= now_ms < window.until_ms for window in self.offline)

    def next_network_change_ms(self, now_ms: int) -> int | None:
        """Return the next instant after `now_ms` at which the network goes or comes back, or None."""
        edges = (edge for window in self.offline for edge in (window.from_ms, window.until_ms))
        return _earliest_after(edges, now_ms)


def _earliest_after(instants_ms: Iterable[int], now_ms: int) -> int | None:
    return min((instant for instant in instants_ms if instant > now_ms), default=None)
