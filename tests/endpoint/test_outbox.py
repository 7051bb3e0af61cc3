import pytest

from chargeloop.broker.endpoint.changes import Changes, ChannelRow, EntryRow, Kept, LeaseRow, StateRow
from chargeloop.broker.endpoint.inbox import Inbox, Verdict
from chargeloop.broker.endpoint.outbox import Outbox, OutboxPolicy, UnsendableError
from chargeloop.protocol.codec import decode
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages.cabinet import ReportInventory, Telemetry
from chargeloop.protocol.messages.common import JournalAck
from chargeloop.protocol.messages.rental import UserOrders
from chargeloop.protocol.topics import Role
from tests.endpoint.toy import command, report

NOW_MS = 1_763_900_000_000
REQUESTS = "cl/v1/demo/dispatch/dsp-main/request"
ORDERS = "cl/v1/demo/user/usr-1/orders"


def outbox(kept: Kept | None = None, *, connected: bool = True) -> Outbox:
    made = Outbox("rnt-main", Role.RENTAL, kept or Kept("store", 1), OutboxPolicy(window=2))
    if connected:
        made.connect(NOW_MS)
    return made


def topics(made: Outbox, now_ms: int = NOW_MS) -> list[str]:
    return [outgoing.topic for outgoing in made.due(now_ms, 100, Changes())]


@pytest.mark.parametrize(
    "send",
    [
        Send("cl/v1/demo/nowhere", ReportInventory(epoch=1)),
        Send("cl/v1/demo/cabinet/cab-1/telemetry", Telemetry(power_w=1)),
        Send("cl/v1/demo/cabinet/cab-1/command", UserOrders(version=1), id="cmd-1", expires_ms=NOW_MS),
        Send("cl/v1/demo/cabinet/cab-1/command", ReportInventory(epoch=1), expires_ms=NOW_MS),
        Send("cl/v1/demo/cabinet/cab-1/command", ReportInventory(epoch=1), id="cmd-1"),
    ],
    ids=["unknown topic", "not ours to write", "wrong type", "lease without id", "lease without expiry"],
)
def test_what_may_not_be_sent_is_a_bug_that_shows(send: Send) -> None:
    with pytest.raises(UnsendableError):
        outbox().put(send, NOW_MS, Changes())


def test_entries_wait_for_a_connection_and_what_is_said_once_does_not() -> None:
    made = outbox(connected=False)
    changes = Changes()
    made.put(report(1), NOW_MS, changes)
    made.put(Send(ORDERS, UserOrders(version=1)), NOW_MS, changes)
    ack = JournalAck(journal="jnl-1", seq=1)  # type: ignore[arg-type]
    made.put(Send("cl/v1/demo/cabinet/cab-1/ack", ack), NOW_MS, changes)
    assert topics(made) == []
    assert made.next_due_ms() is None
    made.connect(NOW_MS)
    assert topics(made) == [ORDERS, REQUESTS]


def test_a_connection_brings_the_latest_states_again_each_time() -> None:
    made = outbox()
    for version in (1, 2):
        made.put(Send(ORDERS, UserOrders(version=version)), NOW_MS, Changes())
    assert topics(made) == [ORDERS, ORDERS]
    for _ in range(2):
        made.disconnect()
        made.connect(NOW_MS)
        (state,) = made.due(NOW_MS, 100, Changes())
        assert b'"version":2' in state.payload
        assert state.retain


def test_states_go_out_in_portions() -> None:
    made = outbox()
    for number in range(5):
        made.put(Send(f"cl/v1/demo/user/usr-{number}/orders", UserOrders(version=1)), NOW_MS, Changes())
    assert len(made.due(NOW_MS, 3, Changes())) == 3
    assert made.has_more()
    assert len(made.due(NOW_MS, 3, Changes())) == 2
    assert not made.has_more()


def test_a_window_of_entries_is_on_the_wire_and_an_acknowledgement_moves_it() -> None:
    made = outbox()
    changes = Changes()
    for number in (1, 2, 3):
        made.put(report(number), NOW_MS, changes)
    assert topics(made) == [REQUESTS, REQUESTS]
    journal = changes.channels[REQUESTS].journal
    made.acknowledge(REQUESTS, JournalAck(journal=journal, seq=2), NOW_MS, changes)  # type: ignore[arg-type]
    assert topics(made) == [REQUESTS]
    assert changes.channels[REQUESTS] == ChannelRow(REQUESTS, journal, 3, 2)
    assert made.depth == 1


