"""A device's own idea of time: a wall clock that may be wrong, uptime, and the platform's time as learned.

The wall clock is never corrected here: cheap devices are left with what somebody once set, and messages
carry it with an honest statement of how far it can be trusted. What the device decides by (expiry of
commands) is the platform's time, learned from exchanges: the platform's clock showed its time somewhere
between the sending of the probe and the receipt of the reply. The exchange that bounds it best is kept,
allowing for drift since.
"""

from dataclasses import dataclass
from typing import Protocol

from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BootId
from chargeloop.protocol.messages.common import SyncSample

# A wall clock this close to the platform's time counts as in step with it.
_SYNCED_WITHIN_MS = 2_000
# How wrong a cheap oscillator may run, in parts per million.
_DRIFT_ALLOWANCE_PPM = 200


@dataclass(frozen=True, slots=True)
class _Learned:
    offset_ms: int  # the platform's time less our uptime
    half_width_ms: int
    at_uptime_ms: int


class Time(Protocol):
    """The world's time, of which a device sees only what its own clocks make of it."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC."""


class DeviceClock:
    """The clock of one boot of one device.

    Args:
        clock: the world's time, of which the device sees only what follows.
        boot_id: of this boot.
        offset_ms: how far the wall clock is ahead of the world's.
        drift_ppm: how much too fast the device counts, in parts per million.
        unset: the wall clock was never set: it counts from 1970 since boot.
    """

    def __init__(
        self, clock: Time, *, boot_id: BootId, offset_ms: int = 0, drift_ppm: int = 0, unset: bool = False
    ) -> None:
        self._clock = clock
        self._booted_ms = clock.now_ms()
        self._drift_ppm = drift_ppm
        self._unset = unset
        self._wall_at_boot_ms = 0 if unset else max(0, self._booted_ms + offset_ms)
        self._learned: _Learned | None = None
        self.boot_id = boot_id
        self.last_sample: SyncSample | None = None

    @property
    def learned(self) -> bool:
        """Tell whether the platform's time has been learned since boot."""
        return self._learned is not None

    @property
    def state(self) -> ClockState:
        """Return how far the wall clock can be trusted, as the device itself can know it."""
        if self._learned is not None and abs(self.platform_ms() - self.wall_ms()) <= _SYNCED_WITHIN_MS:
            return ClockState.SYNCED
        return ClockState.UNSET if self._unset else ClockState.FREE

    def uptime_ms(self) -> int:
        """Return milliseconds since boot as the device counts them; they never jump."""
        passed_ms = self._clock.now_ms() - self._booted_ms
        return max(0, passed_ms + passed_ms * self._drift_ppm // 1_000_000)

    def wall_ms(self) -> int:
        """Return what the wall clock shows, in milliseconds since 1970."""
        return self._wall_at_boot_ms + self.uptime_ms()

    def platform_ms(self) -> int:
        """Return the platform's time as far as known; the wall clock's until it has been learned."""
        return self.wall_ms() if self._learned is None else self._learned.offset_ms + self.uptime_ms()

    def set_wall(self, wall_ms: int) -> None:
        """Let somebody set the wall clock to that time, right or wrong; the uptime runs on."""
        self._unset = False
        self._wall_at_boot_ms = max(0, wall_ms - self.uptime_ms())

    def doubt_ms(self) -> int:
        """Return by how much the platform's time may be later than `platform_ms` says: 0 until it is learned.

        The exchange that was kept bounds it, and the oscillator may have run wrong since.
        """
        known = self._learned
        if known is None:
            return 0
        aged_ms = (self.uptime_ms() - known.at_uptime_ms) * _DRIFT_ALLOWANCE_PPM // 1_000_000
        return known.half_width_ms + aged_ms

    def time(self) -> DeviceTime:
        """Return what all of its clocks show at this moment."""
        return DeviceTime(self.boot_id, self.uptime_ms(), self.wall_ms(), self.state)

    def learn(self, sample: SyncSample) -> None:
        """Take one exchange of times of this boot."""
        self.last_sample = sample
        middle_ms = (sample.sent_uptime_ms + sample.received_uptime_ms) // 2
        half_width_ms = (sample.received_uptime_ms - sample.sent_uptime_ms + 1) // 2
        known = self._learned
        if known is not None:
            aged_ms = (sample.received_uptime_ms - known.at_uptime_ms) * _DRIFT_ALLOWANCE_PPM // 1_000_000
            if half_width_ms > known.half_width_ms + aged_ms:
                return
        self._learned = _Learned(sample.platform_time - middle_ms, half_width_ms, sample.received_uptime_ms)
