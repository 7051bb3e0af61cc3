"""Money: integer minor units with an ISO 4217 currency; never a float, one rounding function."""

from dataclasses import dataclass

# ISO 4217 codes that tariffs may name, with their number of minor digits (source: ISO 4217 list one).
MINOR_DIGITS = {
    "AUD": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2,
    "HUF": 2, "INR": 2, "JPY": 0, "KRW": 0, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "PLN": 2, "SEK": 2,
    "SGD": 2, "THB": 2, "TWD": 2, "USD": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip


class UnknownCurrencyError(ValueError):
    """The code is not one of the currencies in MINOR_DIGITS."""


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies met."""


def require_currency(code: str) -> str:
    """Return `code` when it is a known ISO 4217 code.

    Raises:
        UnknownCurrencyError: it is not.
    """
    if code not in MINOR_DIGITS:
        message = f"{code!r} is not a currency we know; known: {', '.join(sorted(MINOR_DIGITS))}"
        raise UnknownCurrencyError(message)
    return code


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents, fen) of one currency; may be negative in corrections."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse an unknown currency."""
        require_currency(self.currency)

    def __add__(self, other: "Money") -> "Money":
        """Add two amounts of the same currency, or raise CurrencyMismatchError."""
        if self.currency != other.currency:
            message = f"cannot add {other.currency} to {self.currency}"
            raise CurrencyMismatchError(message)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __str__(self) -> str:
        """Show the amount with its decimal point and currency, for people: `12.50 EUR`."""
        digits = MINOR_DIGITS[self.currency]
        sign = "-" if self.amount_minor < 0 else ""
        whole, part = divmod(abs(self.amount_minor), 10**digits)
        return (
            f"{sign}{whole}.{part:0{digits}d} {self.currency}" if digits else f"{sign}{whole} {self.currency}"
        )


def units_begun(duration_ms: int, unit_ms: int) -> int:
    """Return how many units of `unit_ms` have begun within `duration_ms`: the one rounding of this product.

    A rental that lasts a millisecond longer than a unit has begun the next one; zero has begun none.

    Raises:
        ValueError: the duration is negative or the unit is not positive.
    """
    if duration_ms < 0 or unit_ms <= 0:
        message = f"units_begun needs duration >= 0 and unit > 0, not {duration_ms} and {unit_ms}"
        raise ValueError(message)
    return -(-duration_ms // unit_ms)
