"""A name with a slip in it is told with the one that was meant."""

from chargeloop.protocol.slips import nearest


def test_the_name_that_is_most_like_the_text_is_told() -> None:
    assert nearest("bonks", ["banks", "slots"]) == "; did you mean 'banks'?"


def test_what_is_like_no_name_is_told_nothing() -> None:
    assert nearest("colour", ["banks", "slots"]) == ""
    assert nearest("banks", []) == ""
