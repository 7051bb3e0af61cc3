"""Giving out banks: by code and by command, with jams, bouncing sensors and a queue for the motor."""

import pytest

from chargeloop.protocol.ids import ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.station.core import cabinet
from chargeloop.station.core.faults import Faults
from chargeloop.station.core.memory import RunMotor
from tests.station.core.workbench import (
    CODE,
    NOON_MS,
    RSV,
    Bench,
    PowerCutError,
    asker,
    bench,
    eject,
    envelope,
    release,
    reserve_banks,
)

OTHER = ReservationId("rsv-2")


def reserved(faults: Faults | None = None, charges: tuple[int | None, ...] = (100, 90, 70, 40)) -> Bench:
    made = bench(charges, faults)
    made.order(reserve_banks(), "cmd-reserve")
    made.journal.clear()
    return made


def types(made: Bench) -> list[str]:
    return [record.data.TYPE.split(".")[2] for record in made.journal]


def test_the_right_code_gives_out_the_reserved_banks_one_by_one() -> None:
    made = reserved()
    made.type_code(CODE)
    assert types(made) == [
        "pickup_started",
        "bank_ejected",
        "bank_ejected",
        "pickup_finished",
        "reservation_ended",
    ]
    answer = made.answer()
    assert answer is not None
    assert (answer.accepted, [status.bank for status in answer.banks]) == (True, ["bnk-1", "bnk-2"])
    assert made.states() == ["empty", "empty", "ready", "charging"]
    assert made.told(cab.PickupFinished) == [cab.PickupFinished(reservation=RSV, ejected=2, missing=0)]


def test_a_command_gives_them_out_too_and_reports_when_the_last_is_out() -> None:
    made = reserved()
    made.order(eject(), "cmd-2")
    assert types(made)[-3:] == ["pickup_finished", "command_finished", "reservation_ended"]
    finished = made.told(cab.CommandFinished)[-1]
    assert isinstance(finished, cab.CommandFinished)
    assert finished.outcome is cab.Outcome.DONE
    assert [(content.slot, content.bank) for content in finished.slots] == [(1, "bnk-1"), (2, "bnk-2")]
    ejected = made.told(cab.BankEjected)[0]
    assert isinstance(ejected, cab.BankEjected)
    assert (ejected.command, ejected.charge_pct) == ("cmd-2", 100)


def test_the_journal_entry_precedes_the_motor() -> None:
    made = reserved()
    step = cabinet.type_code(made.memory, made.senses(), asker(), CODE)
    assert [type(record.data) for record in step.records] == [cab.PickupStarted]
    assert step.acts == (RunMotor(1, RSV),)
    assert step.memory.pickups[0].motor is not None


def test_a_second_eject_never_moves_the_motor_twice() -> None:
    made = reserved()
    made.order(eject(), "cmd-2")
    made.order(eject(), "cmd-2")
    made.order(eject(epoch=3), "cmd-3")
    assert made.motors == [1, 2]
    assert made.outcomes()[-1] == ("cmd-3", "refused", "unknown_reservation")


def test_the_same_typed_code_sent_again_gives_the_same_banks_and_moves_nothing() -> None:
    made = reserved()
    made.type_code(CODE)
    first = made.answer()
    made.type_code(CODE)
    assert made.answer() == first
    assert made.motors == [1, 2]


def test_a_used_code_is_a_wrong_code() -> None:
    made = reserved()
    made.type_code(CODE)
    made.type_code(CODE, asker(request="m-2"))
    answer = made.answer(asker(request="m-2"))
    assert answer is not None
    assert not answer.accepted
    assert made.memory.keypad.wrong_codes == 1


