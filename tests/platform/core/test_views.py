"""What users are shown fits into one message, whatever their orders hold."""

import pytest

from chargeloop.platform.core.views import SHOWN, Shown, fitting
from chargeloop.protocol.codec import encode
from chargeloop.protocol.messages.rental import OrderView, UserOrders
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
