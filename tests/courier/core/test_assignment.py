"""Whom to ask: the grid gives what a look at everybody would."""

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.courier.core.assignment import Candidate, FreeCouriers
from chargeloop.protocol.geo import Plane, Point, distance_m
from chargeloop.protocol.ids import CourierId

CENTRE = Point(434_500_000, 52_300_000)
PLANE = Plane(CENTRE)
METRES = st.integers(-9_000, 9_000)


@given(
    places=st.lists(st.tuples(METRES, METRES), max_size=60),
    moved=st.lists(st.tuples(st.integers(0, 59), METRES, METRES), max_size=20),
    gone=st.sets(st.integers(0, 59), max_size=20),
    radius_m=st.sampled_from([100, 800, 3_200, 12_800]),
    count=st.integers(1, 8),
)
def test_the_nearest_are_those_a_look_at_everybody_finds(
    places: list[tuple[int, int]],
    moved: list[tuple[int, int, int]],
    gone: set[int],
    radius_m: int,
    count: int,
) -> None:
    free = FreeCouriers()
    where: dict[CourierId, Point] = {}
    everything = [(number, x, y) for number, (x, y) in enumerate(places)]
    for number, x, y in (*everything, *moved):
        who = CourierId(f"cou-{number}")
        where[who] = PLANE.at(x, y)
        free.put(who, where[who])
    for number in gone:
        free.discard(CourierId(f"cou-{number}"))
        where.pop(CourierId(f"cou-{number}"), None)
    eligible = {who for who in where if not who.endswith("3")}
    expected = sorted(
        (int(distance_m(CENTRE, place)), who)
        for who, place in where.items()
        if who in eligible and distance_m(CENTRE, place) <= radius_m
    )[:count]
    found = free.nearest(CENTRE, radius_m, count, eligible.__contains__)
    assert found == [Candidate(distance, who) for distance, who in expected]


def test_couriers_equally_far_away_are_ordered_by_id() -> None:
    free = FreeCouriers()
    for name in ("cou-c", "cou-a", "cou-b"):
        free.put(CourierId(name), CENTRE)
    found = free.nearest(CENTRE, 100, 2, lambda _: True)
    assert [candidate.courier for candidate in found] == ["cou-a", "cou-b"]


def test_a_small_circle_among_thousands_looks_at_few() -> None:
    free = FreeCouriers()
    for number in range(4_000):
        free.put(
            CourierId(f"cou-{number}"), PLANE.at(number % 80 * 250 - 10_000, number // 80 * 400 - 10_000)
        )
    looked_at: list[CourierId] = []
    free.nearest(CENTRE, 800, 5, lambda who: not looked_at.append(who))  # type: ignore[func-returns-value]
    assert len(looked_at) < 40
    assert len(list(free._around(CENTRE, 800))) < 200
