"""What operators do at the console, and what comes of it in the town."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.bystander import Bystander
from tests.web.people import INSTANT
from tests.web.town import Town

_REASON = "a technician is on the way"
_THREE = rf"Sent\s*{INSTANT}\s*Answered\s*{INSTANT}\s*done\s*Happened\s*{INSTANT}\s*{{}}"


def test_an_alarm_that_was_raised_is_acknowledged_assigned_and_closed(console: Page, town: Town) -> None:
    topic = "cl/v1/demo/user/usr-user-one/request"
    with Bystander(town.data, "usr-user-one", "cl/v1/demo/user/usr-user-one/orders") as somebody:
        somebody.blurt(topic, b'{"specversion": "1.0", "nothing": "that anybody reads"}')
    console.get_by_role("link", name=re.compile("^Alarms")).click()
    row = console.get_by_role("row").filter(has_text="Messages in quarantine")
    row.get_by_role("button", name="Look").click()
    dialog = console.get_by_role("dialog")
    expect(dialog.get_by_text(topic)).to_be_visible()
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(console.get_by_text("Acknowledged.")).to_be_visible()
    expect(dialog.get_by_text("opr-operator-one, ")).to_be_visible()
    dialog.get_by_role("textbox").fill("opr-night-shift")
    dialog.get_by_role("button", name="Assign").click()
    expect(row).to_contain_text("opr-night-shift")
    dialog.get_by_role("button", name="Close the alarm").click()
    dialog.get_by_label("Reason").fill(_REASON)
    dialog.get_by_role("button", name="Close the alarm").click()
    expect(dialog).to_be_hidden()
    expect(row).to_have_count(0)
    console.get_by_role("button", name="Closed", exact=True).click()
    row.get_by_role("button", name="Look").click()
    expect(dialog.get_by_text(_REASON)).to_be_visible()


def test_a_stuck_order_is_ended_with_a_reason(console: Page, town: Town) -> None:
    user = town.as_user("user-one")
    order = user.place_order(1)
    user.wait_for(order, "dispatching")
    console.goto(f"{town.url}/ops/orders/{order}")
    console.get_by_role("button", name="End it now").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(_REASON)
    dialog.get_by_role("button", name="End it now").click()
    expect(console.locator("header").get_by_text("Failed")).to_be_visible()
    expect(console.get_by_text(f"opr-operator-one: {_REASON}").first).to_be_visible()
    expect(console.get_by_role("button", name="End it now")).to_be_hidden()
    ended = user.order(order)
    assert (ended["state"], ended["total"]["amount_minor"]) == ("failed", 0)
    user.close()


def test_a_slot_is_locked_and_unlocked_and_each_shows_three_facts(console: Page, town: Town) -> None:
    console.goto(f"{town.url}/ops/cabinets/cab-0003")
    console.get_by_role("button", name=re.compile("^Slot 8,")).click()
    _command(console, "Lock the slot", "Slot changed")
    expect(console.get_by_role("button", name=re.compile("^Slot 8, Locked"))).to_be_visible()
    _command(console, "Unlock the slot", "Slot changed")
    expect(console.get_by_role("button", name=re.compile("^Slot 8, Empty"))).to_be_visible()

    # What was commanded before the page was opened is known to the platform.
    console.reload()
    commands = console.get_by_role("region", name="Commands").get_by_role("listitem")
    for place, act in enumerate(("Unlock the slot", "Lock the slot")):
        expect(commands.nth(place)).to_contain_text(act)
        expect(commands.nth(place)).to_contain_text(_REASON)


def test_a_cabinet_counts_what_is_in_it_when_an_operator_asks(console: Page, town: Town) -> None:
    console.goto(f"{town.url}/ops/cabinets/cab-0003")
    _command(console, "Take inventory", "Inventory reported")


def test_a_command_that_was_not_answered_is_repeated_as_the_same_one(console: Page, town: Town) -> None:
    keys: list[str] = []

    def answer_late(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            route.continue_()
        else:
            route.fulfill(status=504, json={"code": "no_answer", "detail": "nobody has answered yet"})

    commands = "**/v1/cabinets/*/commands"
    console.goto(f"{town.url}/ops/cabinets/cab-0003")
    console.route(commands, answer_late)
    console.get_by_role("button", name="Take inventory").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(_REASON)
    dialog.get_by_role("button", name="Take inventory").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_role("button", name="Take inventory").click()
    expect(dialog).to_be_hidden()
    console.unroute(commands)
    assert len(keys) == 2
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ("act", "happened"), [("Release", "Reservation ended"), ("Eject the banks", "Bank out of its slot")]
)
def test_what_is_reserved_is_released_or_given_out(
    console: Page, town: Town, act: str, happened: str
) -> None:
    user = town.as_user("user-one")
    order = user.place_order(1)
    cabinet = user.wait_for(order, "dispatching")["cabinet"]
    user.close()
    console.goto(f"{town.url}/ops/cabinets/{cabinet}")
    console.get_by_role("button", name=re.compile("^Slot [0-9]+, Reserved")).click()
    console.get_by_role("group", name=re.compile("^Slot")).get_by_role("link", name=order)
    _command(console, act, happened)


def _command(console: Page, act: str, happened: str) -> None:
    """Give the command with a reason; its three facts must be told one by one."""
    console.get_by_role("button", name=act, exact=True).first.click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(_REASON)
    dialog.get_by_role("button", name=act, exact=True).click()
    expect(dialog).to_be_hidden()
    told = console.locator(".commands li").filter(has_text=act).filter(has_text=_REASON).first
    expect(told).to_contain_text(re.compile(_THREE.format(happened)))
