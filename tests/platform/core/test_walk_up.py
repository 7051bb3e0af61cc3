"""People who walk to the cabinet themselves."""

import pytest

from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import rental
from chargeloop.protocol.messages.cabinet import CabinetReason, Outcome
from chargeloop.protocol.messages.rental import (
    CabinetAction,
    HandOver,
    OrderState,
    RefusalCode,
    RequestRefused,
)
from chargeloop.protocol.time import HOUR_MS
from tests.platform.core.script import A, B, Script, city, made, ready
from tests.platform.core.test_interventions import commanded, wish


def unlocking(script: Script, quantity: int = 1, *, accept_fewer: bool = False) -> Order:
    order = script.place(quantity, hand_over=HandOver.WALK_UP, cabinet=A, accept_fewer=accept_fewer)
    script.answer(cab.ReserveBanks)
    return script.order(order.id)


def given(script: Script, *banks: str, missing: int = 0) -> None:
    _, eject = script.command(cab.EjectBanks)
    script.eject(A, eject.reservation, dict(enumerate(banks, 1)), missing=missing)
    outcome = Outcome.FAILED if missing else Outcome.DONE
    script.answer(cab.EjectBanks, outcome, reason=CabinetReason.JAM if missing else None)


def test_a_walk_up_rental_runs_from_the_ejection_to_the_return_and_pays_no_courier() -> None:
    script = city()
    order = unlocking(script, 2)
    assert order.state is OrderState.UNLOCKING
    given(script, "bnk-a1", "bnk-a2")
    assert script.order(order.id).state is OrderState.IN_USE
    script.minutes(40)
    script.insert(B, 5, "bnk-a1")
    script.insert(B, 6, "bnk-a2")
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id) == {"rental": 400}
    starts = {line.from_event for line in script.rows.lines}
    events = {event.id: event.type for event in script.rows.events}
    assert {events[start] for start in starts} == {"bank_ejected"}


@pytest.mark.parametrize("after_ms", [16, 16_000])
def test_two_scans_of_a_cabinet_are_one_order(after_ms: int) -> None:
    script = city()
    order = unlocking(script)
    script.wait(after_ms)
    again = script.place(1, hand_over=HandOver.WALK_UP, cabinet=A)
    assert again.id == order.id
    given(script, "bnk-a1")
    assert script.place(1, hand_over=HandOver.WALK_UP, cabinet=A).id == order.id
    assert len(script.rows.orders) == 1


def test_who_wants_another_bank_a_moment_later_or_elsewhere_or_more_gets_it() -> None:
    script = city()
    order = unlocking(script)
    others = {script.place(2, hand_over=HandOver.WALK_UP, cabinet=A).id}
    others.add(script.place(1, hand_over=HandOver.WALK_UP, cabinet=B).id)
    others.add(script.place(1, hand_over=HandOver.WALK_UP, cabinet=A, user="usr-2").id)
    script.wait(30_000)
    script.alive(A)
    others.add(script.place(1, hand_over=HandOver.WALK_UP, cabinet=B).id)
    assert len(others | {order.id}) == 5


def test_a_scan_after_one_that_failed_begins_anew() -> None:
    script = city()
    order = unlocking(script)
    given(script, missing=1)
    assert script.order(order.id).state is OrderState.FAILED
    assert script.place(1, hand_over=HandOver.WALK_UP, cabinet=A).id != order.id


def test_the_remote_eject_is_a_lease_that_ends_soon() -> None:
    script = city()
    unlocking(script)
    send, eject = script.command(cab.EjectBanks)
    assert send.expires_ms == script.now_ms + script.policy.unlock_life_ms
    assert eject.epoch > script.command(cab.ReserveBanks)[1].epoch


@pytest.mark.parametrize(
    ("request_values", "code", "detail"),
    [
        ({"cabinet": None}, RefusalCode.UNKNOWN_CABINET, "a walk-up order names its cabinet"),
        (
            {"cabinet": "cab-none"},
            RefusalCode.UNKNOWN_CABINET,
            "there is no cabinet cab-none in this region",
        ),
        ({"cabinet": B}, RefusalCode.CABINET_OFFLINE, f"{B} cannot be reached now"),
        (
            {"cabinet": A, "quantity": 4},
            RefusalCode.NOT_ENOUGH_BANKS,
            f"{A} does not have 4 banks; 3 can be had",
        ),
    ],
)
def test_a_walk_up_that_the_named_cabinet_cannot_serve_is_refused(
    request_values: dict[str, object], code: RefusalCode, detail: str
) -> None:
    script = city()
    script.connect(B, online=False)
    values: dict[str, object] = {"quantity": 1, "hand_over": HandOver.WALK_UP, **request_values}
    answer = script.ask_place(**values)  # type: ignore[arg-type]
    assert isinstance(answer, RequestRefused)
    assert (answer.code, answer.detail) == (code, detail)


