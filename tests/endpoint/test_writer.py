"""The single writer without a broker and without a disk."""

from typing import TYPE_CHECKING

import pytest

from chargeloop.broker.endpoint import CoreFailedError, Kept, SingleWriter
from chargeloop.broker.endpoint.outbox import OutboxPolicy
from chargeloop.protocol.codec import MAX_BYTES, decode, encode, seal, with_kept_from
from chargeloop.protocol.effects import Effects, Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages.cabinet import KeypadLocked, SlotChanged, SlotState
from chargeloop.protocol.messages.common import (
    ConnectionState,
    JournalAck,
    Location,
    Presence,
    TimeProbe,
    TimeReply,
)
from chargeloop.protocol.messages.rental import PlaceOrder, RefusalCode, RequestDone, RequestRefused
from chargeloop.protocol.messages.service import Quarantined
from chargeloop.protocol.topics import Role
from tests.endpoint.toy import POISON_SLOT, Seen, ToyCore, finished

if TYPE_CHECKING:
    from chargeloop.broker.endpoint.changes import Outgoing

NOW_MS = 1_763_900_000_000
EVENT = "cl/v1/demo/cabinet/cab-1/event"
REQUEST = "cl/v1/demo/user/usr-1/request"
ORDER = PlaceOrder(user="usr-1", location=Location(lat_e7=1, lon_e7=2), quantity=2)  # type: ignore[arg-type]
CHANGED = SlotChanged(slot=4, state=SlotState.FAULTY)


class Bench:
    """A single writer whose batches are committed by hand."""

    def __init__(self, kept: Kept | None = None) -> None:
        self.core = ToyCore()
        self.now_ms = NOW_MS
        self.published: list[Outgoing] = []
        self.writes: list[Seen] = []
        self.writer: SingleWriter[Seen] = SingleWriter(
            core=self.core,
            kept=kept or Kept(store_id="store", starts=1),
            client="rnt-main",
            role=Role.RENTAL,
            region="demo",
            randbelow=lambda _: 0,
            policy=OutboxPolicy(),
        )
        self.writer.outbox.connect(NOW_MS)

    def receive(self, topic: str, payload: bytes) -> None:
        _, answer = self.writer.receive(topic, payload, self.now_ms)
        self.published += [] if answer is None else [answer]

    def commit(self) -> bool:
        """Return whether there was anything to commit."""
        batch = self.writer.take_batch()
        self.writes += batch.writes
        self.published += self.writer.acknowledgements(batch, self.now_ms)
        self.published += self.writer.publishable(self.now_ms, 1_000)
        return batch.must_commit

    def said(self, kind: type[Data]) -> list[Envelope[Data]]:
        """Return the published messages of one type."""
        messages = [decode(outgoing.payload) for outgoing in self.published]
        envelopes = (message for message in messages if isinstance(message, Envelope))
        return [message for message in envelopes if type(message.data) is kind]


def entry(seq: int, data: Data = CHANGED, journal: str = "jnl-1") -> bytes:
    attributes = {"id": f"{journal}.{seq}", "source": "cabinet/cab-1", "time": NOW_MS}
    return encode(seal(data, journalid=journal, seq=seq, **attributes))


def request(message_id: str, data: Data = ORDER) -> bytes:
    return encode(seal(data, id=message_id, source="user/usr-1", time=NOW_MS))


def acks(bench: Bench) -> list[tuple[int, bool]]:
    said = (message.data for message in bench.said(JournalAck))
    return [(data.seq, data.gap) for data in said if isinstance(data, JournalAck)]


def test_entries_of_one_batch_are_acknowledged_by_one_message() -> None:
    bench = Bench()
    for seq in (1, 2, 3):
        bench.receive(EVENT, entry(seq))
    assert bench.commit()
    assert acks(bench) == [(3, False)]
    assert [row[1] for row in bench.writes] == [1, 2, 3]


