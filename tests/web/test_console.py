"""The operators' console in a real browser, over a town that runs."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.people import INSTANT, SMALL_PHONE, Visitors
from tests.web.town import CABINETS, Town
from tests.web.usable import is_usable

_CABINETS = len(CABINETS)
_LAPTOP: Any = {"width": 1280, "height": 800}
_VIEWS = (
    "/ops",
    "/ops/orders",
    "/ops/couriers",
    "/ops/cabinets/cab-0001",
    "/ops/messages",
    "/ops/alarms",
    "/ops/figures",
)


@pytest.fixture
def order(town: Town) -> str:
    """An order that waits for a courier, of whom there is none."""
    user = town.as_user("user-one")
    placed = user.place_order(1)
    user.close()
    return placed


def test_the_map_draws_every_cabinet_with_its_stock_on_streets(console: Page) -> None:
    drawn = console.locator("[role=application]")
    console.wait_for_function(
        """([map, count]) => {
          map.dispatchEvent(new Event('count-drawn'))
          return map.dataset.cabinets === String(count) && map.dataset.stock === String(count)
        }""",
        arg=[drawn.element_handle(), _CABINETS],
    )
    assert int(drawn.get_attribute("data-streets") or 0) > 0


def test_what_is_chosen_in_the_table_is_shown_on_the_map(console: Page) -> None:
    console.get_by_role("cell", name="Market Hall").click()
    chosen = console.get_by_role("region", name="Map of the region")
    expect(chosen.get_by_text("Market Hall")).to_be_visible()
    chosen.get_by_role("link", name="Open").click()
    expect(console.get_by_role("heading", name="Market Hall")).to_be_visible()
    console.go_back()
    expect(console.get_by_role("button", name=f"Cabinets {_CABINETS}")).to_be_visible()


def test_a_table_is_sorted_searched_and_saved_as_csv(console: Page, tmp_path: Path) -> None:
    console.get_by_role("button", name="Name", exact=True).click()
    console.get_by_role("button", name="Name", exact=True).click()
    rows = console.locator("tbody tr[data-at]")
    expect(rows.first).to_contain_text("Old Lighthouse")
    console.get_by_role("searchbox").fill("har caf")
    expect(rows).to_have_count(1)
    with console.expect_download() as download:
        console.get_by_role("button", name="CSV").click()
    saved = tmp_path / "saved.csv"
    download.value.save_as(saved)
    lines = list(csv.DictReader(saved.read_text("utf-8-sig").splitlines()))
    assert [(line["Cabinet"], line["Name"]) for line in lines] == [("cab-0001", "Harbour Café")]


def test_a_row_in_view_follows_its_cabinet(console: Page, town: Town) -> None:
    ready = dict(
        zip(
            console.locator("tbody tr[data-at] td:nth-child(1)").all_inner_texts(),
            console.locator("tbody tr[data-at] td:nth-child(4)").all_inner_texts(),
            strict=True,
        )
    )
    user = town.as_user("user-one")
    order = user.place_order(1)
    cabinet = user.wait_for(order, "dispatching")["cabinet"]
    row = console.locator("tbody tr[data-at]").filter(has_text=cabinet)
    expect(row.locator("td:nth-child(4)")).to_have_text(str(int(ready[cabinet]) - 1))
    user.send("POST", f"/v1/orders/{order}/cancel", {})
    expect(row.locator("td:nth-child(4)")).to_have_text(ready[cabinet])
    user.close()


def test_the_arrow_keys_go_from_row_to_row_and_enter_opens_one(console: Page) -> None:
    console.get_by_role("link", name="cab-0001").focus()
    console.keyboard.press("ArrowDown")
    expect(console.get_by_role("link", name="cab-0002")).to_be_focused()
    console.keyboard.press("ArrowUp")
    expect(console.get_by_role("link", name="cab-0001")).to_be_focused()
    console.keyboard.press("Enter")
    expect(console.get_by_role("heading", name="Harbour Café")).to_be_visible()


def test_an_order_is_told_by_its_journal_its_axis_and_the_messages_behind(console: Page, order: str) -> None:
    console.get_by_role("button", name="Orders").click()
    console.get_by_role("link", name=order).click()
    expect(console.get_by_role("heading", name=f"Order {order}")).to_be_visible()
    entries = console.locator("li.entry")
    expect(entries.filter(has_text="Order placed")).to_be_visible()
    expect(entries.filter(has_text="Reservation confirmed")).to_contain_text("Cabinet")
    expect(console.get_by_role("img", name=re.compile("Timeline with [1-9]"))).to_be_visible()
    expect(console.get_by_role("listitem").filter(has_text=re.compile("^now$"))).to_be_visible()
    expect(console.get_by_role("region", name="Fees")).to_have_text(re.compile("booked when the order ends"))
    message = console.get_by_role("button", name=re.compile("rental requested"))
    message.click()
    expect(console.get_by_role("region", name="JSON")).to_contain_text(order)


def test_an_order_is_called_off_with_a_reason(console: Page, order: str) -> None:
    console.get_by_role("button", name="Orders").click()
    console.get_by_role("link", name=order).click()
    console.get_by_role("button", name="Cancel the order").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("the street is closed")
    dialog.get_by_role("button", name="Cancel the order").click()
    expect(console.locator("header").get_by_text("Cancelled")).to_be_visible()
    expect(console.get_by_text("the street is closed").first).to_be_visible()


def test_a_cabinet_shows_its_slots_and_what_became_of_a_command(console: Page, town: Town) -> None:
    user = town.as_user("user-one")
    order = user.place_order(1)
    cabinet = user.wait_for(order, "dispatching")["cabinet"]
    console.get_by_role("link", name=cabinet).click()
    slots = console.get_by_role("button", name=re.compile("^Slot [0-9]+,"))
    expect(slots).to_have_count(8)
    expect(console.get_by_role("button", name=re.compile("Reserved"))).not_to_have_count(0)
    command = console.locator(".commands li").filter(has_text="Reserve banks").first
    expect(command).to_contain_text(re.compile(rf"Sent\s*{INSTANT}\s*Answered\s*{INSTANT}\s*done"))
    expect(command).to_contain_text("nothing seen")
    user.send("POST", f"/v1/orders/{order}/cancel", {})
    released = console.locator(".commands li").filter(has_text="Release a reservation").first
    expect(released).to_contain_text(re.compile(rf"Happened\s*{INSTANT}\s*Reservation ended"))
    user.close()


def test_a_cabinet_is_rebooted_with_a_reason_and_its_start_is_told_apart(console: Page) -> None:
    console.get_by_role("link", name="cab-0003").click()
    console.get_by_role("button", name="Reboot").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("the display is stuck")
    dialog.get_by_role("button", name="Reboot").click()
    command = console.locator(".commands li").filter(has_text="the display is stuck")
    expect(command).to_contain_text(re.compile(rf"Sent\s*{INSTANT}\s*Answered\s*{INSTANT}\s*done"))
    expect(command).to_contain_text(re.compile(rf"Happened\s*{INSTANT}\s*Started"))
    expect(console.locator("article > header")).to_contain_text("cab-0003")
    expect(console.locator("article > header")).not_to_contain_text("Offline")


def test_messages_are_filtered_held_still_and_compared(console: Page, town: Town) -> None:
    console.get_by_role("link", name="Messages").click()
    field = console.get_by_label("Filter")
    field.fill("cl/v1/#/slots")
    expect(console.get_by_text("+ and # stand alone in a level")).to_be_visible()
    field.fill("cl/v1/+/cabinet/+/slots")
    listed = console.get_by_role("region", name="Messages, the newest first").get_by_role("listitem")
    expect(listed).to_have_count(_CABINETS)
    user = town.as_user("user-one")
    order = user.place_order(1)
    expect(listed.nth(_CABINETS)).to_be_visible()
    listed.first.get_by_role("button").click()
    expect(console.get_by_role("region", name="JSON").locator(".changed")).not_to_have_count(0)
    console.get_by_role("button", name="Pause").click()
    held = console.get_by_text(re.compile(r"Paused at \d+ messages")).inner_text()
    user.send("POST", f"/v1/orders/{order}/cancel", {})
    user.wait_for(order, "cancelled")
    expect(console.get_by_text(held)).to_be_visible()
    console.get_by_role("button", name="Go on").click()
    count = int(re.findall(r"\d+", held)[0])
    expect(listed.nth(count)).to_be_visible()
    user.close()


def test_the_tree_of_topics_narrows_the_list(console: Page) -> None:
    console.get_by_role("link", name="Messages").click()
    tree = console.get_by_role("navigation", name="Topics")
    tree.get_by_role("button", name=re.compile("^cabinet")).click()
    expect(console.get_by_label("Filter")).to_have_value("cl/v1/demo/cabinet/#")


def test_only_what_the_account_may_write_is_offered_and_checked_before_it_is_sent(console: Page) -> None:
    console.get_by_role("link", name="Messages").click()
    console.get_by_role("button", name="Publish").click()
    dialog = console.get_by_role("dialog")
    options = dialog.get_by_role("option").all_inner_texts()
    assert options
    assert all(re.match(r"cl/v1/demo/operator/opr-", option) for option in options)
    dialog.get_by_role("textbox").fill('{"user": "somebody"}')
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog.get_by_role("alert")).to_contain_text("missing")


def test_the_figures_count_the_orders_of_the_town(console: Page, order: str) -> None:
    assert order
    console.get_by_role("link", name="Figures").click()
    expect(console.get_by_text(re.compile(r"of the last [1-9]\d* orders"))).to_be_visible()
    expect(console.get_by_role("img", name="Orders", exact=True).locator("rect")).not_to_have_count(0)


@pytest.mark.parametrize(
    ("path", "size", "columns"),
    [
        ("/ops", _LAPTOP, 7),
        ("/ops/orders", _LAPTOP, 7),
        ("/ops", SMALL_PHONE, 4),
        ("/ops/orders", SMALL_PHONE, 3),
    ],
)
def test_no_column_of_a_table_is_cut(
    visitors: Visitors, order: str, path: str, size: Any, columns: int
) -> None:
    page = visitors.enter(path, "operator-three", size=size, language="en-US")
    expect(page.get_by_role("link", name=order if path == "/ops/orders" else "cab-0001")).to_be_visible()
    expect(page.get_by_role("columnheader")).to_have_count(columns)
    # What comes last is the time when it was heard, and wide once there is one.
    expect(page.locator("tbody tr[data-at]").first.locator("td").last).to_have_text(re.compile(r"\w"))
    table = page.locator("table")
    assert table.evaluate("one => one.scrollWidth - one.parentElement.clientWidth") <= 0


@pytest.mark.parametrize("path", _VIEWS)
def test_nothing_serious_keeps_anybody_from_using_a_view(town: Town, desk: Page, path: str) -> None:
    desk.set_viewport_size(SMALL_PHONE)
    desk.goto(f"{town.url}{path}")
    expect(desk.get_by_role("heading", level=1)).to_be_attached()
    expect(desk.locator("[aria-busy=true]")).to_have_count(0)
    is_usable(desk)
