from pathlib import Path

import pytest

from chargeloop.broker.clock import VirtualClock
from chargeloop.broker.device import DeviceClock, begin_boot
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BootId
from chargeloop.protocol.messages.common import SyncSample
from chargeloop.protocol.time import HOUR_MS

ORIGIN_MS = 1_763_900_000_000
BOOT = BootId("boot-1")


def exchange(device: DeviceClock, platform_ms: int, *, took_ms: int = 0) -> SyncSample:
    received = device.uptime_ms()
    return SyncSample(
        platform_time=platform_ms, sent_uptime_ms=max(0, received - took_ms), received_uptime_ms=received
    )


async def test_a_device_that_runs_fast_counts_more(tmp_path: Path) -> None:
    clock = VirtualClock(ORIGIN_MS)
    device = DeviceClock(clock, boot_id=BOOT, offset_ms=HOUR_MS, drift_ppm=100)
    await clock.sleep_ms(10 * HOUR_MS)
    assert device.uptime_ms() == 10 * HOUR_MS + 3_600
    assert device.wall_ms() == ORIGIN_MS + 11 * HOUR_MS + 3_600


async def test_a_clock_that_was_never_set_counts_from_1970() -> None:
    clock = VirtualClock(ORIGIN_MS)
    device = DeviceClock(clock, boot_id=BOOT, unset=True)
    await clock.sleep_ms(5_000)
    assert device.wall_ms() == 5_000
    assert device.state is ClockState.UNSET
    assert not device.learned


@pytest.mark.parametrize(
    ("offset_ms", "unset", "state"),
    [(0, False, ClockState.SYNCED), (HOUR_MS, False, ClockState.FREE), (0, True, ClockState.UNSET)],
)
async def test_the_platform_s_time_is_learned_whatever_the_wall_clock_shows(
    *, offset_ms: int, unset: bool, state: ClockState
) -> None:
    clock = VirtualClock(ORIGIN_MS)
    device = DeviceClock(clock, boot_id=BOOT, offset_ms=offset_ms, unset=unset)
    await clock.sleep_ms(1_000)
    device.learn(exchange(device, clock.now_ms()))
    await clock.sleep_ms(1_000)
    assert device.platform_ms() == clock.now_ms()
    assert device.state is state
    assert device.learned


def test_until_it_is_learned_the_wall_clock_must_do() -> None:
    device = DeviceClock(VirtualClock(ORIGIN_MS), boot_id=BOOT, offset_ms=77)
    assert device.platform_ms() == ORIGIN_MS + 77
    assert device.state is ClockState.FREE


async def test_the_exchange_that_tells_most_is_kept_until_drift_makes_it_worse() -> None:
    clock = VirtualClock(ORIGIN_MS)
    device = DeviceClock(clock, boot_id=BOOT)
    await clock.sleep_ms(10_000)
    device.learn(exchange(device, clock.now_ms(), took_ms=10))
    best_ms = device.platform_ms() - clock.now_ms()
    device.learn(exchange(device, clock.now_ms(), took_ms=4_000))
    assert device.platform_ms() - clock.now_ms() == best_ms
    await clock.sleep_ms(10 * HOUR_MS)
    device.learn(exchange(device, clock.now_ms(), took_ms=4_000))
    assert device.platform_ms() - clock.now_ms() == 2_000
    assert device.last_sample is not None


def test_each_boot_has_another_id(tmp_path: Path) -> None:
    assert [begin_boot(tmp_path / "state") for _ in range(3)] == ["boot-1", "boot-2", "boot-3"]


def test_a_wall_clock_that_somebody_sets_moves_no_uptime() -> None:
    clock = VirtualClock(ORIGIN_MS)
    device = DeviceClock(clock, boot_id=BootId("boot-1"), unset=True)
    device.set_wall(ORIGIN_MS - 1_000)
    assert (device.wall_ms(), device.uptime_ms(), device.state) == (ORIGIN_MS - 1_000, 0, ClockState.FREE)


async def test_the_doubt_about_the_platform_s_time_is_what_the_exchange_left_and_grows_with_drift() -> None:
    clock = VirtualClock(ORIGIN_MS)
    device = DeviceClock(clock, boot_id=BOOT)
    assert device.doubt_ms() == 0
    await clock.sleep_ms(10 * HOUR_MS)
    device.learn(exchange(device, clock.now_ms(), took_ms=8 * HOUR_MS))
    assert device.doubt_ms() == 4 * HOUR_MS
    await clock.sleep_ms(HOUR_MS)
    assert device.doubt_ms() == 4 * HOUR_MS + 720
    device.learn(exchange(device, clock.now_ms(), took_ms=10))
    assert device.doubt_ms() == 5
