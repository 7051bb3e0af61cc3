"""Writes the reference part of topics.md from the topic table, so that the two cannot differ.

`topics_md.py` writes the file; the repository tests compare it with what this module would write.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.ids import IdKind
from chargeloop.protocol.messages import MESSAGES
from chargeloop.protocol.topics import TOPICS, Delivery, Role, TopicSpec, source_of

TOPICS_MD = Path(__file__).resolve().parent.parent / "topics.md"
MARKER = "<!-- Everything below is made from the topic table by tools/topics_md.py; do not edit it. -->\n"

EXAMPLE_IDS = {
    "cabinet": "cab-0003",
    "courier": "cou-0005",
    "user": "usr-0042",
    "operator": "opr-0001",
    "gateway": "gwy-main",
    "rental": "rnt-main",
    "dispatch": "dsp-main",
    "order": "ord-7a10",
}
LEASE_IDS = {"cabinet_command": "cmd-7a10-1", "courier_offer": "off-7a10-1-cou-5"}
EXAMPLE_TIME_MS = 1_795_435_200_000  # 2026-11-23T12:00:00Z
RULES: Mapping[Delivery, str] = {
    Delivery.STATE: (
        "A retained snapshot. The writer sends it after every change and again at every connection; a device "
        "also with each probe of the time after the first two, or every five minutes, since a broker drops "
        "what it has acknowledged when a reader is away. "
        "The highest version (or connection epoch) wins; an older one is ignored."
    ),
    Delivery.JOURNAL: (
        "Numbered by `seq` without gaps from 1 within `journalid`. The writer keeps each entry on disk and "
        "sends again, in order, what the reader has not acknowledged as committed. The reader takes n+1 only "
        "after n, acknowledges a repeat again, and answers a hole with `gap: true`. It takes an entry whose "
        "`keptfrom` is its `seq` across a hole: what is missing was acknowledged before and is gone."
    ),
    Delivery.LEASE: (
        "Sent again with the same `id` until the outcome is known or `expirytime` has passed. The receiver "
        "acts at most once for an id, never after the expiry, and answers a repeat with the recorded outcome."
    ),
    Delivery.REQUEST: (
        "The asker sends again with the same `id` until an answer names it in `correlationid`. The same id "
        "gets the same answer; the same id with other data is refused."
    ),
    Delivery.ONCE: (
        "Sent once, after the commit it follows from. If it is lost, a repeat of its cause brings it again."
    ),
    Delivery.LOSSY: "QoS 0, never repeated: the next one makes up for a lost one.",
}


def reference() -> str:
    """Returns the reference part: delivery rules, topics with their messages and examples, message fields."""
    return "\n".join((*_delivery_rules(), *_overview(), *_topics(), *_messages()))


def _delivery_rules() -> Iterator[str]:
    yield "## How messages are kept until they arrive\n"
    yield "| delivery | QoS | retained | rule |\n|---|---|---|---|"
    for delivery, rule in RULES.items():
        row = next(spec for spec in TOPICS.values() if spec.delivery is delivery)
        yield f"| {delivery} | {row.qos} | {_yes(value=row.retain)} | {rule} |"
    yield ""


def _overview() -> Iterator[str]:
    yield "## All topics\n"
    yield "| topic | writer | readers | delivery |\n|---|---|---|---|"
    for spec in TOPICS.values():
        readers = ", ".join(spec.readers)
        yield f"| [`{spec.pattern}`](#{spec.name}) | {spec.writer} | {readers} | {spec.delivery} |"
    yield ""


def _topics() -> Iterator[str]:
    yield "## Topics, one by one\n"
    for spec in TOPICS.values():
        yield f'### <a id="{spec.name}"></a>`{spec.pattern}`\n'
        yield f"{spec.about}\n"
        yield (
            f"Written by: {spec.writer}. Read by: {', '.join(spec.readers)}. QoS {spec.qos}, "
            f"{'retained' if spec.retain else 'not retained'}. Delivery: {spec.delivery}."
            + (f" Acknowledged on `{TOPICS[spec.acked_by].pattern}`." if spec.acked_by is not None else "")
            + "\n"
        )
        yield (
            "Messages: "
            + ", ".join(f"[{_short(model)}](#{_anchor(model)})" for model in spec.messages)
            + ".\n"
        )
        yield f"```json\n{example(spec, spec.messages[0])}\n```\n"


def example(spec: TopicSpec, model: type[Data]) -> str:
    """Returns one whole message as it travels on the topic: the envelope around the model's example."""
    attributes: dict[str, Any] = {
        "id": LEASE_IDS.get(spec.name, "jnl-5f0c2a:42" if spec.delivery is Delivery.JOURNAL else "m-42"),
        "source": source_of(EXAMPLE_IDS[spec.writer], spec.writer),
        "time": EXAMPLE_TIME_MS,
    }
    if spec.delivery is Delivery.JOURNAL:
        attributes |= {"journalid": f"{IdKind.JOURNAL}-5f0c2a", "seq": 42}
    if spec.writer in {Role.CABINET, Role.COURIER} and spec.delivery in {Delivery.JOURNAL, Delivery.LOSSY}:
        attributes |= {"bootid": "b-19", "uptimems": 86_400_000, "clockstate": ClockState.SYNCED}
    if spec.delivery is Delivery.LEASE:
        attributes["expirytime"] = EXAMPLE_TIME_MS + 30_000
    if spec.delivery is Delivery.ONCE and not spec.name.endswith(("_ack", "_quarantine", "_event")):
        attributes["correlationid"] = "m-41"
    return encode(seal(model.model_validate_json(model.EXAMPLE), **attributes)).decode()


