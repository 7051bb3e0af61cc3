"""The clock map: where a device's events lie on the platform's clock."""

import gc
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chargeloop.protocol.clock_map import (
    MEASURED_DOUBT_MS,
    PLAUSIBLE_AGE_MS,
    ClockMap,
    Corrected,
    DeviceTime,
    Lean,
)
from chargeloop.protocol.codec import seal
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.messages.common import SyncSample, TimeProbe
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

BOOTED_MS = 1_795_435_200_000  # the platform's clock when the device booted: 2026-11-23T12:00:00Z
RECEIVED_MS = BOOTED_MS + HOUR_MS
NEVER_SET_MS = 5 * SECOND_MS  # a wall clock that began in 1970


def at(
    uptime_ms: int | None,
    wall_ms: int = NEVER_SET_MS,
    state: ClockState | None = ClockState.UNSET,
    boot: str | None = "b1",
) -> DeviceTime:
    return DeviceTime(boot, uptime_ms, wall_ms, state)


def exchange(sent_ms: int, received_ms: int, read_ms: int | None = None) -> SyncSample:
    """Returns an exchange of a device that booted at BOOTED_MS; the platform read its clock in the middle."""
    middle_ms = (sent_ms + received_ms) // 2 if read_ms is None else read_ms
    return SyncSample(
        platform_time=BOOTED_MS + middle_ms, sent_uptime_ms=sent_ms, received_uptime_ms=received_ms
    )


TOLD = at(30 * DAY_MS)
SYNCED = ClockMap().learn(TOLD, exchange(1_000, 1_040), RECEIVED_MS)


def test_an_event_of_a_measured_boot_is_placed_by_its_uptime_whatever_the_wall_clock_says() -> None:
    for wall_ms in (NEVER_SET_MS, RECEIVED_MS + DAY_MS, BOOTED_MS - 2 * HOUR_MS):
        for state in (*ClockState, None):
            assert SYNCED.correct(at(2_000, wall_ms, state), RECEIVED_MS) == (
                BOOTED_MS + 2_000,
                ClockState.SYNCED,
            )


def test_the_lean_chooses_within_the_round_trip() -> None:
    earliest = SYNCED.correct(at(1_020), RECEIVED_MS, Lean.EARLIEST).time_ms
    latest = SYNCED.correct(at(1_020), RECEIVED_MS, Lean.LATEST).time_ms
    assert earliest == BOOTED_MS + 1_000
    assert latest == BOOTED_MS + 1_040


def test_doubt_grows_with_the_distance_to_the_sample_until_the_time_is_only_inferred() -> None:
    near = SYNCED.correct(at(61_020), BOOTED_MS + 30 * DAY_MS, Lean.LATEST)
    far = SYNCED.correct(at(1_020 + DAY_MS), BOOTED_MS + 30 * DAY_MS, Lean.LATEST)
    assert near == (BOOTED_MS + 61_020 + 20 + 30, ClockState.SYNCED)  # 500 ppm of a minute
    assert far == (BOOTED_MS + DAY_MS + 1_020 + 20 + 43_200, ClockState.INFERRED)


def test_another_exchange_narrows_the_doubt() -> None:
    both = SYNCED.learn(TOLD, exchange(3_000, 3_010), RECEIVED_MS)
    lean = [both.correct(at(3_005), RECEIVED_MS, lean).time_ms - BOOTED_MS for lean in Lean]
    assert lean == [3_000, 3_005, 3_010]


def test_of_contradicting_exchanges_the_nearest_counts() -> None:
    jumped = SYNCED.learn(TOLD, exchange(100_000, 100_040, read_ms=160_000), RECEIVED_MS)
    assert jumped.correct(at(1_020), RECEIVED_MS).time_ms == BOOTED_MS + 1_020
    assert jumped.correct(at(100_020), RECEIVED_MS).time_ms == BOOTED_MS + 160_000


