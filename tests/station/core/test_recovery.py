"""Power cuts at every single point, and what the cabinet makes of it afterwards."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.ids import ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.station.core import cabinet
from chargeloop.station.core.battery import Battery
from chargeloop.station.core.faults import Faults
from chargeloop.station.core.mechanics import Place
from chargeloop.station.core.memory import LOOK_AFTER_MS
from tests.station.core.workbench import (
    CODE,
    RETURN_CODE,
    RSV,
    Bench,
    PowerCutError,
    asker,
    bank,
    bench,
    eject,
    envelope,
    reserve_banks,
    reserve_slots,
)

CHARGES = (100, 90, 80, 40, None, None)


def by_command(made: Bench) -> None:
    made.order(eject(), "cmd-eject")


def by_code(made: Bench) -> None:
    made.type_code(CODE)


def by_hand(made: Bench) -> None:
    made.push_in(bank("out", 12), RETURN_CODE, asker(request="push"))


def prepared(faults: Faults) -> Bench:
    made = bench(CHARGES, faults)
    made.order(reserve_banks(), "cmd-reserve")
    made.order(reserve_slots(1, reservation="rsv-slots"), "cmd-slots")
    return made


def cut(act: Callable[[Bench], None], at: int, faults: Faults) -> Bench | None:
    """Returns a cabinet whose power failed at point `at` of `act`, and None when the act has fewer points."""
    made = prepared(faults)
    made.cut_after = at
    try:
        act(made)
    except PowerCutError:
        made.cut_after = None
        return made
    return None


FAULTS = {
    "sound": Faults(),
    "jam": Faults(jam_next=1),
    "bounce": Faults(bounce_slots=frozenset({1, 2})),
}
each_fault = pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
each_point = pytest.mark.parametrize("at", range(24))
each_act = pytest.mark.parametrize("act", [by_command, by_code, by_hand])


def test_the_points_cover_the_longest_act() -> None:
    assert cut(by_command, 23, FAULTS["bounce"]) is None
    assert cut(by_command, 8, FAULTS["bounce"]) is not None


@each_act
@each_fault
@each_point
def test_a_power_cut_anywhere_loses_no_bank_and_moves_no_motor_twice(
    act: Callable[[Bench], None], faults: Faults, at: int
) -> None:
    made = cut(act, at, faults) or prepared(faults)
    inside = {"bnk-1", "bnk-2", "bnk-3", "bnk-4"} | ({"bnk-out"} if act is by_hand else set())
    made.boot()
    act(made)
    act(made)
    assert sorted([*made.banks_inside(), *made.banks_given()]) == sorted(inside)
    # No slot's motor ran twice for the reservation.
    assert max(Counter(made.motors).values(), default=0) <= 1
    # Each bank that left is told once, and so is each that came.
    left = [event.bank for event in made.told(cab.BankEjected) if isinstance(event, cab.BankEjected)]
    assert sorted(left) == sorted(inside - {place.bank.bank for place in made.world.slots if place.bank})
    assert len(made.told(cab.BankReturned)) == (1 if act is by_hand else 0)
    # What the firmware believes is what is there.
    assert [slot.bank for slot in made.memory.slots] == [
        None if place.bank is None else place.bank.bank for place in made.world.slots
    ]
    assert made.memory.pickups == ()


@each_fault
@each_point
def test_after_a_power_cut_a_command_has_one_outcome_and_its_reservation_ends(
    faults: Faults, at: int
) -> None:
    made = cut(by_command, at, faults)
    if made is None:
        return
    made.boot()
    by_command(made)
    outcomes = {said[1] for said in made.outcomes() if said[0] == "cmd-eject"}
    assert len(outcomes) == 1
    finished = [said for said in made.told(cab.PickupFinished) if isinstance(said, cab.PickupFinished)]
    ended = [
        said
        for said in made.told(cab.ReservationEnded)
        if isinstance(said, cab.ReservationEnded) and said.reservation == RSV
    ]
    assert (len(finished), len(ended)) == (1, 1)
    assert finished[0].ejected == len(made.told(cab.BankEjected))
    assert finished[0].missing == 2 - finished[0].ejected


@each_fault
@each_point
def test_whoever_typed_the_code_before_the_power_cut_gets_the_banks_that_came_out(
    faults: Faults, at: int
) -> None:
    made = cut(by_code, at, faults)
    if made is None:
        return
    made.boot()
    by_code(made)
    answer = made.answer()
    assert answer is not None
    assert answer.accepted
    assert len(answer.banks) == len(made.told(cab.BankEjected))
    assert made.world.tray == ()


def test_a_bank_put_in_before_a_power_cut_came_back_when_its_slot_opened() -> None:
    opened_ms = prepared(Faults()).now_ms
    told = []
    for at in range(24):
        made = cut(by_hand, at, FAULTS["sound"])
        if made is None or "bnk-out" not in made.banks_inside() or made.written is None:
            continue
        already_read = made.written[0].slot(5).bank is not None
        made.now_ms += 10 * MINUTE_MS
        made.boot()
        returned, booted = (
            next(record for record in made.journal if isinstance(record.data, kind))
            for kind in (cab.BankReturned, cab.Booted)
        )
        assert made.journal.index(returned) < made.journal.index(booted)
        assert made.memory.opened is None
        if already_read:
            assert returned.at is None  # its step has the time
        else:
            told.append(returned.at)
            assert isinstance(made.journal[made.journal.index(returned) + 1].data, cab.ReservationEnded)
    assert [(at.boot, at.uptime_ms) for at in told if at is not None] == [("boot-1", opened_ms)] * len(told)
    assert told


def test_a_bank_forced_in_without_power_came_back_when_it_was_found() -> None:
    made = prepared(Faults())
    made.world = replace(made.world, slots=(*made.world.slots[:4], made.world.slots[0], made.world.slots[5]))
    made.world = replace(made.world, slots=(Place(1), *made.world.slots[1:]))
    made.boot()
    returned = next(record for record in made.journal if isinstance(record.data, cab.BankReturned))
    assert returned.at is None


def test_a_bank_that_stands_where_none_is_known_is_found_at_the_next_look() -> None:
    made = prepared(Faults())
    stolen = made.world.slots[3]
    made.world = replace(made.world, slots=(*made.world.slots[:3], Place(4), *made.world.slots[4:]))
    made.boot()
    made.world = replace(made.world, slots=(*made.world.slots[:5], Place(6, stolen.bank)))
    made.wait(MINUTE_MS)
    (returned,) = made.told(cab.BankReturned)
    assert isinstance(returned, cab.BankReturned)
    assert (returned.bank, returned.slot, returned.reservation) == ("bnk-4", 6, None)
    made.wait(MINUTE_MS)
    assert len(made.told(cab.BankReturned)) == 1


def test_a_bank_that_was_exchanged_by_force_is_known_by_its_name_before_it_is_given_out() -> None:
    made = prepared(Faults())
    one, two, three, four, *others = made.world.slots
    made.world = replace(made.world, slots=(one, two, Place(3, four.bank), Place(4, three.bank), *others))
    made.wait(MINUTE_MS)
    assert [slot.bank for slot in made.memory.slots[2:4]] == ["bnk-4", "bnk-3"]
    returned = [said.bank for said in made.told(cab.BankReturned) if isinstance(said, cab.BankReturned)]
    assert returned == ["bnk-4", "bnk-3"]


def test_after_each_ejection_the_readers_are_asked_whether_the_bank_has_left() -> None:
    made = prepared(Faults())
    made.order(eject(), "cmd-eject")
    assert made.looks_after == len(made.told(cab.BankEjected)) > 0


def test_a_reader_that_shows_nothing_is_not_believed_before_a_boot() -> None:
    made = prepared(Faults())
    made.world = replace(made.world, slots=(*made.world.slots[:3], Place(4), *made.world.slots[4:]))
    made.wait(MINUTE_MS)
    assert made.memory.slot(4).bank == "bnk-4"


def running() -> Bench:
    """Returns a cabinet in which the first motor of a command is about to run."""
    made = prepared(Faults())
    step = cabinet.obey(made.memory, made.senses(), envelope(eject(), "cmd-eject"))
    made.memory = step.memory
    made.written = (step.memory, len(made.journal), step.records, ())
    made.journal += step.records
    return made


def booted(made: Bench) -> cab.Booted:
    said = made.told(cab.Booted)[-1]
    assert isinstance(said, cab.Booted)
    return said


def test_a_bank_that_is_gone_was_ejected_for_its_command() -> None:
    made = running()
    made.world = replace(made.world, slots=(Place(1), *made.world.slots[1:]))
    made.boot()
    ejected = made.told(cab.BankEjected)[0]
    assert isinstance(ejected, cab.BankEjected)
    assert (ejected.bank, ejected.command, ejected.reservation) == ("bnk-1", "cmd-eject", RSV)
    assert booted(made).interrupted == ()
    assert made.outcomes()[-1] == ("cmd-eject", "failed", "power_cut")


@pytest.mark.parametrize("power_fails", [False, True])
def test_a_bank_that_stands_in_the_slot_that_it_seemed_to_leave_is_back_at_that_moment(
    *, power_fails: bool
) -> None:
    """The motor stuck, and the exit sensor showed nothing for as long as it was asked."""
    made = prepared(Faults())
    stands = made.world.slots[0]
    made.order(eject(), "cmd-eject")
    ejected = next(record for record in made.journal if isinstance(record.data, cab.BankEjected))
    assert [left.bank for left in made.memory.left] == ["bnk-1", "bnk-2"]
    ejected_at = made.memory.left[0].at
    made.world = replace(made.world, slots=(stands, *made.world.slots[1:]))
    if power_fails:
        made.now_ms += 10 * MINUTE_MS
        made.boot()
    else:
        made.wait(LOOK_AFTER_MS)
    (returned,) = (record for record in made.journal if isinstance(record.data, cab.BankReturned))
    assert isinstance(ejected.data, cab.BankEjected)
    assert returned.data == cab.BankReturned(slot=1, bank=ejected.data.bank, charge_pct=100)
    assert returned.at == ejected_at
    assert made.memory.left == ()


def test_a_reader_that_fails_at_the_boot_too_is_asked_again_a_moment_later() -> None:
    made = prepared(Faults())
    stands = made.world.slots[0]
    made.order(eject(), "cmd-eject")
    left = made.memory.left
    shows_nothing = replace(made.senses(), at=DeviceTime("boot-9", 10, made.now_ms, None))
    memory = cabinet.boot(made.memory, shows_nothing).memory
    assert memory.left == left
    made.world = replace(made.world, slots=(stands, *made.world.slots[1:]))
    later = replace(made.senses(), at=DeviceTime("boot-9", 10 + LOOK_AFTER_MS, made.now_ms, None))
    step = cabinet.look(memory, later)
    assert [(type(record.data), record.at) for record in step.records] == [(cab.BankReturned, left[0].at)]
    assert step.memory.left == ()


def test_a_bank_put_back_into_the_slot_that_it_left_a_moment_ago_came_back_then() -> None:
    made = prepared(Faults())
    made.type_code(CODE)
    assert [left.slot for left in made.memory.left] == [1, 2]
    made.push_in(bank("1", 100), None, asker(request="push"))
    assert [left.slot for left in made.memory.left] == [2]
    made.wait(LOOK_AFTER_MS)
    (returned,) = (record for record in made.journal if isinstance(record.data, cab.BankReturned))
    assert returned.at is None


def test_a_bank_that_is_still_there_makes_its_command_interrupted() -> None:
    made = running()
    made.boot()
    assert booted(made).interrupted == ("cmd-eject",)
    assert made.told(cab.BankEjected) == []
    assert made.states()[:2] == ["ready", "ready"]
    made.order(eject(), "cmd-eject")
    assert made.motors == []
    assert made.outcomes()[-2:] == [("cmd-eject", "failed", "power_cut")] * 2


def test_a_pickup_that_waited_for_the_motor_is_held_as_before() -> None:
    made = running()
    made.order(reserve_banks(1, reservation="rsv-2", code="111111"), "cmd-other")
    made.type_code("111111", asker("cou-2"))
    made.boot()
    assert made.memory.held_slots(made.memory.reservations[-1].id)
    made.type_code("111111", asker("cou-2"))
    assert made.banks_given() == ["bnk-3"]


def test_a_command_that_waited_for_the_motor_is_refused_and_its_reservation_is_held() -> None:
    made = running()
    made.order(reserve_banks(1, reservation="rsv-2", code="111111"), "cmd-other")
    waiting = cab.EjectBanks(reservation=ReservationId("rsv-2"), epoch=9)
    made.order(waiting, "cmd-waiting")
    assert made.outcomes()[-1] == ("cmd-other", "done", None)
    made.boot()
    assert ("cmd-waiting", "refused", "power_cut") in made.outcomes()
    assert made.memory.held_slots(made.memory.reservations[-1].id)
    made.order(waiting, "cmd-waiting")
    assert made.banks_given() == []
    assert made.outcomes()[-1] == ("cmd-waiting", "refused", "power_cut")


def test_entries_that_did_not_reach_the_journal_are_appended_at_the_next_boot() -> None:
    made = prepared(Faults())
    step = cabinet.obey(made.memory, made.senses(), envelope(eject(), "cmd-eject"))
    made.written = (step.memory, len(made.journal), step.records, ())
    made.boot()
    assert len(made.told(cab.PickupStarted)) == 1


def test_a_boot_tells_why_and_reports_the_inventory_last() -> None:
    made = prepared(Faults())
    made.boot()
    assert booted(made).cause == "crash"
    assert isinstance(made.journal[-1].data, cab.InventoryReported)
    made.carry_out(cabinet.stop(made.memory, made.senses()))
    made.boot()
    assert booted(made).cause == "reboot"


def test_the_first_boot_adopts_the_banks_it_was_installed_with() -> None:
    made = Bench(prepared(Faults()).memory.new(6), prepared(Faults()).world)
    made.boot()
    assert booted(made).cause == "power_on"
    assert made.told(cab.BankReturned) == []
    assert made.states() == ["ready", "ready", "ready", "charging", "empty", "empty"]


def test_a_bank_that_was_taken_out_by_force_is_missed() -> None:
    made = prepared(Faults())
    made.world = replace(made.world, slots=(*made.world.slots[:3], Place(4), *made.world.slots[4:]))
    made.boot()
    assert made.told(cab.SlotChanged) == [
        cab.SlotChanged(slot=4, state=cab.SlotState.EMPTY, reason=cab.CabinetReason.NO_BANK_IN_SLOT)
    ]
    assert made.states()[3] == "empty"


def test_a_bank_that_was_exchanged_by_hand_is_missed_and_the_other_returned() -> None:
    made = prepared(Faults())
    other = made.world.slots[0].bank
    assert other is not None
    changed = replace(other, bank=bank("other").bank)
    made.world = replace(made.world, slots=(*made.world.slots[:3], Place(4, changed), *made.world.slots[4:]))
    made.boot()
    assert len(made.told(cab.SlotChanged)) == len(made.told(cab.BankReturned)) == 1
    assert made.memory.slot(4).bank == "bnk-other"


def test_reservations_and_outcomes_survive() -> None:
    made = prepared(Faults())
    made.boot()
    made.order(reserve_banks(), "cmd-reserve")
    assert made.outcomes()[-1] == ("cmd-reserve", "done", None)
    assert made.states()[:2] == ["reserved", "reserved"]


@pytest.mark.parametrize("cut_after", [3, 4])
def test_a_bank_whose_motor_moved_has_left_whatever_stands_in_its_slot_at_the_boot(cut_after: int) -> None:
    made = bench([90, None])
    made.order(reserve_banks(1), "cmd-reserve")
    made.cut_after = cut_after
    with pytest.raises(PowerCutError):
        made.order(eject(), "cmd-eject")
    made.cut_after = None
    assert made.told(cab.BankEjected) == []
    other = Battery.inserted(bank("9"), made.now_ms)
    made.world = replace(made.world, slots=(Place(1, other), *made.world.slots[1:]))
    made.boot()
    assert [said.bank for said in made.told(cab.BankEjected) if isinstance(said, cab.BankEjected)] == [
        "bnk-1"
    ]
    assert [said.bank for said in made.told(cab.BankReturned) if isinstance(said, cab.BankReturned)] == [
        "bnk-9"
    ]
    assert made.memory.slot(1).bank == "bnk-9"


def test_a_bank_put_in_before_a_power_cut_came_back_then_also_when_somebody_exchanged_it_in_the_dark() -> (
    None
):
    made = bench([90, None])
    opened_ms = made.now_ms
    made.cut_after = 2  # the slot is open, and the bank inside
    with pytest.raises(PowerCutError):
        made.push_in(bank("9"))
    made.cut_after = None
    one, other = made.world.slots
    assert other.bank is not None
    made.world = replace(
        made.world, slots=(replace(one, bank=other.bank), replace(other, bank=one.bank)), insertions={}
    )
    made.now_ms += MINUTE_MS
    made.boot()
    told = {
        record.data.bank: None if record.at is None else record.at.uptime_ms
        for record in made.journal
        if isinstance(record.data, cab.BankReturned)
    }
    assert told == {"bnk-9": opened_ms, "bnk-1": None}
    assert [slot.bank for slot in made.memory.slots] == ["bnk-9", "bnk-1"]
