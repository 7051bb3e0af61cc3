"""What a tariff makes of a duration: the arithmetic of money, written out anew.

Rental: nothing up to the free minutes; beyond them all begun units count from the first on. With a cap for
24 hours the duration is cut into windows of 24 hours from its start, and each costs at most the cap. All
together cost at most the total cap. Courier: a base, and a price for each begun minute up to the promised
ones, so that dawdling does not pay. What has no usable time, or ends before it begins, costs nothing.
"""

from dataclasses import dataclass
from typing import Final

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 60 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class Tariff:
    """The rules of one version, in the order of the record's columns; amounts in minor units."""

    version: str
    currency: str
    free_minutes: int
    unit_minutes: int
    price_minor: int
    cap_per_24h_minor: int | None
    total_cap_minor: int | None
    buyout_after_minutes: int | None
    base_minor: int
    per_minute_minor: int
    promised_minutes: int

    @property
    def courier_cap_minor(self) -> int:
        """Return what a courier's way costs at most."""
        return self.base_minor + self.promised_minutes * self.per_minute_minor

    def amount_minor(self, fee: str, held_ms: int, quality: str) -> int:
        """Return what a duration costs for one of the three fees."""
        if held_ms < 0 or quality == "unset":
            return 0
        return self._rental_minor(held_ms) if fee == "rental" else self._courier_minor(held_ms)

    def _courier_minor(self, held_ms: int) -> int:
        begun = (held_ms + _MINUTE_MS - 1) // _MINUTE_MS
        return self.base_minor + self.per_minute_minor * min(begun, self.promised_minutes)

    def _rental_minor(self, held_ms: int) -> int:
        if held_ms <= self.free_minutes * _MINUTE_MS:
            return 0
        sum_minor = self._units_minor(held_ms)
        if self.cap_per_24h_minor is not None:
            days, rest_ms = divmod(held_ms, _DAY_MS)
            day_minor = min(self._units_minor(_DAY_MS), self.cap_per_24h_minor)
            sum_minor = days * day_minor + min(self._units_minor(rest_ms), self.cap_per_24h_minor)
        return sum_minor if self.total_cap_minor is None else min(sum_minor, self.total_cap_minor)

    def _units_minor(self, window_ms: int) -> int:
        unit_ms = self.unit_minutes * _MINUTE_MS
        return (window_ms + unit_ms - 1) // unit_ms * self.price_minor
