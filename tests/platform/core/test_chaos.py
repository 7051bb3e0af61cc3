"""Rules that hold for every sequence of messages, however repeated, reordered, lost or untrue."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.platform.core.chaos import Chaos, Step, check_always, check_bills, check_end, check_reload, drain

_numbers = st.integers(0, 59)
_steps = st.lists(st.tuples(st.integers(0, 37), _numbers, _numbers, _numbers), min_size=5, max_size=60)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(steps=_steps)
def test_every_order_ends_and_charges_only_for_what_was_given_out(steps: list[Step]) -> None:
    chaos = Chaos()
    chaos.step((0, 1, 1, 1))
    for step in steps:
        chaos.step(step)
        check_always(chaos.script)
    check_reload(chaos.script)
    drain(chaos.script)
    check_end(chaos.script)
    check_bills(chaos.script)
