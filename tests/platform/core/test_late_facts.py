"""Facts that are heard late, out of order or from a wrong clock: the bill is what it would have been."""

from copy import deepcopy
from dataclasses import replace

import pytest

from chargeloop.platform.core import fees
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.platform.core.order_evolve import evolve
from chargeloop.platform.core.order_journal import Stamp
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import CabinetId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.delivery import Evidence, JobEnd
from chargeloop.protocol.messages.rental import HandOver, OrderState
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS
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
)


def unlocking(script: Script, quantity: int = 1) -> Order:
    order = script.place(quantity, hand_over=HandOver.WALK_UP, cabinet=A)
    script.answer(cab.ReserveBanks)
    return script.order(order.id)


def ejected(script: Script, bank: str, slot: int = 1, **attributes: object) -> None:
    _, eject = script.command(cab.EjectBanks)
    told = made(cab.BankEjected, slot=slot, bank=bank, reservation=eject.reservation, charge_pct=95)
    script.event(A, told, **attributes)


def test_a_bank_put_back_in_time_into_a_cabinet_without_network_is_not_bought_after_all() -> None:
    script = city()
    order = in_use(script)
    script.minutes(60)
    returned_ms = script.now_ms
    script.wait(6 * DAY_MS)
    assert script.order(order.id).reason == "1 bought"
    script.connect(A)
    told = script.insert(A, 5, "bnk-a1", time=returned_ms)
    assert script.fees(order.id) == {"courier_out": 350, "rental": 200}
    (track,) = script.order(order.id).banks
    assert (track.place, track.ended and track.ended.time_ms) == (BankPlace.BACK, returned_ms)
    lines = list(script.rows.lines)
    script.again(told)
    assert script.rows.lines == lines


def test_a_bank_whose_return_is_gone_in_a_hole_is_found_by_the_inventory_that_is_asked_for() -> None:
    script = city()
    order = in_use(script)
    older_copy = deepcopy(script.rows)
    script.minutes(30)
    script.insert(B, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    script.minutes(30)
    script.rows = older_copy
    script.restart()
    known = script.rows.cabinets[B]
    seq = known.seq + 2
    locked = made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms + 10 * MINUTE_MS)
    script.event(B, locked, seq=seq, keptfrom=seq)
    inquiry, asked = script.command(cab.ReportInventory, B)
    assert asked.epoch > known.epoch + 1000
    script.event(B, made(cab.InventoryReported, command=inquiry.id, slots=(ready(5, "bnk-a1"),)), seq=seq + 1)
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id) == {"courier_out": 350, "rental": 200}
    (line,) = [line for line in script.rows.lines if line.fee == "rental"]
    assert line.quality is ClockState.INFERRED


def test_a_hole_has_the_inventory_asked_for_anew_though_one_is_under_way() -> None:
    script = city()
    seq = script.event(B, made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms)).message.seq
    assert seq is not None
    for gone in (1, 2):
        seq += 2
        script.event(B, made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms), seq=seq, keptfrom=seq)
        assert len(script.commands(cab.ReportInventory)) == gone
        script.minutes(1)
    first = next(send for send in script.sent if isinstance(send.data, cab.ReportInventory))
    assert first.id in script.settled


def test_what_is_kept_from_the_next_entry_on_is_no_hole() -> None:
    script = city()
    seq = script.event(B, made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms)).message.seq
    assert seq is not None
    script.event(B, made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms), keptfrom=seq + 1)
    assert not script.commands(cab.ReportInventory)


def test_a_second_indication_heard_after_the_settlement_ends_the_rental_when_it_happened() -> None:
    script = city()
    order = in_use(script)
    script.minutes(55)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.answer(cab.ReserveSlots)
    taken_ms = script.now_ms + MINUTE_MS
    script.minutes(9)
    script.insert(A, 5, "bnk-a1", script.command(cab.ReserveSlots)[1].reservation)
    back_ms = script.now_ms
    script.minutes(10)
    assert script.order(order.id).state is OrderState.SETTLED
    job, name = script.job()
    told = script.report(made(delivery.SecondIndication, job=job, order=name, courier=COURIER), time=taken_ms)
    script.report(made(delivery.BanksCollected, job=job, order=name, banks=("bnk-a1",)), time=back_ms)
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id) == {"courier_out": 350, "rental": 200, "courier_back": 280}
    lines = list(script.rows.lines)
    script.again(told)
    assert script.rows.lines == lines


