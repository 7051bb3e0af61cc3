from pathlib import Path

import pytest

from tests.mutants.catalogue import CATALOGUE
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", CATALOGUE, ids=lambda mutant: mutant.name)
def test_what_a_mutant_changes_stands_exactly_once_in_its_file(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.new != mutant.old


def test_there_are_at_least_thirty_and_no_two_of_one_name() -> None:
    names = [mutant.name for mutant in CATALOGUE]
    assert len(names) >= 30
    assert len(set(names)) == len(names)