def test_an_acknowledgement_of_another_journal_is_not_for_us() -> None:
    made = outbox()
    changes = Changes()
    made.put(report(1), NOW_MS, changes)
    made.acknowledge(REQUESTS, JournalAck(journal="jnl-9", seq=1), NOW_MS, changes)  # type: ignore[arg-type]
    made.acknowledge("cl/v1/demo/dispatch/dsp-2/request", JournalAck(journal="jnl-9", seq=1), NOW_MS, changes)  # type: ignore[arg-type]
    assert made.depth == 1


def test_a_lease_given_again_under_its_id_replaces_the_old_one() -> None:
    made = outbox()
    changes = Changes()
    first = made.put(command("cab-1", 1, NOW_MS), NOW_MS, changes)
    second = made.put(command("cab-1", 1, NOW_MS + 5), NOW_MS, changes)
    assert first != second
    assert made.due(NOW_MS, 100, changes) == [second]
    assert made.depth == 1


def test_a_settled_lease_is_gone_from_the_store_even_before_it_came_there() -> None:
    made = outbox()
    changes = Changes()
    made.put(command("cab-1", 1, NOW_MS), NOW_MS, changes)
    made.settle("cmd-cab-1-1", changes)
    made.settle("cmd-cab-1-1", changes)
    assert changes.leases == {}
    assert list(changes.settled) == ["cmd-cab-1-1"]
    assert topics(made) == []


def test_an_outbox_goes_on_where_the_last_run_ended() -> None:
    kept = Kept(
        "store",
        2,
        channels=[ChannelRow(REQUESTS, "jnl-1", 3, 2)],
        entries=[EntryRow(REQUESTS, 3, "jnl-1.3", "{}")],
        leases=[
            LeaseRow("cmd-1", "cl/v1/demo/cabinet/cab-1/command", NOW_MS + 1, "{}"),
            LeaseRow("cmd-2", "cl/v1/demo/cabinet/cab-1/command", NOW_MS, "{}"),
        ],
        states=[StateRow(ORDERS, "m-1", "{}")],
    )
    changes = Changes()
    made = outbox(kept)
    sent = [outgoing.message_id for outgoing in made.due(NOW_MS, 100, changes)]
    assert sent == ["m-1", "cmd-1", "jnl-1.3"]
    assert list(changes.settled) == ["cmd-2"]
    made.put(report(4), NOW_MS, changes)
    assert changes.entries[0].seq == 4
    assert changes.channels[REQUESTS].journal == "jnl-1"


def restored() -> Outbox:
    """Return the outbox of a store whose copy has gone on since, and given out more numbers."""
    return outbox(Kept("store", 2, channels=[ChannelRow(REQUESTS, "jnl-1", 40, 40)]))


def entries(made: Outbox, now_ms: int = NOW_MS) -> list[tuple[str | None, int | None]]:
    decoded = [decode(outgoing.payload) for outgoing in made.due(now_ms, 100, Changes())]
    return [(entry.journalid, entry.seq) for entry in decoded if isinstance(entry, Envelope)]


def ack(seq: int, journal: str = "jnl-1") -> JournalAck:
    return JournalAck(journal=journal, seq=seq)  # type: ignore[arg-type]


def test_an_acknowledgement_of_what_was_never_given_out_begins_another_journal() -> None:
    made, changes = restored(), Changes()
    for number in (1, 2):
        made.put(report(number), NOW_MS, changes)
    made.acknowledge(REQUESTS, ack(60), NOW_MS, changes)
    row = changes.channels[REQUESTS]
    assert (row.last, row.acked) == (2, 0)
    assert row.journal != "jnl-1"
    assert list(changes.begun_anew) == [REQUESTS]
    assert [(entry.seq, entry.message_id) for entry in changes.entries] == [
        (1, f"{row.journal}.1"),
        (2, f"{row.journal}.2"),
    ]
    assert changes.urgent
    assert entries(made) == [(row.journal, 1), (row.journal, 2)]
    made.acknowledge(REQUESTS, ack(61), NOW_MS, changes)
    made.acknowledge(REQUESTS, ack(2, row.journal), NOW_MS, changes)
    assert made.depth == 0


