import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tools.web_pages import PAGES

from tests.web.people import DESKTOP, PHONE, SMALL_PHONE, Visitors
from tests.web.town import Town
from tests.web.usable import is_usable

_MOST_BYTES = 200_000
# The map comes when somebody looks at it.
_OF_THE_MAP = ("draw", "maplibre")
_HEADINGS = {
    "/": ("user-one", "Where are you?"),
    "/courier": ("courier-one", "Ready when you are"),
    "/ops": ("operator-two", "City"),
}


@pytest.mark.parametrize("page", ["index", "courier", "ops"])
def test_the_first_load_of_a_page_stays_below_200_kb_without_the_map(page: str) -> None:
    html = (PAGES / f"{page}.html").read_text("utf-8")
    files = _reachable(re.findall(r'"/(assets/[^"]+)"', html))
    size = sum(len(gzip.compress((PAGES / name).read_bytes())) for name in files)
    connection = "wire.worker" if page == "ops" else "mqtt"
    assert any(connection in name for name in files), "the connection to the broker is a part of it"
    assert size <= _MOST_BYTES, f"{size} bytes in {sorted(files)}"


def _reachable(names: list[str]) -> set[str]:
    found: set[str] = set()
    while names:
        name = names.pop()
        if name in found or Path(name).name.startswith(_OF_THE_MAP):
            continue
        found.add(name)
        if name.endswith(".js"):
            text = (PAGES / name).read_text("utf-8")
            names += [f"assets/{other}" for other in re.findall(r"""["'`]\./([\w.-]+\.js)["'`]""", text)]
            names += re.findall(r"""["'`]/?(assets/[\w.-]+\.(?:css|js))["'`]""", text)
    return found


@pytest.mark.parametrize("path", ["/", "/courier", "/ops"])
def test_nothing_serious_keeps_anybody_from_using_a_page(visitors: Visitors, path: str) -> None:
    page = visitors.open(path, size=SMALL_PHONE)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    is_usable(page)
    login, heading = _HEADINGS[path]
    visitors.log_in(page, login)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    is_usable(page)
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    is_usable(page)


def test_the_map_of_the_built_page_draws_streets_and_cabinets(town: Town, visitors: Visitors) -> None:
    page = visitors.enter("/", "user-one")
    drawn = page.locator(".map[data-streets]")
    expect(drawn).to_have_attribute("data-streets", re.compile(r"^[1-9]"))
    someone = town.as_user("operator-two")
    for cabinet in someone.send("GET", "/v1/cabinets")["cabinets"]:
        label = f"{cabinet['name']}: {cabinet['ready_banks']} ready"
        expect(page.get_by_label(label)).to_be_visible()
    someone.close()


def test_a_page_is_read_in_chinese_and_the_choice_is_kept(visitors: Visitors) -> None:
    page = visitors.open("/", language="zh-CN")
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    page.get_by_role("button", name="设置").click()
    page.get_by_label("English").check()
    page.reload()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_theme_that_was_chosen_wins_over_the_system(visitors: Visitors) -> None:
    page = visitors.open("/", scheme="light")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Dark").check()
    page.reload()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(16, 20, 19)"


def test_a_page_is_used_with_the_keyboard_alone(visitors: Visitors) -> None:
    page = visitors.open("/courier")
    field = page.get_by_label("Account")
    field.focus()
    page.keyboard.type("courier-one")
    page.keyboard.press("Tab")
    page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Online")).to_be_visible()
    button = page.get_by_role("button", name="Go on duty")
    while not button.evaluate("one => one === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Go off duty")).to_be_visible()


def test_a_dialog_gives_the_focus_back_to_what_opened_it(town: Town, visitors: Visitors) -> None:
    someone = town.as_user("user-five")
    order = someone.place_order(1)
    page = visitors.enter("/", "user-five")
    cancelling = page.get_by_role("button", name="Call the order off").first
    settings = page.get_by_role("button", name="Settings")
    for opening, leaving in ((settings, "Close"), (cancelling, "Close"), (cancelling, "Keep it")):
        for by_escape in (True, False):
            opening.focus()
            page.keyboard.press("Enter")
            expect(page.get_by_role("button", name="Close")).to_be_focused()
            if by_escape:
                page.keyboard.press("Escape")
            else:
                page.get_by_role("button", name=leaving).click()
            expect(page.get_by_role("dialog")).to_be_hidden()
            expect(opening).to_be_focused()
    someone.send("POST", f"/v1/orders/{order}/cancel", {})
    someone.close()


def test_a_place_on_the_map_is_chosen_by_keys_and_its_words_follow_the_language(
    visitors: Visitors,
) -> None:
    page = visitors.enter("/", "user-two")
    expect(page.locator(".map[data-streets]")).to_be_visible()
    told = page.get_by_text("Arrow keys move the map")
    expect(told).to_be_hidden()
    canvas = page.locator("canvas")
    while not canvas.evaluate("one => one === document.activeElement"):
        page.keyboard.press("Tab")
    expect(told).to_be_visible()
    is_usable(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Here, as you tapped on the map.")).to_be_visible()
    expect(page.get_by_text("Invented streets")).to_be_visible()
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("中文").check()
    expect(page.get_by_text("Invented streets")).to_be_hidden()


def test_every_page_loads_under_the_gateways_content_policy(town: Town, visitors: Visitors) -> None:
    for path in _HEADINGS:
        page = visitors.open(path, size=DESKTOP if path == "/ops" else PHONE)
        policy = page.request.get(f"{town.url}{path}").headers["content-security-policy"]
        assert "script-src 'self';" in policy
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
