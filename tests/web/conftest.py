"""One town and one browser for all tests of the pages.

They last as long as the package and no longer: a browser keeps an event loop running, and no test of
asyncio can be run beside it.
"""

import contextlib
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.web.camera import film
from tests.web.line import Line
from tests.web.people import DESKTOP, WAIT_MS, Visitors
from tests.web.town import CABINETS, Town, running_town

# The machine is shared, and the town with its two platforms takes its time on it.
expect.set_options(timeout=WAIT_MS)
_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town for all; a test that acts as a courier, or looks at a user's orders, has its own of them."""
    with running_town(tmp_path_factory.mktemp("town") / "data") as running:
        yield running


@contextlib.contextmanager
def launched(playwright: Playwright, directory: Path) -> Iterator[Browser]:
    """Run Debian's Chromium; its camera sees what `camera.film` writes into the directory."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "the pages are tested in Debian's Chromium: apt-get install chromium"
    arguments = [
        # The map needs WebGL, which a machine without a graphics card draws in software; drawing the
        # pages themselves that way too costs a third more.
        "--disable-gpu",
        "--enable-unsafe-swiftshader",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film(directory)}",
    ]
    running = playwright.chromium.launch(executable_path=chromium, args=arguments)
    yield running
    running.close()


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    directory = tmp_path_factory.mktemp("camera")
    with sync_playwright() as playwright, launched(playwright, directory) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture
def visitors(
    town: Town, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Visitors]:
    """People with a browser each; whatever a page complains about fails the test."""
    with_pages = Visitors(browser, town.url, tmp_path)
    yield with_pages
    if _FAILED in request.node.stash:
        with_pages.picture()
    with_pages.leave()
    town.end_orders()


@pytest.fixture(scope="package")
def desk(town: Town, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The desk of an operator who has logged in once."""
    operators = Visitors(browser, town.url, tmp_path_factory.mktemp("desk"))
    page = operators.enter("/ops/messages", "operator-one", size=DESKTOP)
    expect(page.get_by_role("status").filter(has_text="Online")).to_be_visible()
    yield page
    operators.leave()


@pytest.fixture
def console(town: Town, desk: Page, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The console as it begins, connected and with all cabinets."""
    desk.set_viewport_size(DESKTOP)
    desk.goto(f"{town.url}/ops")
    expect(desk.get_by_role("button", name=f"Cabinets {len(CABINETS)}")).to_be_visible()
    expect(desk.get_by_role("status").filter(has_text="Online")).to_be_visible()
    yield desk
    if _FAILED in request.node.stash:
        desk.screenshot(path=tmp_path / "console.png", full_page=True)
    town.end_orders()


@pytest.fixture
def line(town: Town) -> Iterator[Line]:
    address = urlsplit(town.url)
    with Line(str(address.hostname), int(address.port or 0)) as whole:
        yield whole