def test_an_entry_delivered_twice_and_late_is_acknowledged_and_has_no_second_effect() -> None:
    bench = Bench()
    for seq in (1, 2, 2, 1):
        bench.receive(EVENT, entry(seq))
    bench.commit()
    bench.receive(EVENT, entry(1))
    assert not bench.commit()
    assert [row[1] for row in bench.writes] == [1, 2]
    assert acks(bench) == [(2, False), (2, False)]
    assert bench.writer.counters()["duplicates"] == 3


def test_an_entry_behind_a_lost_one_is_refused_and_the_gap_is_told() -> None:
    bench = Bench()
    for seq in (1, 3, 4):
        bench.receive(EVENT, entry(seq))
    bench.commit()
    assert acks(bench) == [(1, True)]
    assert [row[1] for row in bench.writes] == [1]


def test_journals_of_one_device_are_numbered_apart() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(1))
    bench.receive(EVENT, entry(1, journal="jnl-2"))
    bench.commit()
    assert [row[2] for row in bench.writes] == ["jnl-1.1", "jnl-2.1"]


def test_a_repeated_request_gets_the_same_answer_and_no_second_effect() -> None:
    bench = Bench()
    bench.receive(REQUEST, request("key-1"))
    bench.commit()
    bench.receive(REQUEST, request("key-1"))
    bench.commit()
    first, second = bench.said(RequestDone)
    assert first == second
    assert first.correlationid == "key-1"
    assert len(bench.writes) == 1


def test_a_request_repeated_within_one_batch_has_one_effect() -> None:
    bench = Bench()
    bench.receive(REQUEST, request("key-1"))
    bench.receive(REQUEST, request("key-1"))
    bench.commit()
    assert len(bench.writes) == 1
    assert len(bench.said(RequestDone)) == 2


def test_a_request_id_used_again_for_something_else_is_refused_and_not_done() -> None:
    bench = Bench()
    bench.receive(REQUEST, request("key-1"))
    bench.receive(REQUEST, request("key-1", ORDER.model_copy(update={"quantity": 3})))
    bench.receive(REQUEST, request("key-1"))
    bench.commit()
    (refused,) = bench.said(RequestRefused)
    assert isinstance(refused.data, RequestRefused)
    assert (refused.data.code, refused.correlationid) == (RefusalCode.KEY_REUSED, "key-1")
    assert len(bench.said(RequestDone)) == 2
    assert len(bench.writes) == 1


def test_the_time_is_told_before_the_commit_and_the_core_hears_the_probe() -> None:
    bench = Bench()
    probe = seal(TimeProbe(sent_uptime_ms=7), id="p-1", source="cabinet/cab-1", time=0, bootid="boot-1")
    bench.receive("cl/v1/demo/cabinet/cab-1/time", encode(probe))
    (reply,) = bench.said(TimeReply)
    assert reply.data == TimeReply(platform_time=NOW_MS, sent_uptime_ms=7)
    assert reply.correlationid == "p-1"
    assert [incoming.message.id for incoming in bench.core.received] == ["p-1"]
    assert not bench.commit()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"x" * 9_000, "too_large"),
        (b"\xff\xfe", "not_utf8"),
        (b"{", "not_json"),
        (b"[" * 100, "too_deep"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"a":NaN}', "not_a_number"),
        (b'{"a":' + b"9" * 5_000 + b"}", "integer_range"),
        (b"[]", "not_an_envelope"),
        (b'{"type":"chargeloop.cabinet.sneezed.v1"}', "unknown_type"),
        (b'{"type":"chargeloop.cabinet.slot_changed.v1"}', "invalid"),
        (entry(1).replace(b"cabinet/cab-1", b"cabinet/cab-2"), "wrong_source"),
        (entry(1).replace(b'"seq":1,', b""), "invalid"),
        (b'{"id":"\\ud800","type":"chargeloop.cabinet.slot_changed.v1"}', "invalid"),
    ],
)
def test_every_fault_ends_in_quarantine_and_the_stream_goes_on(body: bytes, fault: str) -> None:
    bench = Bench()
    for payload in (entry(1), body, entry(2)):
        bench.receive(EVENT, payload)
    bench.commit()
    (told,) = bench.said(Quarantined)
    assert isinstance(told.data, Quarantined)
    assert told.data.fault == fault
    assert acks(bench) == [(2, False)]
    assert bench.writer.counters()["quarantined"] == 1


