"""The map of the real city: which settings are one, what browsers are let do for it, and a file in ranges."""

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from chargeloop.platform.shell.accounts.account import new_account
from chargeloop.platform.shell.accounts.registry import Registry
from chargeloop.platform.shell.basemap import FILE_PATH, Basemap, BasemapError, BasemapKind
from chargeloop.platform.shell.http import make_app
from chargeloop.platform.shell.services import Services
from chargeloop.protocol.topics import Role
from tests.platform.shell.books import NOON_MS, REGION
from tests.platform.shell.scripted import problem
from tests.web.tiny_pmtiles import tiny_archive

STYLE = "https://tiles.example.org:8443/style.json?key=1"
TILES = "http://tiles.example.org/{z}/{x}/{y}.png"


PASSWORD = "correct horse battery"
CONTENT = tiny_archive(43.45, 5.23)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "city.pmtiles"
    file.write_bytes(CONTENT)
    return file


def on(services: Services, basemap: Basemap | None) -> httpx2.AsyncClient:
    app = make_app(replace(services, basemap=basemap))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://gateway")


def test_without_settings_there_is_no_map() -> None:
    assert Basemap.of(None, None, None) is None
    assert Basemap.of(None, None, "Somebody") is None


@pytest.mark.parametrize(
    ("style", "tiles", "named", "kind", "origin"),
    [
        (STYLE, None, None, BasemapKind.STYLE, "https://tiles.example.org:8443"),
        (None, TILES, "Somebody", BasemapKind.TILES, "http://tiles.example.org"),
        (None, "https://[2001:DB8::1]/a.pmtiles?k=1", None, BasemapKind.PMTILES, "https://[2001:db8::1]"),
    ],
)
def test_a_map_elsewhere_is_known_by_its_origin(
    style: str | None, tiles: str | None, named: str | None, kind: BasemapKind, origin: str
) -> None:
    found = Basemap.of(style, tiles, named)
    assert found == Basemap(kind, style or tiles or "", named or "", origin)


@pytest.mark.parametrize(
    ("style", "tiles", "fault"),
    [
        (STYLE, TILES, "two maps"),
        ("ftp://tiles.example.org/style.json", None, "no http:// or https:// address"),
        ("style.json", None, "no http:// or https:// address"),
        ("https:///style.json", None, "no http:// or https:// address"),
        ("https://tiles.example.org:many/style.json", None, "is no address: port could not be"),
        ("https://me:secret@tiles.example.org/style.json", None, "has a log-in in it"),
        ("https://tiles.example.org;script-src *", None, "the host tiles.example.org;script-src * has other"),
        ("https://[tiles/style.json", None, "is no address: invalid IPv6 URL"),
        (None, "http://tile_server:8080/{z}/{x}/{y}.png", "the host tile_server has other characters"),
        (None, "https://{s}.tile.example.org/{z}/{x}/{y}.png", "the host {s}.tile.example.org has other"),
        (None, "file:///etc/passwd", "no http:// or https:// address"),
        (None, "https://tiles.example.org/{z}/{x}.png", "needs {z}, {x} and {y}"),
        (None, TILES, "needs --map-attribution"),
        (None, "nowhere.pmtiles", "no such file or directory"),
    ],
)
def test_what_is_no_map_is_refused_in_one_line(style: str | None, tiles: str | None, fault: str) -> None:
    with pytest.raises(BasemapError, match="--map-") as refused:
        Basemap.of(style, tiles, None)
    assert fault in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"PMTiles\x03", b"PMTiles\x02" + bytes(200), b"SQLite format 3\0" * 20]
)
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "city.pmtiles"
    file.write_bytes(content)
    with pytest.raises(BasemapError, match=r"city\.pmtiles: is no PMTiles file of version 3"):
        Basemap.of(None, str(file), None)


async def test_a_file_is_served_whole_and_by_ranges(services: Services, archive: Path) -> None:
    async with on(services, Basemap.of(None, str(archive), None)) as client:
        whole = await client.get(FILE_PATH)
        assert (whole.status_code, whole.content) == (200, CONTENT)
        assert whole.headers["accept-ranges"] == "bytes"
        header = await client.get(FILE_PATH, headers={"Range": "bytes=0-126"})
        assert (header.status_code, header.content) == (206, CONTENT[:127])
        assert header.headers["content-range"] == f"bytes 0-126/{len(CONTENT)}"
        assert header.headers["etag"] == whole.headers["etag"]
        rest = await client.get(FILE_PATH, headers={"Range": "bytes=127-"})
        assert (rest.status_code, rest.content) == (206, CONTENT[127:])
        beyond = await client.get(FILE_PATH, headers={"Range": f"bytes={len(CONTENT)}-"})
        assert beyond.status_code == 416
        head = await client.head(FILE_PATH)
        assert (head.headers["content-length"], head.content) == (str(len(CONTENT)), b"")


async def test_a_range_of_another_file_is_not_given_for_one_of_this(
    services: Services, archive: Path
) -> None:
    stale = {"Range": "bytes=0-126", "If-Range": '"another"'}
    async with on(services, Basemap.of(None, str(archive), None)) as client:
        assert (await client.get(FILE_PATH, headers=stale)).status_code == 200


async def test_a_file_that_is_not_there_any_more_is_not_found(services: Services, tmp_path: Path) -> None:
    gone = Basemap(BasemapKind.PMTILES, FILE_PATH, "", None, tmp_path / "gone.pmtiles")
    for basemap in (gone, Basemap.of(STYLE, None, None)):
        async with on(services, basemap) as client:
            problem(await client.get(FILE_PATH), 404, "not_found")


async def test_who_logs_in_is_told_of_the_map(services: Services, registry: Registry, archive: Path) -> None:
    await registry.open(new_account(Role.OPERATOR, "anna", region=REGION, now_ms=NOON_MS), PASSWORD)
    async with on(services, Basemap.of(None, str(archive), "Somebody")) as client:
        told = (await client.post("/v1/session", json={"login": "anna", "password": PASSWORD})).json()["map"]
    assert told == {"kind": "pmtiles", "url": FILE_PATH, "attribution": "Somebody"}


async def test_the_content_policy_lets_in_the_origin_of_the_map_and_nothing_else(services: Services) -> None:
    async with on(services, None) as client:
        plain = (await client.get("/v1/health")).headers["content-security-policy"]
    async with on(services, Basemap.of(STYLE, None, None)) as client:
        opened = (await client.get("/v1/health")).headers["content-security-policy"]
    assert "https:" not in plain
    origin = " https://tiles.example.org:8443"
    assert opened.count(origin) == 2
    assert f"connect-src 'self'{origin};" in opened
    assert f"blob:{origin};" in opened
    assert opened.replace(origin, "") == plain


async def test_a_file_of_our_own_opens_nothing_in_the_policy(services: Services, archive: Path) -> None:
    async with on(services, Basemap.of(None, str(archive), None)) as client:
        assert "http" not in (await client.get("/v1/health")).headers["content-security-policy"]