def _messages() -> Iterator[str]:
    yield "## Messages\n"
    for name, model in MESSAGES.items():
        yield f'### <a id="{_anchor(model)}"></a>{name}\n'
        yield f"{_prose(model)}\n"
        yield "| member | type | needed |\n|---|---|---|"
        schema = model.model_json_schema()
        for member, kind in schema["properties"].items():
            needed = member in schema.get("required", [])
            yield f"| `{member}` | {_type(kind, schema.get('$defs', {}))} | {_yes(value=needed)} |"
        yield f"\n```json\n{json.dumps(json.loads(model.EXAMPLE), ensure_ascii=False)}\n```\n"


def _type(kind: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Returns a JSON Schema type in few words: `integer 1 to 36`, `list of …`, `"a" or "b"`."""
    if "anyOf" in kind:
        return " or ".join(_type(part, definitions) for part in kind["anyOf"])
    if "$ref" in kind:
        return _object_or_words(definitions[kind["$ref"].rsplit("/", 1)[1]], definitions)
    if "const" in kind:
        return f'"{kind["const"]}"'
    if kind.get("type") == "array":
        limit = f" (at most {kind['maxItems']})" if "maxItems" in kind else ""
        return f"list of {_type(kind['items'], definitions)}{limit}"
    words = str(kind.get("format", kind.get("type", "any")))
    if "minimum" in kind and "maximum" in kind:
        words += f" {kind['minimum']} to {kind['maximum']}"
    if "pattern" in kind:
        words += " `" + kind["pattern"].replace("|", "\\|") + "`"
    return words


def _object_or_words(definition: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "enum" in definition:
        return " or ".join(f'"{value}"' for value in definition["enum"])
    members = (f"`{name}`: {_type(part, definitions)}" for name, part in definition["properties"].items())
    return "{" + ", ".join(members) + "}"


def _prose(model: type[Data]) -> str:
    return "\n".join(line.strip() for line in (model.__doc__ or "").strip().splitlines())


def _short(model: type[Data]) -> str:
    return model.TYPE.removeprefix("chargeloop.")


def _anchor(model: type[Data]) -> str:
    return model.TYPE.replace(".", "-")


def _yes(*, value: bool) -> str:
    return "yes" if value else "no"


def main() -> None:
    """Rewrites the reference part of topics.md and keeps what stands above the marker."""
    guide, _, _ = TOPICS_MD.read_text(encoding="utf-8").partition(MARKER)
    TOPICS_MD.write_text(guide + MARKER + "\n" + reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
