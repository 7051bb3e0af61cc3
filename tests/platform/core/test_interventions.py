"""What operators have cabinets do: sent, answered and happened are told apart."""

import pytest

from chargeloop.platform.core.intervention import Intervention
from chargeloop.platform.core.rows import SaveIntervention
from chargeloop.platform.shell.store import INTERVENTIONS
from chargeloop.protocol.ids import CommandId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import rental
from chargeloop.protocol.messages.cabinet import CabinetReason, HoldEnd, Outcome, SlotState
from chargeloop.protocol.messages.rental import CabinetAction, OrderState, RefusalCode
from chargeloop.protocol.topics import TOPICS
from tests.platform.core.script import A, B, Script, city, dispatching, made

ASK = "cl/v1/demo/operator/opr-anna/request"


def wish(action: CabinetAction, cabinet: str = A, **what: object) -> rental.CommandCabinet:
    return made(
        rental.CommandCabinet, operator="opr-anna", cabinet=cabinet, action=action, reason="jammed", **what
    )


def asked(script: Script, wanted: rental.CommandCabinet) -> rental.CabinetCommanded | rental.RequestRefused:
    """Ask as an operator, and return the answer."""
    script.say(ASK, wanted)
    return answer_in(script)


def answer_in(script: Script) -> rental.CabinetCommanded | rental.RequestRefused:
    (answer,) = [
        send.data
        for send in script.last
        if isinstance(send.data, rental.CabinetCommanded | rental.RequestRefused)
    ]
    return answer


def commanded(script: Script, wanted: rental.CommandCabinet) -> CommandId:
    answer = asked(script, wanted)
    assert isinstance(answer, rental.CabinetCommanded), answer
    return answer.command


def refusal(script: Script, wanted: rental.CommandCabinet) -> RefusalCode:
    answer = asked(script, wanted)
    assert isinstance(answer, rental.RequestRefused), answer
    return answer.code


def kept(script: Script, command: str) -> Intervention:
    return script.rows.interventions[command]


def finished(script: Script, command: str, outcome: Outcome, reason: CabinetReason | None = None) -> None:
    _, sent = next((send, send.data) for send in script.sent if send.id == command)
    epoch = getattr(sent, "epoch", 0)
    script.event(A, made(cab.CommandFinished, command=command, epoch=epoch, outcome=outcome, reason=reason))


@pytest.mark.parametrize(
    ("action", "locked", "state"),
    [(CabinetAction.LOCK, True, SlotState.LOCKED), (CabinetAction.UNLOCK, False, SlotState.EMPTY)],
)
def test_sent_answered_and_happened_are_three_facts(
    action: CabinetAction, state: SlotState, *, locked: bool
) -> None:
    script = city()
    command = commanded(script, wish(action, slot=4))
    send, lock = script.command(cab.LockSlot, A)
    assert (send.id, lock.slot, lock.locked) == (command, 4, locked)
    assert (
        send.expires_ms == kept(script, command).expires_ms == script.now_ms + script.policy.command_life_ms
    )
    assert (kept(script, command).outcome, kept(script, command).happened_ms) == (None, None)
    script.minutes(0.1)
    finished(script, command, Outcome.DONE)
    assert kept(script, command).answered_ms == script.now_ms
    assert (kept(script, command).outcome, kept(script, command).happened_ms) == (Outcome.DONE, None)
    assert command in script.settled
    script.minutes(0.1)
    script.event(A, made(cab.SlotChanged, slot=4, state=state, reason=CabinetReason.OPERATOR))
    assert kept(script, command).happened_ms == script.now_ms


