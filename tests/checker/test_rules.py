"""The list of rules: every one of them says what it means and is seen to fail."""

import re
from pathlib import Path

import pytest
from chargeloop_checker import RULES

TESTS = [path for path in sorted(Path(__file__).parent.glob("test_*.py")) if path != Path(__file__)]
# The names that stand in sets, as what a stream breaks is compared with.
BROKEN = {name for path in TESTS for name in re.findall(r'[{ ]"([a-z_.]+)"[,}]', path.read_text())}


@pytest.mark.parametrize("rule", RULES)
def test_a_test_breaks_the_rule(rule: str) -> None:
    assert rule in BROKEN


@pytest.mark.parametrize("sentence", RULES.values())
def test_a_rule_is_one_sentence(sentence: str) -> None:
    assert sentence[0].isupper()
    assert sentence.count(".") == 1
    assert sentence.endswith(".")
