"""The charging curve."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chargeloop.protocol.fields import MOST_CYCLES
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS
from chargeloop.station.core import battery
from chargeloop.station.core.battery import FULL_PPM, KNEE_PPM, NEW_CC_MS, Battery

batteries = st.builds(
    Battery,
    bank=st.just(BankId("bnk-1")),
    charge_ppm=st.integers(0, FULL_PPM),
    health_pct=st.integers(1, 100),
    cycles=st.integers(0, 2000),
    since_ms=st.just(0),
)


def new(charge_pct: int = 0, health_pct: int = 100, cycles: int = 0) -> Battery:
    return Battery(BankId("bnk-1"), charge_pct * 10_000, health_pct, cycles, 0)


def test_a_new_bank_reaches_the_knee_in_the_time_of_the_constant_current() -> None:
    assert battery.charge_at(new(), NEW_CC_MS) == KNEE_PPM
    assert battery.charge_at(new(), NEW_CC_MS // 2) == KNEE_PPM // 2


def test_the_rest_comes_ever_more_slowly_and_ends_at_the_cut_off() -> None:
    gains = [
        battery.charge_at(new(80), (n + 1) * 10 * MINUTE_MS) - battery.charge_at(new(80), n * 10 * MINUTE_MS)
        for n in range(5)
    ]
    assert gains == sorted(gains, reverse=True)
    assert battery.charge_at(new(80), DAY_MS) == FULL_PPM
    assert battery.current_share(new(80), DAY_MS) == 0


def test_a_worn_bank_is_full_sooner() -> None:
    assert battery.rises_to_pct_at(new(health_pct=60), 80) < battery.rises_to_pct_at(new(health_pct=100), 80)


def test_a_bank_that_charges_is_warmer_than_one_that_is_full() -> None:
    assert battery.read(new(10), MINUTE_MS).temperature_c > battery.read(new(100), MINUTE_MS).temperature_c


def test_half_a_charge_counts_as_a_cycle_and_cycles_wear() -> None:
    assert battery.read(new(90, cycles=24), DAY_MS).cycles == 24
    later = battery.read(new(10, cycles=24), DAY_MS)
    assert (later.cycles, later.health_pct) == (25, 99)


def test_a_bank_that_says_to_have_had_the_most_cycles_has_no_more() -> None:
    assert battery.read(new(5, cycles=MOST_CYCLES), DAY_MS).cycles == MOST_CYCLES
    assert battery.ready_at(new(5, health_pct=97, cycles=MOST_CYCLES)) is not None


@given(batteries, st.integers(0, DAY_MS), st.integers(0, DAY_MS))
def test_charge_never_falls_and_never_passes_full(one: Battery, a_ms: int, b_ms: int) -> None:
    early, late = sorted((a_ms, b_ms))
    assert one.charge_ppm <= battery.charge_at(one, early) <= battery.charge_at(one, late) <= FULL_PPM


@given(batteries, st.integers(0, 100))
@example(Battery(BankId("bnk-1"), 0, 37, 0, 0), 37)
def test_the_foretold_moment_is_the_first_at_which_the_reading_shows_it(
    one: Battery, charge_pct: int
) -> None:
    instant_ms = battery.rises_to_pct_at(one, charge_pct)
    assert battery.read(one, instant_ms).charge_pct >= charge_pct
    if instant_ms > 0:
        assert battery.read(one, instant_ms - 1).charge_pct < charge_pct


@pytest.mark.parametrize(
    ("charge_pct", "health_pct", "temperature_c", "rentable"),
    [(60, 50, 60, True), (59, 50, 60, False), (60, 49, 60, False), (60, 50, 61, False)],
)
def test_a_bank_is_given_out_only_charged_sound_and_cool(
    charge_pct: int,
    health_pct: int,
    temperature_c: int,
    rentable: bool,  # noqa: FBT001 - a table
) -> None:
    status = BankStatus(
        bank=BankId("bnk-1"),
        charge_pct=charge_pct,
        health_pct=health_pct,
        temperature_c=temperature_c,
        cycles=0,
    )
    assert battery.is_rentable(status) is rentable


def test_a_worn_out_bank_never_gets_ready() -> None:
    assert battery.ready_at(new(10, health_pct=40)) is None
    assert battery.ready_at(new(10)) is not None


def test_a_time_before_the_insertion_reads_as_the_insertion() -> None:
    late = Battery(BankId("bnk-1"), 100_000, 100, 0, since_ms=HOUR_MS)
    assert battery.read(late, 0).charge_pct == 10
