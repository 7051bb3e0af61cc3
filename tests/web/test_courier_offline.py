from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.world import BankInserted
from tests.web.line import Line
from tests.web.bystander import Bystander
from tests.web.people import Visitors
from tests.web.town import Town

_KEPT = """async () => {
  const kept = await (await caches.open('chargeloop-courier')).keys()
  return kept.some((request) => request.url.includes('worker'))
}"""
WORN: Any = {"charge_pct": 20, "health_pct": 95, "temperature_c": 25, "cycles": 10}


@pytest.fixture
def listener(town: Town) -> Iterator[Bystander]:
    with Bystander(town.data, "opr-listener", "cl/v1/demo/courier/cou-courier-one/event") as listening:
        yield listening


def test_a_courier_whose_network_is_cut_at_each_step_and_who_reloads_loses_and_repeats_nothing(
    town: Town, visitors: Visitors, line: Line, listener: Bystander
) -> None:
    customer = town.as_user("user-one")
    phone = visitors.enter("/courier?demo", "courier-one", url=line.url)
    expect(phone.get_by_text("Online")).to_be_visible()
    # From its second loading on the page's files are kept; the map's worker is the last of them.
    phone.evaluate("navigator.serviceWorker.ready")
    phone.reload()
    phone.wait_for_function(_KEPT)
    expect(phone.get_by_text("Online")).to_be_visible()

    def cut_off(button: str, then: str) -> None:
        """Do something without a network, reload, and have the network again."""
        expect(phone.get_by_role("button", name=button)).to_be_visible()
        _without_network(phone, line, lambda: phone.get_by_role("button", name=button).click(), then)

    cut_off("Go on duty", "Go off duty")
    order = customer.place_order(2)
    expect(phone.get_by_role("heading", name="New job")).to_be_visible()
    _without_network(phone, line, lambda: phone.get_by_role("button", name="Accept").click(), "Accepted.")

    expect(phone.get_by_role("button", name="I am at the cabinet")).to_be_visible()
    cut_off("I am at the cabinet", "Take the banks at Harbour Café")
    phone.get_by_role("button", name="Type the code at the cabinet").click()
    expect(phone.get_by_role("button", name="I have taken 2 banks")).to_be_enabled()
    cut_off("I have taken 2 banks", "Go to the customer")
    cut_off("I am at the customer", "Hand over the banks")
    phone.get_by_label("The customer’s code").fill(customer.order(order)["handover_code"])
    cut_off("I have handed over 2 banks", "Waiting for")
    customer.wait_for(order, "in_use")

    customer.send("POST", f"/v1/orders/{order}/return", {"lat": 43.452, "lon": 5.233, "quantity": 2})
    phone.get_by_role("button", name="Accept").click()
    cut_off("I am at the customer", "Collect the banks")
    found = customer.order(order)
    for bank in found["banks"]:
        another = phone.get_by_role("button", name="Another bank")
        if another.is_visible():
            another.click()
        phone.get_by_label("Number on the bank").fill(bank)
        phone.get_by_role("button", name="Add", exact=True).click()
    phone.get_by_label("The customer’s code").fill(found["handover_code"])
    cut_off("I have collected 2 banks", "Go to Harbour Café")
    cut_off("I am at the cabinet", "Put the banks back at Harbour Café")
    cut_off("I have put back 2 banks", "Waiting for")
    # The courier's word is out first here; what the cabinet sees settles the order.
    shelf = "clsim/v1/demo/shelf/cab-0001/for/usr-user-one"
    with Bystander(town.data, "usr-user-one", shelf) as hands:
        for count, bank in enumerate(found["banks"], start=1):
            pushed = BankInserted(bank=BankStatus(bank=bank, **WORN))
            hands.say("clsim/v1/demo/fingers/usr-user-one/at/cab-0001", pushed, "user/usr-user-one")
            hands.wait_for(count)
    assert [answer["data"]["accepted"] for answer in hands.messages] == [True, True]
    settled = customer.wait_for(order, "settled")
    customer.close()

    # Each act once on the courier's side, each fact once on the platform's.
    acts = listener.messages
    assert sorted({int(act["seq"]) for act in acts}) == list(range(1, 12))
    assert Counter(act["type"].split(".")[2] for act in {act["id"]: act for act in acts}.values()) == {
        "duty_changed": 1,
        "offer_accepted": 2,
        "arrived_at_cabinet": 2,
        "picked_up": 1,
        "arrived_at_user": 2,
        "delivered": 1,
        "collected": 1,
        "put_back": 1,
    }
    facts = Counter(event["type"] for event in settled["events"])
    for fact in ("first_indication", "picked_up", "rental_success", "second_indication", "banks_collected"):
        assert facts[fact] == 1, fact
    assert facts["return_success"] == 1
    assert Counter(line["fee"] for line in settled["fee_lines"]) == {
        "courier_out": 1,
        "rental": 2,
        "courier_back": 1,
    }


def _without_network(phone: Page, line: Line, act: Callable[[], None], then: str) -> None:
    line.cut()
    expect(phone.get_by_text("Offline")).to_be_visible()
    act()
    expect(phone.get_by_text("1 waiting")).to_be_visible()
    expect(phone.get_by_text(then).first).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("1 waiting")).to_be_visible()
    expect(phone.get_by_text(then).first).to_be_visible()
    line.mend()
    expect(phone.get_by_text("Online")).to_be_visible()
    expect(phone.get_by_text("1 waiting")).to_be_hidden()
