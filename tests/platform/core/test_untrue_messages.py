"""Messages from the wrong sender, or that cannot be true: no order moves and nobody is charged for them."""

import pytest

from chargeloop.platform.core.order import BankPlace, HoldState
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.cabinet import Outcome
from chargeloop.protocol.messages.rental import HandOver, OrderState
from chargeloop.protocol.time import HOUR_MS
from tests.platform.core.script import (
    COURIER,
    A,
    B,
    Script,
    city,
    collecting,
    delivering,
    dispatching,
    fetching,
    in_use,
    made,
    ready,
)  # fmt: skip


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


def test_banks_that_a_cabinet_gives_out_beyond_what_a_walk_up_asked_for_are_astray() -> None:
    script = city()
    order = script.place(1, hand_over=HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    _, eject = script.command(cab.EjectBanks)
    given = [f"bnk-x{number}" for number in range(21)]
    script.eject(A, eject.reservation, {1 + number: bank for number, bank in enumerate(given)})
    used = script.order(order.id)
    assert (used.state, used.quantity) == (OrderState.IN_USE, 1)
    assert [track.bank for track in used.banks_at(BankPlace.USER)] == given[:1]
    assert len(used.banks_at(BankPlace.ASTRAY)) == 20
    script.minutes(20)
    script.insert(B, 5, "bnk-x7")
    assert script.order(order.id).state is OrderState.IN_USE
    script.insert(B, 6, "bnk-x0")
    ended = script.order(order.id)
    assert (ended.state, ended.reason) == (OrderState.SETTLED, None)
    assert script.fees(order.id) == {"rental": 100}


def test_banks_that_a_cabinet_gives_a_courier_beyond_what_was_asked_for_are_astray() -> None:
    script = city()
    order = fetching(script, 2)
    _, command = script.command(cab.ReserveBanks)
    script.eject(A, command.reservation, {1 + number: f"bnk-x{number}" for number in range(25)})
    carried = script.order(order.id)
    assert (carried.state, carried.quantity) == (OrderState.DELIVERING, 2)
    assert [track.bank for track in carried.banks_at(BankPlace.OUTBOUND)] == ["bnk-x0", "bnk-x1"]
    script.cancel(order.id)
    assert script.command(cab.ReserveSlots)[1].quantity == 2


def test_banks_that_a_courier_claims_beyond_what_was_asked_for_are_astray() -> None:
    script = city()
    order = fetching(script)
    job, _ = script.job()
    told = ("bnk-x1", "bnk-x2", "bnk-x3")
    script.report(made(delivery.BanksPickedUp, job=job, order=order.id, banks=told))
    carried = script.order(order.id)
    assert [track.bank for track in carried.banks_at(BankPlace.OUTBOUND)] == ["bnk-x1"]
    _, command = script.command(cab.ReserveBanks)
    script.eject(A, command.reservation, {1: "bnk-a1"})
    assert script.order(order.id).bank("bnk-a1") in script.order(order.id).banks_at(BankPlace.OUTBOUND)


def test_no_more_slots_are_asked_for_than_a_cabinet_can_be_asked_for() -> None:
    script = city()
    script.cabinet("cab-c", x_m=100, banks=[f"bnk-c{number}" for number in range(1, 21)], empty=16)
    order = script.place(20)
    script.answer(cab.ReserveBanks)
    script.taken()
    job, _ = script.job()
    claimed = tuple(f"bnk-x{number}" for number in range(20))
    script.report(made(delivery.BanksPickedUp, job=job, order=order.id, banks=claimed))
    script.introduce("cab-c", x_m=100, slots=36)
    empty = [made(cab.SlotStatus, slot=slot, state=cab.SlotState.EMPTY) for slot in range(1, 37)]
    _, command = script.command(cab.ReserveBanks)
    for slot in range(1, 21):
        left = {"slot": slot, "bank": f"bnk-c{slot}", "reservation": command.reservation, "charge_pct": 95}
        script.event("cab-c", made(cab.BankEjected, **left))
    assert len(script.order(order.id).banks_at(BankPlace.OUTBOUND)) == 40
    script.snapshot("cab-c", empty)
    script.cancel(order.id)
    assert script.command(cab.ReserveSlots)[1].quantity == 20


def test_a_snapshot_that_names_a_slot_twice_keeps_the_last_and_can_be_stored() -> None:
    script = city()
    twice = reserved(ready(1, "bnk-a1")), reserved(ready(1, "bnk-a2"))
    script.snapshot(A, twice)
    (slot,) = script.rows.cabinets[A].slots
    assert slot.bank == "bnk-a2"


def reserved(status: cab.SlotStatus) -> cab.SlotStatus:
    return status.model_copy(update={"state": cab.SlotState.RESERVED, "reservation": "rsv-x-1"})


def _said_again(script: Script, kind: type[Data], time_ms: int) -> None:
    """Let a courier platform that has lost its memory give the job away once more."""
    job, order = script.job()
    told = made(kind, job=job, order=order, courier="cou-0009")
    script.say("cl/v1/demo/dispatch/dsp-main/report", told, journalid="jnl-dsp-restored", seq=1, time=time_ms)


@pytest.mark.parametrize("ago_ms", [0, 5 * HOUR_MS])
def test_a_first_indication_said_again_after_the_hand_over_changes_nothing(ago_ms: int) -> None:
    def fees(*, during: bool, after: bool) -> dict[str, int]:
        script = city()
        order = in_use(script)
        script.minutes(70)
        if during:
            _said_again(script, delivery.FirstIndication, script.now_ms - ago_ms)
            (was,), (now,) = order.legs, script.order(order.id).legs
            assert (now.courier, now.indicated) == (was.courier, was.indicated)
        script.minutes(50)
        script.insert(B, 5, order.banks[0].bank)
        if after:
            _said_again(script, delivery.FirstIndication, script.now_ms - ago_ms)
        script.minutes(600)
        assert script.order(order.id).state is OrderState.SETTLED
        return script.fees(order.id)

    honest = fees(during=False, after=False)
    assert honest["rental"] > 0
    assert honest["courier_out"] > 0
    assert fees(during=True, after=False) == fees(during=False, after=True) == honest


def test_a_second_indication_said_again_after_the_return_changes_nothing() -> None:
    def fees(*, again: bool) -> dict[str, int]:
        script = city()
        order = collecting(script)
        job, name = script.job()
        banks = tuple(track.bank for track in order.banks)
        script.minutes(10)
        script.report(made(delivery.BanksCollected, job=job, order=name, banks=banks))
        script.minutes(15)
        script.insert(B, 5, *banks)
        script.report(
            made(delivery.ReturnSucceeded, job=job, order=name, banks=banks, evidence=delivery.Evidence.PHONE)
        )
        assert script.order(name).state is OrderState.SETTLED
        if again:
            _said_again(script, delivery.SecondIndication, script.now_ms)
        script.minutes(600)
        return script.fees(name)

    honest = fees(again=False)
    assert honest["courier_back"] > 0
    assert fees(again=True) == honest


def test_a_first_indication_heard_after_a_return_on_foot_ends_no_rental() -> None:
    script = city()
    dispatching(script)
    job, name = script.job()
    taken_ms = script.now_ms
    script.minutes(5)
    script.report(made(delivery.BanksPickedUp, job=job, order=name, banks=("bnk-a1",)))
    script.minutes(10)
    script.report(made(delivery.RentalSucceeded, job=job, order=name, banks=("bnk-a1",)))
    script.minutes(120)
    script.insert(B, 5, "bnk-a1")
    script.minutes(600)
    before = script.fees(name)
    assert set(before) == {"rental"}
    _said_again(script, delivery.FirstIndication, taken_ms)
    assert script.fees(name) == before | {"courier_out": 200 + 10 * 15}
