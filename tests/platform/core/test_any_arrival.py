"""Permute the log: the same facts cost the same, however late, often, and in whatever order they come."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from tests.platform.core.script import A, B
from tests.platform.core.story import DISPATCH, Arrival, C, Clock, Story, Telling, bill, due

# Beyond this the platform may give up waiting for the way out, and the order takes another course.
_OUTWARD_PATIENCE_MS, _UNLOCK_PATIENCE_MS = 8 * MINUTE_MS, 11 * HOUR_MS

_clocks = st.builds(
    Clock,
    wrong_by_ms=st.sampled_from((0, 0, -8 * HOUR_MS, 5 * MINUTE_MS, -1_700_000_000_000)),
    uptime_ms=st.integers(1, 40 * 24).map(lambda hours: hours * HOUR_MS),
    drift_ppm=st.integers(-100, 100),
)


def _minutes(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    quantity = draw(st.integers(1, 3))
    hand_over = draw(_minutes(3, 20))
    use = draw(_minutes(30, 300))
    walk_up = draw(st.booleans())
    pickup = draw(_minutes(2, 15))
    return Story(
        quantity=quantity,
        walked=quantity if walk_up else draw(st.integers(0, quantity)),
        indication=draw(_minutes(1, 10)),
        pickup=pickup,
        hand_over=hand_over,
        walk=draw(_minutes(1, use - 1)),
        use=use,
        second_indication=draw(_minutes(1, 10)),
        collection=draw(_minutes(2, 20)),
        back=draw(_minutes(2, 40)),
        couriers=draw(st.tuples(st.integers(1, 2), st.integers(1, 3))),
        claims_all=draw(st.booleans()),
        walk_up=walk_up,
        asks_again=draw(st.none() | _minutes(31, 45)),
        clocks=draw(st.tuples(_clocks, _clocks, _clocks)),
        slow=draw(st.just(0) | _minutes(1, pickup + hand_over)),
    )


def _held_up(longest_ms: int) -> st.SearchStrategy[Arrival]:
    again = st.none() | st.integers(0, 30 * HOUR_MS)
    return st.builds(Arrival, held_ms=st.just(0) | st.integers(0, longest_ms), again_ms=again)


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, dict[str, list[Arrival]]]:
    """Return a story, and what becomes of its messages."""
    story = draw(stories())
    reports = 2 * story.couriers[0] + 1
    out = draw(st.lists(_held_up(_OUTWARD_PATIENCE_MS), min_size=reports, max_size=reports))
    back = draw(st.lists(_held_up(30 * HOUR_MS), max_size=8))
    if story.asks_again is not None:
        # Who asks again does so because it is not heard that somebody has taken the first request.
        back.insert(0, Arrival(held_ms=draw(_minutes(25, 90)) * MINUTE_MS))
    longest_ms = {A: _UNLOCK_PATIENCE_MS if story.walk_up else 30 * HOUR_MS, B: 30 * HOUR_MS, C: 30 * HOUR_MS}
    cabinets = {name: draw(st.lists(_held_up(longest_ms[name]), max_size=5)) for name in (A, B, C)}
    return story, {DISPATCH: [*out, *back], **cabinets}


@settings(max_examples=150)
@given(told())
# A courier claims a bank that its user had put into a cabinet without network, long before the bill.
@example((Story(quantity=2, walked=1, claims_all=True), {C: [Arrival(held_ms=20 * HOUR_MS)]}))
# A return is asked for again, before it is heard that a courier had taken the first.
@example(
    (
        Story(use=50, collection=15, back=40, asks_again=32),
        {DISPATCH: [*[Arrival()] * 3, Arrival(held_ms=30 * MINUTE_MS)]},
    )
)
# A slow clock tells of a hand-over before the bank left, which is heard before that, or long after.
@example((Story(use=70, pickup=20, slow=25), {}))
@example((Story(use=70, pickup=20, slow=25), {A: [Arrival(held_ms=20 * HOUR_MS)]}))
# A cabinet tells of the return before it is heard that one courier left and another took the job.
@example(
    (
        Story(indication=1, pickup=2, hand_over=3, use=30, second_indication=1, collection=2, back=2,
              couriers=(1, 2), asks_again=31),
        {DISPATCH: [*[Arrival()] * 3, Arrival(held_ms=25 * MINUTE_MS)]},
    )
)  # fmt: skip
def test_the_same_facts_cost_the_same_whenever_they_are_heard(
    told: tuple[Story, dict[str, list[Arrival]]],
) -> None:
    story, arrivals = told
    order = Telling(story, arrivals).told()
    assert order.state is OrderState.SETTLED
    assert bill(order) == due(story)


@settings(max_examples=30)
@given(stories())
def test_a_story_that_is_told_at_once_costs_what_the_tariff_says(story: Story) -> None:
    assert bill(Telling(story).told()) == due(story)
