"""A PMTiles archive of a few vector tiles, written by hand: one road across each tile around a place."""

import json
import math
import struct
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

ATTRIBUTION: Final = "Surveyors of the Tiny Town"
_ZOOM: Final = 14
_HEADER_BYTES: Final = 127
_EXTENT: Final = 4096
_PLAIN, _MVT = 1, 1


def tiny_archive(lat: float, lon: float) -> bytes:
    """Return an archive (PMTiles 3) with the road "Real Street" in the nine tiles around a place."""
    column, row = _tile_at(lat, lon)
    near = [(column + east, row + south) for east in (-1, 0, 1) for south in (-1, 0, 1)]
    ids = sorted(_tile_id(_ZOOM, *place) for place in near)
    tile = _tile("roads", "Real Street")
    directory = _directory(ids, len(tile))
    metadata = json.dumps({"attribution": ATTRIBUTION, "vector_layers": [{"id": "roads", "fields": {}}]})
    about = metadata.encode()
    places = [_HEADER_BYTES, len(directory), _HEADER_BYTES + len(directory), len(about)]
    end = sum(places[2:])
    header = struct.pack(
        "<7sB11Q6B4iB2i",
        *(b"PMTiles", 3),
        *places,
        *(end, 0, end, len(tile), len(ids), len(ids), 1),
        *(1, _PLAIN, _PLAIN, _MVT, _ZOOM, _ZOOM),
        *(_e7(lon - 0.1), _e7(lat - 0.1), _e7(lon + 0.1), _e7(lat + 0.1)),
        *(_ZOOM, _e7(lon), _e7(lat)),
    )
    return header + directory + about + tile


def _e7(degrees: float) -> int:
    return round(degrees * 10_000_000)


def _tile_at(lat: float, lon: float) -> tuple[int, int]:
    wide = 2**_ZOOM
    north = math.asinh(math.tan(math.radians(lat)))
    return int((lon + 180) / 360 * wide), int((1 - north / math.pi) / 2 * wide)


def _tile_id(zoom: int, x: int, y: int) -> int:
    """Return the place of a tile on the Hilbert curve, behind all tiles of lesser zooms."""
    number: int = (4**zoom - 1) // 3
    side = 2 ** (zoom - 1)
    while side > 0:
        right, low = int(x & side > 0), int(y & side > 0)
        number += side * side * ((3 * right) ^ low)
        if low == 0:
            if right == 1:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        side //= 2
    return number


def _directory(ids: list[int], length: int) -> bytes:
    """Return a directory in which all tiles lie at the same place."""
    steps = [ids[0], *(later - earlier for earlier, later in pairwise(ids))]
    runs, lengths, offsets = [1] * len(ids), [length] * len(ids), [1] * len(ids)
    return _numbers([len(ids), *steps, *runs, *lengths, *offsets])


def _tile(layer: str, name: str) -> bytes:
    """Return a Mapbox vector tile with one line from corner to corner."""
    far = _EXTENT * 2  # zigzag
    line = _numbers([9, 0, 0, 10, far, far])  # move to the corner, one line from there
    feature = _part(2, _numbers([0, 0])) + _numbers([3 << 3, 2]) + _part(4, line)
    content = _part(1, layer.encode()) + _part(2, feature)
    content += _part(3, b"name") + _part(4, _part(1, name.encode()))
    return _part(3, content + _numbers([5 << 3, _EXTENT, 15 << 3, 2]))


def _part(field: int, content: bytes) -> bytes:
    """Return a protobuf field of bytes."""
    return _numbers([field << 3 | 2, len(content)]) + content


def _numbers(values: Iterable[int]) -> bytes:
    """Return varints."""
    found = bytearray()
    for value in values:
        left = value
        while left > 0x7F:
            found.append(left & 0x7F | 0x80)
            left >>= 7
        found.append(left)
    return bytes(found)
