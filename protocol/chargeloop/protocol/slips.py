"""Slips of the pen in names and ids, and what was most likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(text: str, known: Iterable[str]) -> str:
    """Return `; did you mean '…'?` with the name that is most like the text, or nothing when none is."""
    found = get_close_matches(text, list(known), n=1)
    return f"; did you mean {str(found[0])!r}?" if found else ""
