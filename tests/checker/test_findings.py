"""Violations are gathered, and not without end."""

import pytest
from chargeloop_checker.findings import KEPT_PER_RULE, Findings, Violation


def test_a_violation_is_kept_with_its_rule_and_time() -> None:
    findings = Findings()
    findings.report("ledger.room", 5, "two banks")
    assert findings.kept() == (Violation("ledger.room", 5, "two banks"),)


def test_only_the_first_violations_of_a_rule_are_kept_and_all_are_counted() -> None:
    findings = Findings()
    for number in range(KEPT_PER_RULE + 5):
        findings.report("ledger.room", number, "two banks")
    findings.report("ledger.place", 99, "nowhere")
    assert len(findings.kept()) == KEPT_PER_RULE + 1
    assert findings.counts == {"ledger.room": KEPT_PER_RULE + 5, "ledger.place": 1}


def test_a_rule_that_is_not_wanted_reports_nothing() -> None:
    findings = Findings(without=["ledger.room"])
    findings.report("ledger.room", 5, "two banks")
    assert not findings.kept()
    assert not findings.counts


def test_an_unknown_rule_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match=r"no such rule: ledger\.rooms"):
        Findings(without=["ledger.rooms"])


def test_a_rule_that_is_not_listed_cannot_be_reported() -> None:
    with pytest.raises(KeyError):
        Findings().report("ledger.rooms", 5, "two banks")