def test_a_flood_of_nonsense_is_counted_and_little_is_made_of_it() -> None:
    bench, sent = Bench(), 0
    kept = 0
    for _ in range(10):
        for _ in range(100):
            bench.receive(REQUEST, b'{"id":"bad-%d"}' % sent)
            sent += 1
        kept += len(bench.writer.take_batch().changes.quarantined)
        bench.published += bench.writer.publishable(bench.now_ms, 1_000)
    assert bench.writer.counters()["quarantined"] == sent
    assert kept == 500
    assert len(bench.said(Quarantined)) == 20
    assert len(bench.said(RequestRefused)) == 500
    # Others are not touched by it, and in time its topic is heard again.
    bench.receive(EVENT, b"{")
    assert len(bench.writer.take_batch().changes.quarantined) == 1
    bench.now_ms += 10_000
    bench.receive(REQUEST, b"{")
    bench.commit()
    assert len(bench.said(Quarantined)) == 22


def test_after_much_nonsense_on_a_topic_the_rest_of_it_waits_for_another_turn() -> None:
    bench = Bench()
    for number in range(200):
        bench.receive(REQUEST, b'{"id":"bad-%d"}' % number)
    bench.receive(REQUEST, request("req-1"))
    bench.receive(EVENT, entry(1))
    bench.commit()
    assert bench.writer.counters()["quarantined"] == 201
    assert [write[2] for write in bench.writes] == ["jnl-1.1"]
    bench.receive(REQUEST, request("req-1"))
    bench.commit()
    assert [write[2] for write in bench.writes] == ["jnl-1.1", "req-1"]


def test_what_we_found_ourselves_does_not_go_under_in_nonsense() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(1))
    for _ in range(6):
        for number in range(100):
            bench.receive(EVENT, b"{%d" % number)
        bench.commit()
    bench.receive(EVENT, with_kept_from(entry(9), 9))
    assert [row.fault for row in bench.writer.take_batch().changes.quarantined] == ["entries_missing"]


def test_an_entry_nobody_understands_is_taken_by_its_number_once() -> None:
    bench = Bench()
    unknown = entry(2).replace(b"slot_changed", b"sneezed_hard")
    for payload in (entry(1), unknown, unknown, entry(3)):
        bench.receive(EVENT, payload)
    bench.commit()
    assert acks(bench) == [(3, False)]
    assert [row[1] for row in bench.writes] == [1, 3]
    assert bench.writer.counters()["quarantined"] == 1


def test_an_entry_nobody_understands_is_refused_behind_a_gap() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(2).replace(b"slot_changed", b"sneezed_hard"))
    bench.commit()
    assert acks(bench) == [(0, True)]
    assert bench.writer.counters()["quarantined"] == 0


def test_a_message_on_which_the_core_failed_ends_in_quarantine_after_the_restart() -> None:
    poison = entry(2, SlotChanged(slot=POISON_SLOT, state=SlotState.FAULTY))
    bench = Bench()
    bench.receive(EVENT, entry(1))
    with pytest.raises(CoreFailedError, match="slot 36 is not there") as failed:
        bench.receive(EVENT, poison)
    restarted = Bench(Kept(store_id="store", starts=2, digests={failed.value.digest}))
    for payload in (entry(1), poison, entry(3)):
        restarted.receive(EVENT, payload)
    restarted.commit()
    assert [row[1] for row in restarted.writes] == [1, 3]
    assert acks(restarted) == [(3, False)]
    (told,) = restarted.said(Quarantined)
    assert isinstance(told.data, Quarantined)
    assert told.data.fault == "handling_failed"


def test_a_core_that_asks_for_what_cannot_be_sent_has_failed_on_the_message() -> None:
    bench = Bench()
    bench.core.receive = lambda *_: Effects(sends=[Send("nowhere", CHANGED)])  # type: ignore[method-assign]
    with pytest.raises(CoreFailedError, match="may not send"):
        bench.receive(EVENT, entry(1))