def test_while_the_motor_moves_repeats_are_met_with_silence_and_changes_are_refused() -> None:
    made = reserved()
    running = cabinet.obey(made.memory, made.senses(), envelope(eject(), "cmd-2")).memory
    again = cabinet.obey(running, made.senses(), envelope(eject(), "cmd-2"))
    assert (again.records, again.acts) == ((), ())
    for command in (
        release(),
        reserve_banks(1, epoch=5),
        eject(epoch=6),
        cab.LockSlot(slot=1, epoch=7, locked=True),
    ):
        step = cabinet.obey(running, made.senses(), envelope(command, "cmd-3"))
        finished = step.records[0].data
        assert isinstance(finished, cab.CommandFinished)
        assert (finished.outcome, finished.reason) == ("refused", "busy")
        assert step.memory.pickups == running.pickups


def test_a_release_drops_an_eject_that_waits_for_the_motor_and_no_code_moves_it_later() -> None:
    made = reserved()
    made.order(reserve_banks(1, reservation=OTHER, code="111111"), "cmd-other")
    made.memory = cabinet.type_code(made.memory, made.senses(), asker(), CODE).memory
    made.order(cab.EjectBanks(reservation=OTHER, epoch=2), "cmd-eject")
    made.order(cab.ReleaseReservation(reservation=OTHER, epoch=3), "cmd-release")
    assert made.outcomes()[-2:] == [("cmd-eject", "refused", "stale_epoch"), ("cmd-release", "done", None)]
    assert [live.id for live in made.memory.reservations] == [RSV]
    wrong = cabinet.type_code(made.memory, made.senses(), asker("cou-2", "m-9"), "111111")
    assert not any(isinstance(act, RunMotor) for act in wrong.acts)


def test_who_waits_for_the_motor_with_a_code_is_told_when_the_reservation_is_released() -> None:
    made = reserved()
    made.order(reserve_banks(1, reservation=OTHER, code="111111"), "cmd-other")
    made.memory = cabinet.type_code(made.memory, made.senses(), asker(), CODE).memory
    waiting = asker("cou-2", "m-9")
    made.memory = cabinet.type_code(made.memory, made.senses(), waiting, "111111").memory
    made.order(cab.ReleaseReservation(reservation=OTHER, epoch=3), "cmd-release")
    assert made.outcomes()[-1] == ("cmd-release", "done", None)
    answer = made.answer(waiting)
    assert answer is not None
    assert (answer.accepted, answer.banks) == (False, ())


def test_the_same_person_typing_again_while_the_motor_moves_is_met_with_silence() -> None:
    made = reserved()
    running = cabinet.type_code(made.memory, made.senses(), asker(), CODE).memory
    again = cabinet.type_code(running, made.senses(), asker(), CODE)
    assert (again.records, again.acts) == ((), ())
    somebody = cabinet.type_code(running, made.senses(), asker("cou-2"), CODE)
    assert [getattr(act, "accepted", None) for act in somebody.acts] == [False]


def test_a_jammed_slot_becomes_faulty_and_another_bank_takes_its_place() -> None:
    made = reserved(Faults(jam_slots=frozenset({1})))
    made.type_code(CODE)
    assert made.banks_given() == ["bnk-2", "bnk-3"]
    assert made.states() == ["faulty", "empty", "empty", "charging"]
    assert types(made)[1:3] == ["eject_failed", "slot_changed"]
    assert made.told(cab.PickupFinished) == [cab.PickupFinished(reservation=RSV, ejected=2, missing=0)]


def test_a_jam_without_a_substitute_leaves_one_missing() -> None:
    made = reserved(Faults(jam_next=1), (100, 90, 40))
    made.type_code(CODE)
    assert made.banks_given() == ["bnk-2"]
    assert made.told(cab.PickupFinished) == [cab.PickupFinished(reservation=RSV, ejected=1, missing=1)]
    assert made.memory.reservations == ()


def test_a_bank_of_too_little_charge_is_no_substitute() -> None:
    made = bench([100, 90, 70], Faults(jam_next=1))
    made.order(reserve_banks(min_charge_pct=80), "cmd-1")
    made.type_code(CODE)
    assert made.banks_given() == ["bnk-2"]


