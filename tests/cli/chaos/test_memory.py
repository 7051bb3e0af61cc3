"""Memory that grows is told from memory that stays flat."""

import os
from collections.abc import Callable

import pytest

from chargeloop.cli.chaos.memory import Held, MemoryWatch, _held, growing, resident_mib


def held(start_mib: float, end_mib: float) -> Held:
    return Held(start_mib, end_mib, max(start_mib, end_mib), 0.0, 0.0)


def told(minutes: float, mib: Callable[[float], float]) -> list[str]:
    """Return what is told of a process that holds so much after so many hours."""
    samples = [(float(second), mib(second / 3600)) for second in range(round(minutes * 60))]
    return list(growing({"platform": _held(samples)}))


def test_a_process_that_grows_beyond_what_settles_is_told() -> None:
    watched = {
        "flat": held(100, 101),
        "settling": held(100, 115),
        "large": held(1_000, 1_090),
        "leaking": held(100, 130),
        "large and leaking": held(1_000, 1_200),
    }
    assert list(growing(watched)) == [
        "the memory of leaking grew from 100 to 130 MiB",
        "the memory of large and leaking grew from 1000 to 1200 MiB",
    ]


def test_this_process_holds_some_memory_and_one_that_is_gone_none() -> None:
    assert (resident_mib(os.getpid()) or 0) > 5
    assert resident_mib(2**22 + 1) is None


def test_only_the_steady_state_counts_and_only_what_was_sampled_twice_in_it() -> None:
    watch = MemoryWatch()
    for second in range(5):
        watch.sample(second, {"this": os.getpid(), "gone": 2**22 + 1})
    watch.sample(5, {"late": os.getpid()})
    assert set(watch.held(0)) == {"this"}
    assert watch.held(4) == {}
    assert not watch.held(0)["this"].grew
    assert not watch.held(0)["this"].goes_on_growing


def test_a_leak_that_is_small_yet_is_told_by_what_it_will_be_in_an_hour() -> None:
    # The steady state of a run of five minutes.
    said = "the memory of platform grew by 230 MiB an hour in the last 112 s, at 114 MiB"
    assert told(3.75, lambda hours: 100 + 230 * hours) == [said]


def test_a_slope_is_not_judged_before_there_is_time_enough() -> None:
    assert told(2.5, lambda hours: 100 + 230 * hours) == []


@pytest.mark.parametrize(
    ("minutes", "mib"),
    [
        (5, lambda hours: 100 + 40 * hours),
        (5, lambda hours: 1_000 + 200 * hours),
        # Settling that is over, steps of an allocator, and a sawtooth of garbage that is collected.
        (5, lambda hours: 100 + min(14.0, 600 * hours)),
        (10, lambda hours: 100 + (4 if hours > 0.13 else 0)),
        (10, lambda hours: 100 + hours * 3600 % 20),
    ],
)
def test_what_settles_steps_or_swings_does_not_go_on_growing(
    minutes: float, mib: Callable[[float], float]
) -> None:
    assert told(minutes, mib) == []


def test_a_day_of_samples_is_judged_like_minutes() -> None:
    grew, goes_on = told(24 * 60, lambda hours: 100 + 90 * hours)
    assert grew.startswith("the memory of platform grew from")
    assert goes_on.startswith("the memory of platform grew by 90 MiB an hour in the last 43199 s")
