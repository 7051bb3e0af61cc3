"""A power bank's battery as the slot it sits in charges it.

Lithium cells are charged in two phases. With constant current (CC) the charge rises in a straight line; from
`KNEE_PPM` on the voltage is held constant (CV), the current falls and the rest comes ever more slowly, as an
exponential. The curve has no kink: the CV phase begins with the rate of the CC phase. When the current has
fallen to the cut-off, charging ends and the bank counts as full. A worn bank holds less and so is full
sooner.

Nothing ticks: a `Battery` remembers its charge when it was put in, and every reading is computed from the
time that has passed since then. A day of idle charging costs nothing, and the moment a bank gets ready can be
told in advance. All times are milliseconds of one clock, which the caller chooses.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from chargeloop.protocol.fields import MOST_CYCLES
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.time import MINUTE_MS

READY_PCT: Final = 60
MIN_HEALTH_PCT: Final = 50
MAX_TEMPERATURE_C: Final = 60

FULL_PPM: Final = 1_000_000
KNEE_PPM: Final = 800_000
CUT_OFF_PPM: Final = 995_000
NEW_CC_MS: Final = 96 * MINUTE_MS  # a new bank from empty to the knee
AMBIENT_C: Final = 22
HEATING_C: Final = 12
CHARGE_POWER_W: Final = 10
CYCLE_PPM: Final = 500_000  # a stay that charges half of the capacity counts as one cycle
CYCLES_PER_HEALTH_PCT: Final = 25
_PPM_PER_PCT: Final = FULL_PPM // 100


@dataclass(frozen=True, slots=True)
class Battery:
    """A bank in a slot: what it was when its charging began at `since_ms`."""

    bank: BankId
    charge_ppm: int
    health_pct: int
    cycles: int
    since_ms: int

    @classmethod
    def inserted(cls, status: BankStatus, now_ms: int) -> "Battery":
        """Return the battery of a bank that was put in now."""
        return cls(status.bank, status.charge_pct * _PPM_PER_PCT, status.health_pct, status.cycles, now_ms)


def read(battery: Battery, now_ms: int) -> BankStatus:
    """Return what the slot reads now; a time before the insertion reads as the insertion."""
    charge_ppm = charge_at(battery, now_ms)
    cycles = min(MOST_CYCLES, battery.cycles + (charge_ppm - battery.charge_ppm >= CYCLE_PPM))
    worn = cycles // CYCLES_PER_HEALTH_PCT - battery.cycles // CYCLES_PER_HEALTH_PCT
    return _status(
        battery.bank,
        charge_ppm // _PPM_PER_PCT,
        max(0, battery.health_pct - worn),
        AMBIENT_C + round(HEATING_C * _current_share_at(charge_ppm)),
        cycles,
    )


# A cabinet reads all its slots at every step, and a bank reads the same for minutes.
@lru_cache(maxsize=4096)
def _status(bank: BankId, charge_pct: int, health_pct: int, temperature_c: int, cycles: int) -> BankStatus:
    return BankStatus(
        bank=bank, charge_pct=charge_pct, health_pct=health_pct, temperature_c=temperature_c, cycles=cycles
    )


def charge_at(battery: Battery, now_ms: int) -> int:
    """Return the charge in millionths of the capacity at `now_ms`."""
    if battery.charge_ppm >= FULL_PPM:
        return battery.charge_ppm
    elapsed_ms = max(0, now_ms - battery.since_ms)
    until_knee_ms = _linear_ms(battery, KNEE_PPM)
    if elapsed_ms <= until_knee_ms:
        return battery.charge_ppm + math.floor(elapsed_ms * _rate(battery))
    start_ppm = max(battery.charge_ppm, KNEE_PPM)
    decay = math.exp(-(elapsed_ms - until_knee_ms) / _tau_ms(battery))
    charge_ppm = FULL_PPM - math.ceil((FULL_PPM - start_ppm) * decay)
    return FULL_PPM if charge_ppm >= CUT_OFF_PPM else charge_ppm


def current_share(battery: Battery, now_ms: int) -> float:
    """Return the charging current as a share of the CC current: 1.0 in the CC phase, 0.0 when full."""
    return _current_share_at(charge_at(battery, now_ms))


def _current_share_at(charge_ppm: int) -> float:
    if charge_ppm >= CUT_OFF_PPM:
        return 0.0
    return min(1.0, (FULL_PPM - charge_ppm) / (FULL_PPM - KNEE_PPM))


def power_w(battery: Battery, now_ms: int) -> float:
    """Return the electrical power that charging takes now, in watts."""
    return CHARGE_POWER_W * current_share(battery, now_ms)


def rises_to_pct_at(battery: Battery, charge_pct: int) -> int:
    """Return the first millisecond at which the bank reads at least `charge_pct` (0 to 100)."""
    wanted_ppm = min(charge_pct * _PPM_PER_PCT, CUT_OFF_PPM)
    if battery.charge_ppm >= wanted_ppm:
        return battery.since_ms
    duration_ms = _linear_ms(battery, min(wanted_ppm, KNEE_PPM))
    if wanted_ppm > KNEE_PPM:
        start_ppm = max(battery.charge_ppm, KNEE_PPM)
        duration_ms += _tau_ms(battery) * math.log((FULL_PPM - start_ppm) / (FULL_PPM - wanted_ppm))
    instant_ms = battery.since_ms + math.ceil(duration_ms)
    # Rounding to whole millionths may put the reading a few milliseconds later than the curve, and a float
    # just above a whole number a millisecond earlier.
    while charge_at(battery, instant_ms) < wanted_ppm:
        instant_ms += 1
    while instant_ms > battery.since_ms and charge_at(battery, instant_ms - 1) >= wanted_ppm:
        instant_ms -= 1
    return instant_ms


def is_rentable(status: BankStatus) -> bool:
    """Tell whether a bank may be given out: charged enough, not worn out, not too hot."""
    return (
        status.charge_pct >= READY_PCT
        and status.health_pct >= MIN_HEALTH_PCT
        and status.temperature_c <= MAX_TEMPERATURE_C
    )


def ready_at(battery: Battery) -> int | None:
    """Return the first millisecond at which the bank may be given out, or None if it is too worn."""
    instant_ms = rises_to_pct_at(battery, READY_PCT)
    return instant_ms if is_rentable(read(battery, instant_ms)) else None


def _rate(battery: Battery) -> float:
    """Return the CC rate in millionths of this bank's own capacity per millisecond."""
    return KNEE_PPM / (NEW_CC_MS * max(battery.health_pct, 1) / 100)


def _linear_ms(battery: Battery, to_ppm: int) -> float:
    return max(0, to_ppm - battery.charge_ppm) / _rate(battery)


def _tau_ms(battery: Battery) -> float:
    """Return the time constant that gives the CV phase the CC rate at the knee."""
    return (FULL_PPM - KNEE_PPM) / _rate(battery)
