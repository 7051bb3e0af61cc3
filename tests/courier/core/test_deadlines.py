"""Deadlines: the earliest first, however they move."""

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.courier.core.deadlines import Deadlines


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 50))),
            st.tuples(st.just("pop"), st.integers(0, 50)),
        )
    )
)
def test_it_behaves_like_a_dictionary_that_is_searched_each_time(steps: list[tuple[str, int | None]]) -> None:
    deadlines, model = Deadlines(), dict[str, int]()
    for key, value in steps:
        if key != "pop":
            deadlines.put(key, value)
            model.pop(key, None)
            if value is not None:
                model[key] = value
        elif value is not None:
            popped = deadlines.pop(value)
            due = {name for name, at in model.items() if at == min(model.values()) and at <= value}
            assert (popped in due) if due else (popped is None)
            model.pop(popped or "", None)
        assert deadlines.next_ms() == min(model.values(), default=None)
