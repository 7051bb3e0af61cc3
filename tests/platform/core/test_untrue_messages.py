"""Messages from the wrong sender, or that cannot be true: no order moves and nobody is charged for them."""

from chargeloop.platform.core.order import HoldState
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.cabinet import Outcome
from chargeloop.protocol.messages.rental import HandOver, OrderState
from tests.platform.core.script import COURIER, A, B, city, delivering, dispatching, fetching, made, ready


def test_only_the_courier_platform_that_was_asked_is_believed() -> None:
    script = city()
    order = dispatching(script)
    job, name = script.job()
    told = made(delivery.FirstIndication, job=job, order=name, courier=COURIER)
    script.say("cl/v1/demo/dispatch/dsp-other/report", told, journalid="jnl-other", seq=1)
    assert script.order(order.id) == order


def test_a_cabinet_cannot_answer_a_command_of_another_cabinet() -> None:
    script = city()
    order = script.place(1)
    send, command = script.command(cab.ReserveBanks, A)
    told = made(
        cab.CommandFinished,
        command=send.id,
        epoch=command.epoch,
        outcome=Outcome.REFUSED,
        reservation=command.reservation,
    )
    script.event(B, told)
    assert script.order(order.id) == order
    assert send.id not in script.settled


def test_a_cabinet_cannot_end_a_reservation_of_another_cabinet() -> None:
    script = city()
    order = fetching(script)
    (hold,) = order.holds
    script.event(B, made(cab.ReservationEnded, reservation=hold.id, why=cab.HoldEnd.EXPIRED))
    script.event(B, made(cab.PickupFinished, reservation=hold.id, ejected=0, missing=1))
    assert script.order(order.id) == order
    assert hold.state is HoldState.HELD


def test_a_bank_given_out_by_another_cabinet_is_not_charged_to_the_order() -> None:
    script = city()
    order = script.place(1, hand_over=HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    order = script.order(order.id)
    _, eject = script.command(cab.EjectBanks)
    script.event(B, made(cab.BankEjected, slot=1, bank="bnk-b1", reservation=eject.reservation))
    assert script.order(order.id) == order
    assert script.rows.banks["bnk-b1"].where == "away"


def test_nobody_is_charged_for_more_banks_than_were_asked_for() -> None:
    script = city()
    order = delivering(script, 2)
    job, _ = script.job()
    claimed = ("bnk-b1", "bnk-b2", "bnk-b3", "bnk-a1", "bnk-a2")
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=claimed))
    used = script.order(order.id)
    assert (used.state, used.quantity) == (OrderState.IN_USE, 2)
    assert {track.bank for track in used.banks if track.rented is not None} == {"bnk-a1", "bnk-a2"}


def test_a_snapshot_that_names_a_slot_twice_keeps_the_last_and_can_be_stored() -> None:
    script = city()
    twice = reserved(ready(1, "bnk-a1")), reserved(ready(1, "bnk-a2"))
    script.snapshot(A, twice)
    (slot,) = script.rows.cabinets[A].slots
    assert slot.bank == "bnk-a2"


def reserved(status: cab.SlotStatus) -> cab.SlotStatus:
    return status.model_copy(update={"state": cab.SlotState.RESERVED, "reservation": "rsv-x-1"})
