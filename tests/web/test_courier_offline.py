import itertools
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.web.bystander import Bystander
from tests.web.errand import push_in
from tests.web.line import Line
from tests.web.people import Visitors
from tests.web.town import LAT, LON, Caller, Town

_KEPT = """async () => {
  const kept = await (await caches.open('chargeloop-courier')).keys()
  return kept.some((request) => request.url.includes('worker'))
}"""
_ACCEPTED = "chargeloop.courier.offer_accepted.v1"
_CODE = re.compile("customer.s code")
_FACTS = (
    "first_indication", "picked_up", "rental_success",
    "second_indication", "banks_collected", "return_success",
)  # fmt: skip


@pytest.fixture
def listener(town: Town) -> Iterator[Bystander]:
    with Bystander(town.data, "opr-operator-three", "cl/v1/demo/courier/cou-courier-five/event") as listening:
        yield listening


def test_a_courier_whose_network_is_cut_at_each_step_and_who_reloads_loses_and_repeats_nothing(
    town: Town, visitors: Visitors, line: Line, listener: Bystander
) -> None:
    customer = town.as_user("user-five")
    phone = Phone(visitors.enter("/courier?demo", "courier-five", url=line.url), line)
    phone.keep_files()
    phone.cut_off("Go on duty", "Go off duty")
    order = customer.place_order(2)
    _bring(phone, customer, order)
    customer.wait_for(order, "in_use")
    customer.send("POST", f"/v1/orders/{order}/return", {"lat": LAT, "lon": LON, "quantity": 2})
    _fetch(phone, customer, order)
    # The courier's word is out first here; what the cabinet sees settles the order.
    push_in(town, customer.order(order), "usr-user-five")
    settled = customer.wait_for(order, "settled")
    customer.close()

    # Each act once on the courier's side, each fact once on the platform's.
    acts = {act["id"]: act for act in listener.messages}.values()
    assert sorted(act["seq"] for act in acts) == list(range(1, len(acts) + 1))
    accepted = [act["data"]["offer"] for act in acts if act["type"] == _ACCEPTED]
    assert len(accepted) == len(set(accepted))
    assert Counter(act["type"].split(".")[2] for act in acts if act["type"] != _ACCEPTED) == {
        "duty_changed": 1,
        "arrived_at_cabinet": 2,
        "picked_up": 1,
        "arrived_at_user": 2,
        "delivered": 1,
        "collected": 1,
        "put_back": 1,
    }
    facts = Counter(event["type"] for event in settled["events"])
    for fact in _FACTS:
        assert facts[fact] == 1, fact
    assert Counter(line["fee"] for line in settled["fee_lines"]) == {
        "courier_out": 1,
        "rental": 2,
        "courier_back": 1,
    }


def test_a_courier_whose_page_was_loaded_without_a_network_can_log_out(
    visitors: Visitors, line: Line
) -> None:
    phone = Phone(visitors.enter("/courier?demo", "courier-five", url=line.url), line)
    phone.keep_files()
    line.cut()
    phone.page.reload()
    phone.press("Settings")
    expect(phone.page.get_by_text("cou-courier-five")).to_be_visible()
    phone.press("Log out")
    expect(phone.page.get_by_label("Password")).to_be_visible()
    line.mend()
    phone.page.reload()
    expect(phone.page.get_by_label("Password")).to_be_visible()


def _bring(phone: "Phone", customer: Caller, order: str) -> None:
    phone.accept_cut_off()
    phone.cut_off("I am at the cabinet", "Take the banks at Harbour Café")
    phone.press("Type the code at the cabinet")
    phone.cut_off("I have taken 2 banks", "Go to the customer")
    phone.cut_off("I am at the customer", "Hand over the banks")
    phone.page.get_by_label(_CODE).fill(customer.order(order)["handover_code"])
    phone.cut_off("I have handed over 2 banks", "Waiting for")


def _fetch(phone: "Phone", customer: Caller, order: str) -> None:
    phone.accept_cut_off()
    phone.cut_off("I am at the customer", "Collect the banks")
    found = customer.order(order)
    for number, bank in enumerate(found["banks"]):
        if number > 0:
            phone.press("Another bank")
        phone.page.get_by_label("Number on the bank").fill(bank)
        phone.press("Add")
    phone.page.get_by_label(_CODE).fill(found["handover_code"])
    phone.cut_off("I have collected 2 banks", "Go to Harbour Café")
    phone.cut_off("I am at the cabinet", "Put the banks back at Harbour Café")
    phone.cut_off("I have put back 2 banks", "Waiting for", sure="They are in the cabinet")


class Phone:
    """A courier's page on a line that can be cut."""

    def __init__(self, page: Page, line: Line) -> None:
        self.page = page
        self._line = line

    def keep_files(self) -> None:
        """Return when the browser has kept all that the page is made of; the map's worker is the last."""
        expect(self.page.get_by_text("Online")).to_be_visible()
        self.page.evaluate("navigator.serviceWorker.ready")
        self.page.reload()
        self.page.wait_for_function(_KEPT)
        expect(self.page.get_by_text("Online")).to_be_visible()

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def cut_off(self, button: str, then: str, *, sure: str | None = None) -> None:
        """Do something without a network, reload, and have the network again.

        `then` is what the page shows once it is done, before and after the reload; `sure` is pressed when
        it asks first.
        """
        expect(self.page.get_by_role("button", name=button)).to_be_enabled()
        self._line.cut()
        expect(self.page.get_by_text("Offline")).to_be_visible()
        self.press(button)
        if sure is not None:
            self.press(sure)
        self._shows(then)
        self.page.reload()
        self._shows(then)
        self._line.mend()
        expect(self.page.get_by_text("Online")).to_be_visible()
        expect(self.page.get_by_text("1 waiting")).to_be_hidden()

    def accept_cut_off(self) -> None:
        """Accept an offer in that way.

        Offers live for seconds. Where a slow machine has taken longer, the page must say that this one has
        run out, and the next one is accepted.
        """
        given = self.page.get_by_role("button", name=re.compile("^I am at the")).first
        for missed in itertools.count():
            self.cut_off("Accept", "Accepted.")
            run_out = self.page.get_by_text("The offer has run out").nth(missed)
            expect(given.or_(run_out)).to_be_visible()
            if given.is_visible():
                return

    def _shows(self, then: str) -> None:
        expect(self.page.get_by_text("1 waiting")).to_be_visible()
        expect(self.page.get_by_text(then).first).to_be_visible()
