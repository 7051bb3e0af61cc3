"""What users are shown fits into one message, whatever their orders hold."""

import pytest

from chargeloop.platform.core.views import SHOWN, Shown, fitting
from chargeloop.protocol.codec import encode
from chargeloop.protocol.messages.rental import OrderView, UserOrders
from chargeloop.protocol.values import replace
from tests.platform.core.script import A, city
from tests.protocol.largest import around, largest


def found(view: OrderView, *, age: int) -> Shown:
    aged = view.model_copy(update={"placed": view.placed - age})
    return Shown(aged, len(aged.model_dump_json(exclude_none=True).encode()))


LARGE = largest(OrderView)
SMALL = LARGE.model_copy(update={"banks": (), "reason": None})


@pytest.mark.parametrize(("view", "least"), [(SMALL, SHOWN), (LARGE, 3)])
def test_as_many_orders_are_shown_as_fit_into_one_message(view: OrderView, least: int) -> None:
    shown = fitting(found(view, age=age) for age in range(SHOWN))
    assert len(shown) >= least
    encode(around(UserOrders(version=2**53, orders=shown), journal=False))
    assert shown == tuple(sorted(shown, key=lambda one: one.placed, reverse=True))


def test_the_orders_that_were_to_be_shown_first_are_shown_the_newest_on_top() -> None:
    first, second, large = (found(view, age=age) for view, age in ((SMALL, 9), (SMALL, 3), (LARGE, 1)))
    assert fitting([first, second]) == (second.view, first.view)
    too_many = fitting([first, *[large] * 6])
    assert first.view in too_many
    assert 1 < len(too_many) < 7


def test_a_user_whose_reasons_were_stored_when_they_could_be_control_characters_is_shown_new_orders() -> None:
    script = city()
    for _ in range(SHOWN):
        script.connect(A)
        script.cancel(script.place().id)
    orders = script.rows.orders
    orders.update({name: replace(order, reason="\x01" * 200) for name, order in orders.items()})
    script.restart()
    script.connect(A)
    placed = script.place()
    shown = script.commands(UserOrders)[-1].orders  # the script has sealed it
    assert shown[0].order == placed.id
    assert {view.reason for view in shown[1:]} == {" "}
