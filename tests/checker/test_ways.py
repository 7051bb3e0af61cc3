"""When couriers did what they are paid for."""

from typing import Any

import pytest
from checker_stream import DISPATCH, Stream

ORDER = "ord-7a"
OUT, BACK = "job-7a-2", "job-7a-4"
PROVEN: dict[str, Any] = {"job": BACK, "banks": ["bnk-1"], "evidence": "cabinet"}


def told(stream: Stream, late_minutes: float = 0.0, courier: str = "cou-1") -> Stream:
    """Lets a courier's phone write something down, which the courier platform takes so much later."""
    journal = f"jnl-{courier}"
    seq = sum(record[0] == "entry" and record[4] == journal for record in stream.records) + 1
    stream.tell("entry", courier, journal, seq, "told").wait(late_minutes)
    stream.tell("took", DISPATCH, f"courier/{courier}", journal, seq, None)
    return stream.tell("mark", DISPATCH, f"courier/{courier}", journal, seq)


def accepted(late_minutes: float = 0.0, courier: str = "cou-1") -> tuple[Stream, int]:
    """Returns a stream in which a courier accepts an offer, and when that was."""
    stream = Stream().tariff().order(ORDER).event(ORDER, "placed", "nothing > reserving")
    stream.tell("job", OUT, ORDER, "outward", "offering", None, (), ())
    stream.tell("offer", "off-1", OUT, courier, "open").wait(1)
    true_ms = stream.now_ms
    told(stream, late_minutes, courier).tell("offer", "off-1", OUT, courier, "accepted")
    return stream.tell("job", OUT, ORDER, "outward", "to_cabinet", courier, (), ()), true_ms


def is_true(stream: Stream, kind: str, at_ms: int, quality: str = "synced", **detail: Any) -> bool:
    stream.event(ORDER, kind, "reserving", at_ms=at_ms, quality=quality, **detail)
    return stream.broken().isdisjoint({"truth.courier"})


@pytest.mark.parametrize("kind", ["first_indication", "second_indication", "earlier_indication"])
def test_a_way_begins_when_its_courier_accepts(kind: str) -> None:
    for wrong_ms in (-5_001, 5_001):
        stream, true_ms = accepted(0.5)
        assert not is_true(stream, kind, true_ms + wrong_ms, job=OUT, courier="cou-1")
    for right_ms in (-5_000, 0, 5_000):
        stream, true_ms = accepted(0.5)
        assert is_true(stream, kind, true_ms + right_ms, job=OUT, courier="cou-1")


def test_a_way_does_not_begin_when_its_acceptance_is_heard() -> None:
    stream, _ = accepted(90)
    assert not is_true(stream, "first_indication", stream.now_ms, job=OUT, courier="cou-1")


def test_a_time_that_is_told_to_be_in_doubt_may_be_another_one() -> None:
    stream, _ = accepted(90)
    assert is_true(stream, "first_indication", stream.now_ms, "inferred", job=OUT, courier="cou-1")


def test_the_way_of_another_courier_or_job_is_another_way() -> None:
    stream, _ = accepted(90)
    assert is_true(stream, "first_indication", stream.now_ms, job=OUT, courier="cou-2")
    assert is_true(stream, "first_indication", stream.now_ms, job=BACK, courier="cou-1")


def test_the_way_of_who_had_left_begins_anew_with_what_proves_that_they_have_the_banks() -> None:
    """Nobody offered it once more: their phone told of a collection, and the job is theirs again."""
    for wrong_ms, right in ((0, True), (60_000, False)):
        stream = Stream().tariff().order(ORDER).event(ORDER, "placed", "nothing > reserving")
        stream.tell("job", BACK, ORDER, "back", "to_user", "cou-2", (), ()).wait(1)
        true_ms = stream.wait(10).now_ms
        told(stream, 30).tell("job", BACK, ORDER, "back", "to_user", "cou-1", (), ())
        assert is_true(stream, "second_indication", true_ms + wrong_ms, job=BACK, courier="cou-1") is right


def test_an_acceptance_that_no_phone_has_told_of_is_not_compared() -> None:
    stream, _ = accepted(90)
    stream.wait(1).tell("offer", "off-2", BACK, "cou-1", "open").wait(1)
    stream.tell("offer", "off-2", BACK, "cou-1", "accepted")
    assert is_true(stream, "first_indication", stream.now_ms - 60_000, job=BACK, courier="cou-1")


@pytest.mark.parametrize(
    ("kind", "state", "detail"),
    [("rental_success", "delivered", {}), ("return_success", "returned", {"evidence": "phone"})],
)
def test_a_way_ends_when_its_courier_has_done_it(kind: str, state: str, detail: dict[str, str]) -> None:
    for wrong_ms, right in ((0, True), (60_000, False)):
        stream, _ = accepted()
        true_ms = stream.wait(10).now_ms
        told(stream, 2).tell("job", OUT, ORDER, "outward", state, "cou-1", ("bnk-1",), ())
        # Saved once more, for whatever reason: it was done before.
        told(stream.wait(5)).tell("job", OUT, ORDER, "outward", state, "cou-1", ("bnk-1",), ())
        assert is_true(stream, kind, true_ms + wrong_ms, job=OUT, banks=["bnk-1"], **detail) is right


def brought_back(by: str = "hand", leg: str = "back") -> Stream:
    """Returns a stream in which a courier puts bnk-1 into a slot, and tells of it ten minutes later."""
    stream, _ = accepted()
    stream.tell("bank", "bnk-1", "courier/cou-1").wait(10)
    stream.move("bnk-1", "courier/cou-1", "slot/cab-1/1", by)
    told(stream.wait(10)).tell("job", BACK, ORDER, leg, "returned", "cou-1", ("bnk-1",), ("bnk-1",))
    return stream


def test_what_a_cabinet_proves_was_when_a_bank_was_pushed_in() -> None:
    stream = brought_back()
    assert is_true(stream, "return_success", stream.now_ms - 600_000, **PROVEN)
    assert not is_true(brought_back(), "return_success", stream.now_ms, **PROVEN)


def test_who_hears_later_that_a_cabinet_proves_a_return_says_so_later() -> None:
    stream = brought_back()
    true_ms = stream.now_ms - 600_000
    stream.event(ORDER, "return_success", "reserving", at_ms=true_ms, **PROVEN)
    assert is_true(stream, "return_success", stream.now_ms, **PROVEN)


def test_banks_that_could_not_be_handed_over_are_brought_back_for_nothing() -> None:
    stream = brought_back(leg="outward")
    assert is_true(stream, "return_success", stream.now_ms, **PROVEN)


def test_force_on_a_bank_hides_when_it_was_pushed_in() -> None:
    stream = brought_back("vandal")
    assert is_true(stream, "return_success", stream.now_ms, **PROVEN)


@pytest.mark.parametrize(
    "detail", [{"job": 1}, {"job": OUT, "courier": []}, {"evidence": "cabinet", "banks": 1}], ids=str
)
def test_a_detail_of_another_form_is_reported(detail: dict[str, Any]) -> None:
    stream, _ = accepted()
    stream.event(ORDER, "first_indication", "reserving", **detail)
    assert "record" in stream.broken()
