"""Which mutants are hunted is told by their names."""

import subprocess
import sys
from pathlib import Path

from tests.mutants.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]


def test_a_name_of_no_mutant_is_told_in_one_line_with_the_one_that_was_meant() -> None:
    name = CATALOGUE[0].name
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", f"{name}x"],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"./run mutants: no such mutant: '{name}x'; did you mean '{name}'?\n"
