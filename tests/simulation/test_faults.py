import re
from dataclasses import fields

import pytest

from chargeloop.simulation.faults import (
    PROFILES,
    Desk,
    Faults,
    Links,
    PerHour,
    UnknownFaultError,
    faults_of,
    healed,
)


def test_a_profile_may_be_changed_in_its_knobs() -> None:
    faults = faults_of("worst,loss=0.5,vandal=0,drift_ppm=7")
    assert faults.links.loss == 0.5
    assert faults.vandal == 0
    assert faults.drift_ppm == 7
    assert faults.poison == PROFILES["worst"].poison


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("best", "'best' is no profile"),
        ("", "no profile"),
        ("worst,gravity=1", "'gravity' is no fault"),
        ("worst,loss", "expected a number"),
        ("worst,loss=much", "expected a number"),
        ("worst,loss=nan", "expected a number"),
        ("worst,vandal=inf", "expected a number"),
        ("worst,drift_ppm=0.5", "expected a number, as in drift_ppm=500"),
        ("worst,loss=-1", "not negative"),
        ("worst,loss=7", "'loss=7': loss is a probability: expected a number from 0 to 1"),
        ("worst,courier_dawdles=1.01", "courier_dawdles is a probability"),
        ("worst,waive=2", "waive is a probability"),
        ("worst,links=1", "'links' is no fault"),
        ("worst,desk=1", "'desk' is no fault"),
    ],
)
def test_what_names_no_fault_is_refused_and_told_what_there_is(text: str, told: str) -> None:
    with pytest.raises(UnknownFaultError, match=told):
        faults_of(text)


def test_what_is_counted_by_the_hour_and_what_is_a_time_may_be_larger_than_one() -> None:
    faults = faults_of("none,vandal=7,operator_ends=7,delay_ms=7,drift_ppm=7")
    assert (faults.vandal, faults.desk.operator_ends, faults.links.delay_ms, faults.drift_ppm) == (7, 7, 7, 7)


def test_a_knob_is_of_the_kind_that_its_description_says() -> None:
    for described in (Faults, Links, Desk):
        told = dict(re.findall(r"^        (\w+): (.*)$", described.__doc__ or "", re.MULTILINE))
        hourly = {name for name, text in told.items() if "an hour" in text}
        assert hourly == {knob.name for knob in fields(described) if knob.type == PerHour}


def test_the_worst_profile_leaves_no_fault_out() -> None:
    worst = PROFILES["worst"]
    off = [name for name in Faults.__slots__ if name not in {"links", "desk"} and not getattr(worst, name)]
    off += [name for name in Links.__slots__ if not getattr(worst.links, name)]
    off += [name for name in Desk.__slots__ if not getattr(worst.desk, name)]
    assert off == []


def test_healing_leaves_people_as_they_are_operators_to_answer_them_and_nothing_else() -> None:
    worst = PROFILES["worst"]
    desk = Desk(dispute=worst.desk.dispute, answer_ms=worst.desk.answer_ms, waive=worst.desk.waive)
    assert healed(worst) == Faults(cancel=worst.cancel, absent=worst.absent, desk=desk)


def test_operators_are_there_where_somebody_disputes_or_one_interferes() -> None:
    assert {name for name, faults in PROFILES.items() if faults.desk.is_staffed} == {"people", "worst"}
    assert faults_of("none,operator_commands=1").desk.is_staffed
    assert faults_of("none,dispute=0.1").desk == Desk(dispute=0.1)
