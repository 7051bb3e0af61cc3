"""Which slots are kept for which reservation."""

import pytest
from checker_stream import Stream, courier_rental

FIRST, SECOND = "rsv-7a-1", "rsv-8c-1"


def kept(*slots: int) -> Stream:
    """Returns a stream in which cab-1 keeps slots for the first reservation, of an order that is over."""
    stream = courier_rental()
    for slot in slots:
        stream.tell("hold", "cab-1", slot, FIRST)
    return stream.wait(1)


def freed(stream: Stream, *slots: int) -> set[str]:
    """Returns what a stream breaks when the slots are freed in the end."""
    for slot in slots:
        stream.tell("hold", "cab-1", slot, None)
    return stream.broken()


def test_a_slot_that_was_freed_is_kept_for_another() -> None:
    stream = kept(1).tell("hold", "cab-1", 1, None).tell("hold", "cab-1", 1, SECOND)
    assert freed(stream, 1) == set()


def test_one_step_may_end_a_reservation_and_give_its_slots_away() -> None:
    stream = kept(1, 2).tell("hold", "cab-1", 1, SECOND).tell("hold", "cab-1", 2, None)
    assert freed(stream.wait(1), 1) == set()


def test_a_slot_is_not_taken_from_a_reservation_that_keeps_others() -> None:
    stream = kept(1, 2).tell("hold", "cab-1", 1, SECOND).wait(1)
    assert freed(stream, 1, 2) == {"holds.taken"}


def test_a_slot_is_not_taken_from_a_reservation_that_keeps_others_to_the_end() -> None:
    assert kept(1, 2).tell("hold", "cab-1", 1, SECOND).broken() == {"holds.taken", "holds.end"}


def test_a_reservation_whose_slot_was_given_away_keeps_nothing_later() -> None:
    stream = kept(1).tell("hold", "cab-1", 1, SECOND).wait(1).tell("hold", "cab-1", 2, FIRST)
    assert freed(stream, 1, 2) == {"holds.taken"}


def test_a_reservation_goes_on_without_a_bank_that_was_forced_out_of_its_slot() -> None:
    stream = kept(1).tell("bank", "bnk-9", "slot/cab-1/1").move("bnk-9", "slot/cab-1/1", "outside", "vandal")
    stream.tell("hold", "cab-1", 1, SECOND).wait(1).tell("hold", "cab-1", 2, FIRST)
    assert freed(stream, 1, 2) == set()
    other = kept(1).tell("bank", "bnk-9", "slot/cab-1/7").move("bnk-9", "slot/cab-1/7", "outside", "vandal")
    other.tell("hold", "cab-1", 1, SECOND).wait(1).tell("hold", "cab-1", 2, FIRST)
    assert freed(other, 1, 2) == {"holds.taken"}


@pytest.mark.parametrize(
    ("cabinet", "minutes", "taken"), [("cab-1", 11, False), ("cab-1", 12, True), ("cab-2", 11, True)]
)
def test_a_reservation_goes_on_without_a_bank_that_its_reader_does_not_show(
    cabinet: str, minutes: int, *, taken: bool
) -> None:
    stream = kept(1).tell("fault", "reader_fails", cabinet).wait(minutes)
    stream.tell("hold", "cab-1", 1, SECOND).wait(1).tell("hold", "cab-1", 2, FIRST)
    assert ("holds.taken" in freed(stream, 1, 2)) is taken


def test_a_motor_does_not_run_for_a_reservation_whose_slot_was_given_away() -> None:
    stream = kept(1).tell("hold", "cab-1", 1, SECOND).wait(1)
    stream.tell("motor", "cab-1", 3, None, FIRST, None, 0, False)
    assert freed(stream, 1) == {"holds.taken", "motors.held", "motors.empty"}


def test_in_the_end_nothing_is_kept_for_an_order_that_is_over() -> None:
    assert kept(1).broken() == {"holds.end"}


def test_in_the_end_nothing_is_kept_for_an_order_that_nobody_placed() -> None:
    assert courier_rental().tell("hold", "cab-1", 1, SECOND).broken() == {"holds.end"}


def test_an_order_that_is_open_may_keep_slots() -> None:
    stream = Stream().order("ord-8c").event("ord-8c", "placed", "nothing > reserving")
    assert stream.tell("hold", "cab-1", 1, SECOND).broken() == {"orders.end"}
