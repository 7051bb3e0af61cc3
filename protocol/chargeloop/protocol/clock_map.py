"""Where a device's events lie on the platform's clock, by what the platform measured itself.

A device's wall clock may start in 1970, run fast, jump or be in the wrong zone; its monotonic clock only
counts from the boot. So events are placed by boot and uptime. What the platform knows of one boot is an
interval for the offset *platform time minus uptime*:

- A completed exchange (`SyncSample`) read the platform's clock somewhere between two uptimes: offset between
  `platform_time - received_uptime` and `platform_time - sent_uptime`.
- Every message arrived after it was made: offset at most `received - uptime`.

Between two moments of a boot the monotonic clock may have drifted, so a bound taken at one uptime is widened
in proportion to the distance to the other. Bounds are intersected; when they contradict each other (a clock
that drifts beyond the allowance, or a device that lies) the nearest sample alone counts.

No corrected time is ever later than the receipt. When the exchanges place an event behind it all the same,
one reading of the platform's clock was wrong, and nobody knows which: the event may be as much earlier than
the receipt as they would have it later. Without a sample the device's own wall time counts when it says that
it is synchronised and the time is plausible; else the time is bounded by the receipt, and marked inferred.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from struct import Struct, pack
from typing import Final, NamedTuple

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from chargeloop.protocol.envelope import ClockState, Data, Envelope
from chargeloop.protocol.messages.common import SyncSample
from chargeloop.protocol.time import DAY_MS, SECOND_MS

# Crystal oscillators of cheap boards stay within 100 ppm; the allowance is five times that.
DRIFT_ALLOWANCE_PPM: Final = 500
# A mapped time whose interval is wider than this is no measurement any more.
MEASURED_DOUBT_MS: Final = 2 * SECOND_MS
# Offline work is sent late, but a wall clock that claims an older event is taken for a wrong clock.
PLAUSIBLE_AGE_MS: Final = 30 * DAY_MS
# Of one boot, and of one device.
SAMPLES_KEPT: Final = 8
BOOTS_KEPT: Final = 4
_MILLION: Final = 1_000_000
_HEARD: Final = Struct("<2q")
_SAMPLE: Final = Struct("<3q")


class Lean(StrEnum):
    """Which time is taken where several are possible."""

    EARLIEST = "earliest"
    MIDDLE = "middle"
    LATEST = "latest"


class Corrected(NamedTuple):
    """A time on the platform's clock (ms since 1970 UTC) and how far it can be trusted."""

    time_ms: int
    state: ClockState

    def not_before(self, earliest_ms: int) -> "Corrected":
        """Return the time, or `earliest_ms`, inferred, when its cause came no earlier: a wrong clock."""
        return self if self.time_ms >= earliest_ms else Corrected(earliest_ms, ClockState.INFERRED)


class DeviceTime(NamedTuple):
    """When something happened by the device's own clocks: boot and uptime, and its wall clock."""

    boot: str | None
    uptime_ms: int | None
    wall_ms: int
    clock_state: ClockState | None

    @classmethod
    def of(cls, envelope: Envelope[Data]) -> "DeviceTime":
        """Return the device's time in a message."""
        return cls(envelope.bootid, envelope.uptimems, envelope.time, envelope.clockstate)


class Offsets(NamedTuple):
    """The offsets (platform time minus uptime, ms) that are possible at one uptime."""

    low_ms: int
    high_ms: int

    def widened(self, distance_ms: int) -> "Offsets":
        """Return what is possible so many milliseconds of uptime away."""
        drift_ms = _drift_ms(distance_ms)
        return Offsets(self.low_ms - drift_ms, self.high_ms + drift_ms)

    def meet(self, other: "Offsets") -> "Offsets | None":
        """Return what both allow, or None when they contradict each other."""
        met = Offsets(max(self.low_ms, other.low_ms), min(self.high_ms, other.high_ms))
        return met if met.low_ms <= met.high_ms else None


class Sample(NamedTuple):
    """One exchange of times: the offsets it allows, and the middle of the uptimes it took."""

    uptime_ms: int
    offsets: Offsets


class Heard(NamedTuple):
    """A message of the boot: its uptime, and the highest offset its arrival allows."""

    uptime_ms: int
    high_ms: int

    def at(self, uptime_ms: int) -> int:
        """Return the highest offset it allows at another uptime of the same boot."""
        return self.high_ms + _drift_ms(uptime_ms - self.uptime_ms)


