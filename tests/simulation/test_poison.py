"""Messages that nobody can take: no reader takes one, and each has the name that it is told by."""

import random

import pytest
from chargeloop_checker import Checker

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.intake import check, salvage
from chargeloop.protocol.codec import Fault, FaultKind
from chargeloop.protocol.topics import Role, TopicSpec, parse_topic
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.poison import name_of, poison, rows
from chargeloop.simulation.records import Record
from chargeloop.simulation.world import play

OWNERS = {
    Role.CABINET: ["cab-1"], Role.COURIER: ["cou-1"], Role.USER: ["usr-1", "usr-2"], Role.OPERATOR: ["opr-1"],
    Role.GATEWAY: ["gwy-1"], Role.RENTAL: ["rnt-r1"], Role.DISPATCH: ["dsp-r1"],
}  # fmt: skip
# No operator plays where nobody disputes, and none reads more than the answers.
READERS = frozenset({Role.RENTAL, Role.DISPATCH, Role.CABINET, Role.COURIER, Role.USER})


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_nobody_who_reads_a_topic_can_take_its_poison(row: TopicSpec) -> None:
    draw, faults = random.Random(1), set[FaultKind]()
    for number in range(200):
        made = poison(row, "r1", OWNERS, f"poison-{number}", draw)
        topic = parse_topic(made.outgoing.topic)
        assert topic is not None
        assert topic.spec == row
        assert salvage(made.outgoing.payload).message_id == made.name
        assert name_of(made.outgoing) == (True, made.name)
        for reader in row.readers:
            checked = check(made.outgoing.topic, made.outgoing.payload, reader, "r1")
            assert isinstance(checked, Fault)
            faults.add(checked.kind)
    assert len(faults) >= 9


def test_it_is_on_every_topic_that_services_and_devices_read_and_all_go_on() -> None:
    records = list[Record]()
    for seed in (1, 2):
        checker = Checker()

        def sink(record: Record, checker: Checker = checker) -> None:
            records.append(record)
            checker.feed(record)

        play(seed, 12, 1, faults_of("none,poison=60"), sink)
        assert not checker.finish()
    targets = {record[4] for record in records if record[0] == "fault" and record[3] == "poison"}
    assert targets == {row.name for row in rows() if not READERS.isdisjoint(row.readers)}


def test_what_participants_say_is_no_poison() -> None:
    assert name_of(Outgoing("t", b"", 1, retain=False, message_id="jnl-1.7")) == (False, "jnl-1.7")
