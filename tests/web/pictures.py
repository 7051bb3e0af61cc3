"""Takes the pictures in docs/images: `python -m tests.web.pictures`, with a town that is played for them."""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.web.conftest import launched
from tests.web.people import DESKTOP, PHONE, Scheme, Visitors
from tests.web.town import running_town

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


def _play(visitors: Visitors) -> None:
    courier = visitors.enter("/courier?demo", "courier-one")
    user = visitors.enter("/?demo", "user-one")
    operator = visitors.enter("/ops", "operator-one", size=DESKTOP)
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
    expect(operator.get_by_text("in use")).to_be_visible()
    _take(operator, "ops", "light", size=DESKTOP, map_there=False)


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
