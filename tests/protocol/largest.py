"""The largest value that a message's schema allows, made from the schema alone."""

import json
from typing import Any, Final

from pydantic import BaseModel

from chargeloop.protocol.codec import seal
from chargeloop.protocol.envelope import ClockState, Data, Envelope

# The longest text of each pattern that bounds its length itself.
_LONGEST: Final = {
    r"^(power_on|reboot|crash)$": "power_on",
    r"^(keypad|command)$": "command",
    r"^[A-Za-z0-9._:-]{1,128}$": "m" * 128,
    r"^[0-9]{4,8}$": "8" * 8,
    r"^[0-9a-f]{64}$": "f" * 64,
    r"^[a-z_]{1,40}$": "e" * 40,
    r"^chargeloop\.[a-z_]+\.[a-z_]+\.v[0-9]+$": f"chargeloop.{'c' * 32}.{'c' * 33}.v1",
    r"^ord-[a-z0-9-]{1,44}-e[0-9]{1,6}$": f"ord-{'o' * 44}-e999999",
    r"^ord-[a-z0-9-]{1,44}(/[a-z0-9_-]{1,48}){3}$": f"ord-{'o' * 44}" + f"/{'s' * 48}" * 3,
}
_JOURNAL: Final = f"jnl-{'j' * 44}"


def largest(model: type[BaseModel], **members: Any) -> Any:
    """Return a value of the model in which every member takes the most bytes, or is what is given."""
    schema = model.model_json_schema()
    value = _largest(schema, schema.get("$defs", {})) | members
    if "currency" in value:
        value["currency"] = "EUR"  # each has three letters
    return model.model_validate_json(json.dumps(value))


def _largest(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:  # noqa: PLR0911 - one for each type
    if "$ref" in schema:
        return _largest(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return _largest(schema["anyOf"][0], definitions)
    if "enum" in schema:
        return max(schema["enum"], key=len)
    match schema["type"]:
        case "object":
            return {name: _largest(part, definitions) for name, part in schema["properties"].items()}
        case "array":
            return [_largest(schema["items"], definitions)] * schema["maxItems"]
        case "integer":
            return max((schema["minimum"], schema["maximum"]), key=lambda number: len(str(number)))
        case "boolean":
            return False
        case kind:
            assert kind == "string", schema
            return _longest(schema)


def _longest(schema: dict[str, Any]) -> str:
    pattern: str | None = schema.get("pattern")
    most: int = schema.get("maxLength", 0)
    if schema.get("format") == "date-time":
        return "2026-11-23T12:00:00.000Z"
    if schema.get("title") == "Currency":
        return "EUR"
    if pattern in _LONGEST:
        return _LONGEST[pattern]
    assert most > 0, schema
    if pattern is not None and pattern[4] == "-":
        return pattern[1:5].ljust(most, "x")  # an id
    return "€" * most


def around(data: Data, *, journal: bool) -> Envelope[Data]:
    """Return the largest envelope that our own senders make, for a message of a journal or another."""
    numbered = {"journalid": _JOURNAL, "seq": 2**31 - 1, "keptfrom": 2**31 - 1} if journal else {}
    device = {"bootid": "b" * 36, "uptimems": 10**16 - 1, "clockstate": ClockState.INFERRED}
    answering = {"subject": "s" * 48, "correlationid": f"cmd-{'c' * 44}"} if journal else {}
    return seal(
        data,
        id=f"{_JOURNAL}:{2**31 - 1}",
        source=f"dispatch/{'d' * 48}",
        time=1_795_435_200_000,
        **numbered,
        **device,
        **answering,
    )