def test_an_exchange_that_the_receipt_contradicts_leaves_doubt_and_each_lean_takes_its_end() -> None:
    """By the exchange it is 2 h after the boot, by the receipt at most 70 min: our own clock was set back."""
    told = ClockMap().learn(TOLD, exchange(7_200_000, 7_200_000), BOOTED_MS + 3 * HOUR_MS)
    received_ms = BOOTED_MS + 70 * MINUTE_MS
    found = {lean: told.correct(at(2 * HOUR_MS), received_ms, lean) for lean in Lean}
    assert {lean: (corrected.time_ms - BOOTED_MS) // MINUTE_MS for lean, corrected in found.items()} == {
        Lean.EARLIEST: 20,
        Lean.MIDDLE: 45,
        Lean.LATEST: 70,
    }
    assert {corrected.state for corrected in found.values()} == {ClockState.INFERRED}


def test_a_contradiction_of_moments_is_no_more_doubt_than_a_slow_exchange() -> None:
    told = ClockMap().learn(TOLD, exchange(60_000, 60_000), RECEIVED_MS)
    corrected = told.correct(at(60_000), BOOTED_MS + 59_500, Lean.EARLIEST)
    assert corrected == (BOOTED_MS + 59_000, ClockState.SYNCED)


@given(
    uptime_ms=st.integers(0, 40 * DAY_MS),
    sampled_ms=st.lists(st.integers(0, 30 * DAY_MS), max_size=3),
    wrong_ms=st.integers(0, DAY_MS),
    received_after_ms=st.integers(-HOUR_MS, 40 * DAY_MS),
)
def test_leans_are_in_order_none_is_after_the_receipt_and_what_is_measured_has_little_doubt(
    uptime_ms: int, sampled_ms: list[int], wrong_ms: int, received_after_ms: int
) -> None:
    """Exchanges and receipts that agree or do not: the platform's clock was fast when it was asked."""
    known = ClockMap()
    for sampled in sampled_ms:
        known = known.learn(
            TOLD, exchange(sampled, sampled, read_ms=sampled + wrong_ms), BOOTED_MS + 90 * DAY_MS
        )
    received_ms = BOOTED_MS + received_after_ms
    earliest, middle, latest = (known.correct(at(uptime_ms), received_ms, lean) for lean in Lean)
    assert earliest.time_ms <= middle.time_ms <= latest.time_ms <= received_ms
    assert earliest.state == middle.state == latest.state
    if earliest.state is ClockState.SYNCED:
        assert latest.time_ms - earliest.time_ms <= MEASURED_DOUBT_MS
    by_exchange_ms = {BOOTED_MS + wrong_ms + uptime_ms - doubt_ms(uptime_ms, it) for it in sampled_ms}
    if by_exchange_ms and min(by_exchange_ms) > received_ms + MEASURED_DOUBT_MS:
        assert earliest.state is ClockState.INFERRED
        assert earliest.time_ms < latest.time_ms == received_ms


