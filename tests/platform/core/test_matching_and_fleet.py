"""Which cabinets are near, which are usable, and what they can promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.core.matching import Grid
from chargeloop.protocol.geo import Plane, Point, distance_m
from chargeloop.protocol.ids import CabinetId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.common import ConnectionState, Presence
from chargeloop.protocol.messages.rental import HandOver, OrderState, RefusalCode, RequestRefused
from chargeloop.protocol.time import DAY_MS, MINUTE_MS
from tests.platform.core.script import HOME, A, B, Script, city, fetching, in_use, made, ready

_offsets = st.integers(-6_000, 6_000)
_places = st.lists(st.tuples(_offsets, _offsets), max_size=25)


@given(places=_places, radius_m=st.integers(0, 7_000), lat_e7=st.sampled_from([0, 434_500_000, -700_000_000]))
def test_the_grid_finds_what_a_look_at_all_of_them_finds(
    places: list[tuple[int, int]], radius_m: int, lat_e7: int
) -> None:
    centre = Point(lat_e7, 52_300_000)
    plane = Plane(centre)
    grid = Grid()
    points = {CabinetId(f"cab-{n}"): plane.at(*offset) for n, offset in enumerate(places)}
    for cabinet, point in points.items():
        grid.put(cabinet, HOME)
        grid.put(cabinet, point)
    distances = sorted((distance_m(centre, point), cabinet) for cabinet, point in points.items())
    assert list(grid.nearest(centre, radius_m)) == [found for found in distances if found[0] <= radius_m]


def available(script: Script, quantity: int = 3) -> int:
    return script.region.quote(HOME, quantity, script.now_ms).available


def test_the_nearest_cabinet_with_enough_banks_is_quoted() -> None:
    script = city()
    quote = script.region.quote(HOME, 3, script.now_ms)
    assert (quote.cabinet, quote.available) == (A, 3)
    assert quote.distance_m is not None
    assert abs(quote.distance_m - 300) <= 1
    assert script.region.quote(HOME, 4, script.now_ms).cabinet is None


def test_a_cabinet_that_was_not_heard_within_its_lease_is_not_used() -> None:
    script = city()
    script.minutes(2)
    script.alive(B)
    script.minutes(2)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == B
    assert [near.usable for near in script.region.cabinets_near(HOME, 5_000, script.now_ms)] == [False, True]


def test_a_last_will_of_an_old_connection_does_not_switch_a_cabinet_off() -> None:
    script = city()
    script.connect(A)
    old = made(ConnectionState, state=Presence.OFFLINE, connection_epoch=1)
    script.say(f"cl/v1/demo/cabinet/{A}/connection", old)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == A


def test_a_birth_that_comes_after_its_own_will_does_not_switch_a_cabinet_on() -> None:
    script = city()
    birth = script.connect(A)
    script.connect(A, online=False)
    script.again(birth)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == B
    script.connect(A)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == A


def test_a_cabinet_that_lost_its_storage_counts_its_connections_anew_and_is_used_again() -> None:
    script = city()
    for _ in range(3):
        script.connect(A)
    script.connect(A, online=False)
    renewed = made(ConnectionState, state=Presence.ONLINE, connection_epoch=1)
    script.say(f"cl/v1/demo/cabinet/{A}/connection", renewed)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == A


def test_banks_that_are_promised_but_not_yet_reserved_are_not_promised_again() -> None:
    script = city()
    script.place(3)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == B
    script.place(3, user="usr-2")
    answer = script.ask_place(1, user="usr-3")
    assert isinstance(answer, RequestRefused)
    assert (answer.code, answer.available) == (RefusalCode.NOT_ENOUGH_BANKS, 0)


def test_a_bank_without_enough_charge_is_no_stock() -> None:
    script = Script()
    script.cabinet(A)
    script.snapshot(A, [ready(1, "bnk-1", charge_pct=40), ready(2, "bnk-2", charge_pct=60)])
    assert available(script) == 1


def test_a_snapshot_older_than_the_events_taken_is_ignored() -> None:
    script = city()
    late = script.snapshot(A, [ready(1, "bnk-a1")])
    script.insert(A, 4, "bnk-x")
    script.event(A, made(cab.SlotChanged, slot=1, state=cab.SlotState.LOCKED))
    before = script.rows.cabinets[A].slots
    script.again(late)
    assert script.rows.cabinets[A].slots == before


@pytest.mark.parametrize("state", [cab.SlotState.EMPTY, cab.SlotState.LOCKED])
def test_a_bank_that_its_cabinet_misses_is_in_no_slot(state: cab.SlotState) -> None:
    script = city()
    gone = made(cab.SlotChanged, slot=1, state=state, reason=cab.CabinetReason.NO_BANK_IN_SLOT)
    script.event(A, gone)
    slot = script.rows.cabinets[A].slots[0]
    assert (slot.state, slot.bank, slot.charge_pct) == (state, None, 0)


@pytest.mark.parametrize("state", [cab.SlotState.FAULTY, cab.SlotState.LOCKED])
def test_a_bank_that_is_forced_into_a_slot_does_not_put_it_into_use_again(state: cab.SlotState) -> None:
    script = city()
    script.event(A, made(cab.SlotChanged, slot=4, state=state))
    script.insert(A, 4, "bnk-x")
    slot = script.rows.cabinets[A].slots[3]
    assert (slot.state, slot.bank) == (state, "bnk-x")


def test_an_event_that_a_snapshot_includes_does_not_touch_the_slots_again() -> None:
    script = city()
    jam = made(cab.SlotChanged, slot=1, state=cab.SlotState.FAULTY, reason=cab.CabinetReason.JAM)
    ahead = made(
        cab.SlotsSnapshot,
        version=9,
        journal=f"jnl-{A}-1",
        after_seq=1,
        slots=(ready(1, "bnk-new"),),
    )
    script.say(f"cl/v1/demo/cabinet/{A}/slots", ahead)
    script.event(A, jam)
    assert available(script, 1) == 1
    assert script.rows.cabinets[A].slots[0].bank == "bnk-new"


def test_presence_and_stock_survive_a_restart_of_the_cabinet_with_a_new_journal() -> None:
    script = city()
    script.minutes(1)
    fresh = made(cab.SlotsSnapshot, version=1, journal="jnl-other", after_seq=0, slots=(ready(1, "bnk-a1"),))
    script.say(f"cl/v1/demo/cabinet/{A}/slots", fresh)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == A
    assert script.rows.cabinets[A].journal == "jnl-other"
    script.wait(3 * MINUTE_MS + 1)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet is None


class CountedCells(dict[tuple[int, int], list[CabinetId]]):
    """Counts how many cells a search looks into."""

    looked = 0

    def get(self, key: tuple[int, int], default: object = None) -> object:  # type: ignore[override]
        self.looked += 1
        return super().get(key, default)


def test_a_wide_search_near_a_pole_does_not_walk_over_millions_of_empty_cells() -> None:
    grid = Grid()
    grid._cells = cells = CountedCells()
    pole = Point(890_000_000, 52_300_000)
    grid.put(CabinetId("cab-1"), pole)
    assert list(grid.nearest(pole, 50_000)) == [(0.0, "cab-1")]
    assert cells.looked < 100


def test_a_platform_that_was_away_uses_cabinets_for_a_lease_from_its_start() -> None:
    script = city()
    script.away(60)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == A
    script.minutes(3)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == A
    script.wait(1)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet is None


def test_a_cabinet_that_was_off_line_before_the_platform_went_away_is_not_used_after_it() -> None:
    script = city()
    script.connect(A, online=False)
    script.away(4)
    assert script.region.quote(HOME, 1, script.now_ms).cabinet == B


def test_who_was_away_does_not_know_that_a_cabinet_is_well() -> None:
    script = city()
    script.away(4)
    script.alive(B)
    names = script.region.cabinet_names()
    seen = {sight.id: sight.usable for sight in script.region.sights(names, script.now_ms)}
    assert seen == {A: False, B: True}


def test_no_order_fails_for_want_of_a_cabinet_because_the_platform_was_away() -> None:
    script = city()
    order = script.place(1)
    script.away(4)
    assert script.order(order.id).state is OrderState.RESERVING
    assert script.command(cab.ReserveBanks, B)[0].expires_ms == script.now_ms + script.policy.command_life_ms


def test_what_ran_out_while_the_platform_was_away_is_held_by_no_order_for_ever() -> None:
    script = city()
    order = script.place(1, hand_over=HandOver.WALK_UP, cabinet=A)
    script.away(61)
    assert script.order(order.id).state is OrderState.FAILED
    assert script.order(order.id).holds == ()
    for _ in range(50):
        script.wait(DAY_MS)
    assert script.region.order(order.id) is None


def test_no_courier_is_recalled_for_want_of_a_cabinet_because_the_platform_was_away() -> None:
    script = city()
    order = fetching(script)
    for _ in range(57):
        script.minutes(1)
        script.alive(A, B)
    script.away(6)
    assert script.order(order.id).state is OrderState.FETCHING


def test_no_return_is_dropped_for_want_of_a_cabinet_because_the_platform_was_away() -> None:
    script = city()
    order = in_use(script)
    script.alive(A, B)
    script.ask_return(order.id, 1)
    script.away(4)
    assert script.order(order.id).state is OrderState.RETURN_RESERVING
