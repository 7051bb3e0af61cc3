import json

import pytest

from chargeloop.broker.intake import Checked, Salvage, check, salvage
from chargeloop.protocol.codec import Fault, FaultKind
from chargeloop.protocol.topics import Role

TOPIC = "cl/v1/demo/cabinet/cab-1/event"
GOOD: dict[str, object] = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "cabinet/cab-1",
    "type": "chargeloop.cabinet.slot_changed.v1",
    "time": "2026-11-23T12:00:00.000Z",
    "journalid": "jnl-1",
    "seq": 1,
    "data": {"slot": 4, "state": "faulty", "reason": "jam"},
}


def payload(**changed: object) -> bytes:
    members = {**GOOD, **changed}
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def kind(topic: str, body: bytes, role: Role = Role.RENTAL) -> FaultKind | None:
    checked = check(topic, body, role, "demo")
    return checked.kind if isinstance(checked, Fault) else None


def test_a_message_of_the_table_passes() -> None:
    checked = check(TOPIC, payload(), Role.RENTAL, "demo")
    assert isinstance(checked, Checked)
    assert (checked.topic.owner, checked.message.seq) == ("cab-1", 1)


@pytest.mark.parametrize(
    "topic",
    [
        "cl/v1/demo/cabinet/cab-1/sneeze",
        "cl/v1/other/cabinet/cab-1/event",
        "cl/v1/demo/cabinet/usr-1/event",
        "",
    ],
)
def test_a_topic_that_is_not_ours_to_read_is_a_fault(topic: str) -> None:
    assert kind(topic, payload()) is FaultKind.WRONG_TOPIC


def test_a_role_that_does_not_read_the_topic_does_not_take_it() -> None:
    assert kind(TOPIC, payload(), Role.CABINET) is FaultKind.WRONG_TOPIC


def test_a_type_that_belongs_on_another_topic_is_a_fault() -> None:
    body = payload(type="chargeloop.cabinet.telemetry.v1", data={"power_w": 3})
    assert kind(TOPIC, body) is FaultKind.WRONG_TOPIC


@pytest.mark.parametrize("source", ["cabinet/cab-2", "courier/cou-1", "rental/rnt-main"])
def test_a_source_that_does_not_write_the_topic_is_a_fault(source: str) -> None:
    assert kind(TOPIC, payload(source=source)) is FaultKind.WRONG_SOURCE


def test_a_command_may_come_from_any_service_of_the_writing_role() -> None:
    command = payload(
        source="rental/rnt-main", type="chargeloop.cabinet.report_inventory.v1", data={"epoch": 1}, seq=None
    )
    assert kind("cl/v1/demo/cabinet/cab-1/command", command, Role.CABINET) is None


@pytest.mark.parametrize("missing", ["journalid", "seq"])
def test_a_journal_entry_without_its_number_is_a_fault(missing: str) -> None:
    assert kind(TOPIC, payload(**{missing: None})) is FaultKind.INVALID


def test_what_can_be_read_of_a_faulty_envelope_is_saved() -> None:
    saved = salvage(payload(type="chargeloop.cabinet.sneezed.v1"))
    assert saved == Salvage("m-1", "cabinet/cab-1", "jnl-1", 1)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"7", b"{", b"[" * 5_000, b"[" * 100_000, b'{"seq":' + b"9" * 5_000 + b"}"],
    ids=["empty", "binary", "list", "number", "torn", "deep", "too-large", "huge-integer"],
)
def test_nothing_is_saved_of_what_is_no_envelope(body: bytes) -> None:
    assert salvage(body) == Salvage()


@pytest.mark.parametrize("seq", [True, 0, -1, 2**31, 1.5, "1", None])
def test_a_number_of_the_wrong_form_is_not_saved(seq: object) -> None:
    assert salvage(payload(seq=seq)).seq is None


@pytest.mark.parametrize("journal", ["jnl-", "cab-1", 7, None])
def test_a_journal_id_of_the_wrong_form_is_not_saved(journal: object) -> None:
    assert salvage(payload(journalid=journal)).journal is None
