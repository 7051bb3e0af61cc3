"""The plan of faults follows from the seed alone and leaves no kind out."""

from collections import Counter

import pytest

from chargeloop.cli.chaos.faults import BROKER, KILLED, PARTS, Kind, plan_faults


@pytest.mark.parametrize("duration_s", [6, 60, 600])
def test_each_kind_comes_up_and_about_equally_often_whatever_the_duration(duration_s: float) -> None:
    faults = plan_faults(seed=1, duration_s=duration_s, per_minute=12)
    counted = Counter(fault.kind for fault in faults if fault.lasts_s < 20)
    assert set(counted) == set(Kind)
    assert max(counted.values()) - min(counted.values()) <= 1
    assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)
    assert all(0 <= fault.at_s <= duration_s for fault in faults)


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    first, again, other = (plan_faults(seed=seed, duration_s=60, per_minute=12) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_processes_are_killed_and_networks_of_all_parts_are_broken() -> None:
    faults = plan_faults(seed=1, duration_s=3600, per_minute=12)
    assert all(fault.target == KILLED[fault.kind] for fault in faults if fault.kind in KILLED)
    networks = {fault.target for fault in faults if fault.kind is Kind.HALF_OPEN}
    assert networks == set(PARTS)
    assert BROKER not in networks
    assert {fault.alone for fault in faults if fault.kind is Kind.LATENCY} == {True, False}


def test_only_long_runs_have_connections_half_open_for_longer_than_a_keepalive() -> None:
    longest = {
        duration_s: max(fault.lasts_s for fault in plan_faults(seed=1, duration_s=duration_s, per_minute=12))
        for duration_s in (60, 300)
    }
    assert longest[60] < 10
    assert longest[300] > 60
