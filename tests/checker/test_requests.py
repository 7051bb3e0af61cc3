"""Requests and their answers."""

from checker_stream import Stream


def asked() -> Stream:
    """Returns a stream with a request that was answered."""
    return Stream().tell("request", "usr-1", "req-1", "place_order").tell("reply", "usr-1", "req-1", "done")


def test_a_request_is_answered_the_same_each_time() -> None:
    assert asked().repeat("reply").repeat("request").broken() == set()


def test_a_request_gets_no_other_answer() -> None:
    assert asked().tell("reply", "usr-1", "req-1", "refused").broken() == {"requests.same"}


def test_a_request_id_is_not_used_again_for_something_else() -> None:
    assert asked().tell("request", "usr-1", "req-1", "cancel_order").broken() == {"requests.same"}


def test_users_may_use_the_same_id() -> None:
    stream = asked().tell("request", "usr-2", "req-1", "cancel_order")
    assert stream.tell("reply", "usr-2", "req-1", "refused").broken() == set()


def test_every_request_is_answered() -> None:
    assert asked().drop("reply").broken() == {"requests.answered"}


def test_nobody_is_answered_who_did_not_ask() -> None:
    assert asked().change("reply", user="usr-2").broken() == {"requests.answered"}