def test_an_ejection_heard_after_the_banks_next_rental_leaves_that_rental_alone() -> None:
    script = city()
    first = unlocking(script)
    _, eject = script.command(cab.EjectBanks)
    out_ms = script.now_ms
    script.minutes(5)
    script.alive(B)
    script.insert(B, 5, "bnk-a1")
    script.minutes(1)
    second = script.place(1, user="usr-2", hand_over=HandOver.WALK_UP, cabinet=B)
    script.answer(cab.ReserveBanks)
    _, other = script.command(cab.EjectBanks)
    again = made(cab.BankEjected, slot=5, bank="bnk-a1", reservation=other.reservation, charge_pct=95)
    script.event(B, again)
    script.answer(cab.EjectBanks)
    assert script.order(second.id).state is OrderState.IN_USE
    script.connect(A)
    late = made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=eject.reservation, charge_pct=95)
    script.event(A, late, time=out_ms)
    assert script.order(second.id).state is OrderState.IN_USE
    assert script.rows.banks["bnk-a1"].order == second.id
    assert sum(script.fees(first.id).values()) == 0
    script.minutes(30)
    script.insert(B, 5, "bnk-a1")
    assert script.order(second.id).state is OrderState.SETTLED
    assert script.fees(second.id)["rental"] > 0


@pytest.mark.parametrize("heard_late_min", [0, 15, 60])
def test_a_hand_over_told_by_a_slow_clock_begins_no_rental_before_the_bank_left(heard_late_min: int) -> None:
    script = city()
    order = dispatching(script)
    script.minutes(1)
    script.taken()
    script.minutes(59)
    job, _ = script.job()
    _, kept = script.command(cab.ReserveBanks)
    ejected_ms, handed_over_ms = script.now_ms, script.now_ms + 10 * MINUTE_MS
    told = {
        0: lambda: script.event(
            A, made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=kept.reservation), time=ejected_ms
        ),
        10: lambda: script.report(
            made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1",)),
            time=handed_over_ms - 50 * MINUTE_MS,
        ),
        40: lambda: script.insert(B, 5, "bnk-a1"),
    }
    late = {heard_late_min: told.pop(0)} | told
    for minute in sorted(late):
        script.wait(ejected_ms + minute * MINUTE_MS - script.now_ms)
        late[minute]()
    (line,) = (one for one in fees.standing(script.rows.lines) if one.fee == "rental")
    assert (line.from_ms, line.amount_minor, line.quality) == (ejected_ms, 200, ClockState.INFERRED)
    assert {event.id: event.type for event in script.rows.events}[line.from_event] == "bank_ejected"


def test_a_cabinet_that_does_not_know_the_time_corrects_no_hand_over() -> None:
    script = city()
    order = fetching(script)
    job, _ = script.job()
    _, kept = script.command(cab.ReserveBanks)
    script.minutes(20)
    handed_over_ms = script.now_ms
    script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1",)))
    script.minutes(45)
    ejected = made(cab.BankEjected, slot=1, bank="bnk-a1", reservation=kept.reservation)
    script.event(A, ejected, clockstate=ClockState.UNSET, time=1_000)
    (track,) = script.order(order.id).banks
    assert track.rented is not None
    assert (track.rented.time_ms, track.rented.quality) == (handed_over_ms, ClockState.SYNCED)


