"""The strict codec: bytes to a typed envelope or a fault, never an exception.

JSON that parses may still kill a consumer later: a lone surrogate that SQLite refuses, NaN, duplicate keys,
`true` as a slot number, thousands of brackets, integers with thousands of digits. All are refused here, once,
for every road into the product. A fault is a value: the caller stores the bytes in quarantine and goes on.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Never, Protocol

from pydantic import ValidationError

from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages import MESSAGES

MAX_BYTES = 8 * 1024
MAX_DEPTH = 6
MAX_INTEGER = 2**53
_MAX_DIGITS = 17


class FaultKind(StrEnum):
    """Why a payload could not be taken."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    INTEGER_RANGE = "integer_range"
    NOT_AN_ENVELOPE = "not_an_envelope"
    UNKNOWN_TYPE = "unknown_type"
    INVALID = "invalid"
    WRONG_TOPIC = "wrong_topic"
    WRONG_SOURCE = "wrong_source"
    ENTRIES_MISSING = "entries_missing"  # taken, but entries of its journal before it are gone for ever
    HANDLING_FAILED = "handling_failed"  # well-formed, but the service that took it has a bug


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong and where, in words for the sender's engineer."""

    kind: FaultKind
    detail: str


class _FaultError(Exception):
    """Carries a fault out of the JSON hooks."""

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(kind, detail)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _FaultError(FaultKind.DUPLICATE_KEY, f"the member {_excerpt(twice)} stands twice in one object")
    return members


def _integer(text: str) -> int:
    value = int(text) if len(text) <= _MAX_DIGITS else MAX_INTEGER + 1
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise _FaultError(FaultKind.INTEGER_RANGE, f"the integer {_excerpt(text)} is outside ±2^53")
    return value


def _float(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise _FaultError(FaultKind.NOT_A_NUMBER, f"{_excerpt(text)} is too large for a double")
    return value


def _constant(text: str) -> Never:
    raise _FaultError(FaultKind.NOT_A_NUMBER, f"{text} is not JSON")


def _excerpt(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:40] + "…")


# One decoder for all messages: json.loads with hooks would build a new one for each.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)


_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^][{}]+")


def _depth(text: str) -> int:
    """Return how deep brackets nest, reading brackets inside strings as text."""
    deepest = depth = 0
    for bracket in _NO_BRACKET.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _text(payload: bytes, most: int) -> str:
    if len(payload) > most:
        raise _FaultError(FaultKind.TOO_LARGE, f"{len(payload)} bytes; at most {most} are taken")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _FaultError(FaultKind.NOT_UTF8, f"byte {error.start}: {error.reason}") from None
    # Few payloads hold more brackets than may nest, so the exact walk is rare.
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise _FaultError(FaultKind.TOO_DEEP, f"brackets nest deeper than {MAX_DEPTH}")
    return text


def _value(payload: bytes, most: int) -> Any:
    try:
        return _DECODER.decode(_text(payload, most))
    except json.JSONDecodeError as error:
        raise _FaultError(FaultKind.NOT_JSON, f"no JSON at character {error.pos}: {error.msg}") from None


def read_json(payload: bytes, most: int) -> Any | Fault:
    """Return the value of a JSON text of at most so many bytes, or the fault that keeps it out.

    It is read as strictly as a message, but for lone surrogates: those the model of the value refuses.
    """
    try:
        return _value(payload, most)
    except _FaultError as error:
        return error.fault


def _type_name(payload: bytes) -> str:
    value = _value(payload, MAX_BYTES)
    if not isinstance(value, dict):
        raise _FaultError(FaultKind.NOT_AN_ENVELOPE, f"expected a JSON object, got {type(value).__name__}")
    name = value.get("type")
    if not isinstance(name, str):
        raise _FaultError(FaultKind.NOT_AN_ENVELOPE, "the member type is missing or not text")
    return name


def decode(payload: bytes) -> Envelope[Data] | Fault:
    """Return the typed envelope in `payload`, or the fault that keeps it out.

    Takes at most 8 KiB of UTF-8 JSON nested at most 6 deep, integers within ±2^53, no NaN or infinity, no
    duplicate member, no lone surrogate, strict types. Unknown members are ignored, an unknown `type` is not.
    """
    try:
        type_name = _type_name(payload)
    except _FaultError as error:
        return error.fault
    model = _ENVELOPES.get(type_name)
    if model is None:
        return Fault(FaultKind.UNKNOWN_TYPE, _excerpt(type_name))
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "payload"
        return Fault(FaultKind.INVALID, f"{where[:80]}: {first['msg'][:100]}")


def encode(envelope: Envelope[Data]) -> bytes:
    """Return the JSON bytes of `envelope`, without members that are null.

    Raises:
        ValueError: the result is larger than 8 KiB; a sender must not make such a message.
    """
    payload = envelope.__pydantic_serializer__.to_json(envelope, exclude_none=True)
    if len(payload) > MAX_BYTES:
        message = f"{envelope.type} of {len(payload)} bytes is over the limit of {MAX_BYTES}"
        raise ValueError(message)
    return payload


def with_kept_from(payload: bytes, seq: int) -> bytes:
    """Return the encoded journal entry with its `keptfrom` set.

    One so large that there is no room for it is returned as it is.
    """
    marked = payload[:-1] + b',"keptfrom":%d}' % seq
    return marked if len(marked) <= MAX_BYTES else payload


_ENVELOPES: dict[str, type[Envelope[Data]]] = {name: Envelope[model] for name, model in MESSAGES.items()}  # type: ignore[valid-type]


def seal(data: Data, **attributes: Any) -> Envelope[Data]:
    """Return the envelope of the right type around `data`; `attributes` are those of Envelope."""
    return _ENVELOPES[data.TYPE](type=data.TYPE, data=data, **attributes)


class Codec(Protocol):
    """How messages become bytes and bytes messages: as JSON, or another way where nobody else reads them."""

    def seal(self, data: Data, **attributes: Any) -> Envelope[Data]:
        """Return the envelope of the right type around `data`."""

    def encode(self, envelope: Envelope[Data]) -> bytes:
        """Return the bytes of an envelope; ValueError when they are too many to be sent."""

    def decode(self, payload: bytes) -> Envelope[Data] | Fault:
        """Return the envelope in a payload, or the fault that keeps it out."""

    def with_kept_from(self, payload: bytes, seq: int) -> bytes:
        """Return the encoded journal entry with its `keptfrom` set."""


class JsonCodec:
    """The codec of the wire."""

    seal = staticmethod(seal)
    encode = staticmethod(encode)
    decode = staticmethod(decode)
    with_kept_from = staticmethod(with_kept_from)


JSON: Final[Codec] = JsonCodec()
