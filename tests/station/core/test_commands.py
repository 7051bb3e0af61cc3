"""Commands: the order of the checks, and what a repeated, late or outdated one does."""

import pytest

from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import InvalidIdError, ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.world import TrayReached
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS
from chargeloop.station.core import cabinet
from tests.station.core.workbench import (
    CODE,
    NOON_MS,
    RSV,
    Bench,
    bench,
    eject,
    envelope,
    release,
    reserve_banks,
    reserve_slots,
    without_expiry,
)

OTHER = ReservationId("rsv-2")
COMMANDS: dict[str, Data] = {
    "reserve_banks": reserve_banks(),
    "reserve_slots": reserve_slots(1),
    "release": release(),
    "eject": eject(),
    "inventory": cab.ReportInventory(epoch=5),
    "lock": cab.LockSlot(slot=1, epoch=5, locked=True),
    "reboot": cab.Reboot(epoch=5),
}
each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())


def mixed() -> Bench:
    return bench([100, 90, 40, None, None])


def reserved() -> Bench:
    made = mixed()
    made.order(reserve_banks(), "cmd-reserve")
    return made


def test_reserving_takes_the_fullest_ready_banks() -> None:
    made = bench([70, 90, 100, 40])
    made.order(reserve_banks(), "cmd-1")
    assert made.states() == ["ready", "reserved", "reserved", "charging"]
    finished = made.told(cab.CommandFinished)[0]
    assert isinstance(finished, cab.CommandFinished)
    assert [(content.slot, content.bank) for content in finished.slots] == [(2, "bnk-2"), (3, "bnk-3")]


def test_the_outcome_names_its_command_twice_over() -> None:
    made = reserved()
    assert made.journal[-1].correlation_id == "cmd-reserve"
    assert made.journal[-1].subject == RSV


@pytest.mark.parametrize(("quantity", "min_charge_pct", "available"), [(3, 60, 2), (2, 95, 1)])
def test_too_few_banks_are_refused_with_how_many_there_are(
    quantity: int, min_charge_pct: int, available: int
) -> None:
    made = mixed()
    made.order(reserve_banks(quantity, min_charge_pct=min_charge_pct), "cmd-1")
    finished = made.told(cab.CommandFinished)[0]
    assert isinstance(finished, cab.CommandFinished)
    assert (finished.outcome, finished.reason) == ("refused", "not_enough_banks")
    assert finished.available == available
    assert made.states() == mixed().states()


def test_too_few_slots_are_refused_with_how_many_there_are() -> None:
    made = mixed()
    made.order(reserve_slots(3), "cmd-1")
    finished = made.told(cab.CommandFinished)[0]
    assert isinstance(finished, cab.CommandFinished)
    assert (finished.reason, finished.available) == ("not_enough_slots", 2)
    assert made.states() == mixed().states()


@each_command
def test_a_command_delivered_twice_acts_once_and_repeats_its_outcome(command: Data) -> None:
    made = reserved()
    made.order(command, "cmd-1")
    after_first, motors = made.states(), list(made.motors)
    told = len(made.journal)
    made.order(command, "cmd-1")
    assert made.states() == after_first
    assert made.motors == motors
    assert [record.data for record in made.journal[told:]] == made.told(cab.CommandFinished)[1:2]


@each_command
def test_a_command_after_its_expiry_does_nothing_and_says_expired(command: Data) -> None:
    made = reserved()
    before = made.memory.slots
    made.order(command, "cmd-late", expires_ms=NOON_MS)
    assert made.outcomes()[-1] == ("cmd-late", "expired", None)
    assert made.memory.slots == before
    assert made.motors == []


@each_command
def test_a_command_without_an_expiry_may_not_act(command: Data) -> None:
    made = reserved()
    made.carry_out(cabinet.obey(made.memory, made.senses(), without_expiry(command, "cmd-ever")))
    assert made.outcomes()[-1] == ("cmd-ever", "expired", None)


@pytest.mark.parametrize(
    "late", [reserve_banks(1, epoch=2), reserve_slots(1, epoch=2), eject(epoch=2), release(epoch=2)]
)
def test_a_command_older_than_the_last_for_its_reservation_is_stale(late: Data) -> None:
    made = reserved()
    made.order(release(epoch=7), "cmd-new")
    before = made.states()
    made.order(late, "cmd-old")
    assert made.outcomes()[-1] == ("cmd-old", "refused", "stale_epoch")
    assert made.states() == before


def test_a_reservation_that_comes_after_its_release_holds_nothing() -> None:
    made = mixed()
    made.order(release(epoch=7), "cmd-new")
    made.order(reserve_banks(epoch=6), "cmd-old")
    assert made.outcomes() == [("cmd-new", "done", None), ("cmd-old", "refused", "stale_epoch")]
    assert made.memory.reservations == ()


