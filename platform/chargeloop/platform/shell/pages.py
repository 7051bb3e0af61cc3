"""The built pages, served from a folder: `/` for people who rent, `/courier`, `/ops`, and their assets.

A page is `index.html` in the folder, in `courier/` and in `ops/` (or `courier.html`, `ops.html`); what lies
beneath `/courier/` and `/ops/` and is no file is the page too, which routes for itself. Names in `/assets/`
hold a hash of their content, so those are kept for ever; everything else is asked for again each time.

Files are read once, and again after they have changed. Larger ones are sent compressed.
"""

import asyncio
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

PAGES: Final = Path(__file__).parent.parent / "pages"
_APPS: Final = ("", "courier", "ops")
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_EACH_TIME: Final = "no-cache"
_SMALL_BYTES: Final = 1_024
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
}
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>chargeloop: the pages are not built</title>
<h1>The pages are not built</h1>
<p>This installation has the interface (<a href="/openapi.json">OpenAPI</a>) and the relay to the broker, but
not the pages. They are built with the package: <code>pip install .</code> in a checkout of chargeloop. Then
load this page again.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    stamp: tuple[int, int]
    etag: str
    media_type: str
    plain: bytes
    compressed: bytes | None


class Pages:
    """The pages in a folder, which need not be there."""

    def __init__(self, folder: Path = PAGES) -> None:
        self._folder = folder
        self._read: dict[Path, _File] = {}

    def install(self, app: FastAPI) -> None:
        """Serve the pages by an application; its other routes must be there already, for they go first."""
        app.add_api_route("/{path:path}", self.answer, methods=["GET", "HEAD"], include_in_schema=False)

    async def answer(self, path: str, request: Request) -> Response:
        """Return a file or a page.

        Raises:
            HTTPException: there is no such thing.
        """
        top = path.partition("/")[0]
        file = await self._file(path) if path else None
        if file is not None and top == "assets":
            return _response(file, request, _FOR_EVER)
        if file is not None:
            return _response(file, request, _EACH_TIME)
        if top not in _APPS or (top == "" and path):
            raise HTTPException(404)
        page = await self._file(f"{top}/index.html" if top else "index.html") or await self._file(
            f"{top}.html"
        )
        if page is None:
            return HTMLResponse(_NOT_BUILT, 503, headers={"Cache-Control": "no-store"})
        return _response(page, request, _EACH_TIME)

    async def _file(self, name: str) -> _File | None:
        return await asyncio.to_thread(self._look, name)

    def _look(self, name: str) -> _File | None:
        """Return a file beneath the folder, or None; whatever the name holds, it does not lead out of it."""
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
                return None
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            known = self._read.get(path)
            if known is None or known.stamp != stamp:
                known = self._read[path] = _load(path, stamp)
        except (OSError, ValueError):
            return None
        return known


def _load(path: Path, stamp: tuple[int, int]) -> _File:
    plain = path.read_bytes()
    compressed = gzip.compress(plain, mtime=0) if len(plain) >= _SMALL_BYTES else None
    if compressed is not None and len(compressed) > 0.9 * len(plain):
        compressed = None
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(stamp, f'"{hashlib.sha256(plain).hexdigest()[:32]}"', media_type, plain, compressed)


def _response(file: _File, request: Request, cache: str) -> Response:
    headers = {"Cache-Control": cache, "ETag": file.etag, "Vary": "Accept-Encoding"}
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if file.etag in asked:
        return Response(status_code=304, headers=headers)
    body = file.plain
    if file.compressed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        body, headers["Content-Encoding"] = file.compressed, "gzip"
    response = Response(body, headers=headers)
    # Not by the constructor, which would add a character set to some.
    response.headers["Content-Type"] = file.media_type
    return response


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0"}
    return False
