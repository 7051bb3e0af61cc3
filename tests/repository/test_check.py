"""`./run check` runs what it is asked for, and nothing when it is only asked what there is."""

import subprocess
import sys

import pytest

from tests.repository.repository import ROOT


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(ROOT / "tools" / "check.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_help_names_the_checks_and_runs_none() -> None:
    done = check("--help")
    assert done.returncode == 0
    assert "format, lint, types, imports, pages-types, pages-lint, pages-test, tests" in done.stdout
    assert "check: " not in done.stdout


@pytest.mark.parametrize("arguments", [("lnit",), ("lint", "--all")])
def test_an_unknown_name_runs_nothing_and_is_one_line_with_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = check(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"check: there is no {arguments[-1]!r}: expected some of format, lint")
    assert done.stderr.count("\n") == 1


def test_a_named_check_runs_alone() -> None:
    done = check("format")
    told = [line for line in done.stdout.splitlines() if line.startswith("check: ")]
    assert told[0] == "check: format"
    assert len(told) == 3  # its name, how it went, and the verdict
