"""Whether anybody can use a screen: what axe says, how wide it is, and how large what is pressed."""

import json
from typing import Any

from playwright.sync_api import Page
from tools.web_pages import MODULES, install

from tests.web.people import Scheme

_AXE = MODULES / "axe-core" / "axe.min.js"
_TARGETS = """() => [...document.querySelectorAll('button, a[href], summary, input')]
  .filter((one) => one.checkVisibility() && !one.closest('.maplibregl-ctrl-attrib'))
  .map((one) => (one.matches('input') ? one.closest('label') ?? one : one))
  .map((one) => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 && box.width > 0)
  .map(([text, box]) => `${text} ${box.width}x${box.height}`)"""
_SETTLED = """async () => {
  await new Promise(requestAnimationFrame)
  await Promise.allSettled(document.getAnimations().map((one) => one.finished))
}"""
_OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def is_usable(page: Page) -> None:
    """By axe nothing serious in light and dark; nothing wider than the screen or too small for a finger."""
    install(tools=True)
    if not page.evaluate("'axe' in globalThis"):
        # The page's own rules allow no script from elsewhere, so it comes by the debugging interface.
        page.evaluate(_AXE.read_text("utf-8"))
    _in_colours(page, "dark")
    # Only colours change with the scheme; what else there is to find is found in light.
    _finds_nothing(page, {"runOnly": ["color-contrast"]})
    _in_colours(page, "light")
    _finds_nothing(page, {})
    assert page.evaluate(_OVERFLOW) <= 0
    small = page.evaluate(_TARGETS)
    assert small == [], small


def _in_colours(page: Page, scheme: Scheme) -> None:
    """Show the page in this scheme, and return when no colour is on its way to another."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(_SETTLED)


def _finds_nothing(page: Page, options: dict[str, Any]) -> None:
    found: Any = page.evaluate("options => axe.run({ resultTypes: ['violations'], ...options })", options)
    serious = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    told = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in serious]
    assert told == [], json.dumps(told, indent=1)
