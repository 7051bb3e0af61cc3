"""The fleet's file: what is taken, and what is said about what is not."""

import json
from pathlib import Path

import pytest

from chargeloop.protocol.messages.cabinet import FIRST_COMMANDS, Reboot
from chargeloop.station.core.faults import OfflineWindow
from chargeloop.station.shell.settings import FleetFileError, load_fleet

CABINET: dict[str, object] = {
    "cabinet": "cab-1",
    "name": "Harbour",
    "lat_e7": 1,
    "lon_e7": 2,
    "slots": 2,
    "banks": [{"bank": "bnk-1", "charge_pct": 50}],
}


def written(path: Path, *entries: dict[str, object]) -> Path:
    file = path / "fleet.json"
    file.write_text(json.dumps(entries))
    return file


def test_a_fleet_is_read_with_its_faults(tmp_path: Path) -> None:
    faults = {
        "jam_slots": [2],
        "jam_next": 1,
        "bounce_slots": [1],
        "unreadable_banks": ["bnk-9"],
        "offline": [{"from_ms": 5, "until_ms": 9}],
        "clock_offset_ms": -7,
        "drift_ppm": 50,
    }
    entry = load_fleet(written(tmp_path, CABINET | {"faults": faults}))[0]
    planted = entry.faults.faults()
    assert planted.jam_slots == {2}
    assert planted.offline == (OfflineWindow(5, 9),)
    assert (planted.jam_next, planted.clock_offset_ms, planted.drift_ppm) == (1, -7, 50)
    assert planted.unreadable_banks == {"bnk-9"}


def test_an_installed_cabinet_has_its_banks_in_the_first_slots(tmp_path: Path) -> None:
    entry = load_fleet(written(tmp_path, CABINET))[0]
    places = entry.installed(1000).slots
    assert [place.slot for place in places] == [1, 2]
    assert places[0].bank is not None
    assert (places[0].bank.charge_ppm, places[0].bank.since_ms) == (500_000, 1000)
    assert places[1].bank is None
    assert entry.info().model == "CL-2"
    assert set(entry.info().commands) == {*FIRST_COMMANDS, Reboot.TYPE}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cabinet": "box-1"}, r"\[0\]\.cabinet: "),
        ({"slots": 0}, r"\[0\]\.slots: "),
        ({"banks": [{"bank": "bnk-1", "charge_pct": 101}]}, r"\[0\]\.banks\[0\]\.charge_pct: "),
        ({"banks": [{"bank": f"bnk-{number}"} for number in range(3)]}, "3 banks do not fit into 2 slots"),
        ({"colour": "red"}, r"\[0\]: unknown key 'colour'; known: cabinet, name, lat_e7"),
        ({"bonks": []}, r"\[0\]: unknown key 'bonks'; did you mean 'banks'\?"),
        ({"faults": {"jam_slot": [1]}}, r"\[0\]\.faults: unknown key 'jam_slot'; did you mean 'jam_slots'\?"),
        ({"lat_e7": 43.45}, r"\[0\]\.lat_e7: expected degrees times ten million"),
        ({"faults": {"offline": [{"from_ms": 9, "until_ms": 9}]}}, "until_ms must be after from_ms"),
        ({"banks": [{"bank": "bnk-1"}, {"bank": "bnk-1"}]}, "the bank bnk-1 stands in it twice"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_fault(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    with pytest.raises(FleetFileError, match=said):
        load_fleet(written(tmp_path, CABINET | change))


def test_a_cabinet_that_stands_in_it_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FleetFileError, match="the cabinet cab-1 stands in it twice"):
        load_fleet(written(tmp_path, CABINET, CABINET | {"banks": []}))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FleetFileError, match=r"fleet\.json: no such file"):
        load_fleet(tmp_path / "fleet.json")
    with pytest.raises(FleetFileError, match="is a directory"):
        load_fleet(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{", "no JSON at line 1, column 3: "),
        ("{}", "expected a list of cabinets"),
        ("[]", "the list of cabinets is empty: there is nothing to run"),
    ],
)
def test_a_file_that_is_no_list_of_cabinets_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "fleet.json").write_text(text)
    with pytest.raises(FleetFileError, match=rf"fleet\.json: {said}"):
        load_fleet(tmp_path / "fleet.json")
