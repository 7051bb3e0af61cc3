"""What the pages draw their maps on when there is a map of the real city: a style, tiles or a PMTiles file.

Without one the pages invent a city. A file is served from our own origin, by ranges of its bytes; of what
lies elsewhere the origin is let into the pages' content policy, and nothing else is.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

# Where the pages find a file of ours.
FILE_PATH: Final = "/map/tiles.pmtiles"
# How a PMTiles file begins (its specification, version 3, section 3.1), and how long its header is.
_MAGIC: Final = b"PMTiles\x03"
_HEADER_BYTES: Final = 127
_MEDIA_TYPE: Final = "application/vnd.pmtiles"
# The pages notice by its tag when another file lies there.
_KEPT: Final = "public, max-age=3600"
_TEMPLATE: Final = ("{z}", "{x}", "{y}")
# The origin goes into a header that a stray character would turn into another policy.
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")


class BasemapError(Exception):
    """The map cannot be used; the message says why."""


class BasemapKind(StrEnum):
    """What the pages load: a MapLibre style, tiles by a template of their address, or a PMTiles archive."""

    STYLE = "style"
    TILES = "tiles"
    PMTILES = "pmtiles"


@dataclass(frozen=True, slots=True)
class Basemap:
    """A map for the pages: `url` is what they load, `origin` where that is when it is not ours.

    `attribution` is who must be named in addition to what the map says of itself; `file` is served at
    `FILE_PATH`.
    """

    kind: BasemapKind
    url: str
    attribution: str
    origin: str | None
    file: Path | None = None

    @classmethod
    def of(cls, style: str | None, tiles: str | None, attribution: str | None) -> Self | None:
        """Return the map of these settings, or None when the pages are to invent a city.

        Args:
            style: http(s) address of a MapLibre style.
            tiles: http(s) address of a PMTiles archive, or of tiles with `{z}`, `{x}` and `{y}` in it; or a
                PMTiles file.
            attribution: whom the map must name; tiles by a template cannot say it themselves.

        Raises:
            BasemapError: style and tiles are both given, or cannot be used.
        """
        named = attribution or ""
        if style is not None and tiles is not None:
            message = "--map-style and --map-tiles are two maps: give one of them"
            raise BasemapError(message)
        if style is not None:
            return cls(BasemapKind.STYLE, style, named, _origin_of(style, "--map-style"))
        if tiles is None:
            return None
        if "://" not in tiles:
            file = Path(tiles)
            check_archive(file)
            return cls(BasemapKind.PMTILES, FILE_PATH, named, None, file)
        origin = _origin_of(tiles, "--map-tiles")
        if urlsplit(tiles).path.endswith(".pmtiles"):
            return cls(BasemapKind.PMTILES, tiles, named, origin)
        if not all(part in tiles for part in _TEMPLATE):
            message = f"--map-tiles {tiles}: needs {{z}}, {{x}} and {{y}} in it, or the end .pmtiles"
            raise BasemapError(message)
        if not named:
            message = "--map-tiles with {z}, {x} and {y} needs --map-attribution: such tiles name nobody"
            raise BasemapError(message)
        return cls(BasemapKind.TILES, tiles, named, origin)

    def install(self, app: FastAPI) -> None:
        """Serve the file, if there is one, whole or by ranges (RFC 9110, section 14)."""
        file = self.file
        if file is None:
            return

        def answer() -> FileResponse:
            if not file.is_file():
                raise HTTPException(404)
            return FileResponse(file, media_type=_MEDIA_TYPE, headers={"Cache-Control": _KEPT})

        app.add_api_route(FILE_PATH, answer, methods=["GET", "HEAD"], include_in_schema=False)


def check_archive(file: Path) -> None:
    """Make sure that a file is a PMTiles archive, as far as its header tells.

    Raises:
        BasemapError: it is not, or it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            header = opened.read(_HEADER_BYTES)
    except OSError as error:
        message = f"--map-tiles {file}: {(error.strerror or str(error)).lower()}"
        raise BasemapError(message) from None
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        message = f"--map-tiles {file}: is no PMTiles file of version 3"
        raise BasemapError(message)


def _origin_of(url: str, flag: str) -> str:
    """Return the origin of an address.

    Raises:
        BasemapError: it is no http(s) address of a host; the message says what is wrong with it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        message = f"{flag} {url}: is no address: {str(error)[:1].lower()}{str(error)[1:]}"
        raise BasemapError(message) from None
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    fault = _fault_of(parts, host)
    if fault is not None:
        message = f"{flag} {url}: {fault}"
        raise BasemapError(message)
    return f"{parts.scheme}://{host}" if port is None else f"{parts.scheme}://{host}:{port}"


def _fault_of(parts: SplitResult, host: str) -> str | None:
    """Return why pages cannot draw on a map at an address, or None when they can."""
    if parts.scheme not in {"http", "https"} or not host:
        return "is no http:// or https:// address of a host"
    if "@" in parts.netloc:
        return "has a log-in in it, which every page would tell: the map must be open, or opened by a key"
    if not _HOST.fullmatch(host):
        return f"the host {host} has other characters than letters, digits, dots and dashes"
    return None
