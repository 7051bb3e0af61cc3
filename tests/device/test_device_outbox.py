from collections.abc import Iterator
from pathlib import Path

import pytest

from chargeloop.broker.clock import VirtualClock
from chargeloop.broker.device import DeviceClock, Journal, LinkPolicy
from chargeloop.broker.device.outbox import DeviceOutbox
from chargeloop.protocol.codec import decode
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import BootId
from chargeloop.protocol.messages.cabinet import SlotChanged, SlotsSnapshot, SlotState, Telemetry
from chargeloop.protocol.messages.common import (
    ConnectionState,
    JournalAck,
    Presence,
    TimeProbe,
    TimeReply,
)
from chargeloop.protocol.topics import Role

NOW_MS = 1_763_900_000_000
CABINET = "cl/v1/demo/cabinet/cab-1"
CHANGED = SlotChanged(slot=4, state=SlotState.FAULTY)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal")
    yield opened
    opened.close()


def outbox(
    journal: Journal | None, *, probe_ms: int = 300_000, role: Role = Role.CABINET, hold_ms: int = 0
) -> DeviceOutbox:
    return DeviceOutbox(
        client="cab-1",
        role=role,
        region="demo",
        clock=DeviceClock(VirtualClock(NOW_MS), boot_id=BootId("boot-3"), offset_ms=500),
        journal=journal,
        policy=LinkPolicy(window=2, probe_ms=probe_ms, hold_ms=hold_ms),
    )


def said(made: DeviceOutbox, now_ms: int = NOW_MS) -> list[Envelope[Data]]:
    messages = [decode(outgoing.payload) for outgoing in made.due(now_ms)]
    return [message for message in messages if isinstance(message, Envelope)]


def snapshot(version: int, journal: Journal) -> Send:
    data = SlotsSnapshot(version=version, journal=journal.journal_id, after_seq=0, slots=())
    return Send(f"{CABINET}/slots", data)


def test_an_entry_says_what_the_device_knows_of_its_time(journal: Journal) -> None:
    made = outbox(journal, probe_ms=0)
    like = Send("", CHANGED, correlation_id="c-1", causation_id="c-2", subject="slot/4")
    assert made.record([CHANGED, CHANGED], like) == [1, 2]
    made.connect([], NOW_MS)
    first, second = [message for message in said(made) if message.data == CHANGED]
    assert (first.id, first.seq, second.seq) == (f"{journal.journal_id}.1", 1, 2)
    assert (first.source, first.bootid, first.time) == ("cabinet/cab-1", "boot-3", NOW_MS + 500)
    assert (first.correlationid, first.causationid, first.subject) == ("c-1", "c-2", "slot/4")


def test_entries_are_sent_in_windows_as_the_platform_acknowledges_them(journal: Journal) -> None:
    made = outbox(journal)
    made.record([CHANGED] * 3, Send("", CHANGED))
    made.connect([], NOW_MS)
    made.learn_time(TimeReply(platform_time=NOW_MS, sent_uptime_ms=0), "nobody", NOW_MS)
    assert [message.seq for message in said(made) if message.seq] == [1, 2]
    for _ in range(2):
        made.acknowledge(JournalAck(journal=journal.journal_id, seq=1), NOW_MS)
    assert [message.seq for message in said(made)] == [3]
    made.acknowledge(JournalAck(journal=journal.journal_id, seq=1, gap=True), NOW_MS)
    assert [message.seq for message in said(made)] == [2, 3]
    made.acknowledge(JournalAck(journal=journal.journal_id, seq=3), NOW_MS)
    assert journal.unacknowledged() == []


def test_a_platform_that_forgot_what_it_acknowledged_is_told_where_the_journal_begins(
    journal: Journal,
) -> None:
    made = outbox(journal, probe_ms=0)
    made.record([CHANGED] * 3, Send("", CHANGED))
    made.connect([], NOW_MS)
    said(made)
    made.acknowledge(JournalAck(journal=journal.journal_id, seq=1), NOW_MS)
    assert [(message.seq, message.keptfrom) for message in said(made)] == [(3, None)]
    made.acknowledge(JournalAck(journal=journal.journal_id, seq=0, gap=True), NOW_MS)
    assert [(message.seq, message.keptfrom) for message in said(made)] == [(2, 2), (3, None)]


