"""The built pages: which file answers which path, how long it is kept, and what keeps browsers safe."""

import gzip
from pathlib import Path

import httpx2
import pytest

from tests.platform.shell.scripted import problem

SCRIPT = "export const a = 1;\n" * 200


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    for name, text in {
        "index.html": "<!doctype html>user",
        "courier/index.html": "<!doctype html>courier",
        "ops.html": "<!doctype html>ops",
        "sw.js": "self.oninstall = 1",
        "manifest.webmanifest": "{}",
        "assets/app-1a2b.js": SCRIPT,
        "assets/logo.svg": "<svg/>",
        "assets/map.geojson": "{}",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "secret.txt").write_text("gold")
    return folder


@pytest.mark.parametrize(
    ("path", "text", "media_type"),
    [
        ("/", "user", "text/html; charset=utf-8"),
        ("/index.html", "user", "text/html; charset=utf-8"),
        ("/courier", "courier", "text/html; charset=utf-8"),
        ("/courier/", "courier", "text/html; charset=utf-8"),
        ("/courier/jobs/job-1", "courier", "text/html; charset=utf-8"),
        ("/ops", "ops", "text/html; charset=utf-8"),
        ("/ops/orders/ord-1", "ops", "text/html; charset=utf-8"),
        ("/sw.js", "oninstall", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "{}", "application/manifest+json"),
        ("/assets/app-1a2b.js", "export", "text/javascript; charset=utf-8"),
        ("/assets/logo.svg", "svg", "image/svg+xml"),
        ("/assets/map.geojson", "{}", "application/geo+json"),
    ],
)
async def test_a_path_is_answered_with_its_file(
    client: httpx2.AsyncClient, pages: Path, path: str, text: str, media_type: str
) -> None:
    del client.headers["Authorization"]
    response = await client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)
    assert text in response.text
    for_ever = "public, max-age=31536000, immutable"
    assert response.headers["cache-control"] == (for_ever if path.startswith("/assets/") else "no-cache")
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")


async def test_a_file_is_sent_compressed_and_once(client: httpx2.AsyncClient, pages: Path) -> None:
    path = "/assets/app-1a2b.js"
    request = client.build_request("GET", path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    response = await client.send(request, stream=True)
    raw = b"".join([piece async for piece in response.aiter_raw()])
    assert (response.headers["content-encoding"], response.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(raw).decode() == SCRIPT
    assert len(raw) < len(SCRIPT) / 10
    for plain in ("identity", "gzip;q=0", "gzipped"):
        uncompressed = await client.get(path, headers={"Accept-Encoding": plain})
        assert ("content-encoding" in uncompressed.headers, uncompressed.text) == (False, SCRIPT)
    again = await client.get(path, headers={"If-None-Match": f'"other", W/{response.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")


async def test_pages_that_are_built_anew_are_served_at_once(client: httpx2.AsyncClient, pages: Path) -> None:
    first = await client.get("/")
    (pages / "index.html").write_text("<!doctype html>another user")
    second = await client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.text) == (200, "<!doctype html>another user")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/courier%00", "/assets/",
        "/assets/gone.js", "/nothing", "/nothing/here", "/assets/%ff", "/v1/nothing", "/" + "a" * 5000,
    ],
)  # fmt: skip
async def test_what_is_not_in_the_folder_is_a_problem(
    client: httpx2.AsyncClient, pages: Path, path: str
) -> None:
    response = await client.get(path)
    assert "gold" not in response.text
    problem(response, 404, "not_found")


async def test_a_link_does_not_lead_out_of_the_folder(client: httpx2.AsyncClient, pages: Path) -> None:
    (pages / "assets" / "out.txt").symlink_to(pages.parent / "secret.txt")
    problem(await client.get("/assets/out.txt"), 404, "not_found")


async def test_pages_that_are_not_built_say_how_they_are(client: httpx2.AsyncClient) -> None:
    for path in ("/", "/courier", "/ops/orders/ord-1"):
        response = await client.get(path)
        assert (response.status_code, response.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "pip install ." in response.text
    problem(await client.get("/assets/app.js"), 404, "not_found")


@pytest.mark.parametrize("path", ["/", "/v1/health", "/v1/orders", "/nothing", "/openapi.json"])
async def test_every_answer_keeps_browsers_safe(client: httpx2.AsyncClient, pages: Path, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert (policy["script-src"], policy["connect-src"]) == ("'self'", "'self'")
    assert (policy["worker-src"], policy["frame-ancestors"]) == ("'self' blob:", "'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert ("no-store" in headers.get("cache-control", "")) == path.startswith("/v1/")
