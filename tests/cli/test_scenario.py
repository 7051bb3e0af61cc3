"""The demo's city follows from its seed alone and has the troubles that the demo promises."""

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.cli.scenario import GivesUp, demo_scenario, passer_by
from chargeloop.protocol.geo import distance_m
from chargeloop.protocol.ids import UserId

seeds = st.integers(0, 2**31 - 1)
orders = st.integers(1, 60)


@given(seeds, orders)
def test_the_same_seed_gives_the_same_scenario(seed: int, count: int) -> None:
    assert demo_scenario(seed=seed, orders=count) == demo_scenario(seed=seed, orders=count)


@given(seeds, st.integers(1, 20), st.integers(1, 20))
def test_more_people_change_nothing_for_those_who_were_there(seed: int, fewer: int, more: int) -> None:
    few = demo_scenario(seed=seed, orders=min(fewer, more))
    many = demo_scenario(seed=seed, orders=max(fewer, more))
    assert many.people[: len(few.people)] == few.people
    assert many.couriers == few.couriers


@given(seeds, orders)
def test_troubles_are_always_planted(seed: int, count: int) -> None:
    scenario = demo_scenario(seed=seed, orders=count)
    assert [cabinet.faults.jam_next for cabinet in scenario.cabinets].count(1) == 1
    assert sum(bool(cabinet.faults.offline) for cabinet in scenario.cabinets) == 1
    assert {courier.gives_up for courier in scenario.couriers} == {None, *GivesUp}


@given(seeds, orders)
def test_everybody_is_somebody_and_within_the_city(seed: int, count: int) -> None:
    scenario = demo_scenario(seed=seed, orders=count)
    assert (len(scenario.cabinets), len(scenario.couriers), len(scenario.people)) == (12, 8, count)
    assert len(set(scenario.banks)) == len(scenario.banks)
    assert len({person.user for person in scenario.people}) == count
    centre = scenario.cabinets[5].place
    assert all(distance_m(centre, person.place) < 2_500 for person in scenario.people)
    assert all(len(cabinet.banks) < cabinet.slots for cabinet in scenario.cabinets)


def test_twenty_orders_are_placed_within_twenty_minutes_and_another_seed_is_another_city() -> None:
    scenario = demo_scenario(seed=7, orders=20)
    assert all(person.at_ms < 20 * 60_000 for person in scenario.people)
    assert demo_scenario(seed=8, orders=20).people != scenario.people


def test_passers_by_want_something_else_each_time_and_the_same_with_the_same_seed() -> None:
    user = UserId("usr-1001")
    plans = [passer_by(seed=7, user=user, visit=visit) for visit in range(1, 6)]
    assert plans == [passer_by(seed=7, user=user, visit=visit) for visit in range(1, 6)]
    assert len({plan.place for plan in plans}) == 5
    assert [plan.key for plan in plans[:2]] == ["usr-1001", "usr-1001-visit-2"]
    assert {plan.at_ms for plan in plans} == {0}