def test_an_ejection_heard_after_the_banks_return_does_not_send_it_out_again() -> None:
    script = city()
    order = delivering(script)
    (track,) = order.banks
    assert track.ejected is not None
    back_ms = track.ejected.time_ms + HOUR_MS
    stamp = Stamp("e", back_ms, ClockState.SYNCED, back_ms)
    returned = evolve(order, ev.BankReturned(track.bank, CabinetId(B), 5), stamp)
    ejection = ev.BankEjected(track.bank, CabinetId(A), 1, track.job)
    late = evolve(returned, ejection, replace(stamp, time_ms=track.ejected.time_ms))
    assert late.bank(track.bank) == returned.bank(track.bank)
    again = evolve(returned, ejection, replace(stamp, time_ms=back_ms + 1)).bank(track.bank)
    assert again is not None
    assert again.place is BankPlace.OUTBOUND


def test_an_eject_that_is_told_done_before_its_banks_are_told_waits_for_them() -> None:
    script = city()
    order = unlocking(script, 2)
    script.answer(cab.EjectBanks, slots=((1, "bnk-a1"), (2, "bnk-a2")))
    ejected(script, "bnk-a1", 1)
    ejected(script, "bnk-a2", 2)
    _, eject = script.command(cab.EjectBanks)
    script.event(A, made(cab.PickupFinished, reservation=eject.reservation, ejected=2, missing=0))
    used = script.order(order.id)
    assert (used.state, used.quantity) == (OrderState.IN_USE, 2)