_NOTHING_HEARD: Final = Heard(0, 2**62)


def _unpacked(known: "BootClock") -> dict[str, object]:
    return {"boot": known.boot, "samples": known.samples, "heard": known.heard}


@dataclass(frozen=True, slots=True)
class BootClock:
    """What is known of the offset during one boot of a device; made by `of`.

    Platforms know up to four boots of a hundred thousand devices, with eight samples each, so `numbers` holds
    it as plain 64-bit integers, in a sixth of the room that objects take: those of `heard`, then those of
    each sample.
    """

    boot: str
    numbers: bytes

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Have it written and read as boot, samples and heard, whatever they are packed into."""
        written = core_schema.arguments_schema(
            [
                core_schema.arguments_parameter("boot", core_schema.str_schema()),
                core_schema.arguments_parameter("samples", handler.generate_schema(tuple[Sample, ...])),
                core_schema.arguments_parameter("heard", handler.generate_schema(Heard | None)),
            ]
        )
        return core_schema.union_schema(
            [core_schema.is_instance_schema(cls), core_schema.call_schema(written, cls.of)],
            serialization=core_schema.plain_serializer_function_ser_schema(_unpacked),
        )

    @classmethod
    def of(cls, boot: str, samples: Sequence[Sample] = (), heard: Heard | None = None) -> "BootClock":
        """Return the clock of a boot; all numbers must fit into 63 bits."""
        return cls.packed(boot, [(uptime_ms, *offsets) for uptime_ms, offsets in samples], heard)

    @classmethod
    def packed(
        cls, boot: str, samples: Sequence[tuple[int, int, int]], heard: Heard | None = None
    ) -> "BootClock":
        """Return the clock of a boot whose samples are given as `sample_numbers` has them."""
        numbers = (*(heard or _NOTHING_HEARD), *chain.from_iterable(samples))
        return cls(boot, pack(f"<{len(numbers)}q", *numbers))

    @property
    def heard(self) -> Heard | None:
        """Return the message whose arrival bounds the offset most, or None when none was heard."""
        heard = Heard(*_HEARD.unpack_from(self.numbers))
        return None if heard == _NOTHING_HEARD else heard

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Return the exchanges, in the order in which they were learned."""
        return tuple(
            [Sample(uptime_ms, Offsets(low, high)) for uptime_ms, low, high in self.sample_numbers()]
        )

    @property
    def has_samples(self) -> bool:
        """Tell whether any exchange is known."""
        return len(self.numbers) > _HEARD.size

    def sample_numbers(self) -> Iterator[tuple[int, int, int]]:
        """Return uptime, lowest and highest offset of each sample."""
        return _SAMPLE.iter_unpack(memoryview(self.numbers)[_HEARD.size :])

    def latest_offset(self, uptime_ms: int) -> int | None:
        """Return the highest offset that the arrival of messages allows at that uptime."""
        heard_ms, high_ms = _HEARD.unpack_from(self.numbers)
        return None if high_ms == _NOTHING_HEARD.high_ms else Heard(heard_ms, high_ms).at(uptime_ms)

    def offsets(self, uptime_ms: int) -> Offsets | None:
        """Return the offsets possible at that uptime, or None without any sample."""
        by_distance = sorted(self.sample_numbers(), key=lambda numbers: abs(numbers[0] - uptime_ms))
        allowed = [Offsets(low, high).widened(uptime_ms - at_ms) for at_ms, low, high in by_distance]
        if not allowed:
            return None
        possible = allowed[0]
        for other in allowed[1:]:
            met = possible.meet(other)
            if met is None:
                return allowed[0]
            possible = met
        return possible


