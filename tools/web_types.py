"""Writes the pages' messages, topics and currencies in TypeScript from the models of the product.

`web_types.py` writes the file; a repository test compares it with what this module would write. The pages
check what arrives against the schemas in it: what the product would not take is not shown either.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages import MESSAGES
from chargeloop.protocol.money import MINOR_DIGITS
from chargeloop.protocol.topics import TOPICS, TopicSpec

GENERATED_TS: Final = (
    Path(__file__).resolve().parent.parent / "platform" / "web" / "src" / "protocol" / "generated.ts"
)
HEADER: Final = "// Made from the models of the product by tools/web_types.py; do not edit it.\n"
# What people read in a schema and a check does not need.
_PROSE: Final = frozenset({"title", "description", "default", "examples"})


def generated() -> str:
    """Returns the whole file."""
    schemas, names = _message_schemas()
    return "\n".join(
        (
            HEADER,
            *_declarations(schemas),
            *_message_types(names),
            *_schema_table(schemas, names),
            *_topic_table(),
            *_money(),
        )
    )


def _message_schemas() -> tuple[dict[str, Any], dict[str, str]]:
    """Returns all definitions by name, and the definition's name of each message type."""
    models: list[type[Data | Envelope[Data]]] = [Envelope[Data], *MESSAGES.values()]
    refs, document = models_json_schema([(model, "validation") for model in models])
    schemas = {_plain(name): _without_prose(schema) for name, schema in document["$defs"].items()}
    names = {
        kind: _plain(refs[model, "validation"]["$ref"].rpartition("/")[2]) for kind, model in MESSAGES.items()
    }
    envelope = schemas.pop("Envelope_Data_")
    schemas.pop("Data")
    envelope["properties"]["data"] = {"type": "object"}
    return {"Envelope": envelope, **schemas}, names


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _without_prose(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            kept[key] = {name: _without_prose(schema) for name, schema in value.items()}
        elif key == "$ref":
            kept[key] = "#/$defs/" + _plain(value.rpartition("/")[2])
        elif key not in _PROSE:
            kept[key] = _without_prose(value)
    return kept


# Types.


def _declarations(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        if schema.get("type") == "object" and "properties" in schema:
            yield f"export interface {name} {_members(schema)}\n"
        else:
            yield f"export type {name} = {_type(schema)};\n"


def _members(schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = [
        f"  {name}{'' if name in required else '?'}: {_type(member)};"
        for name, member in schema["properties"].items()
    ]
    return "\n".join(("{", *lines, "}"))


_PLAIN: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def _type(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": str(ref)}:
            found = ref.rpartition("/")[2]
        case {"const": value}:
            found = json.dumps(value)
        case {"enum": [*values]}:
            found = " | ".join(json.dumps(value) for value in values)
        case {"anyOf": [*options]}:
            found = " | ".join(dict.fromkeys(_type(option) for option in options))
        case {"type": "array"}:
            found = f"readonly ({_type(schema.get('items', {}))})[]"
        case {"type": "object", "properties": _}:
            found = _members(schema)
        case {"type": "object"}:
            found = "Record<string, unknown>"
        case _:
            found = _PLAIN.get(schema.get("type", ""), "unknown")
    return found


def _message_types(names: Mapping[str, str]) -> Iterator[str]:
    yield "/** The data of each message type. */\nexport interface MessageTypes {"
    for kind, name in names.items():
        yield f'  "{kind}": {name};'
    yield "}\n\nexport type MessageType = keyof MessageTypes;\n"


def _schema_table(schemas: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    yield "export const SCHEMAS: Readonly<Record<string, unknown>> = {"
    for name, schema in schemas.items():
        yield f"  {name}: {json.dumps(schema, separators=(',', ':'))},"
    yield "};\n\nexport const SCHEMA_OF: Readonly<Record<MessageType, string>> = {"
    for kind, name in names.items():
        yield f'  "{kind}": "{name}",'
    yield "};\n"


def _topic_table() -> Iterator[str]:
    yield "export const TOPICS = {"
    for spec in TOPICS.values():
        yield f"  {spec.name}: {json.dumps(_topic(spec))},"
    yield "} as const;\n\nexport type TopicName = keyof typeof TOPICS;\n"


def _topic(spec: TopicSpec) -> Mapping[str, object]:
    return {
        "pattern": spec.pattern,
        "qos": spec.qos,
        "retain": spec.retain,
        "delivery": spec.delivery,
        "writer": spec.writer,
        "readers": list(spec.readers),
        "messages": [model.TYPE for model in spec.messages],
    }


def _money() -> Iterator[str]:
    yield "/** The digits of each currency's minor unit, in which amounts are counted. */"
    yield f"export const MINOR_DIGITS: Readonly<Record<string, number>> = {json.dumps(MINOR_DIGITS)};\n"


if __name__ == "__main__":
    GENERATED_TS.parent.mkdir(parents=True, exist_ok=True)
    GENERATED_TS.write_text(generated(), encoding="utf-8")
    print(f"wrote {GENERATED_TS}")
