"""Records that are no records."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from chargeloop_checker.shapes import COLUMNS, KINDS, Shapes

MOVE = ("move", 5, "demo", "bnk-1", "tray/cab-1", "user/usr-1", "hand")
JOB = ("job", 5, "demo", "job-1", "ord-1", "back", "offering", None, ["bnk-1"], ())


class By(StrEnum):
    HAND = "hand"


@pytest.mark.parametrize("record", [MOVE, JOB, ("end", 5), (*MOVE[:-1], By.HAND)])
def test_a_record_with_its_columns_is_right_each_time(record: tuple[Any, ...]) -> None:
    shapes = Shapes()
    assert shapes.fault_of(record) is None
    assert shapes.fault_of(record) is None


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ((), "None is no kind of record"),
        ((["move"], 5), "['move'] is no kind of record"),
        (("moved", 5, "demo"), "'moved' is no kind of record"),
        (MOVE[:-1], "move has 6 columns and not 7"),
        ((*MOVE, 1), "move has 8 columns and not 7"),
        ((*MOVE[:3], None, *MOVE[4:]), "move has None as its bank"),
        (("move", "5", *MOVE[2:]), "move has '5' as its at_ms"),
        (("move", True, *MOVE[2:]), "move has True as its at_ms"),
        ((*JOB[:-1], "bnk-1"), "job has 'bnk-1' as its back"),
        ((*JOB[:-1], [1]), "job has [1] as its back"),
        (("presence", 5, "demo", "rnt-1", "cab-1", 3, 1), "presence has 1 as its online"),
    ],
)
def test_a_malformed_record_is_told_of(record: tuple[Any, ...], fault: str) -> None:
    shapes = Shapes()
    assert shapes.fault_of(MOVE) is None
    assert shapes.fault_of(JOB) is None
    assert shapes.fault_of(record) == fault


def test_the_columns_are_those_of_the_document() -> None:
    document = Path(__file__).parents[2] / "docs" / "simulation.md"
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", document.read_text(encoding="utf-8"), re.MULTILINE)
    told = {kind: [] if columns == "-" else columns.split(", ") for kind, columns in rows}
    assert told == {kind: [column.name for column in COLUMNS[kind]][2:] for kind in KINDS}


def test_every_record_begins_with_its_kind_and_time() -> None:
    assert all([column.name for column in COLUMNS[kind]][:2] == ["kind", "at_ms"] for kind in KINDS)
