"""What the pages know of the platform is what the platform does."""

import re
from typing import Final

import pytest

from chargeloop.platform.core.order import FINAL
from chargeloop.protocol.messages.rental import OrderState, RequestDone
from chargeloop.protocol.values import replace
from tests.platform.core.script import A, city
from tests.repository.repository import ROOT

_SOURCES: Final = ROOT / "platform" / "web" / "src"


def _offered_to_be_cancelled() -> set[str]:
    text = (_SOURCES / "rent" / "milestones.ts").read_text("utf-8")
    found = re.search(r"CANCELLABLE = new Set\(\[(.*?)\]\)", text, re.DOTALL)
    assert found is not None
    return set(re.findall(r"\w+", found[1]))


@pytest.mark.parametrize("state", sorted(set(OrderState) - FINAL))
def test_the_page_offers_to_call_an_order_off_exactly_where_the_platform_does_it(state: OrderState) -> None:
    script = city()
    script.connect(A)
    placed = script.place()
    script.rows.orders[placed.id] = replace(script.rows.orders[placed.id], state=state)
    script.restart()
    done = isinstance(script.cancel(placed.id), RequestDone)
    assert done == (state in _offered_to_be_cancelled())
