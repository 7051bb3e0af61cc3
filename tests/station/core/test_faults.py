"""Planted faults."""

import pytest

from chargeloop.protocol.values import replace
from chargeloop.station.core import mechanics
from chargeloop.station.core.faults import Faults, OfflineWindow
from tests.station.core.workbench import NOON_MS, RSV, asker, bench


def test_a_cabinet_in_order_has_no_faults() -> None:
    assert not Faults().jams(1, 0)
    assert not Faults().is_offline(NOON_MS)
    assert Faults().bounces(1) == 0


def test_only_the_first_ejects_jam_when_so_planted() -> None:
    assert [Faults(jam_next=2).jams(5, runs) for runs in range(4)] == [True, True, False, False]


def test_a_planted_slot_always_jams() -> None:
    assert all(Faults(jam_slots=frozenset({3})).jams(3, runs) for runs in range(9))


@pytest.mark.parametrize(("now_ms", "offline"), [(99, False), (100, True), (199, True), (200, False)])
def test_the_network_is_gone_within_its_window(now_ms: int, offline: bool) -> None:  # noqa: FBT001 - a table
    assert Faults(offline=(OfflineWindow(100, 200),)).is_offline(now_ms) is offline


@pytest.mark.parametrize(("now_ms", "change_ms"), [(0, 100), (100, 200), (199, 200), (200, 300), (400, None)])
def test_the_next_change_of_the_network_is_known(now_ms: int, change_ms: int | None) -> None:
    windows = (OfflineWindow(300, 400), OfflineWindow(100, 200))
    assert Faults(offline=windows).next_network_change_ms(now_ms) == change_ms


def test_a_motor_on_an_empty_slot_gives_nothing() -> None:
    world = bench([None]).world
    moved = mechanics.run_motor(world, 1, RSV, Faults(), NOON_MS)
    assert (moved.tray, moved.motor_runs, moved.pushed_out) == ((), 1, {})


def test_the_mechanics_count_each_bank_that_a_motor_pushed_out_and_none_that_jammed() -> None:
    world = bench([100, 100]).world
    jammed = mechanics.run_motor(world, 1, RSV, Faults(jam_slots=frozenset({1})), NOON_MS)
    out = mechanics.run_motor(jammed, 2, RSV, Faults(), NOON_MS)
    (lying,) = out.tray
    assert (jammed.pushed_out, out.pushed_out) == ({}, {lying.bank.bank: 1})
    back = mechanics.insert(replace(out, tray=()), 2, lying.bank, asker(), NOON_MS)
    again = mechanics.run_motor(back, 2, RSV, Faults(), NOON_MS)
    assert again.pushed_out == {lying.bank.bank: 2}


def test_a_settled_sensor_stays_settled() -> None:
    world = bench([100]).world
    assert mechanics.settle(world, 1) == world
