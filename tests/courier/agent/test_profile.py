"""The couriers' file: what is taken, and what is said about what is not."""

import json
from pathlib import Path

import pytest

from chargeloop.courier.agent.profile import CouriersFileError, load_profiles

COURIER: dict[str, object] = {"courier": "cou-1", "lat_e7": 1, "lon_e7": 2, "speed_m_per_s": 5.0}


def test_couriers_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "couriers.json"
    file.write_text(json.dumps([COURIER, COURIER | {"courier": "cou-2", "gives_up": "before_pickup"}]))
    assert [one.courier for one in load_profiles(file)] == ["cou-1", "cou-2"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[{", "no JSON at line 1, column 3: "),
        ("{}", "expected a list of couriers"),
        (json.dumps([COURIER | {"speed": 3}]), r"\[0\]: unknown key 'speed'"),
        (json.dumps([COURIER, COURIER | {"anwser_ms": 3}]), r"\[1\]: unknown .* did you mean 'answer_ms'\?"),
        (json.dumps([COURIER | {"speed_m_per_s": None}]), r"\[0\]: give either speed_m_per_s or metres"),
        (json.dumps([COURIER | {"lon_e7": 5.23}]), r"\[0\]\.lon_e7: expected degrees times ten million"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_fault(tmp_path: Path, written: str, said: str) -> None:
    file = tmp_path / "couriers.json"
    file.write_text(written)
    with pytest.raises(CouriersFileError, match=rf"couriers\.json: {said}"):
        load_profiles(file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CouriersFileError, match="no such file"):
        load_profiles(tmp_path / "couriers.json")
    with pytest.raises(CouriersFileError, match="is a directory"):
        load_profiles(tmp_path)
