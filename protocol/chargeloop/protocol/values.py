"""Changed copies of immutable values, which the cores make by the hundred for every order.

`dataclasses.replace` asks each field for its options and goes through the constructor, which for a frozen
class sets each attribute by a call; copying the slots as they are takes 2.5 times less.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace
else:
    import dataclasses
    from functools import cache
    from operator import attrgetter

    _ValueT = TypeVar("_ValueT")
    _Slots = tuple[Callable[[Any], tuple[Any, ...]], list[Callable[[Any, Any], None]], dict[str, int]]

    @cache
    def _slots_of(of: type) -> _Slots | None:
        """Return how to read all slots of a class, how to set each, and where each stands; None if unfit."""
        fields = dataclasses.fields(of)
        if "__slots__" not in of.__dict__ or hasattr(of, "__post_init__") or len(fields) < 2:
            return None
        names = [field.name for field in fields]
        setters = [getattr(of, name).__set__ for name in names]
        return attrgetter(*names), setters, {name: at for at, name in enumerate(names)}

    def replace(value: _ValueT, /, **changes: Any) -> _ValueT:
        """Return a copy of a dataclass instance with some fields changed, as `dataclasses.replace` does.

        Raises:
            TypeError: the class has no such field.
        """
        of = value.__class__
        slots = _slots_of(of)
        if slots is None:
            return dataclasses.replace(value, **changes)
        read, setters, places = slots
        contents = list(read(value))
        try:
            for name, content in changes.items():
                contents[places[name]] = content
        except KeyError as error:
            raise TypeError(f"{of.__name__} has no field {error}") from None
        copy = of.__new__(of)
        for put, content in zip(setters, contents, strict=True):
            put(copy, content)
        return copy


__all__ = ["replace"]
