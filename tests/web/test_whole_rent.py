import re

from playwright.sync_api import Page, expect

from tests.web.bystander import Bystander
from tests.web.errand import rent
from tests.web.people import SMALL_PHONE, Visitors
from tests.web.town import LAT, LON, Town
from tests.web.usable import is_usable

_CODE = re.compile("customer.s code")
_WITHIN = """([mark, frame]) => {
  const [one, all] = [mark, frame].map((element) => element.getBoundingClientRect())
  const wide = all.left <= one.left && one.right <= all.right
  return wide && all.top <= one.top && one.bottom <= all.bottom
}"""


def test_a_rent_and_its_return_are_played_by_two_people_at_pages_that_anybody_can_use(
    town: Town, visitors: Visitors
) -> None:
    courier = visitors.enter("/courier?demo", "courier-two", size=SMALL_PHONE)
    courier.context.set_geolocation({"latitude": LAT + 0.002, "longitude": LON + 0.004})
    user = visitors.enter("/?demo", "user-two", size=SMALL_PHONE)
    courier.get_by_role("button", name="Go on duty").click()

    user.get_by_role("button", name="One more").click()
    expect(user.get_by_text("Usual total")).to_be_visible()
    is_usable(user)
    user.get_by_role("button", name="Bring me 2 banks").click()
    expect(courier.get_by_role("heading", name="New job")).to_be_visible()
    courier.get_by_role("button", name="Accept").click()
    expect(user.get_by_text("Your hand-over code")).to_be_visible()
    _sees_the_courier_come(user)
    is_usable(user)
    _do(courier, "I am at the cabinet")
    _do(courier, "Type the code at the cabinet")
    _do(courier, "I have taken 2 banks")
    _do(courier, "I am at the customer")
    expect(user.get_by_role("heading", name="Your banks are on the way")).to_be_visible()
    courier.get_by_role("button", name="Ring at the door").click()
    # Nobody answers at the page: the code is told by hand, and the door is shut by itself.
    door = user.get_by_role("dialog", name="A courier is at your door")
    expect(door).to_be_visible()
    someone = town.as_user("user-two")
    order = someone.send("GET", "/v1/orders")["orders"][0]["id"]
    _hand_over(courier, someone.order(order)["handover_code"])
    expect(door).to_be_hidden()

    expect(user.get_by_role("heading", name="Yours to use")).to_be_visible()
    expect(user.get_by_text("€2.00 from")).to_be_visible()
    is_usable(user)
    _have_fetched(user)
    courier.get_by_role("button", name="Accept").click()
    courier.get_by_role("button", name="I am at the customer").click()
    courier.get_by_role("button", name="Ring at the door").click()
    user.get_by_role("button", name="Open and tell the code").click()
    expect(courier.get_by_label(_CODE)).to_have_value(re.compile("^[0-9]{4}$"))
    _do(courier, "I have collected 2 banks")
    courier.get_by_role("button", name="I am at the cabinet").click()
    _say_too_early_that_they_are_back(courier)
    assert someone.order(order)["state"] == "returning"
    _do(courier, "Push the banks in")

    expect(user.get_by_role("heading", name="Returned and settled")).to_be_visible()
    headings = user.get_by_role("heading").all_inner_texts()
    assert headings.index("Returned and settled") < headings.index("Where are you?")
    user.get_by_role("button", name="Receipt").click()
    bill = someone.order(order)
    someone.close()
    total = bill["total"]["amount_minor"]
    assert total == sum(line["amount_minor"] for line in bill["fee_lines"])
    expect(user.get_by_label("Receipt")).to_contain_text(f"€{total // 100}.{total % 100:02d}")
    is_usable(user)


def _sees_the_courier_come(user: Page) -> None:
    """Look whether both are within the frame of the map, and not beside it."""
    expect(user.get_by_text("Here in about")).to_be_visible()
    for name in ("Your courier", "You"):
        mark = user.get_by_label(name, exact=True)
        expect(mark).to_be_visible()
        frame = user.locator(".map", has=mark)
        user.wait_for_function(_WITHIN, arg=[mark.element_handle(), frame.element_handle()])


def _hand_over(courier: Page, code: str) -> None:
    """Mistype the code once: what is said of it goes when the right one is accepted."""
    courier.get_by_label(_CODE).fill(f"{(int(code) + 1) % 10_000:04d}")
    _do(courier, "I have handed over 2 banks")
    refused = courier.get_by_role("alert").filter(has_text="The code was wrong.")
    expect(refused).to_be_visible()
    courier.get_by_label(_CODE).fill(code)
    _do(courier, "I have handed over 2 banks")
    expect(courier.get_by_role("button", name="I have handed over 2 banks")).to_be_hidden()
    expect(refused).to_be_hidden()


def _say_too_early_that_they_are_back(courier: Page) -> None:
    """Be asked whether that is so, and take it back."""
    _do(courier, "I have put back 2 banks")
    asked = courier.get_by_role("dialog", name="The cabinet has not seen these banks yet")
    expect(asked).to_be_visible()
    is_usable(courier)
    asked.get_by_role("button", name="Not yet inside").click()
    expect(asked).to_be_hidden()


