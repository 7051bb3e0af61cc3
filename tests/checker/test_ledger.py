"""Where banks are."""

import pytest
from checker_stream import Stream, courier_rental, walk_up_rental

SLOT, OTHER, TRAY = "slot/cab-1/1", "slot/cab-1/2", "tray/cab-1"


def inside(*banks: str) -> Stream:
    """Returns a stream with banks in the slots of cab-1."""
    stream = Stream()
    for number, bank in enumerate(banks, 1):
        stream.tell("bank", bank, f"slot/cab-1/{number}")
    return stream


def test_a_bank_may_be_moved_from_hand_to_hand() -> None:
    moved = Stream().tell("bank", "bnk-1", TRAY).move("bnk-1", TRAY, "courier/cou-1", "hand")
    moved.move("bnk-1", "courier/cou-1", "user/usr-1", "door").move("bnk-1", "user/usr-1", SLOT, "hand")
    assert moved.broken() == set()


def test_force_moves_a_bank_anywhere() -> None:
    forced = (
        inside("bnk-1").move("bnk-1", SLOT, "outside", "vandal").move("bnk-1", "outside", OTHER, "vandal")
    )
    assert forced.broken() == set()


def test_a_move_starts_where_the_bank_is() -> None:
    moved = Stream().tell("bank", "bnk-1", TRAY).move("bnk-1", "tray/cab-2", "user/usr-1", "hand")
    assert moved.broken() == {"ledger.place"}


def test_a_move_that_was_reported_is_believed() -> None:
    moved = Stream().tell("bank", "bnk-1", TRAY).move("bnk-1", "tray/cab-2", "user/usr-1", "hand")
    moved.move("bnk-1", "user/usr-1", SLOT, "hand")
    assert moved.broken() == {"ledger.place"}


def test_a_bank_does_not_appear_from_nowhere() -> None:
    assert Stream().move("bnk-1", TRAY, "user/usr-1", "hand").broken() == {"ledger.place"}


def test_a_bank_exists_once() -> None:
    assert inside("bnk-1").tell("bank", "bnk-1", TRAY).broken() == {"ledger.place"}


@pytest.mark.parametrize("place", ["pocket/usr-1", ""])
def test_a_bank_is_at_a_place_that_exists(place: str) -> None:
    assert Stream().tell("bank", "bnk-1", place).broken() == {"ledger.place"}
    assert inside("bnk-1").move("bnk-1", SLOT, place, "vandal").broken() == {"ledger.place"}


def test_a_motor_of_no_cabinet_moves_nothing() -> None:
    assert "ledger.place" in inside("bnk-1").move("bnk-1", "slot", "tray", "motor").broken()


def test_a_bank_does_not_vanish_by_hand() -> None:
    lost = Stream().tell("bank", "bnk-1", "user/usr-1").move("bnk-1", "user/usr-1", "outside", "hand")
    assert lost.broken() == {"ledger.hands"}


def test_a_slot_holds_one_bank() -> None:
    stream = inside("bnk-1").tell("bank", "bnk-2", "user/usr-1")
    assert stream.move("bnk-2", "user/usr-1", SLOT, "hand").broken() == {"ledger.room"}


def test_two_banks_do_not_begin_in_one_slot() -> None:
    assert inside("bnk-1").tell("bank", "bnk-2", SLOT).broken() == {"ledger.room"}


def test_a_slot_that_was_emptied_takes_another_bank() -> None:
    stream = inside("bnk-1").tell("bank", "bnk-2", "user/usr-1").move("bnk-1", SLOT, "outside", "vandal")
    assert stream.move("bnk-2", "user/usr-1", SLOT, "hand").broken() == set()


@pytest.mark.parametrize(
    ("start", "end", "by"),
    [
        (SLOT, "courier/cou-1", "hand"),
        (SLOT, "user/usr-1", "motor"),
        (SLOT, "tray/cab-2", "motor"),
        (SLOT, OTHER, "hand"),
        ("courier/cou-1", "user/usr-1", "hand"),
        (TRAY, "courier/cou-1", "door"),
        (TRAY, "user/usr-1", "magic"),
    ],
)
def test_only_force_does_more_than_motors_hands_and_doors(start: str, end: str, by: str) -> None:
    moved = Stream().tell("bank", "bnk-1", start).move("bnk-1", start, end, by)
    assert "ledger.hands" in moved.broken()
    assert moved.change("move", by="vandal").broken() == set()


# Motors and moves tell the same.


def test_the_move_may_be_told_before_its_motor() -> None:
    stream = walk_up_rental()
    index = [record[0] for record in stream.records].index("motor")
    motor, move = stream.records[index : index + 2]
    stream.records[index : index + 2] = [move, motor]
    assert stream.broken() == set()


def test_a_bank_that_a_motor_moved_has_moved() -> None:
    stream = walk_up_rental().change("motor", moved=False)
    assert stream.broken() == {"motors.moved"}


def test_a_motor_does_not_move_what_does_not_move() -> None:
    stream = walk_up_rental().change("move", 0, by="vandal")
    assert stream.broken() == {"motors.moved"}


def motor_in_empty_slot(bank: str | None) -> Stream:
    """Returns a stream with a motor that runs in an empty slot and says what it saw there."""
    stream = walk_up_rental().tell("hold", "cab-1", 3, "rsv-9b-1")
    stream.tell("motor", "cab-1", 3, bank, "rsv-9b-1", None, 0, False)
    return stream.tell("hold", "cab-1", 3, None)


def test_a_motor_finds_the_bank_that_stands_in_its_slot() -> None:
    assert motor_in_empty_slot("bnk-9").broken() == {"motors.moved"}


def test_a_motor_moves_nothing_out_of_an_empty_slot() -> None:
    assert motor_in_empty_slot(None).broken() == {"motors.empty"}
    stream = walk_up_rental().change("motor", bank=None)
    assert stream.broken() == {"motors.moved", "motors.empty"}


def test_a_courier_may_bring_a_bank_back_by_hand() -> None:
    assert courier_rental().broken() == set()
    assert courier_rental().change("move", 4, to="slot/cab-1/2", by="door").broken() == {"ledger.hands"}
