"""Tariffs of the tests: those of FIELD_NOTES that our form of tariff can express, and made-up ones."""

from hypothesis import strategies as st

from chargeloop.platform.core.tariff import CourierRule, RentalRule, Tariff

COURIER = CourierRule(base_minor=200, per_minute_minor=10, promised_minutes=45)


def rental_tariff(currency: str, rental: RentalRule) -> Tariff:
    return Tariff("test", currency, rental, COURIER)


NAKI = rental_tariff(
    "EUR",
    RentalRule(0, 30, 100, cap_per_24h_minor=600, total_cap_minor=3000, buyout_after_minutes=7200),
)
JIANGSU = rental_tariff("CNY", RentalRule(5, 60, 400, cap_per_24h_minor=4000, total_cap_minor=9900))
HOURLY_3 = rental_tariff("CNY", RentalRule(0, 60, 300))
HOURLY_10 = rental_tariff("CNY", RentalRule(0, 60, 1000))
MEITUAN = rental_tariff("CNY", RentalRule(0, 1, 5, total_cap_minor=9900))
HALF_HOURLY_1 = rental_tariff("CNY", RentalRule(0, 30, 100))
ENERGY_MONSTER = rental_tariff("CNY", RentalRule(3, 30, 300, total_cap_minor=9900))

_caps = st.none() | st.integers(0, 5_000)
rental_rules = st.builds(
    RentalRule,
    free_minutes=st.integers(0, 90),
    unit_minutes=st.integers(1, 180),
    price_minor=st.integers(0, 1_000),
    cap_per_24h_minor=_caps,
    total_cap_minor=_caps,
)
courier_rules = st.builds(CourierRule, st.integers(0, 500), st.integers(0, 50), st.integers(0, 120))
tariffs = st.builds(Tariff, st.just("made-up"), st.just("EUR"), rental_rules, courier_rules)
