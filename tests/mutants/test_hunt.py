"""A mutant is killed by what the checker finds, and by nothing else: one that cannot run is broken."""

import json
import sys

import pytest

from tests.mutants import __main__ as hunting
from tests.mutants.__main__ import Fate, hunt
from tests.mutants.mutant import PLATFORM, PROTOCOL, Mutant

FEES = f"{PLATFORM}/fees.py"
BEFORE = "def span_amount("
TYPO = Mutant(
    "a-typo", "imports what is not there", FEES, BEFORE, f"import no_such_module\n\n\n{BEFORE}", "none"
)


def raising(name: str, does: str) -> Mutant:
    """Return a mutant that does something when the first code is drawn, in the middle of a run."""
    draws = '        return f"{self.randbelow('
    return Mutant(name, does, f"{PROTOCOL}/effects.py", draws, f"        {does}\n{draws}", "none")


@pytest.mark.parametrize(
    ("mutant", "told"),
    [
        (TYPO, "No module named 'no_such_module'"),
        (Mutant("not-python", "is no Python", FEES, BEFORE, f"retrun\n{BEFORE}", "none"), "retrun"),
        (Mutant("not-there", "changes nothing", FEES, "no such text", "", "none"), "exactly once"),
        (raising("late-import", "from chargeloop.protocol.values import no_such"), "no_such"),
        (raising("no-such-name", "no_such()"), "name 'no_such' is not defined"),
    ],
    ids=lambda value: value.name if isinstance(value, Mutant) else "",
)
def test_a_mutant_that_cannot_run_is_broken_and_not_killed(mutant: Mutant, told: str) -> None:
    verdict = hunt(mutant, 1)
    assert (verdict.fate, verdict.seed, verdict.rules) == (Fate.BROKEN, None, ())
    assert told in verdict.text


def test_a_mutant_that_raises_in_a_run_is_killed_by_that() -> None:
    verdict = hunt(raising("raises", 'raise ValueError("planted")'), 1)
    assert (verdict.fate, verdict.seed, verdict.rules) == (Fate.KILLED, 1, ("raised",))
    assert "planted" in verdict.text


def test_a_mutant_that_does_no_harm_survives() -> None:
    verdict = hunt(raising("harmless", "pass"), 1)
    assert (verdict.fate, verdict.seed, verdict.rules) == (Fate.SURVIVED, None, ())


def test_a_broken_mutant_fails_the_command_and_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hunting, "CATALOGUE", (TYPO,))
    monkeypatch.setattr(sys, "argv", ["./run mutants", "--seeds", "1"])
    assert hunting.main() == 1
    shown = capsys.readouterr().out
    assert "a-typo cannot run: ModuleNotFoundError: No module named 'no_such_module'" in shown
    assert shown.endswith("0 killed, 0 survived, 1 broken\n")
    monkeypatch.setattr(sys, "argv", ["./run mutants", "--seeds", "1", "--json"])
    assert hunting.main() == 1
    (document,) = json.loads(capsys.readouterr().out)
    assert (document["fate"], document["killed"], document["seed"]) == ("broken", False, None)
