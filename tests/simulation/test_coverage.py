"""The worst faults in so many runs that each kind of fault meets orders in each state; one long test."""

import pytest
from chargeloop_checker import Checker

from chargeloop.simulation.runner import Summary, jobs, play_job


@pytest.mark.timeout(600)
def test_every_fault_meets_orders_in_every_open_state() -> None:
    total = Summary()
    for job in jobs(100, 2_010, 1, "worst"):
        total.add(play_job(job, Checker))
    assert total.violations == []
    met = {fault for fault, _ in total.coverage}
    states = {state for _, state in total.coverage}
    # Those that befall a person or a message at its sending are counted without the order they concern.
    assert set(total.faults) - {"double_scan", "version_skew"} == met
    assert len(states) == 11
    # A partition cuts dozens of links in one instant: a thousand of them are few occasions.
    occasions = {fault: count // (40 if fault == "partition" else 1) for fault, count in total.faults.items()}
    common = [fault for fault in met if occasions[fault] > 1_000]
    assert [(fault, state) for fault in common for state in states if not total.coverage[fault, state]] == []
