"""Which texts can be an Idempotency-Key, and the message that a request becomes by one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.shell.idempotency import is_key, message_id_of
from chargeloop.protocol.ids import MESSAGE_ID_PATTERN, UserId
from tests.platform.shell.books import USER


@given(st.text(), st.text())
def test_a_message_id_follows_from_user_and_key_alone(one: str, other: str) -> None:
    user, stranger = UserId("usr-1"), UserId("usr-2")
    assert message_id_of(user, one) == message_id_of(user, one)
    assert (message_id_of(user, one) == message_id_of(user, other)) == (one == other)
    assert message_id_of(user, one) != message_id_of(stranger, one)


def test_a_message_id_is_well_formed() -> None:
    assert re.fullmatch(MESSAGE_ID_PATTERN, message_id_of(USER, "\u2603"))


@pytest.mark.parametrize(
    ("text", "can_be_one"),
    [("a", True), ("~" * 200, True), ("", False), ("a" * 201, False), ("a b", False), ("é", False)],
)
def test_a_key_is_visible_and_not_too_long(text: str, *, can_be_one: bool) -> None:
    assert is_key(text) == can_be_one