def test_a_refused_walk_up_is_not_sent_to_another_cabinet() -> None:
    script = city()
    order = script.place(1, hand_over=HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks, Outcome.REFUSED)
    assert script.order(order.id).state is OrderState.FAILED
    assert len(script.commands(cab.ReserveBanks)) == 1


def test_fewer_banks_than_asked_are_rented_and_none_fails_the_order_uncharged() -> None:
    script = city()
    order = unlocking(script, 2)
    given(script, "bnk-a1", missing=1)
    used = script.order(order.id)
    assert (used.state, used.quantity) == (OrderState.IN_USE, 1)
    other = city()
    order = unlocking(other)
    given(other, missing=1)
    failed = other.order(order.id)
    assert failed.state is OrderState.FAILED
    assert not other.rows.lines


@pytest.mark.parametrize("outcome", [Outcome.EXPIRED, Outcome.REFUSED])
def test_an_eject_that_was_not_carried_out_fails_the_order(outcome: Outcome) -> None:
    script = city()
    order = unlocking(script)
    script.answer(cab.EjectBanks, outcome)
    assert script.order(order.id).state is OrderState.FAILED
    assert script.command(cab.ReleaseReservation)


@pytest.mark.parametrize("reason", [CabinetReason.STALE_EPOCH, CabinetReason.BUSY])
def test_an_eject_that_came_after_an_operators_waits_for_what_comes_out(reason: CabinetReason) -> None:
    script = city()
    order = unlocking(script)
    _, eject = script.command(cab.EjectBanks)
    script.event(A, made(cab.PickupStarted, reservation=eject.reservation, by="command"))
    script.answer(cab.EjectBanks, Outcome.REFUSED, reason=reason)
    assert script.order(order.id).state is OrderState.UNLOCKING
    script.eject(A, eject.reservation, {1: "bnk-a1"})
    assert script.order(order.id).state is OrderState.IN_USE
    script.minutes(40)
    script.insert(B, 5, "bnk-a1")
    assert script.fees(order.id) == {"rental": 200}


def test_an_eject_that_came_after_another_that_gave_nothing_is_resolved_by_the_inventory() -> None:
    script = city()
    order = unlocking(script)
    script.answer(cab.EjectBanks, Outcome.REFUSED, reason=CabinetReason.STALE_EPOCH)
    script.minutes(4)
    inquiry, _ = script.command(cab.ReportInventory)
    script.event(A, made(cab.InventoryReported, command=inquiry.id, slots=(ready(1, "bnk-a1"),)))
    assert script.order(order.id).state is OrderState.FAILED


def test_an_eject_that_came_after_the_release_of_its_banks_fails_the_order() -> None:
    script = city()
    order = unlocking(script)
    _, eject = script.command(cab.EjectBanks)
    script.event(A, made(cab.ReservationEnded, reservation=eject.reservation, why=cab.HoldEnd.RELEASED))
    script.answer(cab.EjectBanks, Outcome.REFUSED, reason=CabinetReason.STALE_EPOCH)
    assert script.order(order.id).state is OrderState.FAILED


def test_an_eject_is_not_sent_again_when_an_operator_has_ended_its_order() -> None:
    script = city()
    order = unlocking(script)
    own, eject = script.command(cab.EjectBanks)
    script.ask(made(rental.EndOrder, operator="opr-anna", order=order.id, reason="left"))
    assert script.order(order.id).state is OrderState.FAILED
    assert own.id in script.settled
    # It may have been on the way already.
    script.event(A, made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=eject.reservation))
    (track,) = script.order(order.id).banks
    assert track.place is BankPlace.ASTRAY
    assert script.rows.banks["bnk-a1"].order == order.id
    assert not script.rows.lines


def test_a_bank_whose_ejection_names_its_command_alone_is_rented() -> None:
    script = city()
    order = unlocking(script)
    own, eject = script.command(cab.EjectBanks)
    script.event(A, made(cab.BankEjected, slot=1, bank="bnk-a1", command=own.id))
    script.event(A, made(cab.PickupFinished, reservation=eject.reservation, ejected=1, missing=0))
    assert script.order(order.id).state is OrderState.IN_USE
    script.minutes(40)
    script.insert(B, 5, "bnk-a1")
    assert script.fees(order.id) == {"rental": 200}


def test_a_bank_whose_ejection_names_an_operators_command_alone_is_rented() -> None:
    script = city()
    order = unlocking(script)
    _, eject = script.command(cab.EjectBanks)
    by_operator = commanded(script, wish(CabinetAction.EJECT, reservation=eject.reservation))
    script.event(A, made(cab.BankEjected, slot=1, bank="bnk-a1", command=by_operator))
    script.event(A, made(cab.PickupFinished, reservation=eject.reservation, ejected=1, missing=0))
    assert script.order(order.id).state is OrderState.IN_USE


def test_a_command_that_another_cabinet_was_told_gives_out_no_bank_of_its_order() -> None:
    script = city()
    order = unlocking(script)
    own, _ = script.command(cab.EjectBanks)
    script.event(B, made(cab.BankEjected, slot=1, bank="bnk-b1", command=own.id))
    assert not script.order(order.id).banks


