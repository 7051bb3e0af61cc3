"""Journals on their way from a device into the store of a service."""

import pytest
from checker_stream import DISPATCH, RENTAL, Stream

CABINET, COURIER = "jnl-cab", "jnl-cou"


def arrived(last: int = 3) -> Stream:
    """Returns a stream in which the entries of cab-1 arrive one by one."""
    stream = Stream()
    for seq in range(1, last + 1):
        stream.tell("entry", "cab-1", CABINET, seq, "booted")
        stream.tell("took", RENTAL, "cabinet/cab-1", CABINET, seq, f"{CABINET}.{seq}")
        stream.tell("mark", RENTAL, "cabinet/cab-1", CABINET, seq).tell("acked", RENTAL, CABINET, seq)
    return stream


def test_entries_arrive_one_by_one() -> None:
    assert arrived().broken() == set()


def test_several_entries_are_committed_together() -> None:
    assert arrived().drop("mark", 0).drop("acked", 0).broken() == set()


def test_a_device_leaves_no_number_out() -> None:
    assert Stream().tell("entry", "usr-1", "jnl-x", 2, "said").broken() == {"journals.entries"}


@pytest.mark.parametrize("seq", [2, 3])
def test_a_device_uses_no_number_twice(seq: int) -> None:
    assert arrived().tell("entry", "cab-1", CABINET, seq, "booted").broken() == {"journals.entries"}


def test_a_journal_is_of_one_device() -> None:
    stream = arrived().tell("entry", "cab-2", CABINET, 4, "booted")
    assert stream.tell("mark", RENTAL, "cabinet/cab-1", CABINET, 4).broken() == {
        "journals.entries",
        "journals.skipped",
    }


def test_an_entry_is_not_taken_twice() -> None:
    assert arrived().repeat("took", 2).broken() == {"journals.took"}


def test_an_entry_is_not_taken_again_after_a_crash() -> None:
    stream = arrived().tell("crash", RENTAL, "after the commit")
    again = stream.tell("took", RENTAL, "cabinet/cab-1", CABINET, 3, f"{CABINET}.3")
    assert again.broken() == {"journals.took"}


def test_an_entry_that_nobody_wrote_is_not_taken() -> None:
    stream = arrived().tell("took", RENTAL, "cabinet/cab-1", CABINET, 4, f"{CABINET}.4")
    assert stream.tell("mark", RENTAL, "cabinet/cab-1", CABINET, 4).broken() == {
        "journals.exists",
        "journals.end",
    }


def test_a_journal_that_nobody_writes_is_not_taken() -> None:
    stream = Stream().tell("took", RENTAL, "cabinet/cab-9", "jnl-x", 1, None)
    assert stream.tell("mark", RENTAL, "cabinet/cab-9", "jnl-x", 1).broken() == {"journals.exists"}


def test_journals_between_services_are_not_seen_being_written() -> None:
    stream = Stream().tell("took", DISPATCH, "rental/rnt-demo", "jnl-x", 1, None)
    assert stream.tell("mark", DISPATCH, "rental/rnt-demo", "jnl-x", 1).broken() == set()
    assert stream.repeat("took").broken() == {"journals.took"}


def test_a_mark_does_not_go_back() -> None:
    assert arrived().tell("mark", RENTAL, "cabinet/cab-1", CABINET, 2).broken() == {"journals.mark"}


def test_a_mark_covers_what_was_taken() -> None:
    stream = arrived().change("mark", 2, seq=2).drop("acked", 2)
    assert stream.broken() == {"journals.mark", "journals.end"}


def test_what_was_taken_is_committed() -> None:
    stream = arrived().drop("mark", 2).drop("acked", 2)
    assert stream.broken() == {"journals.mark", "journals.end"}


def test_a_sender_is_not_told_of_what_is_not_committed() -> None:
    stream = arrived()
    stream.records[-1], stream.records[-2] = stream.records[-2], stream.records[-1]
    assert stream.broken() == {"journals.acked"}


def put_away(stream: Stream, seq: int, journal: str = CABINET, fault: str = "invalid") -> Stream:
    """Puts an entry of cab-1 into quarantine."""
    name = f"{journal}.{seq}"
    stream.tell("planted", name)
    return stream.tell("quarantined", RENTAL, name, fault, "cabinet/cab-1", journal, seq)


def test_an_entry_is_passed_over_only_when_it_is_in_quarantine() -> None:
    stream = arrived().drop("took", 1)
    assert stream.broken() == {"journals.skipped"}
    assert put_away(stream, 2).broken() == set()


def test_the_quarantine_explains_nothing_at_another_time() -> None:
    assert put_away(arrived().drop("took", 1).wait(1), 2).broken() == {"journals.skipped"}


@pytest.mark.parametrize("told", [(3, CABINET), (2, "jnl-other")], ids=str)
def test_another_message_in_quarantine_explains_nothing(told: tuple[int, str]) -> None:
    assert put_away(arrived().drop("took", 1), *told).broken() == {"journals.skipped"}


def test_a_message_in_quarantine_that_nobody_can_read_explains_nothing() -> None:
    stream = arrived().drop("took", 1).tell("quarantined", RENTAL, None, "not_json", None, None, None)
    assert stream.broken() == {"journals.skipped"}


def test_the_quarantine_explains_no_more_than_it_holds() -> None:
    assert put_away(arrived().drop("took", 0).drop("took", 0), 2).broken() == {"journals.skipped"}


def test_a_sender_that_claims_to_have_let_entries_go_explains_none() -> None:
    stream = arrived().drop("took", 0).drop("took", 0).drop("mark", 0).drop("mark", 0)
    stream.drop("acked", 0).drop("acked", 0)
    assert put_away(stream, 3, fault="entries_missing").broken() == {"journals.skipped"}


def test_in_the_end_every_entry_has_arrived() -> None:
    assert arrived().tell("entry", "cab-1", CABINET, 4, "booted").broken() == {"journals.end"}


def test_couriers_journals_arrive_at_the_courier_platform() -> None:
    stream = Stream().tell("entry", "cou-1", COURIER, 1, "on_duty")
    stream.tell("took", DISPATCH, "courier/cou-1", COURIER, 1, None)
    assert stream.tell("mark", DISPATCH, "courier/cou-1", COURIER, 1).broken() == set()
    assert stream.change("mark", service=RENTAL).broken() >= {"journals.end"}


def test_a_journal_that_was_replaced_need_not_arrive() -> None:
    stream = (
        arrived().tell("entry", "cab-1", CABINET, 4, "booted").tell("entry", "cab-1", "jnl-new", 1, "booted")
    )
    stream.tell("took", RENTAL, "cabinet/cab-1", "jnl-new", 1, None)
    assert stream.tell("mark", RENTAL, "cabinet/cab-1", "jnl-new", 1).broken() == set()


def test_a_courier_platform_may_hear_a_cabinet_again_and_again() -> None:
    stream = arrived()
    for seq in (1, 3, 2, 3):
        stream.tell("took", DISPATCH, "cabinet/cab-1", CABINET, seq, f"{CABINET}.{seq}")
    assert stream.broken() == set()
    assert stream.tell("took", DISPATCH, "cabinet/cab-1", CABINET, 4, None).broken() == {"journals.exists"}
