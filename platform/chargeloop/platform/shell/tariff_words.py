"""A tariff in words, for people."""

from collections.abc import Iterator
from typing import Final

from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.money import Money

_HOUR_MINUTES: Final = 60
_DAY_MINUTES: Final = 24 * _HOUR_MINUTES


def english(tariff: Tariff) -> Iterator[str]:
    """Yield the rules in English, a sentence each."""
    rule, trip, currency = tariff.rental, tariff.courier, tariff.currency
    price = Money(rule.price_minor, currency)
    if rule.free_minutes > 0:
        yield f"The first {rule.free_minutes} minutes are free; a longer rental is charged from its start."
    yield f"Each bank costs {price} for every {_span(rule.unit_minutes)} begun."
    if rule.cap_per_24h_minor is not None:
        yield f"No more than {Money(rule.cap_per_24h_minor, currency)} for each bank in 24 hours."
    if rule.total_cap_minor is not None:
        yield f"No more than {Money(rule.total_cap_minor, currency)} for each bank in all."
    if rule.buyout_after_minutes is not None:
        yield f"After {_span(rule.buyout_after_minutes)} the bank is yours."
    base, minute = Money(trip.base_minor, currency), Money(trip.per_minute_minor, currency)
    most = Money(trip.max_minor, currency)
    yield f"A courier's trip costs {base} and {minute} for every minute begun, {most} at most."
    yield "Who walks to a cabinet pays for no trip."


def chinese(tariff: Tariff) -> Iterator[str]:
    """Yield the rules in Chinese, a sentence each."""
    rule, trip, currency = tariff.rental, tariff.courier, tariff.currency
    price = Money(rule.price_minor, currency)
    if rule.free_minutes > 0:
        yield f"前 {rule.free_minutes} 分钟免费；超过后从开始时起计费。"
    yield f"每个充电宝每 {_span_zh(rule.unit_minutes)} {price}，不足的按一个计费单位计算。"
    if rule.cap_per_24h_minor is not None:
        yield f"每个充电宝每 24 小时最多 {Money(rule.cap_per_24h_minor, currency)}。"
    if rule.total_cap_minor is not None:
        yield f"每个充电宝总共最多 {Money(rule.total_cap_minor, currency)}。"
    if rule.buyout_after_minutes is not None:
        yield f"超过 {_span_zh(rule.buyout_after_minutes)} 后充电宝归您所有。"
    base, minute = Money(trip.base_minor, currency), Money(trip.per_minute_minor, currency)
    yield f"快递员每趟 {base}，另加每分钟 {minute}，最多 {Money(trip.max_minor, currency)}。"
    yield "自行到柜机取还不收快递费。"


def _span(minutes: int) -> str:
    for unit, name in ((_DAY_MINUTES, "days"), (_HOUR_MINUTES, "hours")):
        if minutes % unit == 0 and minutes > unit:
            return f"{minutes // unit} {name}"
    return "hour" if minutes == _HOUR_MINUTES else "minute" if minutes == 1 else f"{minutes} minutes"


def _span_zh(minutes: int) -> str:
    for unit, name in ((_DAY_MINUTES, "天"), (_HOUR_MINUTES, "小时")):
        if minutes % unit == 0:
            return f"{minutes // unit} {name}"
    return f"{minutes} 分钟"
