"""Reboots: at rest only, once for each command, told by the boot, whatever the power does meanwhile."""

import itertools
from collections.abc import Callable

import pytest

from chargeloop.protocol.ids import CommandId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.station.core import cabinet
from chargeloop.station.core.memory import Memory, Restart, RunMotor
from tests.station.core.workbench import (
    CODE,
    NOON_MS,
    RETURN_CODE,
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

REBOOT = cab.Reboot(epoch=9)


def prepared() -> Bench:
    """Returns a cabinet with a reservation of two banks and one of a slot."""
    made = bench([100, 90, 80, None, None])
    made.order(reserve_banks(), "cmd-reserve")
    made.order(reserve_slots(1, reservation="rsv-slots"), "cmd-slots")
    return made


def boots(made: Bench) -> list[tuple[str, str | None]]:
    """Returns the cause of each boot after the first, and the command that it names."""
    return [(said.cause, said.command) for said in made.told(cab.Booted) if isinstance(said, cab.Booted)]


def outcomes(made: Bench) -> list[tuple[str, str | None]]:
    return [(outcome, reason) for command, outcome, reason in made.outcomes() if command == "cmd-reboot"]


def decided() -> Bench:
    """Returns a cabinet that has decided to restart and has not done so yet."""
    made = prepared()
    step = cabinet.obey(made.memory, made.senses(), envelope(REBOOT, "cmd-reboot"))
    assert step.acts == (Restart(),)
    made.written = (step.memory, len(made.journal), step.records, ())
    made.memory = step.memory
    made.journal += step.records
    return made


def test_the_outcome_is_journaled_before_and_the_boot_that_follows_names_the_command() -> None:
    made = prepared()
    before = made.memory
    told = len(made.journal)
    made.order(REBOOT, "cmd-reboot")
    finished, booted, inventory = made.journal[told:]
    assert isinstance(finished.data, cab.CommandFinished)
    assert (finished.data.command, finished.data.outcome) == ("cmd-reboot", "done")
    assert booted.data == cab.Booted(
        cause="reboot", firmware=cabinet.FIRMWARE, command=CommandId("cmd-reboot")
    )
    assert booted.correlation_id == "cmd-reboot"
    assert isinstance(inventory.data, cab.InventoryReported)
    assert (made.memory.slots, made.memory.reservations) == (before.slots, before.reservations)


def test_a_later_boot_for_another_reason_does_not_name_the_command_again() -> None:
    made = prepared()
    made.order(REBOOT, "cmd-reboot")
    made.boot()
    assert boots(made) == [("reboot", "cmd-reboot"), ("crash", None)]


def test_a_repeat_after_the_boot_gets_the_recorded_outcome_and_does_not_restart_again() -> None:
    made = prepared()
    made.order(REBOOT, "cmd-reboot")
    made.order(REBOOT, "cmd-reboot")
    assert outcomes(made) == [("done", None)] * 2
    assert (made.restarts, boots(made)) == (1, [("reboot", "cmd-reboot")])


def test_an_older_reboot_is_stale_after_a_newer_one() -> None:
    made = prepared()
    made.order(REBOOT, "cmd-reboot")
    made.order(cab.Reboot(epoch=8), "cmd-old")
    assert made.outcomes()[-1] == ("cmd-old", "refused", "stale_epoch")
    assert made.restarts == 1


def test_a_reboot_whose_time_is_over_changes_nothing() -> None:
    made = prepared()
    made.order(REBOOT, "cmd-reboot", expires_ms=NOON_MS)
    assert (outcomes(made), made.restarts) == ([("expired", None)], 0)


def running(made: Bench) -> Memory:
    """Returns the memory while a motor runs for a command."""
    step = cabinet.obey(made.memory, made.senses(), envelope(eject(), "cmd-eject"))
    assert any(isinstance(act, RunMotor) for act in step.acts)
    return step.memory


def settling(made: Bench) -> Memory:
    """Returns the memory while an exit sensor is given time to settle."""
    made.memory = running(made)
    return cabinet.motor_stopped(made.memory, made.senses(), 1).memory


def open_for_a_hand(made: Bench) -> Memory:
    """Returns the memory while a slot stands open for somebody."""
    who = asker(request="m-push")
    return cabinet.offer_bank(made.memory, made.senses(), who, bank("out", 12), RETURN_CODE).memory


@pytest.mark.parametrize("state", [running, settling, open_for_a_hand])
def test_what_moves_is_not_cut_off(state: Callable[[Bench], Memory]) -> None:
    made = prepared()
    made.memory = state(made)
    step = cabinet.obey(made.memory, made.senses(), envelope(REBOOT, "cmd-reboot"))
    made.carry_out(step)
    assert (outcomes(made), made.restarts) == ([("refused", "busy")], 0)
    assert made.memory.pickups or made.memory.opened is not None


def test_at_rest_again_the_next_command_restarts_it() -> None:
    made = prepared()
    begun = cabinet.obey(made.memory, made.senses(), envelope(eject(), "cmd-eject"))
    made.memory = begun.memory
    made.order(REBOOT, "cmd-reboot")
    for act in begun.acts:
        made._perform(act)
    made.order(cab.Reboot(epoch=10), "cmd-again")
    assert made.outcomes()[-3:] == [
        ("cmd-reboot", "refused", "busy"),
        ("cmd-eject", "done", None),
        ("cmd-again", "done", None),
    ]
    assert boots(made) == [("reboot", "cmd-again")]
    assert made.motors == [1, 2]


def test_between_the_decision_and_the_boot_nothing_is_taken_in() -> None:
    made = decided()
    before, told = made.memory, len(made.journal)
    made.order(eject(), "cmd-eject")
    made.order(REBOOT, "cmd-reboot")
    made.type_code(CODE)
    made.push_in(bank("out", 12), RETURN_CODE, asker(request="m-push"))
    made.reach(asker(request="m-reach"))
    made.wait(2 * 60 * MINUTE_MS)
    assert (made.memory, len(made.journal), made.motors) == (before, told, [])
    assert made.answer() is None
    made.now_ms = NOON_MS
    made.boot()
    made.type_code(CODE)
    assert made.banks_given() == ["bnk-1", "bnk-2"]


def test_a_power_cut_before_the_restart_is_the_boot_that_was_wanted() -> None:
    made = decided()
    made.boot()
    assert boots(made) == [("reboot", "cmd-reboot")]
    made.order(REBOOT, "cmd-reboot")
    assert (outcomes(made), made.restarts) == ([("done", None)] * 2, 0)


def test_wherever_the_power_fails_there_is_one_outcome_one_named_boot_and_no_second_restart() -> None:
    for point in itertools.count():
        made = prepared()
        made.cut_after = point
        failed = False
        try:
            made.order(REBOOT, "cmd-reboot")
        except PowerCutError:
            failed = True
        made.cut_after = None
        if failed:
            made.boot()
        # The platform has heard nothing yet, and sends it again until it has.
        made.order(REBOOT, "cmd-reboot")
        made.order(REBOOT, "cmd-reboot")
        assert set(outcomes(made)) == {("done", None)}
        assert [command for _, command in boots(made)].count("cmd-reboot") == 1
        assert made.restarts <= 1
        kinds = [type(record.data) for record in made.journal if record.correlation_id == "cmd-reboot"]
        assert kinds[:2] == [cab.CommandFinished, cab.Booted]
        assert len(made.memory.reservations) == 2
        if not failed:
            assert point == 6, "writes, entries and the act, of the command and of the boot"
            return
