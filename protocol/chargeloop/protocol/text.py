"""Free text from people: what it may hold, and how a text that does not fit is made to.

A control character takes six bytes in JSON and shows nothing, so 200 of them are no sentence but a message
that grows too large for the wire once the text is shown among others. Without them a text takes in JSON the
bytes of its UTF-8, at most `MAX_TEXT_BYTES` (a character of any living script has no more than three), and
one more for each quotation mark and backslash.
"""

import re
from typing import Final

MAX_TEXT_LENGTH: Final = 200
MAX_TEXT_BYTES: Final = 3 * MAX_TEXT_LENGTH
# No control characters: C0, DEL and C1.
TEXT_PATTERN: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def require_short(text: str) -> str:
    """Return the text.

    Raises:
        ValueError: it takes too many bytes, as 200 rare characters would.
    """
    size = len(text.encode())
    if size > MAX_TEXT_BYTES:
        message = f"the text has {size} bytes of UTF-8; at most {MAX_TEXT_BYTES} are taken"
        raise ValueError(message)
    return text


def fitting(text: str) -> str:
    """Return the text as it may be sent: spaces for control characters, and what is too much cut off.

    It is for texts that are put together from others, or were stored when more was allowed.
    """
    spaced = _CONTROL.sub(" ", text)
    if len(spaced) > MAX_TEXT_LENGTH:
        spaced = spaced[: MAX_TEXT_LENGTH - 1] + "…"
    while len(spaced.encode()) > MAX_TEXT_BYTES:
        spaced = spaced[:-2] + "…"
    return spaced or "…"