def holding(journal: Journal) -> DeviceOutbox:
    """Return the outbox of a device that has recorded one entry since its boot, and is connected now."""
    made = outbox(journal, hold_ms=10_000)
    made.record([CHANGED], Send("", CHANGED))
    made.connect([], NOW_MS)
    return made


def answer(made: DeviceOutbox, probe: Envelope[Data], now_ms: int = NOW_MS) -> None:
    made.learn_time(TimeReply(platform_time=NOW_MS, sent_uptime_ms=0), probe.id, now_ms)


def test_entries_of_a_boot_go_behind_the_probe_that_reports_its_first_exchange(journal: Journal) -> None:
    made = holding(journal)
    (probe,) = said(made)
    assert isinstance(probe.data, TimeProbe)
    assert made.next_due_ms() == NOW_MS + 5_000
    answer(made, probe)
    report, entry = said(made)
    assert isinstance(report.data, TimeProbe)
    assert report.data.previous is not None
    assert entry.data == CHANGED


def test_a_platform_that_does_not_tell_the_time_is_waited_for_only_so_long(journal: Journal) -> None:
    made = holding(journal)
    said(made)
    assert [message.seq for message in said(made, NOW_MS + 9_999)] == [None]
    assert made.next_due_ms() == NOW_MS + 10_000
    assert [message.seq for message in said(made, NOW_MS + 10_000)] == [1]
    made.record([CHANGED], Send("", CHANGED))
    assert [message.seq for message in said(made, NOW_MS + 10_001)] == [2]


def test_entries_of_earlier_boots_do_not_wait_for_the_time(journal: Journal) -> None:
    outbox(journal).record([CHANGED], Send("", CHANGED))
    made = holding(journal)
    _, earlier = said(made)
    assert earlier.seq == 1
    made.acknowledge(JournalAck(journal=journal.journal_id, seq=1), NOW_MS)
    assert said(made) == []


def test_once_the_platform_has_a_sample_of_the_boot_no_entry_waits_for_the_time(journal: Journal) -> None:
    made = holding(journal)
    for _ in range(2):
        answer(made, said(made)[0])
    made.disconnect()
    made.connect([], NOW_MS)
    assert [message.seq for message in said(made)] == [None, 1]


def test_a_sample_that_was_lost_on_its_way_is_reported_first_on_the_next_connection(journal: Journal) -> None:
    made = holding(journal)
    answer(made, said(made)[0])
    said(made)
    made.disconnect()
    made.connect([], NOW_MS)
    report, entry = said(made)
    assert isinstance(report.data, TimeProbe)
    assert report.data.previous is not None
    assert entry.seq == 1


def test_an_acknowledgement_of_another_journal_is_not_for_this_one(journal: Journal) -> None:
    made = outbox(journal)
    made.record([CHANGED], Send("", CHANGED))
    made.acknowledge(JournalAck(journal="jnl-other", seq=1), NOW_MS)  # type: ignore[arg-type]
    assert len(journal.unacknowledged()) == 1


def test_an_idle_device_has_no_timer(journal: Journal) -> None:
    made = outbox(journal, probe_ms=0)
    made.connect([], NOW_MS)
    for _ in range(2):
        (probe,) = said(made)
        made.learn_time(TimeReply(platform_time=NOW_MS, sent_uptime_ms=0), probe.id, NOW_MS)
    assert made.next_due_ms() is None


def test_the_second_probe_reports_the_first_exchange_and_then_the_interval_counts(journal: Journal) -> None:
    made = outbox(journal)
    made.connect([], NOW_MS)
    (first,) = said(made)
    made.learn_time(TimeReply(platform_time=NOW_MS, sent_uptime_ms=0), first.id, NOW_MS)
    made.learn_time(TimeReply(platform_time=0, sent_uptime_ms=0), first.id, NOW_MS)
    (second,) = said(made)
    assert isinstance(second.data, TimeProbe)
    assert second.data.previous is not None
    assert second.data.previous.platform_time == NOW_MS
    made.learn_time(TimeReply(platform_time=NOW_MS, sent_uptime_ms=0), second.id, NOW_MS)
    assert made.next_due_ms() == NOW_MS + 300_000


