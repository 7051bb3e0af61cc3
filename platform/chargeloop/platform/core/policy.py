"""How long the rental platform waits for what, and how much it allows."""

from dataclasses import dataclass

from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations (milliseconds), distances (metres) and limits of one region."""

    # Choosing a cabinet.
    search_radius_m: int = 5_000
    min_charge_pct: int = 60
    cabinet_lease_ms: int = 3 * MINUTE_MS
    # Reservations: how long a cabinet may take to answer, and keeps what was reserved.
    command_life_ms: int = 15 * SECOND_MS
    answer_grace_ms: int = 5 * SECOND_MS
    hold_banks_ms: int = 60 * MINUTE_MS
    hold_slots_ms: int = 90 * MINUTE_MS
    hold_grace_ms: int = 2 * MINUTE_MS
    unlock_life_ms: int = 30 * SECOND_MS
    unlock_patience_ms: int = 3 * MINUTE_MS
    inquiry_life_ms: int = 12 * HOUR_MS
    # How long an order may stay in a state before the platform acts by itself.
    reserving_ms: int = 5 * MINUTE_MS
    dispatching_ms: int = 30 * MINUTE_MS
    fetching_ms: int = 2 * HOUR_MS
    delivering_ms: int = 2 * HOUR_MS
    returning_ms: int = 3 * HOUR_MS
    recalling_ms: int = 3 * HOUR_MS
    recall_answer_ms: int = 15 * MINUTE_MS
    return_grace_ms: int = 2 * MINUTE_MS
    in_use_ms: int = 30 * DAY_MS  # without a bank at the user's; with one the tariff says how long
    # Limits.
    max_attempts: int = 3
    max_tried: int = 8
    max_open_orders: int = 5
    same_scan_ms: int = 30 * SECOND_MS  # who scans a cabinet twice within it has one order
    remember_ms: int = 2 * DAY_MS
    # What a user is promised and quoted.
    deliver_ms: int = 45 * MINUTE_MS
    metres_per_minute: int = 150
    quoted_rental_ms: int = 2 * HOUR_MS
