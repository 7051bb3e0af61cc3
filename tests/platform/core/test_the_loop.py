"""The eleven steps, as they should go."""

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.delivery import Evidence
from chargeloop.protocol.messages.rental import OrderState
from tests.platform.core.script import A, city, collecting, delivering, dispatching, fetching, in_use, made


def test_banks_are_rented_and_returned_by_courier_and_all_three_fees_are_charged() -> None:
    script = city()
    order = collecting(script, 2)
    assert order.state is OrderState.COLLECTING
    job, _ = script.job()
    banks = ("bnk-a1", "bnk-a2")
    script.minutes(9)
    script.report(made(delivery.BanksCollected, job=job, order=order.id, banks=banks))
    assert script.order(order.id).state is OrderState.RETURNING
    script.minutes(5)
    _, slots = script.command(cab.ReserveSlots)
    script.insert(A, 4, "bnk-a1", slots.reservation)
    script.insert(A, 5, "bnk-a2", slots.reservation)
    settled = script.order(order.id)
    assert settled.state is OrderState.SETTLED
    script.report(
        made(delivery.ReturnSucceeded, job=job, order=order.id, banks=banks, evidence=Evidence.CABINET)
    )
    # Out: 15 minutes at 10 and a base of 200; two rentals of 61 minutes, 3 half hours each; back: 14 minutes.
    assert script.fees(order.id) == {"courier_out": 350, "rental": 600, "courier_back": 340}
    assert not script.order(order.id).holds or all(
        hold.state == "releasing" for hold in script.order(order.id).holds
    )


def test_each_step_shows_its_state() -> None:
    assert city().place().state is OrderState.RESERVING
    assert dispatching(city()).state is OrderState.DISPATCHING
    assert fetching(city()).state is OrderState.FETCHING
    assert delivering(city()).state is OrderState.DELIVERING
    assert in_use(city()).state is OrderState.IN_USE
