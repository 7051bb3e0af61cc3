"""Memory that grows is told from memory that stays flat."""

import os

from chargeloop.cli.chaos.memory import Held, MemoryWatch, growing, resident_mib


def held(start_mib: float, end_mib: float) -> Held:
    return Held(start_mib, end_mib, max(start_mib, end_mib), 0.0)


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
    assert not watch.held(0)["this"].grows
