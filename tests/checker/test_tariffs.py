"""The arithmetic of money, against what operators really charge (docs: the table of real tariffs)."""

import pytest
from chargeloop_checker.tariffs import Tariff

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
COURIER = (200, 10, 45)


def rental(
    free: int, unit: int, price: int, cap_per_day: int | None = None, total_cap: int | None = None
) -> Tariff:
    return Tariff("t", "EUR", free, unit, price, cap_per_day, total_cap, None, *COURIER)


NAKI = rental(0, 30, 100, 600, 3_000)
JIANGSU = rental(5, 60, 400, 4_000, 9_900)


@pytest.mark.parametrize(
    ("minutes", "amount"),
    [(0, 0), (29, 100), (30, 100), (31, 200), (179, 600), (180, 600), (181, 600)],
)
def test_half_hours(minutes: int, amount: int) -> None:
    assert NAKI.amount_minor("rental", minutes * MINUTE_MS, "synced") == amount


@pytest.mark.parametrize(
    ("minutes", "amount"), [(1_440, 600), (1_441, 700), (1_440 + 181, 1_200), (7_200, 3_000), (7_201, 3_000)]
)
def test_a_cap_for_each_day_and_one_for_all(minutes: int, amount: int) -> None:
    assert NAKI.amount_minor("rental", minutes * MINUTE_MS, "synced") == amount


def test_a_clock_that_is_wrong_by_an_age_takes_no_longer_to_compute() -> None:
    assert rental(0, 30, 100, 600).amount_minor("rental", 10**15 * 24 * HOUR_MS, "synced") == 600 * 10**15


@pytest.mark.parametrize(
    ("seconds", "amount"),
    [
        *[(300, 0), (301, 400), (3_600, 400), (3_601, 800), (8 * 3_600, 3_200)],
        *[(24 * 3_600, 4_000), (24 * 3_600 + 1, 4_400), (48 * 3_600, 8_000), (80 * 3_600, 9_900)],
    ],
)
def test_free_minutes_are_a_threshold(seconds: int, amount: int) -> None:
    assert JIANGSU.amount_minor("rental", seconds * 1_000, "synced") == amount


@pytest.mark.parametrize(
    ("tariff", "minutes", "amount"),
    [
        (rental(0, 60, 300), 136, 900),
        (rental(0, 60, 1_000), 249, 5_000),
        (rental(0, 1, 5), 120, 600),
        (rental(0, 30, 100), 148, 500),
        (rental(3, 30, 300), 5, 300),
        (rental(0, 60, 300, total_cap=700), 240, 700),
    ],
)
def test_charges_that_were_read_from_bills(tariff: Tariff, minutes: int, amount: int) -> None:
    assert tariff.amount_minor("rental", minutes * MINUTE_MS, "free") == amount


@pytest.mark.parametrize(
    ("held_ms", "amount"),
    [(0, 200), (1, 210), (MINUTE_MS, 210), (MINUTE_MS + 1, 220), (45 * MINUTE_MS, 650), (9 * HOUR_MS, 650)],
)
def test_dawdling_does_not_pay(held_ms: int, amount: int) -> None:
    assert NAKI.amount_minor("courier_out", held_ms, "synced") == amount
    assert NAKI.amount_minor("courier_back", held_ms, "inferred") == amount
    assert amount <= NAKI.courier_cap_minor == 650


@pytest.mark.parametrize("fee", ["rental", "courier_out", "courier_back"])
def test_what_has_no_usable_time_costs_nothing(fee: str) -> None:
    assert NAKI.amount_minor(fee, -1, "inferred") == 0
    assert NAKI.amount_minor(fee, 5 * HOUR_MS, "unset") == 0