def _have_fetched(user: Page) -> None:
    """Ask a courier to the place that is seen on the map."""
    user.get_by_role("button", name="Have them fetched").click()
    where = user.get_by_role("dialog", name="Have them fetched")
    expect(where.get_by_role("application", name="Map: tap where you are")).to_be_visible()
    expect(where.get_by_label("You", exact=True)).to_be_visible()
    is_usable(user)
    where.get_by_role("button", name="Fetch 2 banks here").click()


def _do(courier: Page, act: str) -> None:
    """Look whether the screen of a step can be used, and do what it asks for."""
    button = courier.get_by_role("button", name=act)
    expect(button).to_be_enabled()
    is_usable(courier)
    button.click()


def test_an_offer_is_answered_on_a_screen_that_anybody_can_use_and_nobody_closes(
    town: Town, visitors: Visitors
) -> None:
    courier = visitors.enter("/courier", "courier-three", size=SMALL_PHONE)
    courier.get_by_role("button", name="Go on duty").click()
    expect(courier.get_by_role("button", name="Go off duty")).to_be_visible()
    customer = town.as_user("user-three")
    order = customer.place_order(1)
    expect(courier.get_by_role("heading", name="New job")).to_be_visible()
    is_usable(courier)
    # A browser lets a page prevent the first of them only. The next offer would be another dialog.
    offer = courier.get_by_role("dialog").element_handle()
    for _ in range(3):
        courier.keyboard.press("Escape")
    offer.wait_for_element_state("visible")
    courier.get_by_role("button", name="Decline").click()
    expect(courier.get_by_role("heading", name="New job")).to_be_hidden()
    assert customer.order(order)["state"] == "dispatching"
    customer.close()


def test_a_courier_whose_phone_tells_no_place_is_asked_for_it_before_going_on_duty(
    town: Town, visitors: Visitors
) -> None:
    courier = visitors.open("/courier", size=SMALL_PHONE)
    courier.context.clear_permissions()
    visitors.log_in(courier, "courier-six")
    expect(courier.get_by_text("This page may not ask your phone where you are.")).to_be_visible()
    name = "cl/v1/demo/courier/cou-courier-six"
    with Bystander(town.data, "opr-operator-three", f"{name}/event", f"{name}/position") as listener:
        courier.get_by_role("button", name="Go on duty").click()
        expect(courier.get_by_text("Where are you?")).to_be_visible()
        is_usable(courier)
        drawn = courier.locator(".map[data-streets]")
        expect(drawn).to_be_visible()
        expect(drawn).to_be_in_viewport(ratio=1)
        expect(courier.get_by_role("button", name="Close the map")).to_be_visible()
        assert listener.messages == []
        drawn.click()
        expect(courier.get_by_role("button", name="Go off duty")).to_be_visible()
        expect(courier.get_by_text("Where are you?")).to_be_hidden()
        assert listener.hear("chargeloop.courier.duty_changed.v1")["on_duty"]
        courier.get_by_role("button", name="Go off duty").click()
        expect(courier.get_by_role("button", name="Go on duty")).to_be_visible()


def test_banks_are_fetched_from_where_they_were_brought_unless_their_user_tells_another_place(
    town: Town, visitors: Visitors
) -> None:
    customer = town.as_user("user-six")
    order = rent(town, customer, "cou-courier-seven")
    user = visitors.open("/", size=SMALL_PHONE)
    user.context.clear_permissions()
    visitors.log_in(user, "user-six")
    user.get_by_role("button", name="Have them fetched").click()
    where = user.get_by_role("dialog", name="Have them fetched")
    expect(where.get_by_text("Where the banks were brought.")).to_be_visible()
    expect(where.get_by_label("Place of the delivery")).to_be_visible()
    is_usable(user)
    where.get_by_role("button", name="Fetch 1 bank here").click()
    told = customer.wait_for(order, "return_dispatching")
    customer.close()
    asked = next(event["detail"] for event in told["events"] if event["type"] == "return_asked")
    assert asked["location"] == {"lat_e7": round(LAT * 1e7), "lon_e7": round(LON * 1e7)}


def test_a_second_tab_takes_over_and_the_first_one_says_so_and_takes_no_acts(visitors: Visitors) -> None:
    first = visitors.enter("/courier", "courier-one")
    expect(first.get_by_text("Online")).to_be_visible()
    duty = first.get_by_role("button", name=re.compile("^Go (on|off) duty$"))
    expect(duty).to_be_visible()
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.get_by_text("Online")).to_be_visible()
    expect(first.get_by_text("Open in another place")).to_be_visible()
    expect(duty).to_be_hidden()
    is_usable(first)
    first.get_by_role("button", name="Use here").click()
    expect(first.get_by_text("Online")).to_be_visible()
    expect(second.get_by_text("Open in another place")).to_be_visible()


def test_of_two_phones_of_one_courier_one_gives_way_and_says_so(visitors: Visitors) -> None:
    phones = [visitors.enter("/courier", "courier-one") for _ in range(2)]
    told = [phone.get_by_text("Open in another place") for phone in phones]
    # They take the connection from each other until one has had enough.
    while not any(one.is_visible() for one in told):
        phones[0].wait_for_timeout(100)
    gone = told.index(next(one for one in told if one.is_visible()))
    expect(phones[1 - gone].get_by_text("Online")).to_be_visible()
    expect(told[1 - gone]).to_be_hidden()


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
