from playwright.sync_api import expect

from tests.web.people import SMALL_PHONE, Visitors
from tests.web.town import CABINETS, Town
from tests.web.usable import is_usable


def test_a_user_walks_to_a_cabinet_rents_there_and_gives_the_bank_back_at_another(
    town: Town, visitors: Visitors
) -> None:
    user = visitors.enter("/?demo", "user-four", size=SMALL_PHONE)
    user.get_by_label("I walk there").check()
    near, far = CABINETS[1], CABINETS[2]
    unlocking = user.get_by_role("listitem").filter(has_text=near)
    expect(unlocking.get_by_role("button", name="Unlock here")).to_be_enabled()
    is_usable(user)
    unlocking.get_by_role("button", name="Unlock here").click()
    expect(user.get_by_role("heading", name="Yours to use")).to_be_visible()
    tray = user.get_by_role("button", name="Take the banks out of the tray")
    tray.click()
    expect(user.get_by_text("take your banks")).to_be_visible()
    expect(tray).to_be_hidden()
    user.get_by_role("button", name="Return them myself").click()
    returning = user.get_by_role("dialog").get_by_role("listitem").filter(has_text=far)
    expect(returning).to_contain_text("free")
    is_usable(user)
    returning.get_by_role("button", name="Push in here").click()
    expect(user.get_by_role("heading", name="Returned and settled")).to_be_visible()
    user.get_by_role("button", name="Receipt").click()
    expect(user.get_by_label("Receipt")).to_contain_text("Rental")

    someone = town.as_user("user-four")
    order = someone.order(someone.send("GET", "/v1/orders")["orders"][0]["id"])
    someone.close()
    assert [line["fee"] for line in order["fee_lines"]] == ["rental"]
    places = [event["detail"].get("cabinet") for event in order["events"] if "bank" in event["detail"]]
    assert places == ["cab-0002", "cab-0003"]