def test_a_listener_that_does_not_acknowledge_the_journal_hears_entries_as_they_come() -> None:
    core = ToyCore(reacts=False)
    dispatch: SingleWriter[Seen] = SingleWriter(
        core=core,
        kept=Kept(store_id="other", starts=1),
        client="dsp-main",
        role=Role.DISPATCH,
        region="demo",
        randbelow=lambda _: 0,
        policy=OutboxPolicy(),
    )
    for seq in (5, 5, 3):
        dispatch.receive(EVENT, entry(seq), NOW_MS)
    assert [incoming.message.seq for incoming in core.received] == [5, 5, 3]
    assert not dispatch.take_batch().acks


def test_an_entry_to_another_platform_is_resent_until_its_acknowledgement_and_not_after() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(1, KeypadLocked(wrong_codes=5, until=NOW_MS)))
    bench.commit()
    topic = "cl/v1/demo/dispatch/dsp-main/request"
    sent = [outgoing for outgoing in bench.published if outgoing.topic == topic]
    bench.now_ms += 5_000
    bench.commit()
    assert [outgoing for outgoing in bench.published if outgoing.topic == topic] == sent * 2
    message = decode(sent[0].payload)
    assert isinstance(message, Envelope)
    assert message.journalid is not None
    ack = seal(
        JournalAck(journal=message.journalid, seq=1), id="a-1", source="dispatch/dsp-main", time=NOW_MS
    )
    bench.receive(f"{topic}-ack", encode(ack))
    bench.receive(f"{topic}-ack", encode(ack))
    assert not bench.commit()
    bench.now_ms += 100_000
    assert bench.writer.counters()["outbox"] == 0
    assert bench.writer.outbox.next_due_ms() is None


def test_a_lease_is_sent_again_until_it_is_settled() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(1))
    bench.commit()
    bench.now_ms += 5_000
    bench.commit()
    commands = [outgoing for outgoing in bench.published if outgoing.topic.endswith("/command")]
    assert len(commands) == 2
    assert commands[0] == commands[1]
    bench.receive(EVENT, entry(2, finished("cmd-cab-1-1")))
    bench.receive(EVENT, entry(3, finished("cmd-cab-1-1")))
    bench.commit()
    bench.now_ms += 15_000
    bench.commit()
    assert len([outgoing for outgoing in bench.published if outgoing.topic.endswith("/command")]) == 2


def test_a_lease_is_not_sent_after_it_has_expired() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(1))
    bench.commit()
    bench.now_ms += 60_000
    bench.commit()
    assert len([outgoing for outgoing in bench.published if outgoing.topic.endswith("/command")]) == 1
    assert bench.writer.counters()["outbox"] == 0


def test_a_cabinet_that_comes_back_gets_its_commands_at_once() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(1))
    bench.commit()
    birth = seal(
        ConnectionState(state=Presence.ONLINE, connection_epoch=2),
        id="b-1",
        source="cabinet/cab-1",
        time=NOW_MS,
    )
    bench.now_ms += 10
    bench.receive("cl/v1/demo/cabinet/cab-1/connection", encode(birth))
    bench.commit()
    bench.now_ms += 10
    bench.commit()
    assert len([outgoing for outgoing in bench.published if outgoing.topic.endswith("/command")]) == 2


def test_what_is_due_is_done_once() -> None:
    bench = Bench()
    bench.core.alarm_ms = NOW_MS + 1_000
    assert bench.writer.next_due_ms() == NOW_MS + 1_000
    bench.writer.tick(NOW_MS)
    bench.writer.tick(NOW_MS + 1_000)
    bench.writer.tick(NOW_MS + 1_000)
    assert bench.core.rang_ms == [NOW_MS + 1_000]
    assert bench.commit()


def test_a_core_that_is_due_for_ever_is_a_bug_that_shows() -> None:
    bench = Bench()
    bench.core.next_due_ms = lambda: NOW_MS  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="still due"):
        bench.writer.tick(NOW_MS)