def test_what_happens_elsewhere_or_otherwise_is_not_what_was_wanted() -> None:
    script = city()
    command = commanded(script, wish(CabinetAction.UNLOCK, slot=4))
    script.event(A, made(cab.SlotChanged, slot=5, state=SlotState.EMPTY))
    script.event(B, made(cab.SlotChanged, slot=4, state=SlotState.EMPTY))
    script.event(A, made(cab.SlotChanged, slot=4, state=SlotState.FAULTY, reason=CabinetReason.JAM))
    long_ago = script.now_ms - 10 * 60_000
    script.event(A, made(cab.SlotChanged, slot=4, state=SlotState.EMPTY), time=long_ago)
    assert kept(script, command).happened_ms is None


def test_a_refusal_is_noted_with_its_reason_and_the_first_answer_counts() -> None:
    script = city()
    command = commanded(script, wish(CabinetAction.LOCK, slot=1))
    finished(script, command, Outcome.REFUSED, CabinetReason.SLOT_HELD)
    finished(script, command, Outcome.DONE)
    assert (kept(script, command).outcome, kept(script, command).refusal) == (
        Outcome.REFUSED, CabinetReason.SLOT_HELD,
    )  # fmt: skip


def test_an_inventory_is_shown_by_the_one_that_names_the_command() -> None:
    script = city()
    command = commanded(script, wish(CabinetAction.INVENTORY))
    script.event(A, made(cab.InventoryReported, command=None, slots=()))
    assert kept(script, command).happened_ms is None
    script.event(A, made(cab.InventoryReported, command=command, slots=()))
    assert kept(script, command).happened_ms == script.now_ms


def rebooting(script: Script) -> CommandId:
    """Have a cabinet of the present firmware reboot, and return the command."""
    script.introduce(A, x_m=300, commands=(*cab.FIRST_COMMANDS, cab.Reboot.TYPE))
    return commanded(script, wish(CabinetAction.REBOOT))


def test_a_reboot_has_happened_with_the_boot_that_names_it_and_with_no_other() -> None:
    script = city()
    command = rebooting(script)
    send, _ = script.command(cab.Reboot, A)
    assert (send.id, kept(script, command).outcome) == (command, None)
    finished(script, command, Outcome.DONE)
    assert (kept(script, command).outcome, kept(script, command).happened_ms) == (Outcome.DONE, None)
    script.event(A, made(cab.Booted, cause="crash", firmware="1"))
    assert kept(script, command).happened_ms is None
    script.minutes(0.1)
    script.event(A, made(cab.Booted, cause="reboot", firmware="1", command=command))
    assert kept(script, command).happened_ms == script.now_ms
    script.event(A, made(cab.Booted, cause="reboot", firmware="1", command=command), time=script.now_ms + 1)
    assert kept(script, command).happened_ms == script.now_ms


def test_a_boot_without_a_command_is_not_a_lock_that_happened() -> None:
    script = city()
    command = commanded(script, wish(CabinetAction.LOCK, slot=4))
    script.event(A, made(cab.Booted, cause="crash", firmware="1"))
    assert kept(script, command).happened_ms is None


def test_a_cabinet_whose_firmware_does_not_know_a_command_is_not_sent_it() -> None:
    script = city()
    assert refusal(script, wish(CabinetAction.REBOOT)) is RefusalCode.NOT_SUPPORTED
    assert script.commands(cab.Reboot) == []
    assert not script.rows.interventions
    commanded(script, wish(CabinetAction.LOCK, slot=4))


def test_firmware_that_is_brought_up_to_date_is_sent_what_it_knows_from_then_on() -> None:
    script = city()
    refusal(script, wish(CabinetAction.REBOOT))
    rebooting(script)
    script.introduce(A, x_m=300)
    assert refusal(script, wish(CabinetAction.REBOOT)) is RefusalCode.NOT_SUPPORTED


def test_before_a_cabinet_has_introduced_itself_anew_it_is_asked_and_its_silence_is_told() -> None:
    script = city()
    script.restart()
    command = commanded(script, wish(CabinetAction.REBOOT))
    script.wait(script.policy.command_life_ms)
    assert (kept(script, command).outcome, kept(script, command).happened_ms) == (None, None)