def test_a_probe_without_reply_is_repeated_ever_more_rarely_but_every_few_minutes(journal: Journal) -> None:
    """Whoever has started while the platform was away can do nothing before the time is known."""
    made = outbox(journal, probe_ms=0)
    made.connect([], NOW_MS)
    pauses = []
    now_ms = NOW_MS
    for _ in range(12):
        assert len(said(made, now_ms)) == 1
        due_ms = made.next_due_ms()
        assert due_ms is not None
        pauses.append(due_ms - now_ms)
        now_ms = due_ms
    assert pauses[:7] == sorted(set(pauses[:7]))
    assert max(pauses) == pauses[-1] == 320_000


def test_a_connection_says_first_things_first_then_states_it_remembers(journal: Journal) -> None:
    made = outbox(journal)
    made.say(made.seal(snapshot(1, journal)))
    made.say(made.seal(Send(f"{CABINET}/telemetry", Telemetry(power_w=1))))
    assert made.due(NOW_MS) == []
    birth = made.seal(Send(f"{CABINET}/telemetry", Telemetry(power_w=2)))
    for _ in range(2):
        made.connect([birth], NOW_MS)
        first, second, probe = said(made)
        assert (first.data, type(second.data)) == (Telemetry(power_w=2), SlotsSnapshot)
        assert isinstance(probe.data, TimeProbe)
        made.disconnect()


def test_a_state_that_the_birth_says_is_not_said_twice(journal: Journal) -> None:
    made = outbox(journal)
    made.say(made.seal(snapshot(1, journal)))
    made.connect([made.seal(snapshot(2, journal))], NOW_MS)
    versions = [message.data.version for message in said(made) if isinstance(message.data, SlotsSnapshot)]
    assert versions == [2]


def test_states_are_said_again_with_each_later_probe_that_is_not_a_repeat(journal: Journal) -> None:
    made = outbox(journal)
    made.say(made.seal(snapshot(1, journal)))
    birth = Send(f"{CABINET}/connection", ConnectionState(state=Presence.ONLINE, connection_epoch=3))
    made.connect([made.seal(birth)], NOW_MS)
    *_, probe = said(made)
    answer(made, probe)
    (report,) = said(made)
    answer(made, report)
    assert said(made, NOW_MS + 299_999) == []
    made.say(made.seal(snapshot(2, journal)))
    said(made, NOW_MS + 299_999)
    again = said(made, NOW_MS + 300_000)
    assert {type(message.data) for message in again} == {ConnectionState, SlotsSnapshot, TimeProbe}
    assert [message.data.version for message in again if isinstance(message.data, SlotsSnapshot)] == [2]
    (repeat,) = said(made, NOW_MS + 305_000)
    assert isinstance(repeat.data, TimeProbe)


def test_a_question_is_repeated_until_it_is_answered_and_at_each_connection() -> None:
    made = outbox(None, role=Role.GATEWAY)
    question = made.seal(Send(f"{CABINET}/telemetry", Telemetry(power_w=1), id="key-1"))
    made.connect([], NOW_MS)
    made.ask(question)
    assert [message.id for message in said(made)] == ["key-1"]
    assert said(made) == []
    assert [message.id for message in said(made, NOW_MS + 5_000)] == ["key-1"]
    made.connect([], NOW_MS + 5_001)
    assert [message.id for message in said(made, NOW_MS + 5_001)] == ["key-1"]
    made.answered("key-1")
    made.answered("key-1")
    assert made.next_due_ms() is None


@pytest.mark.parametrize("role", [Role.USER, Role.GATEWAY])
def test_who_keeps_no_journal_cannot_record(role: Role) -> None:
    with pytest.raises(ValueError, match="keeps no journal"):
        outbox(None, role=role).record([CHANGED], Send("", CHANGED))


@pytest.mark.parametrize("topic", ["nowhere", f"{CABINET}/slots"])
def test_a_message_on_the_wrong_topic_is_a_bug_that_shows(journal: Journal, topic: str) -> None:
    with pytest.raises(ValueError, match="does not belong"):
        outbox(journal).seal(Send(topic, Telemetry(power_w=1)))