def test_a_request_that_cannot_be_read_is_told_so_by_its_id() -> None:
    bench = Bench()
    bench.receive(REQUEST, request("key-1").replace(b'"quantity":2', b'"quantity":"two"'))
    bench.commit()
    (refused,) = bench.said(RequestRefused)
    assert isinstance(refused.data, RequestRefused)
    assert (refused.data.code, refused.correlationid) == (RefusalCode.INVALID, "key-1")
    assert "quantity" in refused.data.detail
    assert bench.published[-1].topic == "cl/v1/demo/user/usr-1/reply"
    assert not bench.writes


@pytest.mark.parametrize("message_id", [b'""', b'"a b"', b"7", b'"key-1\\n"', b'"' + b"k" * 129 + b'"'])
def test_a_request_whose_id_cannot_be_an_id_is_only_put_aside(message_id: bytes) -> None:
    bench = Bench()
    bench.receive(REQUEST, request("key-1").replace(b'"key-1"', message_id))
    bench.commit()
    assert not bench.said(RequestRefused)
    assert len(bench.said(Quarantined)) == 1


def test_a_request_id_that_came_unreadable_first_can_be_used_when_it_is_put_right() -> None:
    bench = Bench()
    bench.receive(REQUEST, request("key-1").replace(b'"quantity":2', b'"quantity":0'))
    bench.receive(REQUEST, request("key-1"))
    bench.commit()
    assert len(bench.said(RequestDone)) == 1


def test_a_service_that_lost_its_store_goes_on_behind_what_it_once_acknowledged() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(101))
    bench.commit()
    assert acks(bench) == [(0, True)]
    for _ in range(2):
        bench.receive(EVENT, with_kept_from(entry(101), 101))
    bench.receive(EVENT, entry(102))
    bench.commit()
    assert acks(bench) == [(0, True), (102, False)]
    assert [row[1] for row in bench.writes] == [101, 102]
    (told,) = bench.said(Quarantined)
    assert isinstance(told.data, Quarantined)
    assert (told.data.fault, told.data.detail) == (
        "entries_missing",
        "1 to 100 of jnl-1 were acknowledged and let go",
    )


def test_an_entry_marked_as_the_first_kept_changes_nothing_where_nothing_is_missing() -> None:
    bench = Bench()
    for seq in (1, 2, 2, 3):
        bench.receive(EVENT, with_kept_from(entry(seq), seq))
    bench.commit()
    assert [row[1] for row in bench.writes] == [1, 2, 3]
    assert not bench.said(Quarantined)


def test_an_entry_behind_a_hole_is_kept_as_it_came() -> None:
    """Written out anew it might be larger than what may be sent, with the members that it left out."""
    bench = Bench()
    told = with_kept_from(entry(9), 9).replace(b'"specversion":"1.0",', b"")
    payload = told.replace(b'"data":', b'"data":' + b" " * (MAX_BYTES - len(told)))
    bench.receive(EVENT, payload)
    (row,) = bench.writer.take_batch().changes.quarantined
    assert (row.fault, row.payload) == ("entries_missing", payload)


def test_a_hole_is_told_of_though_the_entry_behind_it_cannot_be_read() -> None:
    bench = Bench()
    bench.receive(EVENT, entry(1))
    unknown = with_kept_from(entry(9), 9).replace(b"slot_changed", b"sneezed_hard")
    bench.receive(EVENT, unknown)
    faults = [row.fault for row in bench.writer.take_batch().changes.quarantined]
    assert faults == ["entries_missing", "unknown_type"]


def test_whatever_fails_on_a_message_makes_it_a_suspect(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def fails(*_: object) -> None:
        raise ValueError("planted")

    monkeypatch.setattr(bench.writer.outbox, "acknowledge", fails)
    acknowledged = seal(
        JournalAck(journal="jnl-1", seq=1),  # type: ignore[arg-type]
        id="m-1",
        source="dispatch/dsp-1",
        time=NOW_MS,
    )
    with pytest.raises(CoreFailedError, match="planted"):
        bench.receive("cl/v1/demo/dispatch/dsp-1/request-ack", encode(acknowledged))
