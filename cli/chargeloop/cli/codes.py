"""Codes that open a cabinet or prove a hand-over: operators may read them, and many may look at a screen."""

import re
from typing import Final

HIDDEN: Final = "••••"
_CODES: Final = frozenset({"code", "handover_code"})
# So short a code is found from its hash in no time.
_HASHES: Final = frozenset({"handover_sha256"})
_DIGITS: Final = re.compile(r"[0-9]{4,8}")
_IN_JSON: Final = re.compile(
    r'("(?:code|handover_code)"\s*:\s*)"[0-9]{4,8}"|("handover_sha256"\s*:\s*)"[^"]*"'
)


def is_code(name: str, value: object) -> bool:
    """Tell whether the member of a message is such a code; the `code` of a refusal is a word, and is none."""
    return name in _HASHES or (name in _CODES and _DIGITS.fullmatch(str(value)) is not None)


def without_codes(payload: str) -> str:
    """Return the text of a message with its codes hidden, and all else as it is."""
    return _IN_JSON.sub(lambda found: f'{found[1] or found[2]}"{HIDDEN}"', payload)