def test_an_old_unlock_does_not_undo_a_newer_lock() -> None:
    made = mixed()
    made.order(cab.LockSlot(slot=4, epoch=9, locked=True), "cmd-new")
    made.order(cab.LockSlot(slot=4, epoch=8, locked=False), "cmd-old")
    assert made.outcomes()[-1] == ("cmd-old", "refused", "stale_epoch")
    assert made.states()[3] == "locked"


def test_epochs_of_one_reservation_do_not_outdate_another() -> None:
    made = mixed()
    made.order(reserve_banks(1, epoch=9), "cmd-1")
    made.order(reserve_banks(1, epoch=3, reservation=OTHER), "cmd-2")
    assert made.outcomes()[-1] == ("cmd-2", "done", None)


def test_the_same_reservation_with_a_higher_epoch_replaces_the_old_one() -> None:
    made = reserved()
    made.order(reserve_banks(1, epoch=2), "cmd-2")
    assert made.states() == ["reserved", "ready", "charging", "empty", "empty"]
    assert [live.epoch for live in made.memory.reservations] == [2]


def test_the_same_reservation_with_the_same_epoch_under_another_id_is_stale() -> None:
    made = reserved()
    made.order(reserve_banks(1, epoch=1), "cmd-2")
    assert made.outcomes()[-1] == ("cmd-2", "refused", "stale_epoch")


def test_a_replacement_that_cannot_be_had_leaves_the_old_reservation() -> None:
    made = reserved()
    made.order(reserve_banks(3, epoch=2), "cmd-2")
    finished = made.told(cab.CommandFinished)[-1]
    assert isinstance(finished, cab.CommandFinished)
    assert (finished.reason, finished.available) == ("not_enough_banks", 2)
    assert made.states()[:2] == ["reserved", "reserved"]


def test_a_reservation_whose_end_has_passed_already_is_expired() -> None:
    made = mixed()
    made.order(reserve_banks(hold_until=NOON_MS), "cmd-1")
    assert made.outcomes() == [("cmd-1", "expired", None)]


def test_a_reservation_runs_out_at_its_end_by_the_platforms_time() -> None:
    made = reserved()
    made.wait(HOUR_MS - 1)
    assert made.states()[:2] == ["reserved", "reserved"]
    made.wait(1)
    assert made.states()[:2] == ["ready", "ready"]
    assert made.told(cab.ReservationEnded) == [cab.ReservationEnded(reservation=RSV, why=cab.HoldEnd.EXPIRED)]


def test_a_cabinet_that_does_not_know_the_time_lets_no_reservation_run_out() -> None:
    made = reserved()
    made.clock_known = False
    made.wait(DAY_MS)
    assert made.states()[:2] == ["reserved", "reserved"]
    made.clock_known = True
    made.wait(0)
    assert made.states()[:2] == ["ready", "ready"]


def test_the_next_deadline_is_the_end_of_the_next_reservation() -> None:
    made = mixed()
    assert cabinet.next_due_ms(made.memory) is None
    made.order(reserve_banks(1), "cmd-1")
    made.order(reserve_slots(1, reservation=OTHER, hold_until=NOON_MS + MINUTE_MS), "cmd-2")
    assert cabinet.next_due_ms(made.memory) == NOON_MS + MINUTE_MS


def test_releasing_frees_the_banks_and_says_so_once() -> None:
    made = reserved()
    made.order(release(), "cmd-2")
    assert made.states()[:2] == ["ready", "ready"]
    made.order(release(epoch=4), "cmd-3")
    assert made.outcomes()[-2:] == [("cmd-2", "done", None), ("cmd-3", "done", None)]
    assert len(made.told(cab.ReservationEnded)) == 1


def test_releasing_slots_makes_them_empty_again() -> None:
    made = mixed()
    made.order(reserve_slots(), "cmd-1")
    assert made.states()[3:] == ["reserved", "reserved"]
    made.order(release(), "cmd-2")
    assert made.states()[3:] == ["empty", "empty"]


@pytest.mark.parametrize("made", [mixed(), bench([100, None, None])])
def test_an_eject_without_its_reservation_is_refused(made: Bench) -> None:
    made.order(eject(), "cmd-1")
    assert made.outcomes() == [("cmd-1", "refused", "unknown_reservation")]
    assert made.motors == []


def test_kept_slots_cannot_be_ejected() -> None:
    made = mixed()
    made.order(reserve_slots(), "cmd-1")
    made.order(eject(), "cmd-2")
    assert made.outcomes()[-1] == ("cmd-2", "refused", "unknown_reservation")


def test_a_late_repeat_after_the_end_still_gets_the_recorded_outcome() -> None:
    made = reserved()
    made.order(eject(), "cmd-2")
    made.wait(2 * HOUR_MS)
    made.order(eject(), "cmd-2")
    assert made.outcomes()[-2:] == [("cmd-2", "done", None)] * 2
    assert made.motors == [1, 2]


