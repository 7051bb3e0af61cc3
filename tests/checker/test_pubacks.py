"""What the broker is told, and when."""

from checker_stream import DISPATCH, RENTAL, Stream

CABINET = "jnl-cab"


def written(last: int = 8) -> Stream:
    """Returns a stream in which cab-1 has written entries."""
    stream = Stream()
    for seq in range(1, last + 1):
        stream.tell("entry", "cab-1", CABINET, seq, "booted")
    return stream


def committed(stream: Stream, *seqs: int) -> Stream:
    """Lets the rental platform take entries in one transaction."""
    for seq in seqs:
        stream.tell("took", RENTAL, "cabinet/cab-1", CABINET, seq, f"{CABINET}.{seq}")
    return stream.tell("mark", RENTAL, "cabinet/cab-1", CABINET, max(seqs))


def told(stream: Stream, *seqs: int, service: str = RENTAL) -> Stream:
    """Lets a service acknowledge entries to the broker."""
    for seq in seqs:
        stream.tell("puback", service, f"{CABINET}.{seq}", "cabinet/cab-1", CABINET, seq)
    return stream


def broken(stream: Stream) -> set[str]:
    """Returns what a stream breaks besides that not all has arrived."""
    return stream.broken() - {"journals.end"}


def test_an_entry_is_acknowledged_after_its_commit() -> None:
    stream = told(committed(written(), 1, 2), 1, 2)
    assert broken(told(committed(stream, 3), 3, 2)) == set()


def test_an_entry_is_not_acknowledged_before_its_commit() -> None:
    assert broken(committed(told(written(), 1), 1)) == {"journals.puback"}
    stream = told(committed(written(), 1), 1)
    assert broken(committed(told(stream, 2), 2)) == {"journals.puback"}


def test_a_service_that_is_always_too_early_is_caught() -> None:
    stream = written()
    for seq in range(1, 9):
        committed(told(stream, seq), seq)
    assert broken(stream) == {"journals.puback"}


def test_an_entry_that_is_never_committed_is_not_acknowledged() -> None:
    assert broken(told(committed(written(), 1), 1, 2)) == {"journals.puback"}


def test_an_entry_that_comes_too_early_is_refused_and_acknowledged() -> None:
    assert broken(told(committed(written(), 1), 3, 1)) == set()


def test_an_entry_may_come_before_the_one_that_is_missing_in_one_round() -> None:
    stream = told(committed(written(), 1, 2), 1, 2)
    told(committed(stream, 3), 4, 3)
    assert broken(told(committed(stream, 4), 4)) == set()


def test_an_acknowledgement_amid_which_the_service_dies_is_left_in_doubt() -> None:
    stream = told(committed(written(), 1), 2).tell("crash", RENTAL, "before publishing")
    assert broken(told(committed(stream, 2), 2)) == set()


def test_what_is_no_entry_of_a_journal_is_acknowledged_at_any_time() -> None:
    assert broken(written().tell("puback", RENTAL, "req-1", None, None, None)) == set()


def test_a_message_in_quarantine_may_carry_any_number() -> None:
    stream = written().tell("planted", f"{CABINET}.1")
    stream.tell("quarantined", RENTAL, f"{CABINET}.1", "wrong_source", None, None, None)
    assert broken(told(stream, 1)) == set()


def test_a_message_without_a_name_may_carry_any_number() -> None:
    assert broken(told(written(), 1).change("puback", message=None)) == set()


def test_a_service_that_only_listens_commits_nothing() -> None:
    assert broken(told(written(), 1, 2, service=DISPATCH)) == set()
