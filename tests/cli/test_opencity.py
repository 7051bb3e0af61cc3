"""A city that is kept alive leaves a person the time to win an offer."""

from dataclasses import replace
from pathlib import Path

import pytest

from chargeloop.cli.city import lay_out, write_couriers
from chargeloop.cli.opencity import offer_pace
from chargeloop.cli.scenario import demo_scenario
from chargeloop.courier.agent.profile import load_profiles


@pytest.mark.parametrize("speed", [1.0, 3.0, 10.0])
def test_simulated_couriers_answer_after_8_to_20_real_seconds_of_an_offer_of_30(speed: float) -> None:
    pace = offer_pace(speed)
    answers = pace.answers
    in_real_s = [
        ms / speed / 1000 for ms in (answers.least_ms, answers.least_ms + answers.spread_ms, pace.life_ms)
    ]
    assert in_real_s == [8, 20, 30]


def test_in_a_world_too_fast_for_people_an_offer_stands_for_no_more_than_five_minutes() -> None:
    pace = offer_pace(60.0)
    assert pace.life_ms == 300_000
    assert pace.answers.least_ms + pace.answers.spread_ms < pace.life_ms


def test_couriers_of_the_story_answer_at_once_and_those_of_the_kept_city_take_their_time(
    tmp_path: Path,
) -> None:
    scenario = demo_scenario(seed=7, orders=1)
    files = lay_out(scenario, tmp_path)
    assert {(one.answer_ms, one.answer_spread_ms) for one in load_profiles(files.couriers)} == {(2_000, 0)}
    kept = replace(scenario, couriers=offer_pace(3.0).given_to(scenario.couriers))
    write_couriers(files, kept)
    profiles = load_profiles(files.couriers)
    assert {(one.answer_ms, one.answer_spread_ms) for one in profiles} == {(24_000, 36_000)}
    assert [one.courier for one in profiles] == [one.courier for one in scenario.couriers]
