"""What a tariff charges, against the charges that FIELD_NOTES checked in the field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.core.fees import courier_amount, rental_amount
from chargeloop.platform.core.tariff import CourierRule, InvalidTariffError, RentalRule, Tariff
from chargeloop.protocol.money import UnknownCurrencyError
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.platform.fees import tariffs as known
from tests.platform.fees.tariffs import tariffs

FIELD_CHARGES = [
    *[
        (known.NAKI, minutes * MINUTE_MS, euros * 100)
        for minutes, euros in [
            (29, 1), (30, 1), (31, 2), (179, 6), (180, 6), (181, 6), (1440, 6), (1441, 7), (7200, 30),
            (7201, 30),
        ]
    ],
    *[
        (known.JIANGSU, seconds * SECOND_MS, yuan * 100)
        for seconds, yuan in [
            (300, 0), (301, 4), (3600, 4), (3601, 8), (8 * 3600, 32), (24 * 3600, 40), (24 * 3600 + 1, 44),
            (48 * 3600, 80), (80 * 3600, 99),
        ]
    ],
    (known.HOURLY_3, 136 * MINUTE_MS, 900),  # 15:26 to 17:42
    (known.HOURLY_10, 4 * HOUR_MS + 9 * MINUTE_MS, 5000),
    (known.MEITUAN, 120 * MINUTE_MS, 600),
    (known.HALF_HOURLY_1, 148 * MINUTE_MS, 500),
    (known.ENERGY_MONSTER, 3 * MINUTE_MS, 0),
    (known.ENERGY_MONSTER, 5 * MINUTE_MS, 300),
]  # fmt: skip


@pytest.mark.parametrize(("tariff", "duration_ms", "amount_minor"), FIELD_CHARGES)
def test_charges_seen_in_the_field_are_reproduced(
    tariff: Tariff, duration_ms: int, amount_minor: int
) -> None:
    assert rental_amount(tariff, duration_ms) == amount_minor


@pytest.mark.parametrize(
    ("duration_ms", "amount_minor"),
    [(0, 200), (1, 210), (MINUTE_MS, 210), (MINUTE_MS + 1, 220), (45 * MINUTE_MS, 650), (9 * HOUR_MS, 650)],
)
def test_a_courier_is_paid_by_the_minute_begun_and_not_beyond_the_promise(
    duration_ms: int, amount_minor: int
) -> None:
    assert courier_amount(known.NAKI, duration_ms) == amount_minor


def test_a_negative_duration_costs_nothing_not_even_the_base() -> None:
    assert rental_amount(known.NAKI, -1) == 0
    assert courier_amount(known.NAKI, -1) == 0


durations_ms = st.integers(0, 40 * DAY_MS)


@given(tariffs, durations_ms, durations_ms)
def test_longer_never_costs_less(tariff: Tariff, one_ms: int, other_ms: int) -> None:
    shorter_ms, longer_ms = sorted([one_ms, other_ms])
    assert rental_amount(tariff, shorter_ms) <= rental_amount(tariff, longer_ms)
    assert courier_amount(tariff, shorter_ms) <= courier_amount(tariff, longer_ms)


@given(tariffs, durations_ms)
def test_no_cap_is_ever_exceeded(tariff: Tariff, duration_ms: int) -> None:
    amount_minor = rental_amount(tariff, duration_ms)
    if tariff.rental.total_cap_minor is not None:
        assert amount_minor <= tariff.rental.total_cap_minor
    if tariff.rental.cap_per_24h_minor is not None:
        days_begun = -(-duration_ms // DAY_MS)
        assert amount_minor <= days_begun * tariff.rental.cap_per_24h_minor
    assert courier_amount(tariff, duration_ms) <= tariff.courier.max_minor


@given(tariffs, durations_ms)
def test_no_24_hours_cost_more_than_their_cap(tariff: Tariff, duration_ms: int) -> None:
    cap_minor = tariff.rental.cap_per_24h_minor
    one_day_more = rental_amount(tariff, duration_ms + DAY_MS) - rental_amount(tariff, duration_ms)
    if cap_minor is not None and duration_ms > tariff.rental.free_minutes * MINUTE_MS:
        assert one_day_more <= cap_minor


@pytest.mark.parametrize(
    ("member", "make"),
    [
        ("rental.free_minutes", lambda: RentalRule(-1, 30, 100)),
        ("rental.unit_minutes", lambda: RentalRule(0, 0, 100)),
        ("rental.price_minor", lambda: RentalRule(0, 30, -100)),
        ("rental.cap_per_24h_minor", lambda: RentalRule(0, 30, 100, cap_per_24h_minor=-1)),
        ("rental.total_cap_minor", lambda: RentalRule(0, 30, 100, total_cap_minor=-1)),
        ("rental.buyout_after_minutes", lambda: RentalRule(0, 30, 100, None, 3000, buyout_after_minutes=0)),
        ("courier.promised_minutes", lambda: CourierRule(0, 0, -1)),
        ("name", lambda: Tariff("Two Words", "EUR", known.NAKI.rental, known.COURIER)),
    ],
)
def test_an_impossible_rule_is_refused_by_the_name_of_its_member(member: str, make: type) -> None:
    with pytest.raises(InvalidTariffError, match=f"^{member} "):
        make()


def test_a_bank_is_never_sold_for_less_than_the_total_cap() -> None:
    with pytest.raises(InvalidTariffError, match="buyout_after_minutes needs a"):
        RentalRule(0, 30, 100, total_cap_minor=3000, buyout_after_minutes=60)
    with pytest.raises(InvalidTariffError, match="buyout_after_minutes needs a"):
        RentalRule(0, 30, 100, buyout_after_minutes=60)


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrencyError):
        known.rental_tariff("XXX", known.NAKI.rental)


@given(tariffs, tariffs)
def test_tariffs_have_the_same_version_exactly_when_they_are_equal(one: Tariff, other: Tariff) -> None:
    assert (one.version == other.version) == (one == other)


def test_the_export_record_has_the_full_rule() -> None:
    record = known.NAKI.record()
    assert record["record"] == "tariff"
    assert record["id"] == known.NAKI.version
    assert record["currency"] == "EUR"
    assert record["rental"] == {
        "free_minutes": 0,
        "unit_minutes": 30,
        "price_minor": 100,
        "cap_per_24h_minor": 600,
        "total_cap_minor": 3000,
        "buyout_after_minutes": 7200,
    }
    assert record["courier"] == {"base_minor": 200, "per_minute_minor": 10, "promised_minutes": 45}