def test_an_ejection_placed_before_its_command_by_a_wrong_time_zone_is_not_charged_from_there() -> None:
    script = city()
    order = unlocking(script)
    ejected(script, "bnk-a1", time=script.now_ms - 8 * HOUR_MS)
    script.answer(cab.EjectBanks)
    script.minutes(10)
    script.insert(A, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    assert script.fees(order.id) == {"rental": 100}
    (line,) = script.rows.lines
    assert line.quality is ClockState.INFERRED


def test_a_hand_over_reported_from_before_its_request_is_not_charged_from_there() -> None:
    script = city()
    order = script.place(1)
    script.answer(cab.ReserveBanks)
    asked_ms = script.now_ms
    script.minutes(1)
    script.taken()
    _, command = script.command(cab.ReserveBanks)
    script.eject(A, command.reservation, {1: "bnk-a1"})
    script.minutes(10)
    job, _ = script.job()
    told = made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1",))
    script.report(told, time=script.now_ms - 3 * DAY_MS)
    rented = script.order(order.id).banks[0].rented
    assert rented is not None
    assert rented.time_ms >= asked_ms
    assert rented.quality is ClockState.INFERRED


def test_a_collection_claimed_for_a_bank_that_its_user_had_put_back_does_not_lengthen_the_rental() -> None:
    script = city()
    order = in_use(script, 2)
    script.minutes(20)
    walked_ms = script.now_ms
    script.minutes(15)
    script.alive(A, B)
    script.ask_return(order.id, 2)
    script.answer(cab.ReserveSlots)
    script.taken()
    script.minutes(10)
    script.insert(A, 6, "bnk-a2", time=walked_ms)
    job, _ = script.job()
    script.report(made(delivery.BanksCollected, job=job, order=order.id, banks=("bnk-a1", "bnk-a2")))
    script.insert(A, 5, "bnk-a1", script.command(cab.ReserveSlots)[1].reservation)
    ended = script.order(order.id).bank("bnk-a2")
    assert ended is not None
    assert ended.ended is not None
    assert ended.ended.time_ms == walked_ms
    assert script.fees(order.id)["rental"] == 100 + 200


def test_a_courier_who_comes_back_without_a_bank_of_the_order_is_not_paid() -> None:
    script = city()
    order = collecting(script)
    script.minutes(30)
    job, _ = script.job()
    script.report(
        made(delivery.ReturnSucceeded, job=job, order=order.id, banks=("bnk-b9",), evidence=Evidence.PHONE)
    )
    assert script.order(order.id).state is OrderState.IN_USE
    script.insert(A, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    assert "courier_back" not in script.fees(order.id)


def test_a_courier_who_leaves_with_banks_never_told_as_collected_ends_their_rental_when_he_was_called() -> (
    None
):
    script = city()
    order = collecting(script)
    called_ms = script.now_ms
    script.minutes(20)
    job, _ = script.job()
    left = made(
        delivery.DeliveryFailed,
        job=job,
        order=order.id,
        why=JobEnd.GAVE_UP_WITH_BANKS,
        banks=("bnk-a1",),
    )
    script.report(left)
    assert script.order(order.id).state is OrderState.SETTLED
    (line,) = [line for line in script.rows.lines if line.fee == "rental"]
    assert line.to_ms == called_ms


def test_a_return_claimed_by_a_courier_is_not_paid_when_the_user_had_put_the_bank_back_before() -> None:
    script = city()
    order = collecting(script)
    script.minutes(5)
    script.insert(B, 5, "bnk-a1")
    assert script.order(order.id).state is OrderState.SETTLED
    lines = list(script.rows.lines)
    script.minutes(5)
    job, _ = script.job()
    script.report(made(delivery.BanksCollected, job=job, order=order.id, banks=("bnk-a1",)))
    claimed = made(
        delivery.ReturnSucceeded, job=job, order=order.id, banks=("bnk-a1",), evidence=Evidence.PHONE
    )
    script.report(claimed)
    assert script.rows.lines == lines


def test_a_bank_that_its_user_had_put_back_before_a_courier_claimed_it_is_billed_until_then() -> None:
    script = city()
    order = in_use(script)
    script.minutes(20)
    walked_ms = script.now_ms
    script.connect(B, online=False)
    script.minutes(40)
    script.alive(A)
    script.ask_return(order.id, 1)
    script.answer(cab.ReserveSlots)
    script.taken()
    script.minutes(10)
    job, _ = script.job()
    claimed = made(
        delivery.ReturnSucceeded, job=job, order=order.id, banks=("bnk-a1",), evidence=Evidence.PHONE
    )
    script.report(claimed)
    script.minutes(5)
    assert script.order(order.id).state is OrderState.SETTLED
    script.connect(B)
    script.insert(B, 5, "bnk-a1", time=walked_ms)
    assert script.fees(order.id) == {"courier_out": 350, "rental": 100, "courier_back": 0}


def test_a_hand_over_reported_after_the_end_of_the_order_is_shown_to_operators() -> None:
    script = city()
    order = delivering(script)
    script.minutes(400)
    assert script.order(order.id).state is OrderState.FAILED
    job, _ = script.job()
    told = script.report(made(delivery.RentalSucceeded, job=job, order=order.id, banks=("bnk-a1",)))
    script.again(told)
    assert script.types(order.id).count("problem_reported") == 1
    assert script.detail(order.id, "problem_reported")["problem"] == "handed over after the end"
    assert not script.rows.lines


@pytest.mark.parametrize(
    ("clockstate", "charged"),
    [(ClockState.FREE, {"courier_out": 350}), (ClockState.SYNCED, {"courier_out": 350, "rental": 300})],
)
def test_a_return_that_a_wrong_clock_dates_before_the_rental_costs_its_user_nothing(
    clockstate: ClockState, charged: dict[str, int]
) -> None:
    script = city()
    order = in_use(script)
    script.minutes(70)
    wish = made(rental.EndOrder, operator="opr-anna", order=order.id, reason="stuck")
    script.say("cl/v1/demo/operator/opr-anna/request", wish)
    assert script.order(order.id).state is OrderState.SETTLED
    script.connect(B)
    script.insert(B, 5, "bnk-a1", time=script.now_ms - DAY_MS, clockstate=clockstate)
    assert {fee: amount for fee, amount in script.fees(order.id).items() if amount} == charged


def test_an_entry_that_was_put_aside_unread_has_the_inventory_asked_for() -> None:
    script = city()
    seq = script.event(B, made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms)).message.seq
    assert seq is not None
    script.event(B, made(cab.KeypadLocked, wrong_codes=5, until=script.now_ms), seq=seq + 2)
    assert len(script.commands(cab.ReportInventory)) == 1