def test_a_reservation_that_an_operator_ends_sends_the_order_on_to_another_cabinet() -> None:
    script = city()
    order = dispatching(script)
    (hold,) = order.holds
    command = commanded(script, wish(CabinetAction.RELEASE, reservation=hold.id))
    finished(script, command, Outcome.DONE)
    script.event(A, made(cab.ReservationEnded, reservation=hold.id, why=HoldEnd.RELEASED))
    assert kept(script, command).happened_ms == script.now_ms
    moved = script.order(order.id)
    assert not moved.final
    assert [one.cabinet for one in moved.holds if one.id != hold.id]


def test_banks_that_an_operator_has_given_out_are_the_order_s() -> None:
    script = city()
    order = dispatching(script)
    script.taken()
    (hold,) = order.holds
    command = commanded(script, wish(CabinetAction.EJECT, reservation=hold.id))
    script.eject(A, hold.id, {1: "bnk-a1"})
    finished(script, command, Outcome.DONE)
    assert kept(script, command).happened_ms is not None
    assert script.order(order.id).state is OrderState.DELIVERING


def test_the_same_message_sends_one_command_also_after_a_restart() -> None:
    script = city()
    said = script.say(ASK, wish(CabinetAction.LOCK, slot=4))
    first = answer_in(script)
    script.again(said)
    assert answer_in(script) == first
    script.restart()
    script.again(said)
    assert answer_in(script) == first
    assert len(script.commands(cab.LockSlot)) == 1
    assert isinstance(first, rental.CabinetCommanded)
    finished(script, first.command, Outcome.DONE)
    assert kept(script, first.command).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (wish(CabinetAction.LOCK, "cab-none", slot=1), RefusalCode.UNKNOWN_CABINET),
        (wish(CabinetAction.LOCK), RefusalCode.INVALID),
        (wish(CabinetAction.INVENTORY, slot=1), RefusalCode.INVALID),
        (wish(CabinetAction.REBOOT, slot=1), RefusalCode.INVALID),
        (wish(CabinetAction.RELEASE), RefusalCode.INVALID),
        (wish(CabinetAction.EJECT, reservation="rsv-none-1"), RefusalCode.INVALID),
    ],
)
def test_what_is_not_complete_or_not_there_is_refused(
    wanted: rental.CommandCabinet, code: RefusalCode
) -> None:
    script = city()
    assert refusal(script, wanted) is code
    assert not script.rows.interventions


def test_a_cabinet_that_cannot_be_reached_is_sent_nothing() -> None:
    script = city()
    script.connect(A, online=False)
    assert refusal(script, wish(CabinetAction.LOCK, slot=4)) is RefusalCode.CABINET_OFFLINE


def test_so_many_commands_may_wait_and_no_more_until_they_are_answered_or_over() -> None:
    script = city()
    for _ in range(20):
        commanded(script, wish(CabinetAction.INVENTORY))
    assert refusal(script, wish(CabinetAction.INVENTORY)) is RefusalCode.TOO_MANY
    script.wait(script.policy.command_life_ms)
    script.alive(A)
    commanded(script, wish(CabinetAction.INVENTORY))


def test_nobody_commands_a_cabinet_in_another_operator_s_name_and_users_not_at_all() -> None:
    script = city()
    script.say("cl/v1/demo/operator/opr-ben/request", wish(CabinetAction.LOCK, slot=4))
    assert not script.rows.interventions
    assert rental.CommandCabinet not in TOPICS["user_request"].messages


def test_interventions_are_kept_whole() -> None:
    script = city()
    command = commanded(script, wish(CabinetAction.LOCK, slot=4))
    finished(script, command, Outcome.REFUSED, CabinetReason.SLOT_HELD)
    one = kept(script, command)
    assert INTERVENTIONS.validate_json(INTERVENTIONS.dump_json(one)) == one
    assert SaveIntervention(one).intervention == one
