"""Every message: its example is what it says, and travels there and back."""

import json
import re
from typing import Any

import pytest

from chargeloop.protocol.codec import decode, encode, seal
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import MESSAGES
from chargeloop.protocol.topics import TOPICS

NOON_MS = 1_795_435_200_000
UNITS = re.compile(r"_(?:pct|c|ms|m|w|minor|e7)$")

every_message = pytest.mark.parametrize("model", MESSAGES.values(), ids=list(MESSAGES))


def parse(model: type[Data]) -> Data:
    return model.model_validate_json(model.EXAMPLE)


@every_message
def test_the_example_is_valid_and_shows_every_required_member(model: type[Data]) -> None:
    shown = json.loads(model.EXAMPLE)
    assert isinstance(parse(model), model)
    assert set(shown) <= set(model.model_fields)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert required <= set(shown)


@every_message
def test_the_example_travels_there_and_back(model: type[Data]) -> None:
    sent = seal(parse(model), id="m-1", source="rental/rnt-main", time=NOON_MS, seq=1, journalid="jnl-1")
    assert decode(encode(sent)) == sent


@every_message
def test_the_type_is_named_after_who_says_it_and_what(model: type[Data]) -> None:
    assert re.fullmatch(r"chargeloop\.[a-z]+\.[a-z_]+\.v1", model.TYPE)
    assert model.__doc__


@every_message
def test_the_message_stands_in_the_topic_table(model: type[Data]) -> None:
    assert any(model in spec.messages for spec in TOPICS.values())


def integers(schema: dict[str, Any]) -> list[str]:
    """Returns the names of a model's integer members."""
    return [name for name, member in schema.get("properties", {}).items() if member.get("type") == "integer"]


# Counts and numbers of things have no unit: the thing is in the name.
UNITLESS = {
    "slot", "slots", "quantity", "version", "seq", "epoch", "connection_epoch", "after_seq", "cycles",
    "ejected", "missing", "wrong_codes", "received", "published", "duplicates", "quarantined",
    "outbox", "size", "available",
}  # fmt: skip


@every_message
def test_a_quantity_has_its_unit_in_its_name(model: type[Data]) -> None:
    schema = model.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        assert [name for name in integers(part) if not UNITS.search(name) and name not in UNITLESS] == []


@every_message
def test_a_message_is_frozen(model: type[Data]) -> None:
    for name in model.model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(parse(model), name, None)
