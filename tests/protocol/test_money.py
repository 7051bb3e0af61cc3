"""Money: integers with a currency, and one rounding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.protocol.money import (
    MINOR_DIGITS,
    CurrencyMismatchError,
    Money,
    UnknownCurrencyError,
    require_currency,
    units_begun,
)

amounts = st.integers(-(2**53), 2**53)


@given(amounts, amounts)
def test_amounts_of_one_currency_add(one: int, other: int) -> None:
    assert Money(one, "EUR") + Money(other, "EUR") == Money(one + other, "EUR")


def test_amounts_of_two_currencies_never_add() -> None:
    with pytest.raises(CurrencyMismatchError, match="cannot add CZK to EUR"):
        Money(1, "EUR") + Money(1, "CZK")


@pytest.mark.parametrize("code", ["", "eur", "EURO", "XXX", "BTC"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrencyError):
        Money(1, code)
    with pytest.raises(UnknownCurrencyError, match="known: AUD, "):
        require_currency(code)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(1250, "EUR"), "12.50 EUR"),
        (Money(5, "CNY"), "0.05 CNY"),
        (Money(-5, "CNY"), "-0.05 CNY"),
        (Money(-1250, "EUR"), "-12.50 EUR"),
        (Money(699, "JPY"), "699 JPY"),
        (Money(0, "EUR"), "0.00 EUR"),
    ],
)
def test_people_see_the_decimal_point(money: Money, text: str) -> None:
    assert str(money) == text


@given(amounts, st.sampled_from(sorted(MINOR_DIGITS)))
def test_the_text_has_all_digits(amount_minor: int, currency: str) -> None:
    shown = str(Money(amount_minor, currency)).removesuffix(f" {currency}")
    assert int(shown.replace(".", "")) == amount_minor


@given(st.integers(0, 10**12), st.integers(1, 10**9))
def test_a_unit_is_begun_with_its_first_millisecond(duration_ms: int, unit_ms: int) -> None:
    begun = units_begun(duration_ms, unit_ms)
    assert (begun - 1) * unit_ms < duration_ms <= begun * unit_ms or begun == duration_ms == 0
    assert units_begun(begun * unit_ms, unit_ms) == begun
    assert units_begun(begun * unit_ms + 1, unit_ms) == begun + 1


@pytest.mark.parametrize(("duration_ms", "unit_ms"), [(-1, 60), (1, 0), (1, -60)])
def test_impossible_durations_and_units_are_refused(duration_ms: int, unit_ms: int) -> None:
    with pytest.raises(ValueError, match="needs duration >= 0 and unit > 0"):
        units_begun(duration_ms, unit_ms)
