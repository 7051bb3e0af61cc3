"""What `sim` says of a run that fails: its last steps, and a command that plays that run and no other."""

import re
import shlex
from pathlib import Path

import pytest
from chargeloop_checker import Checker

from chargeloop.broker.endpoint.writer import SingleWriter
from chargeloop.cli import sim_replay
from chargeloop.cli.main import run
from chargeloop.cli.sim_replay import line_of, names_in, steps_before
from chargeloop.cli.sim_report import again
from chargeloop.platform.core import fees
from chargeloop.simulation.city import BEGIN_MS
from chargeloop.simulation.runner import Job, Violation, jobs, play_job

SMALL = ("sim", "--seed", "7", "--orders", "4", "--regions", "2", "--faults", "none")
RUNS = (
    *jobs(7, 70, 1, "none"),
    *jobs(7, 100, 2, "worst,loss=0.1"),
    *jobs(7, 2, 5, "none"),
)


@pytest.fixture
def one_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform charges one unit of money too much, which shows when the run is over."""
    sound = fees.span_amount
    monkeypatch.setattr(fees, "span_amount", lambda tariff, span: sound(tariff, span) + 1)


@pytest.mark.parametrize("job", RUNS, ids=lambda job: f"{job.seed}-{job.orders}-{job.regions}")
def test_the_command_told_with_a_failure_plays_just_that_run(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[Job] = []

    def show_run(job: Job, records: Path | None) -> int:
        del records
        played.append(job)
        return 0

    monkeypatch.setattr(sim_replay, "show_run", show_run)
    assert run(shlex.split(again(job))[1:]) == 0
    assert played == [job]


def test_a_run_of_the_common_size_is_named_by_its_seed_alone() -> None:
    assert again(Job(7, 30, 1, "worst")).endswith(" sim --seed 7 --faults worst --replay")


@pytest.mark.usefixtures("one_too_much")
def test_the_run_that_is_played_again_has_the_violations_that_were_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([*SMALL, "--processes", "1"]) == 1
    told = capsys.readouterr().err
    failure = re.search(r"^seed 7: (fees\.amount: .+)$", told, re.MULTILINE)
    command = re.search(r"^  again: (.+)$", told, re.MULTILINE)
    assert failure is not None
    assert command is not None
    assert run(shlex.split(command[1])[1:]) == 1
    shown = capsys.readouterr().out
    assert f"VIOLATION {failure[1]}\n" in shown
    messages = [line for line in shown.splitlines() if " -> " in line and not line.startswith("  ")]
    assert max(map(len, messages)) > 160
    assert [line for line in messages if not line.endswith("}")] == []


@pytest.mark.usefixtures("one_too_much")
def test_a_rule_judged_at_the_end_shows_the_last_events_of_what_it_is_about() -> None:
    summary = play_job(Job(7, 4, 2, "none"), Checker)
    found = next(found for found in summary.violations if found.rule == "fees.amount")
    order = found.text.partition("/")[0]
    lines = list(steps_before(found))
    about = next(at for at, line in enumerate(lines) if line.startswith("the last events that name"))
    assert order in lines[about]
    assert " end " in lines[about - 1]
    assert len(lines) > about + 5
    assert any(f" line r1 {order}" in line or f" line r2 {order}" in line for line in lines[about:])
    assert all(any(name in line for name in names_in(found.text)) for line in lines[about + 1 :])


def test_what_is_raised_is_shown_with_the_last_events_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tick = SingleWriter.tick

    def fails(writer: SingleWriter[object], now_ms: int) -> None:
        if now_ms > BEGIN_MS + 3_600_000:
            raise RuntimeError("planted")
        tick(writer, now_ms)

    monkeypatch.setattr(SingleWriter, "tick", fails)
    (raised,) = play_job(Job(3, 4, 1, "none"), Checker).violations
    head, *last = steps_before(raised)
    assert re.fullmatch(r"at step \d+; the last events before:", head)
    assert len(last) >= 12
    assert all(re.match(r"  0[01]:\d\d:", line) for line in last)


def test_a_run_that_raises_is_shown_up_to_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(SingleWriter, "tick", fails)
    assert run([*SMALL, "--replay"]) == 1
    shown = capsys.readouterr()
    assert "VIOLATION raised: RuntimeError('planted') at " in shown.out
    assert "Traceback" in shown.err


def test_what_does_not_show_again_is_said_not_to() -> None:
    lines = list(steps_before(Violation(Job(3, 1, 1, "none"), "fees.amount", 0, "it was seen once")))
    assert lines == ["it does not show again: what happens in this run does not follow from its seed alone"]


def test_a_record_that_is_too_long_for_a_line_ends_in_an_ellipsis() -> None:
    line = line_of(("rebuilt", BEGIN_MS, "r1", "rnt-r1", "x" * 500, "y"))
    assert len(line) == 160
    assert line.endswith("x…")
    assert line_of(("end", BEGIN_MS + 61_001)) == "00:01:01.001 end "


def test_an_entry_of_a_journal_is_about_its_order_and_services_only_where_nothing_else_is_named() -> None:
    assert names_in("ord-1f-e3 is told to rnt-r1 by bnk-r1-1-2") == ("ord-1f-e3", "bnk-r1-1-2", "ord-1f")
    assert names_in("3 messages still wait at rnt-r1") == ("rnt-r1",)
