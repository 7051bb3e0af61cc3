import re

from playwright.sync_api import expect

from tests.web.people import Visitors
from tests.web.town import Town

_CODE = re.compile("customer.s code")


def test_a_rent_and_its_return_are_played_by_two_people_at_their_pages(
    town: Town, visitors: Visitors
) -> None:
    courier = visitors.enter("/courier?demo", "courier-one")
    user = visitors.enter("/?demo", "user-one")
    courier.get_by_role("button", name="Go on duty").click()

    user.get_by_role("button", name="One more").click()
    user.get_by_role("button", name="Bring me 2 banks").click()
    courier.get_by_role("button", name="Accept").click()
    expect(user.get_by_text("Your hand-over code")).to_be_visible()
    expect(user.get_by_text("Here in about")).to_be_visible()
    expect(user.get_by_label("Your courier")).to_be_visible()
    courier.get_by_role("button", name="I am at the cabinet").click()
    courier.get_by_role("button", name="Type the code at the cabinet").click()
    courier.get_by_role("button", name="I have taken 2 banks").click()
    courier.get_by_role("button", name="I am at the customer").click()
    expect(user.get_by_role("heading", name="Your banks are on the way")).to_be_visible()
    courier.get_by_role("button", name="Ring at the door").click()
    user.get_by_role("button", name="Open and tell the code").click()
    expect(courier.get_by_label(_CODE)).to_have_value(re.compile("^[0-9]{4}$"))
    courier.get_by_role("button", name="I have handed over 2 banks").click()

    expect(user.get_by_role("heading", name="Yours to use")).to_be_visible()
    expect(user.get_by_text("€2.00 from")).to_be_visible()
    user.get_by_role("button", name="Have them fetched").click()
    user.get_by_role("button", name="Fetch 2 banks here").click()
    courier.get_by_role("button", name="Accept").click()
    courier.get_by_role("button", name="I am at the customer").click()
    courier.get_by_role("button", name="Ring at the door").click()
    user.get_by_role("button", name="Open and tell the code").click()
    expect(courier.get_by_label(_CODE)).to_have_value(re.compile("^[0-9]{4}$"))
    courier.get_by_role("button", name="I have collected 2 banks").click()
    courier.get_by_role("button", name="I am at the cabinet").click()
    courier.get_by_role("button", name="Push the banks in").click()

    expect(user.get_by_role("heading", name="Returned and settled")).to_be_visible()
    user.get_by_role("button", name="Receipt").click()
    someone = town.as_user("user-one")
    bill = someone.order(someone.send("GET", "/v1/orders")["orders"][0]["id"])
    someone.close()
    total = bill["total"]["amount_minor"]
    assert total == sum(line["amount_minor"] for line in bill["fee_lines"])
    expect(user.get_by_label("Receipt")).to_contain_text(f"€{total // 100}.{total % 100:02d}")


def test_a_second_tab_takes_over_and_the_first_one_says_so(visitors: Visitors) -> None:
    first = visitors.enter("/courier", "courier-one")
    expect(first.get_by_text("Online")).to_be_visible()
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.get_by_text("Online")).to_be_visible()
    expect(first.get_by_text("Open in another place")).to_be_visible()
    first.get_by_role("button", name="Use here").click()
    expect(first.get_by_text("Online")).to_be_visible()
    expect(second.get_by_text("Open in another place")).to_be_visible()


def test_a_wrong_password_and_somebody_elses_page_are_told_in_plain_words(visitors: Visitors) -> None:
    page = visitors.open("/")
    page.get_by_label("Account").fill("user-one")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit together")
    other = visitors.enter("/courier", "user-one")
    expect(other.get_by_role("heading", name="This page is for somebody else")).to_be_visible()
    other.get_by_role("link", name="Go to your page").click()
    expect(other.get_by_role("heading", name="Where are you?")).to_be_visible()
