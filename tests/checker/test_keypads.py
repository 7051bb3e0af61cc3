"""Codes typed at keypads."""

from checker_stream import RENTAL, Stream


def typed(*answers: str, stream: Stream | None = None) -> Stream:
    """Returns a stream in which somebody types codes, one every ten seconds."""
    stream = stream or Stream()
    for answer in answers:
        stream.wait(1 / 6).tell("code", "cab-1", answer)
    return stream


def locked(stream: Stream) -> Stream:
    """Lets cab-1 write down that its keypad is locked."""
    seq = sum(record[0] == "entry" for record in stream.records) + 1
    stream.tell("entry", "cab-1", "jnl-1", seq, "chargeloop.cabinet.keypad_locked.v1")
    return stream.tell("mark", RENTAL, "cabinet/cab-1", "jnl-1", seq).tell(
        "quarantined", RENTAL, None, "invalid", "cabinet/cab-1", "jnl-1", seq
    )


WRONG = ("wrong",) * 5


def test_five_wrong_codes_lock_a_keypad() -> None:
    stream = locked(typed(*WRONG[1:]).wait(1 / 6)).tell("code", "cab-1", "wrong")
    assert typed("locked", "locked", stream=stream).broken() == set()


def test_a_sixth_wrong_code_is_not_taken() -> None:
    assert typed(*WRONG, "locked").broken() == set()
    assert typed(*WRONG, "wrong").broken() == {"keypads.locked"}


def test_wrong_codes_are_counted_over_any_time() -> None:
    stream = typed(*WRONG).wait(3 * 60)
    assert typed("wrong", stream=stream).broken() == {"keypads.locked"}


def test_a_right_code_that_nothing_comes_out_for_does_not_begin_the_count_anew() -> None:
    assert typed(*WRONG[1:], "right", "wrong").broken() == set()
    assert typed(*WRONG[1:], "right", "wrong", "wrong").broken() == {"keypads.locked"}


def test_a_pickup_begins_the_count_anew_whether_its_code_was_answered_or_not() -> None:
    stream = typed(*WRONG[1:]).tell("crash", "cab-1", "power").wait(5)
    stream.tell("entry", "cab-1", "jnl-1", 1, "chargeloop.cabinet.pickup_started.v1")
    stream.tell("mark", RENTAL, "cabinet/cab-1", "jnl-1", 1).tell(
        "quarantined", RENTAL, None, "invalid", "cabinet/cab-1", "jnl-1", 1
    )
    assert typed(*WRONG, stream=stream).broken() == set()
    assert typed("wrong", stream=stream).broken() == {"keypads.locked"}


def test_a_locked_keypad_takes_no_code() -> None:
    assert typed("wrong", stream=locked(typed(*WRONG))).broken() == {"keypads.locked"}
    assert typed("right", stream=locked(typed(*WRONG))).broken() == {"keypads.locked"}


def test_a_lock_out_ends_after_ten_minutes() -> None:
    stream = locked(typed(*WRONG)).wait(9)
    assert typed("right", stream=stream).broken() == {"keypads.locked"}
    stream = locked(typed(*WRONG)).wait(10)
    assert typed(*WRONG, "locked", stream=stream).broken() == set()


def test_a_lock_out_outlasts_the_power() -> None:
    stream = locked(typed(*WRONG)).tell("crash", "cab-1", "power").wait(1)
    assert typed("wrong", stream=stream).broken() == {"keypads.locked"}


def test_a_lock_out_that_is_written_down_after_a_power_cut_began_before_it() -> None:
    stream = locked(typed(*WRONG).tell("crash", "cab-1", "power").wait(8))
    assert typed("wrong", stream=stream.wait(2)).broken() == set()


def test_a_keypad_may_be_locked_by_a_code_after_a_power_cut() -> None:
    stream = locked(typed(*WRONG[1:]).tell("crash", "cab-1", "power").wait(3)).tell("code", "cab-1", "wrong")
    assert typed("locked", stream=stream).broken() == set()
    assert typed("right", stream=stream.wait(8)).broken() == {"keypads.locked"}


def test_every_cabinet_counts_by_itself() -> None:
    assert typed(*WRONG).tell("code", "cab-2", "wrong").broken() == set()
