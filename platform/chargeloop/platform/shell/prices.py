"""Prices as people may read them: amounts, a tariff in numbers and in words, and what a rental would cost."""

from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

from chargeloop.platform.core import fees
from chargeloop.platform.core.tariff import CourierRule, RentalRule, Tariff
from chargeloop.platform.shell.tariff_words import chinese, english


class MoneyBody(BaseModel):
    """An amount in minor units (cents) of a currency (ISO 4217)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount_minor": 150, "currency": "EUR"}]})

    amount_minor: int
    currency: str


def money_of(amount_minor: int | None, currency: str) -> MoneyBody | None:
    """Return the body of an amount, if there is one."""
    return None if amount_minor is None else MoneyBody(amount_minor=amount_minor, currency=currency)


class RentalRuleBody(BaseModel):
    """What holding one bank costs: `price` for each unit begun; null means without a cap, or never sold."""

    free_minutes: int
    unit_minutes: int
    price: MoneyBody
    cap_per_24h: MoneyBody | None
    total_cap: MoneyBody | None
    buyout_after_minutes: int | None

    @classmethod
    def of(cls, rule: RentalRule, currency: str) -> Self:
        """Return the body of a rule."""
        return cls(
            free_minutes=rule.free_minutes,
            unit_minutes=rule.unit_minutes,
            price=MoneyBody(amount_minor=rule.price_minor, currency=currency),
            cap_per_24h=money_of(rule.cap_per_24h_minor, currency),
            total_cap=money_of(rule.total_cap_minor, currency),
            buyout_after_minutes=rule.buyout_after_minutes,
        )


class CourierRuleBody(BaseModel):
    """What a courier's trip costs: a base, and a price per minute begun up to the promised ones."""

    base: MoneyBody
    per_minute: MoneyBody
    promised_minutes: int
    maximum: MoneyBody

    @classmethod
    def of(cls, rule: CourierRule, currency: str) -> Self:
        """Return the body of a rule."""
        return cls(
            base=MoneyBody(amount_minor=rule.base_minor, currency=currency),
            per_minute=MoneyBody(amount_minor=rule.per_minute_minor, currency=currency),
            promised_minutes=rule.promised_minutes,
            maximum=MoneyBody(amount_minor=rule.max_minor, currency=currency),
        )


class Words(BaseModel):
    """The same in sentences, by language (BCP 47)."""

    en: list[str]
    zh: list[str]


def _eur(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


TARIFF_EXAMPLE: Final[dict[str, Any]] = {
    "version": "default-3f6c1d2e4a5b",
    "name": "default",
    "currency": "EUR",
    "rental": {
        "free_minutes": 5,
        "unit_minutes": 30,
        "price": _eur(100),
        "cap_per_24h": _eur(600),
        "total_cap": _eur(3000),
        "buyout_after_minutes": 7200,
    },
    "courier": {
        "base": _eur(200),
        "per_minute": _eur(10),
        "promised_minutes": 45,
        "maximum": _eur(650),
    },
    "words": {
        "en": ["Each bank costs 1.00 EUR for every 30 minutes begun."],
        "zh": ["每个充电宝每 30 分钟 1.00 EUR，不足的按一个计费单位计算。"],
    },
}
FEES_EXAMPLE: Final[dict[str, Any]] = {
    "courier_out": {"estimate": _eur(230), "maximum": _eur(650)},
    "rental": {"estimate": _eur(400), "maximum": _eur(3000)},
    "courier_back": {"estimate": _eur(230), "maximum": _eur(650)},
    "total": {"estimate": _eur(860), "maximum": _eur(4300)},
}


class TariffBody(BaseModel):
    """The rules an order is charged by, in numbers and in words."""

    model_config = ConfigDict(json_schema_extra={"examples": [TARIFF_EXAMPLE]})

    version: str
    name: str
    currency: str
    rental: RentalRuleBody
    courier: CourierRuleBody
    words: Words

    @classmethod
    def of(cls, tariff: Tariff) -> Self:
        """Return the body of a tariff."""
        return cls(
            version=tariff.version,
            name=tariff.name,
            currency=tariff.currency,
            rental=RentalRuleBody.of(tariff.rental, tariff.currency),
            courier=CourierRuleBody.of(tariff.courier, tariff.currency),
            words=Words(en=list(english(tariff)), zh=list(chinese(tariff))),
        )


class EstimateBody(BaseModel):
    """What is to be expected and what it can be at most; a null maximum means there is none."""

    estimate: MoneyBody
    maximum: MoneyBody | None

    @classmethod
    def of(cls, estimate: fees.Estimate, currency: str) -> Self:
        """Return the body of an estimate."""
        return cls(
            estimate=MoneyBody(amount_minor=estimate.estimate_minor, currency=currency),
            maximum=money_of(estimate.maximum_minor, currency),
        )


class FeesBody(BaseModel):
    """The three fees to expect, and their sum, for a rental of usual length."""

    courier_out: EstimateBody
    rental: EstimateBody
    courier_back: EstimateBody
    total: EstimateBody

    @classmethod
    def of(cls, quote: fees.Quote) -> Self:
        """Return the fees of a quote."""
        currency = quote.tariff.currency
        return cls(
            courier_out=EstimateBody.of(quote.courier_out, currency),
            rental=EstimateBody.of(quote.rental, currency),
            courier_back=EstimateBody.of(quote.courier_back, currency),
            total=EstimateBody.of(quote.total, currency),
        )
