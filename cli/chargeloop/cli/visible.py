"""Texts of other people on a terminal: what would move the cursor, colour or turn lines round is shown.

A user may write what is wanted into a dispute, and an operator reads it on a terminal that obeys what is
written there.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

# The control characters of ASCII and of ISO 6429, those of lines and paragraphs, and those of direction.
_HIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""Return the text with its control characters as JSON writes them: `\u001b`."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def all_visible(value: Any) -> Any:
    """Return a value of JSON with all texts in it made visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {name: all_visible(member) for name, member in value.items()}
    return [all_visible(one) for one in value] if isinstance(value, Sequence) else value
