from playwright.sync_api import expect

from tests.web.line import Line
from tests.web.people import SMALL_PHONE, Visitors
from tests.web.town import Town
from tests.web.usable import is_usable


def test_who_orders_without_a_network_is_told_to_wait_and_has_one_order(
    town: Town, visitors: Visitors, line: Line
) -> None:
    someone = town.as_user("user-three")
    before = len(someone.send("GET", "/v1/orders")["orders"])
    user = visitors.enter("/", "user-three", url=line.url, size=SMALL_PHONE)
    expect(user.get_by_text("Online")).to_be_visible()
    ordering = user.get_by_role("button", name="Bring me 1 bank")
    expect(ordering).to_be_enabled()
    line.cut()
    ordering.click()
    expect(user.get_by_text("Your order is being placed")).to_be_visible()
    expect(ordering).to_be_disabled()
    expect(user.get_by_role("button", name="Do not send")).to_be_visible()
    is_usable(user)
    line.mend()
    expect(user.get_by_role("heading", name="Looking for a courier")).to_be_visible()
    expect(user.get_by_text("Your order is being placed")).to_be_hidden()
    expect(user.get_by_role("button", name="Order another")).to_be_enabled()
    assert len(someone.send("GET", "/v1/orders")["orders"]) == before + 1
    someone.close()
