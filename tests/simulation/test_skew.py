"""Messages of a newer sender: what is new stands everywhere, and what was there before is the same."""

import json
import random
from typing import Any

import pytest

from chargeloop.protocol import codec
from chargeloop.protocol.codec import MAX_BYTES
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import MESSAGES
from chargeloop.simulation.skew import with_new_members


def sent(data: Data) -> bytes:
    return codec.encode(codec.seal(data, id="m-1", source="cabinet/cab-1", time=0))


def depths(value: Any, depth: int = 1) -> set[int]:
    """Returns how deep the new members of a message stand."""
    found = set[int]()
    if isinstance(value, dict):
        found |= {depth} if "newattribute" in value else set()
        value = [part for name, part in value.items() if name != "newattribute"]
    if isinstance(value, list):
        found |= {deep for part in value for deep in depths(part, depth + 1)}
    return found


@pytest.mark.parametrize("name", MESSAGES)
def test_whoever_ignores_what_is_new_reads_what_was_there_before(name: str) -> None:
    data = MESSAGES[name].model_validate_json(MESSAGES[name].EXAMPLE)
    draw = random.Random(1)
    for _ in range(20):
        newer = with_new_members(sent(data), draw)
        read = codec.decode(newer)
        assert not isinstance(read, codec.Fault)
        assert read.data == data
        assert 2 in depths(json.loads(newer))


def test_new_members_stand_at_every_depth() -> None:
    model = MESSAGES["chargeloop.cabinet.slots_snapshot.v1"]
    payload, draw = sent(model.model_validate_json(model.EXAMPLE)), random.Random(1)
    newer = [json.loads(with_new_members(payload, draw)) for _ in range(20)]
    assert {depth for message in newer for depth in depths(message)} == {1, 2, 4, 5}


def test_a_message_without_room_for_them_is_left_as_it_is() -> None:
    text = b'{"type":"x","data":{"text":"%s"}}'
    full = text % (b"x" * (MAX_BYTES - len(text) + 2))
    assert len(full) == MAX_BYTES
    assert with_new_members(full, random.Random(1)) == full
