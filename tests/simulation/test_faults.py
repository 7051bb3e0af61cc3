import pytest

from chargeloop.simulation.faults import PROFILES, Desk, Faults, Links, UnknownFaultError, faults_of, healed


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
        ("worst,loss=-1", "not negative"),
        ("worst,links=1", "'links' is no fault"),
        ("worst,desk=1", "'desk' is no fault"),
    ],
)
def test_what_names_no_fault_is_refused_and_told_what_there_is(text: str, told: str) -> None:
    with pytest.raises(UnknownFaultError, match=told):
        faults_of(text)


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
