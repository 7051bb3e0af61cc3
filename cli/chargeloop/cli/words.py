"""The names of the product's interface as people say them."""

from typing import Final

# The words of the method are those of its patent; nobody else knows them.
_SAID: Final = {
    "first_indication": "taken by a courier",
    "second_indication": "return taken by a courier",
    "rental_success": "handed over",
    "return_success": "all banks are back",
}


def in_words(name: str) -> str:
    """Return a name such as that of a state, an event or a fee in plain words: `bank ejected`."""
    return _SAID.get(name, name.replace("_", " "))