def test_a_run_begins_with_one_new_entry_until_it_is_acknowledged() -> None:
    made = restored()
    for number in range(3):
        made.put(report(number), NOW_MS, Changes())
    assert entries(made) == [("jnl-1", 41)]
    assert not made.has_more()
    made.acknowledge(REQUESTS, ack(41), NOW_MS, Changes())
    assert entries(made) == [("jnl-1", 42), ("jnl-1", 43)]


def test_a_restored_store_that_has_given_out_many_numbers_already_is_found_out() -> None:
    made, changes = restored(), Changes()
    for number in range(30):
        made.put(report(number), NOW_MS, changes)
    assert entries(made) == [("jnl-1", 41)]
    made.acknowledge(REQUESTS, ack(60), NOW_MS, changes)
    assert changes.channels[REQUESTS].last == 30
    assert [entry.seq for entry in changes.entries] == list(range(1, 31))


def test_what_the_last_run_left_is_sent_at_once_with_one_new_entry_and_goes_on_under_its_numbers() -> None:
    first = Outbox("rnt-main", Role.RENTAL, Kept("store", 1), OutboxPolicy())
    changes = Changes()
    for number in (1, 2, 3):
        first.put(report(number), NOW_MS, changes)
    made = Outbox(
        "rnt-main",
        Role.RENTAL,
        Kept("store", 2, channels=[changes.channels[REQUESTS]], entries=changes.entries),
        OutboxPolicy(),
    )
    made.connect(NOW_MS)
    for number in (4, 5):
        made.put(report(number), NOW_MS, Changes())
    journal = changes.channels[REQUESTS].journal
    assert entries(made) == [(journal, seq) for seq in (1, 2, 3, 4)]
    made.acknowledge(REQUESTS, ack(3, journal), NOW_MS, Changes())
    assert entries(made) == []
    made.acknowledge(REQUESTS, ack(4, journal), NOW_MS, Changes())
    assert entries(made) == [(journal, 5)]


@pytest.mark.parametrize("behind", range(2, 25))
def test_all_that_a_restored_store_has_to_say_is_taken_once(behind: int) -> None:
    made = restored()
    for number in range(20):
        made.put(report(number), NOW_MS, Changes())
    assert _taken_behind(made, 40 + behind) == [report(number).data for number in range(20)]


@pytest.mark.parametrize("behind", range(1, 4))
def test_what_a_restored_store_still_had_to_say_proves_that_it_is_an_older_copy(behind: int) -> None:
    """An entry of the backup is answered with a number that it does not know, before there is a new one."""
    changes = Changes()
    first = Outbox("rnt-main", Role.RENTAL, Kept("store", 1), OutboxPolicy())
    for number in range(40):
        first.put(report(number), NOW_MS, changes)
    journal = changes.channels[REQUESTS].journal
    channel = ChannelRow(REQUESTS, journal, 40, 39)
    made = outbox(Kept("store", 2, channels=[channel], entries=changes.entries[-1:]))
    assert _taken_behind(made, 40 + behind, journal) == []
    assert made.depth == 0
    for number in range(20):
        made.put(report(number), NOW_MS, Changes())
    assert _taken_behind(made, 40 + behind, journal) == [report(number).data for number in range(20)]


def _taken_behind(made: Outbox, mark: int, journal: str = "jnl-1") -> list[Data]:
    """Return what a receiver takes that had taken so many entries of the forgotten run."""
    inbox = Inbox({("rental/rnt-main", journal): mark}, (), ())
    taken = []
    while sent := made.due(NOW_MS, 100, Changes()):
        for outgoing in sent:
            entry = decode(outgoing.payload)
            assert isinstance(entry, Envelope)
            assert entry.journalid is not None
            assert entry.seq is not None
            if inbox.entry(entry.source, entry.journalid, entry.seq, Changes()) is Verdict.NEW:
                taken.append(entry.data)
            mark = inbox.mark(entry.source, entry.journalid)
            made.acknowledge(REQUESTS, ack(mark, entry.journalid), NOW_MS, Changes())
    return taken


def test_two_copies_of_a_store_never_begin_the_same_journal() -> None:
    changes = [Changes(), Changes()]
    for number, one in enumerate(changes):
        outbox(Kept("store", 2)).put(report(1), NOW_MS + number, one)
    assert changes[0].channels[REQUESTS].journal != changes[1].channels[REQUESTS].journal


def test_message_ids_of_two_runs_differ() -> None:
    first, second = outbox(Kept("store", 1)), outbox(Kept("store", 2))
    assert len({first.message_id(), first.message_id(), second.message_id()}) == 3
