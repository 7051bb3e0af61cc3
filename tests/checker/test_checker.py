"""The whole checker: complete runs, their beginning and their end."""

import json
from pathlib import Path

import pytest
from chargeloop_checker import Checker, Violation, check
from chargeloop_checker.__main__ import main
from checker_stream import NOON_MS, REGION, Stream, courier_rental, walk_up_rental


@pytest.mark.parametrize("rental", [courier_rental, walk_up_rental])
def test_a_whole_rental_breaks_no_rule(rental: "type[Stream]") -> None:
    assert rental().broken() == set()


def test_regions_have_nothing_in_common() -> None:
    stream = courier_rental()
    other = [(kind, at_ms, "elsewhere", *columns) for kind, at_ms, _, *columns in stream.records]
    both = [record for pair in zip(stream.records, other, strict=True) for record in pair]
    assert check([*both, ("end", stream.now_ms)]) == ()


def test_a_malformed_record_is_a_violation_and_goes_no_further() -> None:
    stream = courier_rental().tell("moved", "bnk-1").tell("motor", "cab-1").tell("move", 1, 2, 3, 4)
    assert stream.broken() == {"record"}


def test_a_stream_that_stops_before_its_end_is_a_violation() -> None:
    started = ("request", NOON_MS, REGION, "usr-1", "req-1", "place_order")
    assert check([started]) == (Violation("record", NOON_MS, "the stream stops before `end`"),)


def test_nothing_comes_after_the_end() -> None:
    after = (("end", NOON_MS), ("healed", NOON_MS), ("end", NOON_MS))
    assert [violation.text for violation in check(after)] == [
        "healed comes after the end",
        "end comes after the end",
    ]


def test_faults_before_the_healing_are_no_violation() -> None:
    assert Stream().tell("fault", "partition", "cab-1").broken() == set()


def test_a_fault_after_the_healing_is_a_violation() -> None:
    stream = Stream()
    stream.records.append(("healed", NOON_MS))
    assert stream.tell("fault", "partition", "cab-1").broken() == {"record.healed"}


def test_a_rule_can_be_left_out() -> None:
    stream = courier_rental().drop("event", 0)
    assert check([*stream.records, ("end", stream.now_ms)], without=stream.broken()) == ()


def test_finishing_again_finds_the_same() -> None:
    checker = Checker()
    checker.feed(("request", NOON_MS, REGION, "usr-1", "req-1", "place_order"))
    checker.feed(("end", NOON_MS))
    assert [violation.rule for violation in checker.finish()] == ["requests.answered"]
    assert checker.finish() == checker.finish()
    assert checker.counts == {"requests.answered": 1}


def test_a_file_of_records_can_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = courier_rental()
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    lines = [json.dumps(record) for record in (*stream.records, ("end", stream.now_ms))]
    right.write_text("\n".join(lines))
    wrong.write_text("\n".join(lines[:-1]))
    assert main([str(right)]) == 0
    assert main([str(wrong)]) == 1
    assert main([]) == 2
    assert "record: the stream stops before `end`" in capsys.readouterr().out


def test_lines_that_are_no_records_are_violations_and_can_be_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "records"
    lines = ["", "5", "{}", "[[]]", '["bank"', "[" * 100_000, '["\\ud800"]', json.dumps(["end", NOON_MS])]
    path.write_bytes("\n".join(lines).encode() + b"\n\xff")
    assert main([str(path)]) == 1
    assert f"record was broken {len(lines)} times" in capsys.readouterr().out
