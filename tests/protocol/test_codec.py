"""The strict codec: every fault that killed a consumer somewhere is a value here, and nothing ever raises."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chargeloop.protocol.codec import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    Fault,
    FaultKind,
    decode,
    encode,
    seal,
)
from chargeloop.protocol.envelope import ClockState, Data, Envelope
from chargeloop.protocol.messages import MESSAGES
from chargeloop.protocol.messages.cabinet import BankEjected, SlotState
from chargeloop.protocol.messages.rental import RefusalCode, RequestRefused

NOON = "2026-11-23T12:00:00.000Z"
NOON_MS = 1_795_435_200_000


def message(data: str | None = None, **members: Any) -> dict[str, Any]:
    """Returns a good envelope as JSON members, with some replaced; None takes a member away."""
    whole = {
        "specversion": "1.0",
        "id": "m-1",
        "source": "cabinet/cab-0001",
        "type": BankEjected.TYPE,
        "time": NOON,
        "data": json.loads(BankEjected.EXAMPLE if data is None else data),
        **members,
    }
    return {name: value for name, value in whole.items() if value is not None}


def payload(**members: Any) -> bytes:
    return json.dumps(message(**members)).encode()


def fault(raw: bytes) -> Fault:
    found = decode(raw)
    assert isinstance(found, Fault), found
    assert len(found.detail) <= 200  # what topics.md and the quarantine have room for
    return found


def test_a_good_message_is_typed() -> None:
    found = decode(
        payload(bootid="b1", uptimems="61000", clockstate="synced", seq=41, journalid="jnl-5f0c2a")
    )
    assert isinstance(found, Envelope)
    assert isinstance(found.data, BankEjected)
    assert (found.time, found.uptimems, found.seq) == (NOON_MS, 61_000, 41)
    assert found.clockstate is ClockState.SYNCED
    assert (found.data.slot, found.data.bank) == (1, "bnk-000017")


def test_unknown_members_are_ignored_so_that_newer_senders_can_talk_to_us() -> None:
    data = json.dumps({**json.loads(BankEjected.EXAMPLE), "colour": "red"})
    assert isinstance(decode(json.dumps({**message(data), "traceparent": "00-ab"}).encode()), Envelope)


FAULTS = {
    "larger than 8 KiB": (b" " * (MAX_BYTES + 1), FaultKind.TOO_LARGE),
    "not UTF-8": (b'{"type":"\xff"}', FaultKind.NOT_UTF8),
    "UTF-16": ('{"type":"x"}'.encode("utf-16"), FaultKind.NOT_UTF8),
    "an overlong encoding": (b'{"type":"\xc0\xaf"}', FaultKind.NOT_UTF8),
    "a surrogate in UTF-8": (b'{"type":"\xed\xa0\x80"}', FaultKind.NOT_UTF8),
    "empty": (b"", FaultKind.NOT_JSON),
    "a byte order mark": (b"\xef\xbb\xbf" + payload(), FaultKind.NOT_JSON),
    "cut off": (payload()[:-1], FaultKind.NOT_JSON),
    "two values": (payload() * 2, FaultKind.NOT_JSON),
    "single quotes": (b"{'type': 'x'}", FaultKind.NOT_JSON),
    "a control character": (b'{"type":"a\nb"}', FaultKind.NOT_JSON),
    "thousands of brackets": (b"[" * 8_000, FaultKind.TOO_DEEP),
    "one bracket too deep": (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), FaultKind.TOO_DEEP),
    "a duplicate member": (b'{"type":"a","type":"b"}', FaultKind.DUPLICATE_KEY),
    "a duplicate deep inside": (b'{"type":"a","data":{"x":[{"y":1,"y":1}]}}', FaultKind.DUPLICATE_KEY),
    "an escaped duplicate": (b'{"type":"a","t\\u0079pe":"b"}', FaultKind.DUPLICATE_KEY),
    "NaN": (b'{"type":"a","x":NaN}', FaultKind.NOT_A_NUMBER),
    "Infinity": (b'{"type":"a","x":Infinity}', FaultKind.NOT_A_NUMBER),
    "minus Infinity": (b'{"type":"a","x":-Infinity}', FaultKind.NOT_A_NUMBER),
    "a float beyond doubles": (b'{"type":"a","x":1e999}', FaultKind.NOT_A_NUMBER),
    "an integer of 5,000 digits": (b'{"type":"a","x":' + b"9" * 5_000 + b"}", FaultKind.INTEGER_RANGE),
    "an integer beyond 2^53": (b'{"type":"a","x":9007199254740993}', FaultKind.INTEGER_RANGE),
    "an integer below -2^53": (b'{"type":"a","x":-9007199254740993}', FaultKind.INTEGER_RANGE),
    "a list": (b"[]", FaultKind.NOT_AN_ENVELOPE),
    "a number": (b"1", FaultKind.NOT_AN_ENVELOPE),
    "null": (b"null", FaultKind.NOT_AN_ENVELOPE),
    "no type": (b"{}", FaultKind.NOT_AN_ENVELOPE),
    "a type that is no text": (b'{"type":7}', FaultKind.NOT_AN_ENVELOPE),
    "an unknown type": (payload(type="chargeloop.cabinet.sneezed.v1"), FaultKind.UNKNOWN_TYPE),
    "an unknown version": (payload(type="chargeloop.cabinet.bank_ejected.v2"), FaultKind.UNKNOWN_TYPE),
    "a very long type": (payload(type="x" * 5_000), FaultKind.UNKNOWN_TYPE),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "kind"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_taken_is_named(raw: bytes, kind: FaultKind) -> None:
    assert fault(raw).kind is kind


def test_what_is_no_json_is_told_so_before_where_and_why() -> None:
    assert fault(b"hello").detail == "no JSON at character 0: Expecting value"
    assert fault(payload()[:-1]).detail.startswith("no JSON at character ")


DATA = json.loads(BankEjected.EXAMPLE)
INVALID = {
    "no id": {"id": None},
    "an id with a slash": {"id": "a/b"},
    "an id of 129 characters": {"id": "x" * 129},
    "a source that is no client": {"source": "cabinet/CAB"},
    "a foreign specversion": {"specversion": "0.3"},
    "no time": {"time": None},
    "a time without a zone": {"time": "2026-11-23T12:00:00"},
    "a time as a number": {"time": NOON_MS},
    "an impossible date": {"time": "2026-02-30T12:00:00Z"},
    "a time before 1970": {"time": "1969-12-31T23:59:59Z"},
    "seq 0": {"seq": 0},
    "seq as text": {"seq": "1"},
    "seq true": {"seq": True},
    "seq as a float": {"seq": 1.0},
    "uptime as a number": {"uptimems": 1},
    "uptime negative": {"uptimems": "-1"},
    "uptime in other digits": {"uptimems": "\u0661"},
    "uptime of 17 digits": {"uptimems": "1" * 17},
    "an unknown clock state": {"clockstate": "fine"},
    "another content type": {"datacontenttype": "text/plain"},
    "a subject of 65 characters": {"subject": "x" * 65},
    "data that is a list": {"data": "[]"},
    "true as a slot number": {"data": json.dumps({**DATA, "slot": True})},
    "a slot as text": {"data": json.dumps({**DATA, "slot": "1"})},
    "slot 0": {"data": json.dumps({**DATA, "slot": 0})},
    "slot 37": {"data": json.dumps({**DATA, "slot": 37})},
    "a bank in upper case": {"data": json.dumps({**DATA, "bank": "BNK-000017"})},
    "a bank with a newline": {"data": json.dumps({**DATA, "bank": "bnk-000017\n"})},
    "another kind of id": {"data": json.dumps({**DATA, "bank": "cab-000017"})},
    "a charge of 101": {"data": json.dumps({**DATA, "charge_pct": 101})},
    "no bank": {"data": '{"slot":1}'},
}


@pytest.mark.parametrize("members", INVALID.values(), ids=INVALID)
def test_what_does_not_fit_its_model_is_invalid_and_the_member_is_named(members: dict[str, Any]) -> None:
    found = fault(payload(**members))
    assert found.kind is FaultKind.INVALID
    assert ": " in found.detail


@pytest.mark.parametrize(
    "raw",
    [
        payload().replace(b'"m-1"', b'"\\ud800"'),
        payload().replace(b'"source"', b'"note":"\\udfff","source"'),
        payload().replace(b'"source"', b'"\\ud83d":1,"source"'),
    ],
    ids=["in a member we use", "in a member we ignore", "in a name"],
)
def test_a_lone_surrogate_which_sqlite_would_refuse_later_is_refused_here(raw: bytes) -> None:
    assert fault(raw).kind is FaultKind.INVALID


def test_a_pair_of_surrogates_is_one_character() -> None:
    raw = payload(subject="placeholder").replace(b"placeholder", b"\\ud83d\\udd0b")
    found = decode(raw)
    assert isinstance(found, Envelope)
    assert found.subject == "🔋"


def test_brackets_inside_text_do_not_nest() -> None:
    found = decode(payload(subject='[[[[[[[["\\{{{{{{{{'))
    assert isinstance(found, Envelope)


def test_the_limits_themselves_are_taken() -> None:
    room = MAX_BYTES - len(payload())
    assert isinstance(decode(payload() + b" " * room), Envelope)
    assert fault(payload() + b" " * (room + 1)).kind is FaultKind.TOO_LARGE
    assert isinstance(decode(payload(extra=[[[[[MAX_INTEGER, -MAX_INTEGER]]]]])), Envelope)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=300))
@example(b'{"type":"\\ud800"}')
def test_no_bytes_ever_raise(raw: bytes) -> None:
    assert isinstance(decode(raw), Envelope | Fault)


@given(st.sampled_from([*message()]), json_values)
def test_no_json_in_any_member_ever_raises(member: str, value: Any) -> None:
    assert isinstance(decode(json.dumps({**message(), member: value}).encode()), Envelope | Fault)


@given(st.sampled_from(list(MESSAGES.values())), st.data())
def test_no_json_in_any_message_ever_raises(model: type[Data], data: st.DataObject) -> None:
    body = json.loads(model.EXAMPLE)
    body[data.draw(st.sampled_from(sorted(model.model_fields) or ["none"]))] = data.draw(json_values)
    raw = json.dumps(message(json.dumps(body), type=model.TYPE)).encode()
    found = decode(raw)
    if isinstance(found, Envelope):
        again = decode(encode(found))
        assert again == found


# Encoding.


def sealed(data: Data, **attributes: Any) -> Envelope[Data]:
    return seal(data, **{"id": "m-1", "source": "gateway/gwy-main", "time": NOON_MS, **attributes})


def test_what_is_encoded_is_compact_json_without_nulls() -> None:
    data = BankEjected.model_validate_json(BankEjected.EXAMPLE)
    members = json.loads(encode(sealed(data, uptimems=61_000, expirytime=NOON_MS)))
    assert members["time"] == members["expirytime"] == NOON
    assert members["uptimems"] == "61000"
    assert "seq" not in members
    assert "command" not in members["data"]


def test_a_message_over_the_limit_is_the_senders_bug() -> None:
    data = RequestRefused(code=RefusalCode.WRONG_STATE, detail="x" * 200)
    huge = data.model_copy(update={"detail": "x" * MAX_BYTES})
    with pytest.raises(ValueError, match="over the limit of 8192"):
        encode(sealed(huge))


@given(st.text(min_size=1, max_size=80))
def test_any_text_survives_the_wire(name: str) -> None:
    info = MESSAGES["chargeloop.cabinet.info.v1"]
    data = info.model_validate_json(info.EXAMPLE).model_copy(update={"name": name})
    assert decode(encode(sealed(data))) == sealed(data)


def test_states_travel_as_their_words() -> None:
    model = MESSAGES["chargeloop.cabinet.slot_changed.v1"]
    found = sealed(model.model_validate_json(model.EXAMPLE))
    assert b'"state":"faulty"' in encode(found)
    assert SlotState("faulty") is SlotState.FAULTY
