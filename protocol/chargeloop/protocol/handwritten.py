"""Files that people write by hand: what an entry of one may hold, and what is wrong with it, in words.

Whoever reads such a file gives its bytes; what is wrong comes back as one line that begins with the place in
the file, where there is one, and says what is expected there.
"""

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from chargeloop.protocol.slips import nearest

T = TypeVar("T")


class NotUsableError(ValueError):
    """A file cannot be used; the message says where in it and why, but not which file."""


class Entry(BaseModel):
    """One object or table of such a file: a key that it does not know is told with the one that was meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _knows_every_key(cls, value: Any) -> Any:
        for key in value if isinstance(value, dict) else ():
            if key not in cls.model_fields:
                advice = nearest(key, cls.model_fields) or f"; known: {', '.join(cls.model_fields)}"
                raise PydanticCustomError(
                    "unknown_key", "unknown key {key}{advice}", {"key": repr(key), "advice": advice}
                )
        return value


def _no_degrees(value: Any) -> Any:
    if isinstance(value, float) and not value.is_integer():
        raise PydanticCustomError(
            "degrees", "expected degrees times ten million, a whole number, for instance 434520000"
        )
    return value


# A coordinate, in degrees times ten million.
E7 = Annotated[int, BeforeValidator(_no_degrees)]


def unreadable(error: OSError) -> str:
    """Return why a file cannot be read: `no such file`, `is a directory`, or what the system says."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "is a directory"
    return (error.strerror or type(error).__name__).lower()


def text_of(content: bytes) -> str:
    """Return the text of a file.

    Raises:
        NotUsableError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotUsableError(f"no UTF-8 text at byte {error.start}") from error


def entries_of(content: bytes, adapter: TypeAdapter[tuple[T, ...]], what: str) -> tuple[T, ...]:
    """Return the entries of a file that holds a JSON list of `what`.

    Raises:
        NotUsableError: it does not.
    """
    try:
        written = json.loads(text_of(content))
    except json.JSONDecodeError as error:
        raise NotUsableError(f"no JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    if not isinstance(written, list):
        raise NotUsableError(f"expected a list of {what}")
    try:
        return adapter.validate_python(written)
    except ValidationError as error:
        raise NotUsableError(first_fault(error)) from error


def first_fault(error: ValidationError) -> str:
    """Return the first thing that is wrong, with its place: `[3].banks[0].charge_pct: …`."""
    first = error.errors(include_url=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    # What our own rules say stands in the message behind words of pydantic.
    told = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
    return f"{where.removeprefix('.')}: {told}" if where else told
