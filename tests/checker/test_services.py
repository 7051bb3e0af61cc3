"""Quarantine, memory and depth."""

import pytest
from checker_stream import DISPATCH, RENTAL, Stream


def planted(*names: str) -> Stream:
    """Returns a stream in which messages that nobody can take were put on topics."""
    stream = Stream()
    for name in names:
        stream.tell("planted", name)
    return stream


def test_poison_ends_in_quarantine() -> None:
    stream = planted("bad-1").tell("poison", RENTAL, "bad-1").tell("poison", RENTAL, None)
    stream.tell("quarantined", RENTAL, None, "not_json", None, None, None).tell(
        "quarantined", RENTAL, "bad-1", "invalid", None, None, None
    )
    assert stream.broken() == set()
    assert stream.drop("quarantined").broken() == {"services.poison"}


def test_poison_with_a_name_ends_in_quarantine_under_its_name() -> None:
    stream = planted("bad-1", "bad-2").tell("poison", RENTAL, "bad-1")
    stream.tell("quarantined", RENTAL, "bad-2", "invalid", None, None, None)
    assert stream.broken() == {"services.poison"}


def test_poison_that_is_given_twice_may_be_put_away_once() -> None:
    stream = planted("bad-1").tell("poison", RENTAL, "bad-1").repeat("poison")
    assert stream.tell("quarantined", RENTAL, "bad-1", "invalid", None, None, None).broken() == set()


def test_the_quarantine_of_another_service_does_not_count() -> None:
    stream = (
        planted("bad-1")
        .tell("poison", RENTAL, "bad-1")
        .tell("quarantined", DISPATCH, "bad-1", "invalid", None, None, None)
    )
    assert stream.broken() == {"services.poison"}


def test_what_a_participant_said_does_not_end_in_quarantine() -> None:
    stream = planted("bad-1").tell("quarantined", RENTAL, "jnl-cab-1.7", "invalid", None, None, None)
    assert stream.broken() == {"services.sound"}


@pytest.mark.parametrize("fault", ["entries_missing", "handling_failed"])
def test_what_a_service_says_of_sound_messages_is_kept_in_quarantine_too(fault: str) -> None:
    assert Stream().tell("quarantined", RENTAL, "jnl-cab-1.7", fault, None, None, None).broken() == set()


def test_what_is_rebuilt_is_what_was_in_memory() -> None:
    assert Stream().tell("rebuilt", RENTAL, "orders: 3", "orders: 3").broken() == set()
    assert Stream().tell("rebuilt", RENTAL, "orders: 3", "orders: 2").broken() == {"services.rebuilt"}
    assert Stream().tell("rebuilt", RENTAL, "orders: 3", "orders: 31").broken() == {"services.rebuilt"}


def test_in_the_end_nothing_waits() -> None:
    assert Stream().tell("depth", "cab-1", 0).tell("depth", RENTAL, 0).broken() == set()
    assert Stream().tell("depth", "cab-1", 0).tell("depth", RENTAL, 2).broken() == {"services.empty"}


def test_in_the_end_nobody_waits() -> None:
    assert Stream().tell("restless", "usr-1").broken() == {"services.rest"}


def test_the_last_depth_counts() -> None:
    assert Stream().tell("depth", "cab-1", 4).tell("depth", "cab-1", 0).broken() == set()