@dataclass(frozen=True, slots=True)
class ClockMap:
    """What is known of one device's clock, for its last few boots. A value: keep what `learn` returns."""

    boots: tuple[BootClock, ...] = ()

    def learn(self, time: DeviceTime, sample: SyncSample, received_ms: int) -> "ClockMap":
        """Return the map with one more exchange, told in a message of that time.

        One that cannot have happened is ignored: it ended before it began, or after the message that tells of
        it was made, in a boot that began before 1970, or read a time that the platform's clock has not
        reached.
        """
        if time.boot is None or time.uptime_ms is None:
            return self
        in_order = sample.sent_uptime_ms <= sample.received_uptime_ms <= time.uptime_ms
        if not in_order or not sample.received_uptime_ms <= sample.platform_time <= received_ms:
            return self
        middle_ms = (sample.sent_uptime_ms + sample.received_uptime_ms) // 2
        offsets = Offsets(
            sample.platform_time - sample.received_uptime_ms, sample.platform_time - sample.sent_uptime_ms
        )
        known = self._of(time.boot)
        samples = known.samples
        if any(kept.uptime_ms == middle_ms for kept in samples):
            return self
        samples = (*samples, Sample(middle_ms, offsets))[-SAMPLES_KEPT:]
        return self._with(BootClock.of(known.boot, samples, known.heard))

    def heard(self, time: DeviceTime, received_ms: int) -> "ClockMap":
        """Return the map after a message with that time arrived; the same map when that is no news."""
        if time.boot is None or time.uptime_ms is None:
            return self
        known = self._of(time.boot)
        high_ms = received_ms - time.uptime_ms
        latest_ms = known.latest_offset(time.uptime_ms)
        if latest_ms is not None and latest_ms <= high_ms:
            return self
        return self._with(BootClock.of(known.boot, known.samples, Heard(time.uptime_ms, high_ms)))

    def correct(self, time: DeviceTime, received_ms: int, lean: Lean = Lean.MIDDLE) -> Corrected:
        """Return when the event happened, never later than `received_ms`.

        `lean` chooses within the doubt. The state is synced when samples leave at most 2 s of doubt, by what
        they allow or by how much the receipt contradicts them, free when the device's own synchronised wall
        clock is taken at its word, else inferred.
        """
        latest_ms = received_ms
        if time.boot is not None and time.uptime_ms is not None:
            known = self._of(time.boot)
            offset_ms = known.latest_offset(time.uptime_ms)
            if offset_ms is not None:
                latest_ms = max(0, min(latest_ms, time.uptime_ms + offset_ms))
            offsets = known.offsets(time.uptime_ms)
            if offsets is not None:
                if offset_ms is not None and offset_ms < offsets.low_ms:
                    latest_ms = received_ms  # heard while our own clock was slow: it was set right since
                return _mapped(time.uptime_ms, offsets, latest_ms, lean)
        return _by_wall(time, received_ms, latest_ms, lean)

    def _of(self, boot: str) -> BootClock:
        for known in self.boots:
            if known.boot == boot:
                return known
        return BootClock.of(boot)

    def _with(self, changed: BootClock) -> "ClockMap":
        others = [known for known in self.boots if known.boot != changed.boot]
        if len(others) >= BOOTS_KEPT:
            # Many boots without a network may be heard of behind the exchange that dates the last of them.
            others.remove(next((known for known in others if not known.has_samples), others[0]))
        return ClockMap((*others, changed))


def _drift_ms(distance_ms: int) -> int:
    """Return by how much two clocks may drift apart in so many milliseconds, rounded up."""
    return -(-abs(distance_ms) * DRIFT_ALLOWANCE_PPM // _MILLION)


def _mapped(uptime_ms: int, offsets: Offsets, latest_ms: int, lean: Lean) -> Corrected:
    high_ms = max(0, min(uptime_ms + offsets.high_ms, latest_ms))
    contradiction_ms = max(0, uptime_ms + offsets.low_ms - latest_ms)
    low_ms = max(0, min(uptime_ms + offsets.low_ms, high_ms - contradiction_ms))
    state = ClockState.SYNCED if high_ms - low_ms <= MEASURED_DOUBT_MS else ClockState.INFERRED
    chosen = {Lean.EARLIEST: low_ms, Lean.MIDDLE: (low_ms + high_ms) // 2, Lean.LATEST: high_ms}
    return Corrected(chosen[lean], state)


def _by_wall(time: DeviceTime, received_ms: int, latest_ms: int, lean: Lean) -> Corrected:
    plausible = received_ms - PLAUSIBLE_AGE_MS <= time.wall_ms <= latest_ms
    if plausible and time.clock_state is ClockState.SYNCED:
        return Corrected(time.wall_ms, ClockState.FREE)
    # A clock that runs alone is a hint: it may place the event earlier, unless the latest is asked for.
    if plausible and time.clock_state is ClockState.FREE and lean is not Lean.LATEST:
        return Corrected(time.wall_ms, ClockState.INFERRED)
    return Corrected(latest_ms, ClockState.INFERRED)
