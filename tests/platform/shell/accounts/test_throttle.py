"""Token buckets against a model that remembers everything."""

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.shell.accounts.throttle import Rate, Throttle
from tests.platform.shell.scripted import Instant

RATE = Rate(burst=3, every_s=10)


def test_a_burst_is_allowed_and_then_one_after_the_other() -> None:
    time = Instant()
    throttle = Throttle(RATE, time.now_s)
    for _ in range(3):
        assert throttle.wait_s("anna") == 0
        throttle.spend("anna")
    assert throttle.wait_s("anna") == 10
    assert throttle.wait_s("ben") == 0
    time.pass_s(9.5)
    assert throttle.wait_s("anna") == 1
    time.pass_s(0.5)
    assert throttle.wait_s("anna") == 0
    throttle.spend("anna")
    assert throttle.wait_s("anna") == 10


def test_a_try_that_is_given_back_does_not_count() -> None:
    throttle = Throttle(RATE, Instant().now_s)
    for _ in range(50):
        throttle.spend("anna")
        throttle.refund("anna")
    assert throttle.wait_s("anna") == 0


def test_an_empty_bucket_gets_no_emptier() -> None:
    time = Instant()
    throttle = Throttle(RATE, time.now_s)
    for _ in range(50):
        throttle.spend("anna")
    assert throttle.wait_s("anna") == 10
    time.pass_s(10)
    assert throttle.wait_s("anna") == 0


def test_memory_is_bounded_and_the_one_used_longest_ago_is_forgotten() -> None:
    throttle = Throttle(RATE, Instant().now_s, most=100)
    for number in range(1_000):
        for _ in range(3):
            throttle.spend(f"login-{number}")
    assert len(throttle) == 100
    assert throttle.wait_s("login-999") > 0
    assert throttle.wait_s("login-0") == 0


def test_full_buckets_are_forgotten() -> None:
    time = Instant()
    throttle = Throttle(RATE, time.now_s)
    for number in range(50):
        throttle.spend(f"login-{number}")
    time.pass_s(10)
    throttle.spend("anna")
    assert len(throttle) == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=40))
def test_never_more_than_the_burst_and_the_steady_rate_are_spent(steps: list[tuple[bool, int]]) -> None:
    time = Instant()
    throttle = Throttle(RATE, time.now_s)
    begun_s, spent = time.now_s(), 0
    for tries, passes_s in steps:
        time.pass_s(passes_s)
        if tries and throttle.wait_s("anna") == 0:
            throttle.spend("anna")
            spent += 1
    assert spent <= RATE.burst + (time.now_s() - begun_s) / RATE.every_s
