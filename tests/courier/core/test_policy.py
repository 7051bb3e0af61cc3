"""The radius of the rounds."""

from chargeloop.courier.core.policy import DispatchPolicy


def test_the_radius_doubles_up_to_the_whole_city() -> None:
    policy = DispatchPolicy()
    assert [policy.radius_m(number) for number in range(6)] == [800, 1600, 3200, 6400, 12_800, 12_800]


def test_a_late_round_costs_no_power_of_a_large_number() -> None:
    assert DispatchPolicy(radius_growth=1).radius_m(10) == 800
    assert DispatchPolicy().radius_m(10_000) == 12_800