def test_a_bank_of_another_reservation_is_no_substitute() -> None:
    made = reserved(Faults(jam_next=1))
    made.order(reserve_banks(1, reservation=OTHER, code="111111"), "cmd-other")
    made.type_code(CODE)
    assert made.banks_given() == ["bnk-2"]
    assert made.states() == ["faulty", "empty", "reserved", "charging"]


def test_a_command_with_missing_banks_has_failed_by_the_jam() -> None:
    made = reserved(Faults(jam_slots=frozenset({1, 2, 3})))
    made.order(eject(), "cmd-2")
    assert made.outcomes()[-1] == ("cmd-2", "failed", "jam")
    assert made.motors == [1, 2, 3]


def test_an_operator_can_clear_a_jammed_slot() -> None:
    made = reserved(Faults(jam_next=1))
    made.type_code(CODE)
    made.order(cab.LockSlot(slot=1, epoch=9, locked=False), "cmd-clear")
    made.wait(0)
    assert made.states()[0] == "ready"


def test_a_bouncing_exit_sensor_is_not_taken_for_a_jam() -> None:
    made = reserved(Faults(bounce_slots=frozenset({1, 2})))
    made.type_code(CODE)
    assert made.banks_given() == ["bnk-1", "bnk-2"]
    assert made.motors == [1, 2]
    assert len(made.told(cab.BankEjected)) == 2
    assert made.told(cab.EjectFailed) == []


def test_a_report_of_a_motor_that_does_not_run_changes_nothing() -> None:
    made = reserved()
    step = cabinet.motor_stopped(made.memory, made.senses(), 1)
    assert (step.memory, step.records, step.acts) == (made.memory, (), ())


def test_a_second_pickup_waits_for_the_motor_and_then_gets_its_banks() -> None:
    made = reserved()
    made.order(reserve_banks(1, reservation=OTHER, code="111111"), "cmd-other")
    running = cabinet.type_code(made.memory, made.senses(), asker(), CODE)
    waiting = cabinet.type_code(running.memory, made.senses(), asker("cou-2"), "111111")
    assert (waiting.records, waiting.acts) == ((), ())
    made.memory = waiting.memory
    made.journal += running.records
    for act in running.acts:
        made._perform(act)
    assert made.motors == [1, 2, 3]
    answer = made.answer(asker("cou-2"))
    assert answer is not None
    assert [status.bank for status in answer.banks] == ["bnk-3"]
    assert made.memory.pickups == ()


def test_banks_of_a_command_wait_in_the_tray_until_a_hand_takes_them_once() -> None:
    made = reserved()
    walker = asker("usr-1")
    made.reach(walker)
    made.order(eject(), "cmd-2")
    assert [lying.bank.bank for lying in made.world.tray] == ["bnk-1", "bnk-2"]
    made.reach(asker("usr-1", "m-2"))
    made.reach(asker("usr-2"))
    answers = [made.answer(who) for who in (walker, asker("usr-1", "m-2"), asker("usr-2"))]
    assert [answer is not None and len(answer.banks) for answer in answers] == [0, 2, 0]
    assert made.world.tray == ()


def test_a_hand_in_the_tray_does_not_take_what_comes_out_for_a_typed_code() -> None:
    made = reserved()
    running = cabinet.type_code(made.memory, made.senses(), asker(), CODE)
    made.memory = running.memory
    made.cut_after = 1
    with pytest.raises(PowerCutError):
        made._perform(running.acts[0])
    made.cut_after = None
    assert len(made.world.tray) == 1
    made.reach(asker("usr-9"))
    assert len(made.world.tray) == 1


def test_a_code_typed_at_the_end_of_its_reservation_comes_too_late() -> None:
    made = reserved()
    made.now_ms = NOON_MS + 3_600_000
    made.type_code(CODE)
    assert made.motors == []
    answer = made.answer()
    assert answer is not None
    assert not answer.accepted
