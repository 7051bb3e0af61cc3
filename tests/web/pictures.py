"""Takes the pictures in docs/images: `python -m tests.web.pictures`.

Those of the users' and couriers' pages in a town where one order is played for them, those of the operators'
console in the city of the demo when its story is over.
"""

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from chargeloop.protocol.topics import Role
from tests.cli.played import start_demo
from tests.web.conftest import launched
from tests.web.people import DESKTOP, PHONE, Scheme, Visitors
from tests.web.town import Town, open_accounts, running_town, wait_for_url

_IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"


def main() -> None:
    """Play a rent, and take pictures on the way."""
    _IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        running_town(Path(data) / "town") as town,
        sync_playwright() as playwright,
        launched(playwright, Path(data)) as browser,
    ):
        visitors = Visitors(browser, town.url, Path(data))
        _play(visitors)
        visitors.leave()
        _look_around(browser, Path(data) / "city")


def _play(visitors: Visitors) -> None:
    courier = visitors.enter("/courier?demo", "courier-one")
    user = visitors.enter("/?demo", "user-one")
    courier.get_by_role("button", name="Go on duty").click()
    expect(user.get_by_text("Usual total")).to_be_visible()
    _take(user, "user-order", "light", size=DESKTOP)
    user.get_by_role("button", name="One more").click()
    user.get_by_role("button", name="Bring me 2 banks").click()
    expect(courier.get_by_role("heading", name="New job")).to_be_visible()
    _take(courier, "courier-offer", "light")
    courier.get_by_role("button", name="Accept").click()
    expect(user.get_by_text("Your hand-over code")).to_be_visible()
    _take(user, "user-live", "light")
    expect(courier.get_by_role("button", name="I am at the cabinet")).to_be_visible()
    _take(courier, "courier-go", "dark")
    courier.get_by_role("button", name="I am at the cabinet").click()
    courier.get_by_role("button", name="Type the code at the cabinet").click()
    expect(courier.get_by_role("button", name="I have taken 2 banks")).to_be_visible()
    _take(courier, "courier-take", "dark", map_there=False)
    courier.get_by_role("button", name="I have taken 2 banks").click()
    courier.get_by_role("button", name="I am at the customer").click()
    courier.get_by_role("button", name="Ring at the door").click()
    user.get_by_role("button", name="Open and tell the code").click()
    courier.get_by_role("button", name="I have handed over 2 banks").click()
    expect(user.get_by_role("heading", name="Yours to use")).to_be_visible()
    expect(user.get_by_text("€2.00 from")).to_be_visible()
    _take(user, "user-use", "dark", map_there=False)
    user.get_by_role("button", name="Have them fetched").click()
    user.get_by_role("button", name="Fetch 2 banks here").click()
    courier.get_by_role("button", name="Accept").click()
    courier.get_by_role("button", name="I am at the customer").click()
    courier.get_by_role("button", name="Ring at the door").click()
    user.get_by_role("button", name="Open and tell the code").click()
    courier.get_by_role("button", name="I have collected 2 banks").click()
    courier.get_by_role("button", name="I am at the cabinet").click()
    courier.get_by_role("button", name="Push the banks in").click()
    user.get_by_role("button", name="Receipt").click()
    expect(user.get_by_label("Receipt")).to_be_visible()
    _take(user, "user-receipt", "light", map_there=False)
    courier.get_by_role("button", name="Earnings").click()
    _take(courier, "courier-earnings", "light", map_there=False)


def _look_around(browser: Browser, data: Path) -> None:
    with start_demo(data, "--keep", "--keep-speed", "30", orders=20, seed=7, broker="mosquitto") as demo:
        assert demo.process.stderr is not None
        while "the city goes on" not in demo.process.stderr.readline():
            pass
        open_accounts(data, [(Role.OPERATOR, "operator-one")])
        city = Town(data)
        wait_for_url(city)
        visitors = Visitors(browser, city.url, data)
        operator = visitors.enter("/ops", "operator-one", size=DESKTOP)
        expect(operator.get_by_role("button", name="Cabinets 12")).to_be_visible()
        # So long until people and couriers of the city that goes on are about.
        operator.wait_for_timeout(20_000)
        _take(operator, "ops", "light", size=DESKTOP, map_there=False)
        operator.get_by_role("link", name="cab-0002").click()
        expect(operator.get_by_role("heading", name="Market Hall")).to_be_visible()
        _take(operator, "ops-cabinet", "dark", size=DESKTOP, map_there=False)
        operator.goto(f"{city.url}/ops/orders/{_much_happened(city)}")
        expect(operator.get_by_role("heading", name="Timeline")).to_be_visible()
        operator.wait_for_timeout(2_000)
        _take(operator, "ops-order", "light", size=DESKTOP, map_there=False)
        operator.get_by_role("link", name="Alarms").click()
        operator.get_by_role("button", name="Look").first.wait_for()
        _take(operator, "ops-alarms", "light", size=DESKTOP, map_there=False)
        operator.get_by_role("link", name="Messages").click()
        operator.wait_for_timeout(20_000)
        operator.get_by_role("button", name="Pause").click()
        operator.get_by_role("button", name="telemetry").first.click()
        _take(operator, "ops-messages", "dark", size=DESKTOP, map_there=False)
        operator.get_by_role("link", name="Figures").click()
        expect(operator.get_by_text(re.compile("of the last [0-9]+ orders"))).to_be_visible()
        _take(operator, "ops-figures", "light", size=DESKTOP, map_there=False)
        visitors.leave()
        demo.process.terminate()
        demo.process.communicate()


def _much_happened(city: Town) -> str:
    """Return the settled order with the longest journal."""
    operator = city.as_user("operator-one")
    orders = [operator.order(one["id"]) for one in operator.send("GET", "/v1/orders")["orders"]]
    operator.close()
    settled = [order for order in orders if order["state"] == "settled"]
    return str(max(settled, key=lambda order: len(order["events"]))["id"])


def _take(page: Page, name: str, scheme: Scheme, *, size: object = PHONE, map_there: bool = True) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type] # a size, whose class playwright keeps to itself
    page.emulate_media(color_scheme=scheme)
    if map_there:
        expect(page.locator(".map[data-streets]").first).to_be_visible()
        # The map settles into its new size and colours by itself, and says so by no event of the page.
        page.wait_for_timeout(1_500)
    page.mouse.move(0, 0)
    page.screenshot(path=_IMAGES / f"{name}-{scheme}.png")
    page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    main()
