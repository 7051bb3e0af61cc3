"""Disputes are opened as users asked, once, and answered as an operator asked, once."""

from typing import Any

from checker_stream import Stream, walk_up_rental

ORDER, USER, OPERATOR, TEXT = "ord-9b", "usr-1", "opr-1", "it is back"
FIRST = f"{ORDER}-e8"


def opened(**changes: str) -> Stream:
    """Returns a settled rental that its user disputes."""
    said: dict[str, Any] = {"bank": "bnk-1", "text": TEXT, **changes}
    stream = walk_up_rental().wish(USER, "open_dispute", ORDER, bank="bnk-1", text=TEXT)
    return stream.event(ORDER, "dispute_opened", "settled", **said)


def answered(
    stream: Stream, name: str = FIRST, text: str = "you are right", wish: str = "you are right"
) -> Stream:
    stream.wish(OPERATOR, "answer_dispute", ORDER, dispute=name, text=wish)
    return stream.event(ORDER, "dispute_answered", "settled", dispute=name, operator=OPERATOR, text=text)


def test_a_dispute_is_opened_and_answered() -> None:
    assert answered(opened()).broken() == set()


def test_every_dispute_is_answered() -> None:
    assert opened().broken() == {"disputes.answered"}


def test_a_dispute_is_what_its_user_said() -> None:
    assert answered(opened(text="something else")).broken() == {"disputes.asked", "disputes.kept"}
    assert answered(opened().change("order", user="usr-2")).broken() == {"disputes.asked"}


def test_what_was_confirmed_stands_in_the_journal() -> None:
    stream = walk_up_rental().wish(USER, "open_dispute", ORDER, bank=None, text=TEXT)
    assert stream.broken() == {"disputes.kept"}
    stream = opened().wish(OPERATOR, "answer_dispute", ORDER, dispute=FIRST, text="no")
    assert stream.broken() == {"disputes.answered", "disputes.kept"}


def test_what_was_refused_stands_nowhere() -> None:
    refused = {"code": "too_many", "detail": "five wait"}
    assert walk_up_rental().wish(USER, "open_dispute", ORDER, refused, text=TEXT).broken() == set()


def test_the_same_dispute_is_opened_once() -> None:
    stream = answered(opened()).event(ORDER, "dispute_opened", "settled", bank="bnk-1", text=TEXT)
    assert answered(stream, f"{ORDER}-e10").broken() == {"disputes.once"}


def test_an_answer_is_what_an_operator_said() -> None:
    assert answered(opened(), text="no").broken() == {"disputes.asked", "disputes.kept"}


def test_a_dispute_is_answered_once() -> None:
    assert answered(answered(opened())).broken() == {"disputes.answered"}


def test_what_was_never_disputed_is_not_answered() -> None:
    assert answered(walk_up_rental(), f"{ORDER}-e1").broken() == {"disputes.answered", "disputes.kept"}
