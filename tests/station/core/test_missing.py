"""Banks that somebody took out by force or carried to another slot."""

from dataclasses import replace

import pytest

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.station.core.mechanics import Place
from tests.station.core.workbench import CODE, Bench, asker, bank, bench, reserve_banks

GONE = cab.CabinetReason.NO_BANK_IN_SLOT


def force_out(made: Bench, slot: int) -> None:
    put(made, Place(slot))


def put(made: Bench, *changed: Place) -> None:
    slots = {place.slot: place for place in (*made.world.slots, *changed)}
    made.world = replace(made.world, slots=tuple(slots.values()))


def carry(made: Bench, start: int, end: int) -> None:
    """Carry a bank by hand from one slot into another."""
    put(made, Place(start), Place(end, made.world.slots[start - 1].bank))


def missed(made: Bench) -> list[int]:
    return [
        said.slot
        for said in made.told(cab.SlotChanged)
        if isinstance(said, cab.SlotChanged) and said.reason is GONE
    ]


def test_a_bank_is_missed_when_its_slot_has_shown_nothing_for_a_minute() -> None:
    made = bench([100, 90, None])
    force_out(made, 1)
    made.wait(0)
    made.wait(MINUTE_MS - 1)
    assert (missed(made), made.states()[0]) == ([], "ready")
    made.wait(1)
    assert made.told(cab.SlotChanged) == [cab.SlotChanged(slot=1, state=cab.SlotState.EMPTY, reason=GONE)]
    assert made.memory.slot(1).bank is None
    made.wait(HOUR_MS)
    assert missed(made) == [1]
    assert not made.memory.missed


def test_a_reader_that_fails_for_less_is_forgotten() -> None:
    made = bench([100])
    standing = made.world.slots[0]
    for _ in range(3):
        force_out(made, 1)
        made.wait(MINUTE_MS)
        put(made, standing)
        made.wait(MINUTE_MS)
    assert missed(made) == []
    assert not made.memory.missed


def test_a_bank_that_its_slot_shows_again_after_all_is_found() -> None:
    made = bench([100])
    standing = made.world.slots[0]
    force_out(made, 1)
    made.wait(0)
    made.wait(HOUR_MS)
    put(made, standing)
    made.wait(1)
    assert made.told(cab.BankReturned) == [cab.BankReturned(slot=1, bank=bank("1").bank, charge_pct=100)]
    assert made.memory.slot(1).bank == "bnk-1"


def test_no_motor_runs_for_a_bank_that_is_not_there_and_another_is_given() -> None:
    made = bench([100, 90, 80])
    made.order(reserve_banks(2), "cmd-reserve")
    force_out(made, 1)
    made.type_code(CODE)
    assert made.motors == [2, 3]
    assert made.banks_given() == ["bnk-2", "bnk-3"]
    assert missed(made) == [1]


def test_a_bank_that_is_not_there_and_cannot_be_made_up_for_is_told_as_missing() -> None:
    made = bench([100, 90])
    made.order(reserve_banks(2), "cmd-reserve")
    force_out(made, 2)
    made.type_code(CODE)
    assert [said.bank for said in made.told(cab.BankEjected) if isinstance(said, cab.BankEjected)] == [
        "bnk-1"
    ]
    (finished,) = made.told(cab.PickupFinished)
    assert isinstance(finished, cab.PickupFinished)
    assert (finished.ejected, finished.missing) == (1, 1)


def test_a_bank_that_was_carried_to_another_slot_is_in_one_place_only() -> None:
    made = bench([100, 90, None])
    carry(made, 1, 3)
    made.wait(1)
    assert [slot.bank for slot in made.memory.slots] == [None, "bnk-2", "bnk-1"]
    assert [type(said) for said in made.told(cab.SlotChanged, cab.BankReturned)] == [
        cab.SlotChanged,
        cab.BankReturned,
    ]


def test_banks_that_were_exchanged_by_hand_are_each_in_one_place() -> None:
    made = bench([100, 90])
    one, other = made.world.slots
    put(made, replace(one, bank=other.bank), replace(other, bank=one.bank))
    made.wait(1)
    assert [slot.bank for slot in made.memory.slots] == ["bnk-2", "bnk-1"]


def test_a_bank_in_somebodys_hand_is_not_in_a_slot_that_does_not_show_it() -> None:
    made = bench([100, None])
    force_out(made, 1)
    made.push_in(bank("1", 100))
    answer = made.answer()
    assert answer is not None
    assert answer.accepted
    assert [slot.bank for slot in made.memory.slots].count(bank("1").bank) == 1
    assert missed(made) == [1]


@pytest.mark.parametrize("waited_ms", [0, HOUR_MS])
def test_a_bank_that_its_slot_shows_is_inside_whatever_is_held_to_the_reader(waited_ms: int) -> None:
    made = bench([100, None])
    made.wait(waited_ms)
    made.push_in(bank("1", 100), who=asker(request="copy"))
    assert made.told(cab.ReturnRejected) == [
        cab.ReturnRejected(bank=bank("1").bank, reason=cab.CabinetReason.SLOT_TAKEN)
    ]
    assert missed(made) == []


def test_a_boot_forgets_what_was_noted_before_it() -> None:
    made = bench([100])
    force_out(made, 1)
    made.wait(1)
    assert len(made.memory.missed) == 1
    made.boot()
    assert missed(made) == [1]
    assert not made.memory.missed
