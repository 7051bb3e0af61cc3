"""What an order's journal says is charged, whatever comes late or twice."""

import json
from typing import Any, Self

import pytest
from chargeloop_checker.banks import Where
from chargeloop_checker.following import Follower
from chargeloop_checker.marks import Mark, worst

OUT, BACK, BANK = "job-1", "job-2", "bnk-1"
SLOT: dict[str, Any] = {"cabinet": "cab-1", "slot": 1}


class Journal:
    """A journal whose entries follow each other; their times are given in minutes."""

    def __init__(self, *, walk_up: bool = False, quantity: int = 1) -> None:
        self.follower = Follower(is_walk_up=walk_up, asked_quantity=quantity)
        self._number = 0

    def says(
        self, kind: str, minute: int = 0, *, state: str = "in_use", quality: str = "synced", **detail: Any
    ) -> Self:
        self._number += 1
        self.follower.take(kind, json.dumps(detail), Mark(f"e{self._number}", minute, quality), state)
        return self

    def asks(self, job: str, kind: str) -> Self:
        leg = {"job": job, "kind": kind, "reservation": "rsv-1" if kind == "outward" else "rsv-2"}
        return self.says(f"{'rental' if kind == 'outward' else 'return'}_requested", leg=leg)

    def charged(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Returns the charged spans: from which minute to which."""
        spans = list(self.follower.spans())
        assert len({(span.fee, span.of) for span in spans}) == len(spans)
        return {(span.fee, span.of): (span.start.time_ms, span.end.time_ms) for span in spans}


def brought() -> Journal:
    """Returns a journal in which a courier brought a bank: called at 5, handed over at 20."""
    journal = Journal().asks(OUT, "outward").says("first_indication", 5, job=OUT)
    journal.says("bank_ejected", 12, bank=BANK, job=OUT, **SLOT).says("picked_up", 12, job=OUT, banks=[BANK])
    return journal.says("rental_success", 20, job=OUT, banks=[BANK])


def rental(journal: Journal) -> tuple[int, int] | None:
    """Returns the rental of the bank."""
    return journal.charged().get(("rental", BANK))


def test_an_order_in_use_is_charged_for_the_way_out_only() -> None:
    assert brought().charged() == {("courier_out", OUT): (5, 20)}


def test_a_rental_begins_no_earlier_than_its_bank_left_its_cabinet() -> None:
    handed_over: dict[str, Any] = {"job": OUT, "banks": [BANK]}
    left: dict[str, Any] = {"bank": BANK, "job": OUT, **SLOT}
    before = (
        Journal()
        .asks(OUT, "outward")
        .says("bank_ejected", 12, **left)
        .says("rental_success", 7, **handed_over)
    )
    after = (
        Journal()
        .asks(OUT, "outward")
        .says("rental_success", 7, **handed_over)
        .says("bank_ejected", 12, **left)
    )
    for journal, ejection in ((before, "e2"), (after, "e3")):
        (span,) = journal.says("bank_returned", 30, bank=BANK).follower.spans()
        assert span.start == Mark(ejection, 12, "inferred")
        assert journal.follower.corrections == {ejection}
    assert not brought().follower.corrections


def test_a_cabinet_that_does_not_know_the_time_corrects_no_hand_over() -> None:
    journal = Journal().asks(OUT, "outward").says("rental_success", 7, job=OUT, banks=[BANK])
    journal.says("bank_ejected", 12, quality="inferred", bank=BANK, job=OUT, **SLOT)
    assert rental(journal.says("bank_returned", 30, bank=BANK)) == (7, 30)


def test_a_rental_goes_over_to_the_bank_that_left_from_one_that_a_courier_only_named() -> None:
    finished: dict[str, Any] = {"reservation": "rsv-1", "ejected": 1, "missing": 0, "job": OUT}
    left: dict[str, Any] = {"bank": BANK, "job": OUT, **SLOT}
    named = (
        Journal(quantity=2).asks(OUT, "outward").says("rental_success", 20, job=OUT, banks=["bnk-8", "bnk-9"])
    )
    named.says("bank_ejected", 12, **left).says("pickup_finished", 12, **finished)
    assert rental(named.says("bank_returned", 60, bank=BANK)) == (20, 60)
    assert set(named.says("bank_returned", 70, bank="bnk-8").charged()) == {("rental", BANK)}
    sold = Journal().asks(OUT, "outward").says("rental_success", 20, job=OUT, banks=["bnk-9"])
    sold.says("bought_out", 500, banks=["bnk-9"]).says("bank_ejected", 12, **left)
    assert sold.says("pickup_finished", 12, **finished).charged() == {("rental", BANK): (20, 500)}
    told_in_part = Journal().asks(OUT, "outward").says("rental_success", 20, job=OUT, banks=["bnk-9"])
    told_in_part.says("bank_ejected", 12, **left).says("pickup_finished", 12, **{**finished, "ejected": 2})
    assert told_in_part.follower.banks["bnk-9"].begun is not None


def test_the_three_fees_of_a_whole_order() -> None:
    journal = brought().asks(BACK, "back").says("second_indication", 90, job=BACK)
    journal.says("banks_collected", 100, job=BACK, banks=[BANK]).says("bank_returned", 110, bank=BANK)
    journal.says("return_success", 110, job=BACK, banks=[BANK])
    assert journal.charged() == {
        ("courier_out", OUT): (5, 20), ("rental", BANK): (20, 90), ("courier_back", BACK): (90, 110)
    }  # fmt: skip


def test_a_courier_who_gave_up_is_not_paid_for() -> None:
    journal = (
        Journal().asks(OUT, "outward").says("first_indication", 5, job=OUT).says("courier_left", 9, job=OUT)
    )
    journal.says("rental_success", 30, job=OUT, banks=[BANK])
    assert journal.charged() == {}
    journal = (
        Journal().asks(OUT, "outward").says("first_indication", 5, job=OUT).says("courier_left", 9, job=OUT)
    )
    journal.says("first_indication", 15, job=OUT).says("rental_success", 30, job=OUT, banks=[BANK])
    assert journal.charged() == {("courier_out", OUT): (15, 30)}


def test_a_rental_ends_with_the_first_call_of_the_leg_that_fetched_the_bank() -> None:
    journal = brought().asks(BACK, "back").says("second_indication", 90, job=BACK)
    journal.says("courier_left", 95, job=BACK).says("second_indication", 99, job=BACK)
    assert rental(journal.says("banks_collected", 105, job=BACK, banks=[BANK])) == (20, 90)


def test_a_call_that_is_heard_of_late_ends_the_rental_earlier() -> None:
    journal = brought().asks(BACK, "back").says("banks_collected", 100, job=BACK, banks=[BANK])
    assert rental(journal) == (20, 100)
    assert rental(journal.says("second_indication", 90, job=BACK)) == (20, 90)


def test_a_call_of_an_earlier_leg_counts_for_what_its_courier_brings() -> None:
    journal = brought().asks(BACK, "back").asks(f"{BACK}-again", "back")
    journal.says("earlier_indication", 60, job=BACK).says("banks_collected", 105, job=BACK, banks=[BANK])
    assert rental(journal) == (20, 60)


def test_of_several_couriers_the_last_one_before_the_end_of_the_way_is_charged_for() -> None:
    journal = brought().asks(BACK, "back").says("second_indication", 90, job=BACK)
    journal.says("banks_collected", 100, job=BACK, banks=[BANK])
    journal.says("return_success", 110, job=BACK, banks=[BANK])
    for heard_at, charged_from in ((95, 95), (92, 95), (110, 95), (300, 95)):
        journal.says("earlier_indication", heard_at, job=BACK)
        assert journal.charged()["courier_back", BACK] == (charged_from, 110)
    assert rental(journal) == (20, 90)


def test_a_call_for_the_way_out_ends_no_rental() -> None:
    journal = brought().says("bank_returned", 60, bank=BANK).says("earlier_indication", 4, job=OUT)
    assert journal.charged() == {("courier_out", OUT): (5, 20), ("rental", BANK): (20, 60)}


def test_a_user_who_walks_to_a_cabinet_ends_the_rental_there() -> None:
    assert rental(brought().says("bank_returned", 60, bank=BANK)) == (20, 60)


def test_a_return_that_is_heard_of_late_counts_from_when_it_happened() -> None:
    journal = brought().says("bought_out", 500, banks=[BANK])
    assert rental(journal) == (20, 500)
    assert rental(journal.says("bank_returned", 60, bank=BANK, state="settled")) == (20, 60)
    assert rental(journal.says("bank_returned", 70, bank=BANK, state="settled")) == (20, 60)


def test_a_bank_that_is_only_found_moves_no_money() -> None:
    journal = brought().says("bought_out", 500, banks=[BANK])
    assert rental(journal.says("bank_found", 900, bank=BANK, state="settled")) == (20, 500)


def test_a_bank_that_was_back_before_its_hand_over_was_heard_of_is_charged_till_then() -> None:
    journal = Journal().asks(OUT, "outward").says("bank_ejected", 12, bank=BANK, job=OUT, **SLOT)
    journal.says("bank_returned", 50, bank=BANK).says("rental_success", 20, job=OUT, banks=[BANK])
    assert rental(journal) == (20, 50)
    assert journal.follower.banks[BANK].where is Where.CABINET


def test_a_courier_who_left_with_a_bank_ended_its_rental() -> None:
    journal = brought().asks(BACK, "back").says("second_indication", 90, job=BACK)
    assert rental(journal.says("job_ended", 120, job=BACK, astray=[BANK])) == (20, 90)
    assert rental(brought().asks(BACK, "back").says("job_ended", 120, job=BACK, astray=[BANK])) == (20, 120)


def test_a_bank_that_only_a_courier_held_is_not_charged() -> None:
    journal = Journal().asks(OUT, "outward").says("first_indication", 5, job=OUT)
    journal.says("bank_ejected", 12, bank=BANK, job=OUT, **SLOT).says("bank_returned", 30, bank=BANK)
    assert journal.charged() == {}
    assert not journal.follower.reached_user


def test_what_a_courier_named_and_no_cabinet_gave_is_not_charged_nor_is_the_way() -> None:
    journal = Journal().asks(OUT, "outward").says("first_indication", 5, job=OUT)
    journal.says("rental_success", 20, job=OUT, banks=[BANK]).says("bought_out", 500, banks=[BANK])
    assert set(journal.charged()) == {("courier_out", OUT), ("rental", BANK)}
    finished: dict[str, Any] = {"ejected": 0, "missing": 1, "job": OUT}
    journal.says("pickup_finished", 12, reservation="rsv-other", **finished)
    assert set(journal.charged()) == {("courier_out", OUT), ("rental", BANK)}
    assert journal.says("pickup_finished", 12, reservation="rsv-1", **finished).charged() == {}
    assert not journal.follower.reached_user


def test_a_way_back_without_a_bank_of_the_order_is_not_charged() -> None:
    journal = brought().asks(BACK, "back").says("second_indication", 90, job=BACK)
    assert ("courier_back", BACK) not in journal.says("return_success", 110, job=BACK, banks=[]).charged()


def test_a_way_back_ends_with_the_earliest_word_of_it() -> None:
    journal = brought().asks(BACK, "back").says("second_indication", 90, job=BACK)
    journal.says("banks_collected", 100, job=BACK, banks=[BANK]).says(
        "return_success", 110, job=BACK, banks=[BANK]
    )
    journal.says("return_success", 108, job=BACK, banks=[BANK]).says(
        "return_success", 120, job=BACK, banks=[BANK]
    )
    assert journal.charged()["courier_back", BACK] == (90, 108)


def test_somebody_who_walks_up_rents_from_the_ejection_on() -> None:
    journal = Journal(walk_up=True).says("bank_ejected", 3, bank=BANK, job=None, **SLOT)
    assert rental(journal.says("bank_returned", 63, bank=BANK)) == (3, 63)
    assert journal.follower.reached_user


def test_a_bank_that_leaves_for_a_walk_up_beyond_what_it_asked_for_is_not_rented() -> None:
    journal = Journal(walk_up=True, quantity=2)
    for bank in ("bnk-1", "bnk-2", "bnk-3"):
        journal.says("bank_ejected", 3, bank=bank, job=None, **SLOT).says("bank_returned", 63, bank=bank)
    assert set(journal.charged()) == {("rental", "bnk-1"), ("rental", "bnk-2")}


@pytest.mark.parametrize("state", ["reserving", "settled"])
def test_a_bank_that_leaves_for_a_walk_up_that_does_not_wait_for_it_is_not_rented(state: str) -> None:
    journal = Journal(walk_up=True).says("bank_ejected", 3, bank=BANK, job=None, **SLOT, state=state)
    assert not journal.says("bank_returned", 63, bank=BANK, state=state).charged()
    assert not journal.follower.reached_user


def test_a_second_word_of_the_ejection_changes_nothing() -> None:
    journal = Journal(walk_up=True).says("bank_ejected", 3, bank=BANK, job=None, **SLOT)
    assert rental(
        journal.says("bank_ejected", 9, bank=BANK, job=None, **SLOT).says("bank_returned", 63, bank=BANK)
    ) == (3, 63)


def test_a_couriers_word_makes_a_bank_come_to_rest_without_ending_its_rental() -> None:
    journal = brought().says("word_taken", 70, banks=[BANK])
    assert not journal.follower.banks[BANK].is_out
    assert rental(journal) is None


@pytest.mark.parametrize(
    ("start", "end", "held_ms", "quality"),
    [
        ("synced", "synced", 5, "synced"),
        ("synced", "free", 5, "free"),
        ("inferred", "free", 5, "inferred"),
        ("unset", "inferred", 5, "unset"),
        ("synced", "synced", -1, "inferred"),
        ("unset", "synced", -1, "unset"),
        ("synced", "guessed", 5, "guessed"),
    ],
)
def test_a_duration_is_as_good_as_the_worse_of_its_ends(
    start: str, end: str, held_ms: int, quality: str
) -> None:
    assert worst(start, end, held_ms=held_ms) == quality
