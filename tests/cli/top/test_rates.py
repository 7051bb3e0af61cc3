"""Rates of messages."""

from chargeloop.cli.top.rates import Rate


def test_a_rate_is_that_of_the_last_ten_whole_seconds() -> None:
    rate = Rate()
    for tenth in range(200):
        rate.count(100 + tenth / 10)
    assert rate.total == 200
    assert rate.per_second(120.0) == 10.0
    assert rate.per_second(125.0) == 5.0
    assert rate.per_second(140.0) == 0.0


def test_what_has_never_come_has_no_rate() -> None:
    assert Rate().per_second(10.0) == 0.0
