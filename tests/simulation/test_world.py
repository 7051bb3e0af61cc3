"""Whole runs: deterministic, the same whatever the codec, and without a violation under the worst faults."""

import json
import os
import subprocess
import sys

import pytest
from chargeloop_checker import Checker

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.endpoint.inbox import Inbox
from chargeloop.broker.endpoint.writer import SingleWriter
from chargeloop.platform.core import fees
from chargeloop.protocol.codec import JSON
from chargeloop.protocol.effects import Context
from chargeloop.simulation.faults import PROFILES, faults_of
from chargeloop.simulation.records import discard
from chargeloop.simulation.runner import Job, jobs, play_job
from chargeloop.simulation.world import Watch, play

# With those of `test_coverage.py` 10,000 orders, in parts that share the processors with the other tests.
PARTS = 40
ORDERS_PER_PART = 200


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_seed_gives_the_same_messages_at_the_same_instants(profile: str) -> None:
    first, second = (play(7, 12, 1, faults_of(profile), discard) for _ in range(2))
    assert first == second
    assert play(8, 12, 1, faults_of(profile), discard).trace != first.trace


class Overheard(Watch):
    """What was published, but for what the messages say."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, str, str, str]] = []

    def published(self, at_ms: int, client: str, outgoing: Outgoing) -> None:
        self.messages.append((at_ms, client, outgoing.topic, outgoing.message_id))


def test_runs_that_differ_only_in_what_messages_say_have_different_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = Overheard(), Overheard()
    first = play(7, 6, 1, faults_of("none"), discard, watch=one)
    drawn = Context.draw_code
    monkeypatch.setattr(Context, "draw_code", lambda context, digits: drawn(context, digits)[::-1])
    second = play(7, 6, 1, faults_of("none"), discard, watch=other)
    assert one.messages == other.messages
    assert first.trace != second.trace


def test_a_run_does_not_depend_on_how_a_process_hashes() -> None:
    script = (
        "from chargeloop.simulation.world import play\n"
        "from chargeloop.simulation.faults import faults_of\n"
        "print(play(3, 12, 1, faults_of('worst'), lambda record: None).trace)"
    )
    traces = {
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True, timeout=110,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(traces) == 1


def test_carried_messages_come_to_the_same_as_written_ones() -> None:
    faults = faults_of("worst")
    assert play(5, 12, 1, faults, discard).trace == play(5, 12, 1, faults, discard, codec=JSON).trace


def test_regions_share_the_broker_and_nothing_else() -> None:
    summary = play_job(Job(11, 24, 3, "worst"), Checker)
    assert summary.violations == []
    assert summary.runs == 1


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_or_done_twice_under_the_worst_faults(part: int) -> None:
    for job in jobs(1 + 1_000 * part, ORDERS_PER_PART, 1, "worst"):
        summary = play_job(job, Checker)
        assert summary.violations == [], f"chargeloop sim --seed {job.seed} --orders {job.orders} --replay"


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "worst"])
def test_each_kind_of_trouble_alone_does_no_harm_either(profile: str) -> None:
    for job in jobs(50, 90, 1, profile):
        assert play_job(job, Checker).violations == [], f"seed {job.seed}"


def test_a_violation_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform charges one unit of money too much: the checker of the run must say so."""
    sound = fees.span_amount
    monkeypatch.setattr(fees, "span_amount", lambda tariff, span: sound(tariff, span) + 1)
    summary = play_job(Job(2, 6, 1, "none"), Checker)
    assert {violation.seed for violation in summary.violations} == {2}
    assert "fees.amount" in {violation.rule for violation in summary.violations}


def test_a_run_that_is_not_played_to_the_end_stops_at_its_first_violation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The platforms acknowledge an entry too many, so devices wait for ever: days that nobody need play."""
    mark = Inbox.mark
    monkeypatch.setattr(Inbox, "mark", lambda self, source, journal: mark(self, source, journal) + 1)
    summary = play_job(Job(2, 6, 1, "none"), Checker, to_the_end=False)
    assert [violation.rule for violation in summary.violations] == ["journals.acked"]
    assert summary.orders.total() == 0


def test_a_sound_run_that_may_stop_early_is_played_to_the_end() -> None:
    assert play_job(Job(2, 6, 1, "none"), Checker, to_the_end=False) == play_job(
        Job(2, 6, 1, "none"), Checker
    )


def test_what_the_product_raises_is_a_violation_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(SingleWriter, "tick", fails)
    summary = play_job(Job(3, 6, 1, "none"), Checker)
    assert [violation.rule for violation in summary.violations] == ["raised"]
    assert "planted" in summary.violations[0].text


def test_records_are_flat_and_can_be_written_as_json() -> None:
    lines: list[str] = []
    play(3, 6, 1, faults_of("worst"), lambda record: lines.append(json.dumps(record)))
    assert json.loads(lines[-1])[0] == "end"