def doubt_ms(uptime_ms: int, sampled_ms: int) -> int:
    """Return by how much a clock may have drifted since an exchange, rounded up: 500 ppm."""
    return -(-abs(uptime_ms - sampled_ms) // 2_000)


@pytest.mark.parametrize(
    "impossible",
    [
        SyncSample(platform_time=BOOTED_MS, sent_uptime_ms=2_000, received_uptime_ms=1_000),
        SyncSample(platform_time=RECEIVED_MS + 1, sent_uptime_ms=1_000, received_uptime_ms=1_040),
        SyncSample(platform_time=BOOTED_MS, sent_uptime_ms=1_000, received_uptime_ms=5_001),
        SyncSample(platform_time=BOOTED_MS, sent_uptime_ms=2**53, received_uptime_ms=2**53),
    ],
)
def test_an_exchange_that_cannot_have_happened_is_ignored(impossible: SyncSample) -> None:
    assert SYNCED.learn(at(5_000), impossible, RECEIVED_MS) is SYNCED


def test_a_device_that_was_booted_before_all_clocks_began_is_not_believed() -> None:
    long_ago = SyncSample(platform_time=BOOTED_MS, sent_uptime_ms=2**53, received_uptime_ms=2**53)
    assert SYNCED.learn(at(2**53), long_ago, RECEIVED_MS) is SYNCED


def test_an_exchange_told_by_a_device_that_does_not_say_its_own_time_is_ignored() -> None:
    for told in (at(None), at(5_000, boot=None)):
        assert SYNCED.learn(told, exchange(2_000, 2_040), RECEIVED_MS) is SYNCED


def test_the_same_exchange_twice_and_late_changes_nothing() -> None:
    again = SYNCED.learn(TOLD, exchange(1_000, 1_040), RECEIVED_MS)
    assert again is SYNCED
    assert again.learn(TOLD, exchange(1_000, 1_040), RECEIVED_MS + DAY_MS) is SYNCED


def test_exchanges_of_one_boot_say_nothing_about_another() -> None:
    assert SYNCED.correct(at(2_000, boot="b2"), RECEIVED_MS) == (RECEIVED_MS, ClockState.INFERRED)


def test_only_the_last_few_boots_and_exchanges_are_kept() -> None:
    clock_map = ClockMap()
    for boot in range(20):
        for second in range(20):
            sample = exchange(second * 1_000, second * 1_000 + 10)
            clock_map = clock_map.learn(at(HOUR_MS, boot=f"b{boot}"), sample, RECEIVED_MS)
    assert [known.boot for known in clock_map.boots] == ["b16", "b17", "b18", "b19"]
    assert all(len(known.samples) == 8 for known in clock_map.boots)


def test_all_that_is_kept_of_a_clock_takes_little_room() -> None:
    """A platform knows a hundred thousand: eight exchanges of four boots once took 8 KiB for each."""
    known = ClockMap()
    for boot in range(4):
        told = at(30 * DAY_MS, boot=f"boot-{boot}")
        for sample in range(8):
            at_ms = boot * HOUR_MS + sample * 300_000
            known = known.learn(told, exchange(at_ms, at_ms + 40), RECEIVED_MS + DAY_MS)
        known = known.heard(told, RECEIVED_MS)
    assert [len(boot.samples) for boot in known.boots] == [8] * 4
    assert size_of(known) < 2_048


def size_of(value: object) -> int:
    """Return the bytes that an object and all it is made of take, each counted once."""
    found: dict[int, object] = {}
    left = [value]
    while left:
        one = left.pop()
        if id(one) not in found and not isinstance(one, type):
            found[id(one)] = one
            left += gc.get_referents(one)
    return sum(sys.getsizeof(one) for one in found.values())


def test_no_corrected_time_is_later_than_the_receipt() -> None:
    received_ms = BOOTED_MS + 1_010
    for lean in Lean:
        assert SYNCED.correct(at(500_000), received_ms, lean).time_ms <= received_ms


def test_without_any_exchange_a_synchronised_and_plausible_wall_clock_is_taken_at_its_word() -> None:
    wall_ms = RECEIVED_MS - 90_000
    assert ClockMap().correct(at(2_000, wall_ms, ClockState.SYNCED), RECEIVED_MS) == (
        wall_ms,
        ClockState.FREE,
    )


@pytest.mark.parametrize("wall_ms", [RECEIVED_MS + 1, NEVER_SET_MS, RECEIVED_MS - PLAUSIBLE_AGE_MS - 1])
@pytest.mark.parametrize("state", [*ClockState, None])
def test_an_implausible_wall_clock_counts_for_nothing(wall_ms: int, state: ClockState | None) -> None:
    assert ClockMap().correct(at(2_000, wall_ms, state), RECEIVED_MS) == (RECEIVED_MS, ClockState.INFERRED)


def test_a_clock_that_runs_alone_may_only_place_an_event_earlier() -> None:
    wall_ms = RECEIVED_MS - 90_000
    time = at(2_000, wall_ms, ClockState.FREE)
    assert ClockMap().correct(time, RECEIVED_MS, Lean.EARLIEST) == (wall_ms, ClockState.INFERRED)
    assert ClockMap().correct(time, RECEIVED_MS, Lean.LATEST) == (RECEIVED_MS, ClockState.INFERRED)


def test_a_later_message_of_the_boot_bounds_the_earlier_ones_of_an_offline_journal() -> None:
    # Sent after two hours without a network; a fresh message of the same boot shows how long ago that was.
    fresh = at(2 * HOUR_MS)
    clock_map = ClockMap().heard(fresh, RECEIVED_MS)
    corrected = clock_map.correct(at(1_000), RECEIVED_MS)
    assert corrected.state is ClockState.INFERRED
    assert abs(corrected.time_ms - (RECEIVED_MS - 2 * HOUR_MS + 1_000)) <= 4_000  # 500 ppm of two hours


def test_a_message_that_was_long_on_the_way_is_no_news() -> None:
    clock_map = ClockMap().heard(at(1_000), BOOTED_MS + 1_010)
    assert clock_map.heard(at(1_000), BOOTED_MS + DAY_MS) is clock_map
    assert clock_map.heard(at(2_000), BOOTED_MS + DAY_MS) is clock_map


def test_a_message_without_boot_or_uptime_teaches_nothing() -> None:
    empty = ClockMap()
    assert empty.heard(at(None), RECEIVED_MS) is empty
    assert empty.heard(at(1_000, boot=None), RECEIVED_MS) is empty
    assert empty.correct(at(None), RECEIVED_MS) == Corrected(RECEIVED_MS, ClockState.INFERRED)


def test_the_devices_time_is_read_from_the_envelope() -> None:
    probe = TimeProbe.model_validate_json(TimeProbe.EXAMPLE)
    clock = {"time": BOOTED_MS, "bootid": "b1", "uptimems": 7, "clockstate": ClockState.FREE}
    envelope = seal(probe, id="m-1", source="cabinet/cab-0001", **clock)
    assert DeviceTime.of(envelope) == DeviceTime("b1", 7, BOOTED_MS, ClockState.FREE)


delays_ms = st.integers(0, 3_000)


@given(
    offset_ms=st.integers(-HOUR_MS, HOUR_MS),
    drift_ppm=st.integers(-400, 400),
    exchanges=st.lists(st.tuples(st.integers(0, DAY_MS), delays_ms, delays_ms), min_size=1, max_size=6),
    happened_ms=st.integers(0, DAY_MS),
    travel_ms=delays_ms,
)
def test_the_true_time_lies_between_the_earliest_and_the_latest(
    offset_ms: int, drift_ppm: int, exchanges: list[tuple[int, int, int]], happened_ms: int, travel_ms: int
) -> None:
    booted_ms = BOOTED_MS + offset_ms

    def uptime(true_ms: int) -> int:  # of a clock that drifts, true milliseconds after the boot
        return true_ms + true_ms * drift_ppm // 1_000_000

    clock_map = ClockMap()
    for sent_ms, way_ms, back_ms in exchanges:
        sample = SyncSample(
            platform_time=booted_ms + sent_ms + way_ms,
            sent_uptime_ms=uptime(sent_ms),
            received_uptime_ms=uptime(sent_ms + way_ms + back_ms),
        )
        clock_map = clock_map.learn(TOLD, sample, booted_ms + 10 * DAY_MS)
    time, received_ms = at(uptime(happened_ms)), booted_ms + happened_ms + travel_ms
    clock_map = clock_map.heard(time, received_ms)
    earliest, middle, latest = (clock_map.correct(time, received_ms, lean).time_ms for lean in Lean)
    assert earliest - 2 <= booted_ms + happened_ms <= latest + 2  # uptimes are rounded to milliseconds
    assert earliest <= middle <= latest <= received_ms


def test_a_platform_clock_that_was_slow_and_has_been_set_right_does_not_place_events_an_hour_early() -> None:
    slow = ClockMap().heard(at(1_000), BOOTED_MS + 1_000 - HOUR_MS)
    right = slow.learn(TOLD, exchange(600_000, 600_040), RECEIVED_MS)
    assert right.correct(at(600_100), RECEIVED_MS) == (BOOTED_MS + 600_100, ClockState.SYNCED)


def test_boots_without_an_exchange_do_not_displace_the_one_that_dates_the_last() -> None:
    """Its exchange is told first, then come the entries of all the boots that had no network."""
    clock_map = SYNCED
    for boot in range(40):
        clock_map = clock_map.heard(at(1_000, boot=f"earlier-{boot}"), RECEIVED_MS)
    assert clock_map.correct(at(2_000), RECEIVED_MS) == SYNCED.correct(at(2_000), RECEIVED_MS)
    assert len(clock_map.boots) == 4


def test_it_is_written_and_read_by_pydantic_as_names_and_numbers() -> None:
    adapter = TypeAdapter(ClockMap)
    known = SYNCED.heard(TOLD, RECEIVED_MS).learn(at(5_000, boot="b2"), exchange(1, 2), RECEIVED_MS)
    text = adapter.dump_json(known)
    assert text.startswith(b'{"boots":[{"boot":"b1","samples":[[1020,[')
    assert adapter.validate_json(text) == known
    assert adapter.validate_python(known) == known
