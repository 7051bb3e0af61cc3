"""People at the pages: each has a browser profile, a place in town and an account."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page

from tests.web.town import LAT, LON, PASSWORD

Scheme = Literal["light", "dark"]
PHONE: Any = {"width": 390, "height": 844}
SMALL_PHONE: Any = {"width": 360, "height": 740}
DESKTOP: Any = {"width": 1280, "height": 860}
WAIT_MS = 30_000
# How a page that speaks British English writes day and time.
INSTANT = r"[0-9]+ \w+,? [0-9:]+"
# What a page says when a network that was cut on purpose is away, or when it is reloaded while the map loads.
_OF_THE_CUT = ("Failed to load resource", "WebSocket connection to", "net::ERR_", "Worker failed to load")


class Visitors:
    """Opens pages, and remembers what went wrong in them."""

    def __init__(self, browser: Browser, url: str, directory: Path) -> None:
        self._browser = browser
        self._url = url
        self._directory = directory
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(
        self,
        path: str,
        *,
        url: str | None = None,
        size: Any = None,
        scheme: Scheme = "light",
        language: str = "en-GB",
    ) -> Page:
        """Open a page as somebody new."""
        context = self._browser.new_context(
            viewport=PHONE if size is None else size,
            color_scheme=scheme,
            locale=language,
            geolocation={"latitude": LAT, "longitude": LON},
            permissions=["geolocation", "camera"],
            reduced_motion="reduce",
        )
        context.set_default_timeout(WAIT_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.goto(f"{url or self._url}{path}")
        return page

    def enter(self, path: str, login: str, **options: Any) -> Page:
        """Open a page and log in."""
        page = self.open(path, **options)
        self.log_in(page, login)
        return page

    @staticmethod
    def log_in(page: Page, login: str) -> None:
        page.get_by_label("Account").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()

    def picture(self) -> None:
        """Take a last picture of each page, for whoever asks why the test has failed."""
        for number, context in enumerate(self._contexts):
            for page in context.pages:
                page.screenshot(path=self._directory / f"last-{number}.png", full_page=True)

    def leave(self) -> None:
        """Close all pages; what they complained about fails the test."""
        for context in self._contexts:
            context.close()
        assert self.complaints == [], self.complaints

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and not any(words in text for words in _OF_THE_CUT):
            self.complaints.append(text)
