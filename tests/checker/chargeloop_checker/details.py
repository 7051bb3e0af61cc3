"""The details of journal entries: JSON texts, read member by member.

Each member must be of the type that it is read as. Whoever reads a detail reports a `DetailError` as a
violation of `record`; nothing else is raised, whatever the text is.
"""

import json
from collections.abc import Mapping
from typing import Any, Self


class DetailError(ValueError):
    """A detail is not what an entry of its kind has."""


class Detail:
    """The detail of one entry, or a part of it."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the detail that a text is.

        Raises:
            DetailError: it is no JSON object.
        """
        try:
            members = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DetailError(str(error)) from None
        return cls(_expected(members, dict, "it"))

    def text(self, name: str) -> str:
        """Return a member that is a text."""
        return str(_expected(self._members.get(name), str, name))

    def text_or_none(self, name: str) -> str | None:
        """Return a member that is a text, or null, or left out."""
        return None if self._members.get(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a member that is a list of texts."""
        parts = _expected(self._members.get(name), list, name)
        return tuple(str(_expected(part, str, f"a part of {name}")) for part in parts)

    def integer(self, name: str) -> int:
        """Return a member that is an integer."""
        return int(_expected(self._members.get(name), int, name))

    def integer_or_none(self, name: str) -> int | None:
        """Return a member that is an integer, or null, or left out."""
        return None if self._members.get(name) is None else self.integer(name)

    def part(self, name: str) -> Self:
        """Return a member that is an object."""
        return type(self)(_expected(self._members.get(name), dict, name))

    def has(self, name: str) -> bool:
        """Tell whether there is such a member, and it is not null."""
        return self._members.get(name) is not None


def _expected(value: Any, kind: type, name: str) -> Any:
    if type(value) is not kind:
        raise DetailError(f"{name} is no {kind.__name__}")
    return value
