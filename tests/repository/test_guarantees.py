"""docs/guarantees.md names proofs that exist."""

import re
from pathlib import PurePosixPath

from chargeloop_checker.rules import RULES

from tests.repository.repository import ROOT

TEXT = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"`([^`\n]+)`", TEXT)


def proofs(text: str) -> list[str]:
    """Return the files that a cell names; a bare `test_more.py` is in the folder of the one before it."""
    found: list[str] = []
    for name in re.findall(r"`([\w/]+\.py)`", text):
        beside = PurePosixPath(found[-1]).parent if found else PurePosixPath()
        found.append(name if "/" in name else str(beside / name))
    return found


def rows() -> list[list[str]]:
    """Return the cells of the table's rows, but for its head."""
    table = [line for line in TEXT.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in table[1:]]


def test_every_test_file_that_the_guarantees_name_exists() -> None:
    named = [name for row in rows() for name in proofs(row[-1])]
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_rule_that_the_guarantees_name_is_one_of_the_checkers() -> None:
    subjects = {rule.partition(".")[0] for rule in RULES}
    named = [name for name in QUOTED if re.fullmatch(r"[a-z]+\.([a-z]+|\*)", name)]
    assert len(named) > 30
    unknown = [name for name in named if name not in RULES and not is_all_of(name, subjects)]
    assert unknown == []


def is_all_of(name: str, subjects: set[str]) -> bool:
    """Tell whether a name with a star is that of a whole subject."""
    subject, _, star = name.partition(".")
    return star == "*" and subject in subjects


def test_every_promise_says_how_under_which_faults_and_by_what_it_is_proven() -> None:
    for row in rows():
        assert len(row) == 4, row[0]
        promise, _, under, proven = row
        assert under.startswith(("`worst`", "processes", "disks", "as named: ")), promise
        if "rule" not in proven:
            assert proofs(proven), promise
            assert "`worst`" not in under or "simulation" in proven, promise
