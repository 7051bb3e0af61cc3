"""Effects add up in order, and codes come from the randomness that was handed in."""

import random

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.protocol.effects import Context, Effects, Send
from chargeloop.protocol.ids import JournalId
from chargeloop.protocol.messages.common import JournalAck


def test_effects_are_added_in_order() -> None:
    ack = JournalAck(journal=JournalId("jnl-1"), seq=1)
    first = Effects[str](sends=[Send("a", ack)], settled=["cmd-1"], writes=["one"])
    first.extend(Effects(sends=[Send("b", ack)], settled=["cmd-2"], writes=["two"]))
    assert [send.topic for send in first.sends] == ["a", "b"]
    assert (first.settled, first.writes) == (["cmd-1", "cmd-2"], ["one", "two"])


@given(st.integers(4, 8), st.integers(0, 2**32))
def test_a_code_has_all_its_digits_and_follows_from_the_seed(digits: int, seed: int) -> None:
    code = Context(0, random.Random(seed).randrange).draw_code(digits)
    assert len(code) == digits
    assert code.isdigit()
    assert code == Context(0, random.Random(seed).randrange).draw_code(digits)


def test_a_code_keeps_its_leading_zeros() -> None:
    assert Context(0, lambda _upper: 7).draw_code(6) == "000007"
