import pytest
from playwright.sync_api import Page, expect

from tests.web.camera import LABELLED, READER
from tests.web.people import SMALL_PHONE, Visitors
from tests.web.town import Town
from tests.web.usable import is_usable


@pytest.fixture
def courier(town: Town, visitors: Visitors) -> Page:
    """A courier who stands at a cabinet, with a browser that reads no labels."""
    page = visitors.enter("/courier", "courier-four", size=SMALL_PHONE)
    page.get_by_role("button", name="Go on duty").click()
    expect(page.get_by_role("button", name="Go off duty")).to_be_visible()
    customer = town.as_user("user-three")
    customer.place_order(1)
    customer.close()
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("button", name="I am at the cabinet").click()
    expect(page.get_by_label("Number on the bank")).to_be_visible()
    return page


def test_a_bank_is_named_by_its_label_before_the_camera_or_by_its_number_where_there_is_none(
    courier: Page,
) -> None:
    taken = courier.get_by_role("button", name="I have taken")
    assert courier.evaluate("typeof BarcodeDetector") == "undefined"
    expect(courier.get_by_role("button", name="Scan")).to_have_count(0)
    courier.get_by_label("Number on the bank").fill("no bank!")
    courier.get_by_role("button", name="Add", exact=True).click()
    expect(courier.get_by_text("That is no number of a bank")).to_be_visible()
    is_usable(courier)
    courier.get_by_label("Number on the bank").fill("000123")
    courier.get_by_role("button", name="Add", exact=True).click()
    expect(courier.get_by_label("000123")).to_be_checked()
    expect(taken).to_be_enabled()

    courier.add_init_script(READER)
    courier.reload()
    expect(taken).to_be_disabled()
    courier.get_by_role("button", name="Scan").click()
    expect(courier.get_by_label(LABELLED.removeprefix("bnk-"))).to_be_checked()
    expect(courier.get_by_role("dialog")).to_be_hidden()
    expect(taken).to_be_enabled()

    courier.context.clear_permissions()
    courier.reload()
    courier.get_by_role("button", name="Scan").click()
    expect(courier.get_by_text("The camera cannot be used")).to_be_visible()
    is_usable(courier)
    courier.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(courier.get_by_label("Number on the bank")).to_be_visible()
