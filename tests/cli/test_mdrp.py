"""An MDRP instance becomes a scenario of ours, and a wrong file is told with its line."""

from pathlib import Path

import pytest

from chargeloop.cli.errors import CommandError
from chargeloop.cli.mdrp import PLANE_ORIGIN, read_instance
from chargeloop.protocol.geo import Plane
from tests.cli.instance import FILES, write_instance


def test_restaurants_become_cabinets_with_slots_by_demand(tmp_path: Path) -> None:
    scenario = read_instance(write_instance(tmp_path), seed=1)
    assert [cabinet.cabinet for cabinet in scenario.cabinets] == ["cab-0001", "cab-0002"]
    assert [(cabinet.slots, len(cabinet.banks)) for cabinet in scenario.cabinets] == [(6, 3), (6, 3)]
    x_m, y_m = Plane(PLANE_ORIGIN).xy_m(scenario.cabinets[1].place)
    assert (round(x_m), round(y_m)) == (800, 150)


def test_orders_become_people_by_time_of_placement(tmp_path: Path) -> None:
    scenario = read_instance(write_instance(tmp_path), seed=1)
    assert [person.at_ms // 60_000 for person in scenario.people] == [3, 12, 40]
    assert all(1 <= person.quantity <= 3 for person in scenario.people)


def test_couriers_keep_their_shift_and_the_instance_s_speed(tmp_path: Path) -> None:
    courier = read_instance(write_instance(tmp_path), seed=1).couriers[0]
    assert (courier.on_ms, courier.off_ms) == (0, 300 * 60_000)
    assert (courier.metres_per_minute, courier.service_ms) == (320, 4 * 60_000)


def test_a_limit_takes_the_first_orders_of_the_day(tmp_path: Path) -> None:
    scenario = read_instance(write_instance(tmp_path), seed=1, limit=1)
    assert [person.at_ms // 60_000 for person in scenario.people] == [3]


def test_the_same_seed_gives_the_same_scenario_and_another_seed_another(tmp_path: Path) -> None:
    directory = write_instance(tmp_path)
    assert read_instance(directory, seed=1) == read_instance(directory, seed=1)
    assert read_instance(directory, seed=1) != read_instance(directory, seed=2)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("orders", FILES["orders.txt"].replace("900", "far"), "orders.txt, line 2: x 'far' is no number"),
        ("orders", FILES["orders.txt"].replace("900", "nan"), "orders.txt, line 2: x 'nan' is no number"),
        ("orders", FILES["orders.txt"].replace("\tr2\t", "\tr9\t"), "'r9' is not in restaurants.txt"),
        ("orders", FILES["orders.txt"].replace("placement_time", "when"), "no column 'placement_time'"),
        ("orders", FILES["orders.txt"] + "o4\t1\n", "orders.txt, line 5: no value for y"),
        ("orders", FILES["orders.txt"].splitlines()[0], "0 rows; expected 1 to"),
        ("couriers", FILES["couriers.txt"].replace("\t300", "\t-1"), "couriers.txt, line 2: off_time '-1'"),
        (
            "instance_parameters",
            FILES["instance_parameters.txt"].replace("320", "0"),
            "meters_per_minute '0'",
        ),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, name: str, text: str, said: str) -> None:
    directory = write_instance(tmp_path, **{name: text})
    with pytest.raises(CommandError, match=said.replace("(", r"\(")) as refused:
        read_instance(directory, seed=1)
    assert refused.value.exit_code == 2


def test_a_missing_file_and_one_that_is_no_text_are_told(tmp_path: Path) -> None:
    directory = write_instance(tmp_path)
    (directory / "restaurants.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match=r"restaurants\.txt is not UTF-8 text"):
        read_instance(directory, seed=1)
    (directory / "restaurants.txt").unlink()
    with pytest.raises(CommandError, match=r"cannot read .*restaurants\.txt: No such file or directory"):
        read_instance(directory, seed=1)
