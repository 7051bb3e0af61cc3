"""Recomputes every fee from an export, without importing anything of chargeloop.

    ./run export --data DIR | python3 docs/examples/recompute_fees.py

Prints the three sums and exits with 1 when a line does not follow from its tariff and its two times.
"""

import json
import sys
from datetime import datetime, timedelta

records = [json.loads(line) for line in sys.stdin]
tariffs = {record["id"]: record for record in records if record["record"] == "tariff"}
times = {(record["order"], record["id"]): record["time"] for record in records if record["record"] == "event"}
lines = [record for record in records if record["record"] == "fee_line"]


def begun(duration: timedelta, unit: timedelta) -> int:
    """Counts the units that have begun within the duration."""
    return -(-duration // unit)


def rental(rule: dict[str, int | None], duration: timedelta) -> int:
    """Charges nothing up to a threshold; then begun units, capped per 24 hours from the start and in all."""
    if duration <= timedelta(minutes=rule["free_minutes"] or 0):  # or ends in the wrong order
        return 0
    days, rest = divmod(duration, timedelta(days=1))
    unit, price = timedelta(minutes=rule["unit_minutes"] or 0), rule["price_minor"] or 0
    cap = rule["cap_per_24h_minor"]
    per_day = begun(timedelta(days=1), unit) * price
    last_day = begun(rest, unit) * price
    total = days * min(per_day, cap or per_day) + min(last_day, cap or last_day)
    return min(total, rule["total_cap_minor"] or total)


def courier(rule: dict[str, int], duration: timedelta) -> int:
    """Charges a base and an amount per begun minute, of at most the minutes promised."""
    if duration < timedelta(0):
        return 0
    minutes = min(begun(duration, timedelta(minutes=1)), rule["promised_minutes"])
    return rule["base_minor"] + minutes * rule["per_minute_minor"]


wrong = 0
sums = dict.fromkeys(("courier_out", "rental", "courier_back"), 0)
for line in lines:
    tariff = tariffs[line["tariff"]]
    start, end = datetime.fromisoformat(line["from_time"]), datetime.fromisoformat(line["to_time"])
    if line["fee"] == "rental":
        amount = rental(tariff["rental"], end - start)
    else:
        amount = courier(tariff["courier"], end - start)
    told = -line["amount_minor"] if line["reverses"] else line["amount_minor"]
    ends = (times[line["order"], line["from_event"]], times[line["order"], line["to_event"]])
    if (told, ends) != (amount, (line["from_time"], line["to_time"])):
        wrong += 1
        print(f"{line['id']}: {told}, recomputed {amount}", file=sys.stderr)
    sums[line["fee"]] += line["amount_minor"]
print(json.dumps(sums))
sys.exit(1 if wrong else 0)
