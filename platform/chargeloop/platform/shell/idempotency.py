"""Idempotency keys of HTTP requests: what can be one, and the message that a request becomes by it."""

import hashlib
import re
from typing import Final

KEY_FORM: Final = "1 to 200 visible ASCII characters, without blanks"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


def is_key(text: str) -> bool:
    """Tell whether a text has the form of an Idempotency-Key."""
    return _KEY.fullmatch(text) is not None


def message_id_of(caller: str, key: str) -> str:
    """Return the id of the message that somebody's request with this Idempotency-Key always becomes."""
    digest = hashlib.sha256(f"{caller}\x1f{key}".encode()).hexdigest()
    return f"http-{digest[:40]}"