def test_long_after_its_expiry_an_outcome_is_forgotten_and_the_command_stays_dead() -> None:
    made = reserved()
    made.order(eject(), "cmd-2")
    made.wait(DAY_MS + HOUR_MS)
    assert made.memory.outcomes == {}
    made.order(eject(), "cmd-2")
    assert made.outcomes()[-1] == ("cmd-2", "expired", None)
    assert made.motors == [1, 2]


def test_an_inventory_shows_every_slot_and_names_its_command() -> None:
    made = reserved()
    made.order(cab.ReportInventory(epoch=4), "cmd-2")
    reported = made.told(cab.InventoryReported)[-1]
    assert isinstance(reported, cab.InventoryReported)
    assert reported.command == "cmd-2"
    assert [str(slot.state) for slot in reported.slots] == made.states()
    assert [slot.bank.bank for slot in reported.slots if slot.bank] == ["bnk-1", "bnk-2", "bnk-3"]
    assert reported.slots[0].reservation == RSV


@pytest.mark.parametrize(("slot", "unlocked"), [(1, "ready"), (3, "charging"), (4, "empty")])
def test_a_slot_can_be_locked_and_unlocked(slot: int, unlocked: str) -> None:
    made = mixed()
    made.order(cab.LockSlot(slot=slot, epoch=1, locked=True), "cmd-1")
    assert made.states()[slot - 1] == "locked"
    made.order(cab.LockSlot(slot=slot, epoch=2, locked=False), "cmd-2")
    made.wait(0)
    assert made.states()[slot - 1] == unlocked
    assert len(made.told(cab.SlotChanged)) == 2


def test_locking_what_is_locked_changes_nothing() -> None:
    made = mixed()
    made.order(cab.LockSlot(slot=4, epoch=1, locked=True), "cmd-1")
    made.order(cab.LockSlot(slot=4, epoch=2, locked=True), "cmd-2")
    made.order(cab.LockSlot(slot=5, epoch=3, locked=False), "cmd-3")
    assert [outcome for _, outcome, _ in made.outcomes()] == ["done"] * 3
    assert len(made.told(cab.SlotChanged)) == 1


def test_a_held_slot_and_one_that_is_not_there_cannot_be_locked() -> None:
    made = reserved()
    made.order(cab.LockSlot(slot=1, epoch=1, locked=True), "cmd-1")
    made.order(cab.LockSlot(slot=6, epoch=1, locked=True), "cmd-2")
    assert made.outcomes()[-2:] == [
        ("cmd-1", "refused", "slot_held"),
        ("cmd-2", "refused", "not_enough_slots"),
    ]


def test_a_locked_bank_is_not_reserved() -> None:
    made = mixed()
    made.order(cab.LockSlot(slot=1, epoch=1, locked=True), "cmd-1")
    made.order(reserve_banks(2), "cmd-2")
    assert made.outcomes()[-1] == ("cmd-2", "refused", "not_enough_banks")


def test_what_is_no_command_or_has_no_command_id_is_a_bug_of_the_caller() -> None:
    made = mixed()
    with pytest.raises(TypeError):
        cabinet.obey(made.memory, made.senses(), envelope(TrayReached(), "cmd-1"))
    with pytest.raises(InvalidIdError):
        cabinet.obey(made.memory, made.senses(), envelope(reserve_banks(code=CODE), "m-1"))


def test_an_eject_whose_time_ran_out_while_it_waited_for_the_motor_moves_nothing() -> None:
    made = bench([100, 95, 90, None])
    made.order(reserve_banks(quantity=1), "cmd-1")
    other = OTHER
    made.order(reserve_banks(quantity=1, reservation=other, code="111111"), "cmd-2")
    first = cabinet.obey(made.memory, made.senses(), envelope(eject(), "cmd-3"))
    waiting = cab.EjectBanks(reservation=other, epoch=3)
    made.memory = first.memory
    made.order(waiting, "cmd-4", expires_ms=NOON_MS + 1_000)
    made.now_ms = NOON_MS + 2_000
    for act in first.acts:
        made._perform(act)
    assert made.motors == [1]
    assert ("cmd-4", "expired", None) in made.outcomes()
    assert cab.PickupStarted(reservation=other, by="command") not in made.told(cab.PickupStarted)
    made.type_code("111111")
    assert made.motors == [1, 2]


@each_command
def test_a_command_that_may_be_over_is_expired_in_doubt_about_the_time(command: Data) -> None:
    made = reserved()
    made.doubt_ms = 2 * MINUTE_MS
    before, motors = made.memory.slots, list(made.motors)
    made.order(command, "cmd-late", expires_ms=made.now_ms + MINUTE_MS)
    finished = made.told(cab.CommandFinished)[-1]
    assert isinstance(finished, cab.CommandFinished)
    assert finished.outcome is cab.Outcome.EXPIRED
    assert (made.memory.slots, made.motors) == (before, motors)
