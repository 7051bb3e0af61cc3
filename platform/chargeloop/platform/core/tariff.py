"""Tariffs: what a rental and a courier's trip cost, as rules that anyone can apply again.

A tariff is a value: its version holds a hash of its content, an order keeps the version it began with, and
the export carries every rule in full, so a fee line can be recomputed years later. Durations are charged by
units begun, the one rounding of the product (`money.units_begun`).

Rental: a duration of at most the free minutes costs nothing; a longer one is charged from its first
millisecond (the free minutes are a threshold, not a discount). With a cap per 24 h the duration is cut into
windows of 24 h from its start; each window costs its begun units, at most the cap. The sum never exceeds the
total cap. Courier: a base and a price per begun minute, and no minute beyond the promised ones, so that
dawdling does not pay.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Final

from chargeloop.protocol.money import require_currency, units_begun
from chargeloop.protocol.time import DAY_MS, MINUTE_MS

_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")


class InvalidTariffError(ValueError):
    """A rule of the tariff is impossible; the message starts with the name of the member."""


def _require(member: str, value: int | None, lowest: int) -> None:
    if value is not None and value < lowest:
        message = f"{member} must be at least {lowest}, not {value}"
        raise InvalidTariffError(message)


@dataclass(frozen=True, slots=True)
class RentalRule:
    """What holding one bank costs, in minor units of the tariff's currency.

    After `buyout_after_minutes` the bank counts as sold; None means never, as it does for both caps.

    Raises:
        InvalidTariffError: a member is out of range, or a bank would be sold for less than the total cap.
    """

    free_minutes: int
    unit_minutes: int
    price_minor: int
    cap_per_24h_minor: int | None = None
    total_cap_minor: int | None = None
    buyout_after_minutes: int | None = None

    def __post_init__(self) -> None:
        """Refuse rules that make no sense."""
        for member in fields(self):
            lowest = 1 if member.name in {"unit_minutes", "buyout_after_minutes"} else 0
            _require(f"rental.{member.name}", getattr(self, member.name), lowest)
        if self.buyout_after_minutes is None:
            return
        price_minor = self.amount_minor(self.buyout_after_minutes * MINUTE_MS)
        if self.total_cap_minor is None or price_minor < self.total_cap_minor:
            message = (
                "rental.buyout_after_minutes needs a rental.total_cap_minor that the fee has reached; "
                f"after {self.buyout_after_minutes} minutes it is {price_minor}"
            )
            raise InvalidTariffError(message)

    def amount_minor(self, duration_ms: int) -> int:
        """Return the price of holding one bank that long (0 or more milliseconds)."""
        if duration_ms <= self.free_minutes * MINUTE_MS:
            return 0
        amount_minor = self._uncapped_minor(duration_ms)
        return amount_minor if self.total_cap_minor is None else min(amount_minor, self.total_cap_minor)

    def _uncapped_minor(self, duration_ms: int) -> int:
        if self.cap_per_24h_minor is None:
            return self._units_minor(duration_ms)
        days, rest_ms = divmod(duration_ms, DAY_MS)
        whole_day_minor = min(self.cap_per_24h_minor, self._units_minor(DAY_MS))
        return days * whole_day_minor + min(self.cap_per_24h_minor, self._units_minor(rest_ms))

    def _units_minor(self, duration_ms: int) -> int:
        return units_begun(duration_ms, self.unit_minutes * MINUTE_MS) * self.price_minor


@dataclass(frozen=True, slots=True)
class CourierRule:
    """What one trip of a courier costs, in minor units of the tariff's currency.

    Raises:
        InvalidTariffError: a member is negative.
    """

    base_minor: int
    per_minute_minor: int
    promised_minutes: int

    def __post_init__(self) -> None:
        """Refuse rules that make no sense."""
        for member in fields(self):
            _require(f"courier.{member.name}", getattr(self, member.name), 0)

    @property
    def max_minor(self) -> int:
        """Return what a trip costs at most."""
        return self.base_minor + self.per_minute_minor * self.promised_minutes

    def amount_minor(self, duration_ms: int) -> int:
        """Return the price of a trip that took so long (0 or more milliseconds)."""
        minutes = min(units_begun(duration_ms, MINUTE_MS), self.promised_minutes)
        return self.base_minor + self.per_minute_minor * minutes


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rules an order is charged by, in one currency (ISO 4217).

    `name` is of a-z, 0-9 and dashes, at most 40, as it stands in the version.

    Raises:
        UnknownCurrencyError: the currency is not a known code.
        InvalidTariffError: the name is malformed.
    """

    name: str
    currency: str
    rental: RentalRule
    courier: CourierRule

    def __post_init__(self) -> None:
        """Refuse an unknown currency and a malformed name."""
        require_currency(self.currency)
        if _NAME.fullmatch(self.name) is None:
            message = f"name must be 1 to 40 of a-z, 0-9 and dashes, not {self.name!r}"
            raise InvalidTariffError(message)

    @property
    def version(self) -> str:
        """Return the name and 12 hex digits of the hash of all rules: another rule is another version."""
        return _version(self)

    def record(self) -> dict[str, str | dict[str, int | None]]:
        """Return the tariff's record for the export, with every rule in full."""
        return {
            "record": "tariff",
            "id": self.version,
            "name": self.name,
            "currency": self.currency,
            "rental": asdict(self.rental),
            "courier": asdict(self.courier),
        }


@lru_cache(maxsize=64)
def _version(tariff: Tariff) -> str:
    """Hash the rules once: tariffs are few and never change, and every fee line asks."""
    content = json.dumps(asdict(tariff), sort_keys=True, separators=(",", ":"))
    return f"{tariff.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
