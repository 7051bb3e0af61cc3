"""The map of the real city in a real browser: a PMTiles file, served by the gateway."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.web.people import Visitors
from tests.web.tiny_pmtiles import ATTRIBUTION, tiny_archive
from tests.web.town import LAT, LON, starting_platform, wait_for_url


def test_the_map_draws_the_streets_of_the_operator_s_file_and_names_its_makers(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "city.pmtiles"
    file.write_bytes(tiny_archive(LAT, LON))
    with starting_platform(tmp_path / "data", "--map-tiles", str(file)) as town:
        town.add_account("user", "user-one")
        wait_for_url(town)
        visitors = Visitors(browser, town.url, tmp_path)
        page = visitors.enter("/", "user-one")
        streets = page.locator(".map[data-streets]")
        expect(streets).to_have_attribute("data-streets", re.compile(r"^[1-9]"))
        expect(page.get_by_text(ATTRIBUTION)).to_be_visible()
        expect(page.get_by_text("Invented streets")).to_have_count(0)
        visitors.leave()
