import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.web.line import Line
from tests.web.people import WAIT_MS, Visitors
from tests.web.town import Town, running_town

# The machine is shared, and the town with its two platforms takes its time on it.
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("town") / "data") as running:
        yield running


@contextlib.contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Run Debian's Chromium."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "the pages are tested in Debian's Chromium: apt-get install chromium"
    # The map needs WebGL, which a machine without a graphics card draws in software.
    arguments = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    running = playwright.chromium.launch(executable_path=chromium, args=arguments)
    yield running
    running.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, launched(playwright) as running:
        yield running


@pytest.fixture
def visitors(town: Town, browser: Browser, tmp_path: Path) -> Iterator[Visitors]:
    """People with a browser each; whatever a page complains about fails the test."""
    with_pages = Visitors(browser, town.url, tmp_path)
    yield with_pages
    with_pages.leave()


@pytest.fixture
def line(town: Town) -> Iterator[Line]:
    address = urlsplit(town.url)
    with Line(str(address.hostname), int(address.port or 0)) as whole:
        yield whole