def test_an_acknowledged_eject_is_not_taken_for_a_bank_that_came_out() -> None:
    script = city()
    order = unlocking(script)
    script.answer(cab.EjectBanks, Outcome.DONE)
    assert script.order(order.id).state is OrderState.UNLOCKING
    script.minutes(4)
    inquiry, _ = script.command(cab.ReportInventory)
    script.event(A, made(cab.InventoryReported, command=inquiry.id, slots=(ready(1, "bnk-a1"),)))
    assert script.order(order.id).state is OrderState.FAILED
    assert not script.rows.lines


def test_an_eject_without_an_answer_is_resolved_by_the_inventory() -> None:
    script = city()
    order = unlocking(script)
    script.connect(A, online=False)
    script.minutes(4)
    assert script.order(order.id).state is OrderState.UNLOCKING
    inquiry, _ = script.command(cab.ReportInventory)
    # Two hours later the cabinet is back: its journal tells of one bank first, then the inventory.
    script.minutes(120)
    script.connect(A)
    _, eject = script.command(cab.EjectBanks)
    ejected = made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=eject.reservation)
    script.event(A, ejected)
    script.event(A, made(cab.InventoryReported, command=inquiry.id, slots=(ready(2, "bnk-a2"),)))
    assert script.order(order.id).state is OrderState.IN_USE
    assert inquiry.id in script.settled


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.REFUSED, CabinetReason.STALE_EPOCH),
        (Outcome.EXPIRED, None),
        (Outcome.FAILED, CabinetReason.POWER_CUT),
    ],
)
def test_an_inquiry_that_was_not_carried_out_is_made_again(
    outcome: Outcome, reason: CabinetReason | None
) -> None:
    script = city()
    order = unlocking(script)
    script.minutes(4)
    first, _ = script.command(cab.ReportInventory)
    refused = script.answer(cab.ReportInventory, outcome, reason=reason)
    script.again(refused)
    assert len(script.commands(cab.ReportInventory)) == 1
    script.restart()
    script.minutes(4)
    second, _ = script.command(cab.ReportInventory)
    assert len(script.commands(cab.ReportInventory)) == 2
    assert second.id != first.id
    script.event(A, made(cab.InventoryReported, command=second.id, slots=(ready(1, "bnk-a1"),)))
    assert script.order(order.id).state is OrderState.FAILED


def test_a_cabinet_that_refuses_every_inquiry_does_not_keep_the_order_open() -> None:
    script = city()
    order = unlocking(script)
    for _ in range(13 * 60 // 4):
        script.minutes(4)
        if script.order(order.id).state is OrderState.UNLOCKING:
            script.answer(cab.ReportInventory, Outcome.REFUSED, reason=CabinetReason.STALE_EPOCH)
    assert script.order(order.id).state is OrderState.FAILED
    assert len(script.commands(cab.ReportInventory)) < 250


def test_an_inventory_that_shows_nothing_left_fails_the_order() -> None:
    script = city()
    order = unlocking(script)
    script.minutes(4)
    inquiry, _ = script.command(cab.ReportInventory)
    script.event(A, made(cab.InventoryReported, command=inquiry.id, slots=(ready(1, "bnk-a1"),)))
    assert script.order(order.id).state is OrderState.FAILED


def test_a_cabinet_that_is_never_heard_of_again_does_not_keep_the_order_open() -> None:
    script = city()
    order = unlocking(script)
    script.wait(13 * HOUR_MS)
    assert script.order(order.id).state is OrderState.FAILED


def test_a_bank_put_back_while_the_next_comes_out_is_counted_once() -> None:
    script = city()
    order = unlocking(script, 2)
    _, eject = script.command(cab.EjectBanks)
    first = made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=eject.reservation)
    script.event(A, first)
    script.insert(A, 1, "bnk-a1")
    script.eject(A, eject.reservation, {2: "bnk-a2"})
    assert script.order(order.id).state is OrderState.IN_USE
    script.insert(A, 2, "bnk-a2")
    assert script.order(order.id).state is OrderState.SETTLED


def test_the_banks_of_a_walk_up_can_be_fetched_by_a_courier() -> None:
    script = city()
    order = unlocking(script)
    given(script, "bnk-a1")
    script.ask_return(order.id, 1)
    script.answer(cab.ReserveSlots)
    script.taken()
    assert script.order(order.id).state is OrderState.COLLECTING
    script.minutes(5)
    script.insert(A, 5, "bnk-a1", script.command(cab.ReserveSlots)[1].reservation)
    assert set(script.fees(order.id)) == {"rental", "courier_back"}


def test_a_walk_up_cannot_be_cancelled_while_motors_move() -> None:
    script = city()
    order = unlocking(script)
    answer = script.cancel(order.id)
    assert isinstance(answer, RequestRefused)
    assert answer.code is RefusalCode.WRONG_STATE
