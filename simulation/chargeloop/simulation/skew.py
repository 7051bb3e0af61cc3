"""Messages of a newer sender: members that nobody knows, beside the attributes and deep in the data.

The contract ignores them wherever they stand, as long as a message keeps to its limits of size and depth.
"""

import json
import random
from typing import Any, Final

from chargeloop.protocol.codec import MAX_BYTES, MAX_DEPTH

_OFTEN: Final = 0.5


def with_new_members(payload: bytes, draw: random.Random) -> bytes:
    """Return a message as a newer sender would write it: a part of its objects have new members.

    One in which there is no room for them is returned as it is: no sender may make it larger.
    """
    envelope = json.loads(payload)
    _extend(envelope["data"], 2, draw)
    _extend_deeper(envelope, 1, draw)
    newer = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
    return newer if len(newer) <= MAX_BYTES else payload


def _extend_deeper(value: Any, depth: int, draw: random.Random) -> None:
    """Give a part of the objects in a value new members; `depth` is that of the value itself."""
    parts = list(value.values()) if isinstance(value, dict) else value
    for part in parts:
        if isinstance(part, dict | list):
            _extend_deeper(part, depth + 1, draw)
    if isinstance(value, dict) and draw.random() < _OFTEN:
        _extend(value, depth, draw)


def _extend(members: dict[str, Any], depth: int, draw: random.Random) -> None:
    new: list[Any] = [None, "x", True, -1, 0.5]
    if depth + 2 <= MAX_DEPTH:
        new += [{"of": [1, 2]}, [{"slot": 0}]]
    members["newattribute"] = draw.choice(new)
