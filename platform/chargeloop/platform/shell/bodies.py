"""What travels over HTTP: request and response bodies of the gateway.

Requests are strict: no unknown member, no number as text. Places are decimal degrees, times RFC 3339, money
integer minor units with its currency.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from chargeloop.platform.core import fees
from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.rows import OrderEvent
from chargeloop.platform.shell.reader import OrderFile
from chargeloop.protocol import fields
from chargeloop.protocol.geo import Point
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.rental import OrderView, RequestDone
from chargeloop.protocol.time import format_instant

_E7 = 10_000_000
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
HandOverWord = Literal["courier", "walk_up"]


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Place(_Request):
    """A request that names a place, in decimal degrees (WGS 84)."""

    lat: Latitude
    lon: Longitude

    @property
    def location(self) -> Location:
        """Return the place as messages carry it."""
        return Location.of(point_of(self.lat, self.lon))


class QuoteRequest(Place):
    """What would `quantity` banks cost here?"""

    quantity: fields.Quantity
    hand_over: HandOverWord = "courier"


class OrderRequest(Place):
    """Rent `quantity` banks, brought here or (walk_up) given out by `cabinet`."""

    quantity: fields.Quantity
    accept_fewer: bool = False
    hand_over: HandOverWord = "courier"
    cabinet: fields.Cabinet | None = None


class CancelRequest(_Request):
    """Stop the order."""

    reason: fields.Reason = "cancelled by the user"


class ReturnRequest(Place):
    """Have `quantity` banks fetched here."""

    quantity: fields.Quantity


def point_of(lat: float, lon: float) -> Point:
    """Return the place of decimal degrees."""
    return Point(round(lat * _E7), round(lon * _E7))


class MoneyBody(BaseModel):
    """An amount in minor units (cents) of a currency (ISO 4217)."""

    amount_minor: int
    currency: str


class EstimateBody(BaseModel):
    """What is to be expected and what it can be at most; a null maximum means there is none."""

    estimate: MoneyBody
    maximum: MoneyBody | None

    @classmethod
    def of(cls, estimate: fees.Estimate, currency: str) -> Self:
        """Return the body of an estimate."""
        return cls(
            estimate=MoneyBody(amount_minor=estimate.estimate_minor, currency=currency),
            maximum=_money(estimate.maximum_minor, currency),
        )


def _money(amount_minor: int | None, currency: str) -> MoneyBody | None:
    return None if amount_minor is None else MoneyBody(amount_minor=amount_minor, currency=currency)


class QuoteBody(BaseModel):
    """The fees to expect. `cabinet` is null when none near has so many banks; `available` can be had."""

    cabinet: str | None
    distance_m: int | None
    available: int
    quantity: int
    tariff: str
    free_minutes: int
    cap_per_24h: MoneyBody | None
    total_cap: MoneyBody | None
    courier_out: EstimateBody
    rental: EstimateBody
    courier_back: EstimateBody
    total: EstimateBody

    @classmethod
    def of(cls, quote: fees.Quote, *, cabinet: str | None, distance_m: int | None, available: int) -> Self:
        """Return the body of a quote for the cabinet found."""
        currency, rule = quote.tariff.currency, quote.tariff.rental
        return cls(
            cabinet=cabinet,
            distance_m=distance_m,
            available=available,
            quantity=quote.quantity,
            tariff=quote.tariff.version,
            free_minutes=rule.free_minutes,
            cap_per_24h=_money(rule.cap_per_24h_minor, currency),
            total_cap=_money(rule.total_cap_minor, currency),
            courier_out=EstimateBody.of(quote.courier_out, currency),
            rental=EstimateBody.of(quote.rental, currency),
            courier_back=EstimateBody.of(quote.courier_back, currency),
            total=EstimateBody.of(quote.total, currency),
        )


class DoneBody(BaseModel):
    """The request was carried out; the order stood so at that moment."""

    id: str
    state: str
    quantity: int

    @classmethod
    def of(cls, done: RequestDone) -> Self:
        """Return the body of the rental platform's reply."""
        return cls(id=done.order, state=done.state, quantity=done.quantity)


class OrderSummary(BaseModel):
    """An order as it stands. `handover_code` is what the user tells the courier at the door."""

    id: str
    state: str
    quantity: int
    banks: list[str]
    hand_over: str
    cabinet: str | None
    courier: str | None
    handover_code: str | None
    reason: str | None
    placed: str
    changed: str
    tariff: str

    @classmethod
    def of(cls, view: OrderView, tariff: str) -> Self:
        """Return the summary of what the user is shown of an order under that tariff."""
        return cls(**_summary(view, tariff))


class EventBody(BaseModel):
    """One entry of an order's journal: when it happened, and when the platform heard of it."""

    id: str
    type: str
    time: str
    received: str
    quality: str

    @classmethod
    def of(cls, event: OrderEvent) -> Self:
        """Return the body of a journal entry."""
        return cls(
            id=event.id,
            type=event.type,
            time=format_instant(event.time_ms),
            received=format_instant(event.received_ms),
            quality=event.quality,
        )


class FeeLineBody(BaseModel):
    """One line of the bill; one that `reverses` another takes it back."""

    id: str
    fee: str
    bank: str | None
    from_event: str
    to_event: str
    from_time: str
    to_time: str
    amount_minor: int
    currency: str
    tariff: str
    quality: str
    reverses: str | None

    @classmethod
    def of(cls, line: FeeLine) -> Self:
        """Return the body of a fee line."""
        return cls(
            id=line.id,
            fee=line.fee,
            bank=line.bank,
            from_event=line.from_event,
            to_event=line.to_event,
            from_time=format_instant(line.from_ms),
            to_time=format_instant(line.to_ms),
            amount_minor=line.amount_minor,
            currency=line.currency,
            tariff=line.tariff,
            quality=line.quality,
            reverses=line.reverses,
        )


class OrderBody(OrderSummary):
    """An order with its timeline and its bill; `total` is the sum of the fee lines so far."""

    events: list[EventBody]
    fee_lines: list[FeeLineBody]
    total: MoneyBody

    @classmethod
    def whole(cls, view: OrderView, file: OrderFile) -> Self:
        """Return the order with its journal and its bill."""
        total = MoneyBody(amount_minor=fees.total_minor(file.lines), currency=file.tariff.currency)
        return cls(
            **_summary(view, file.order.tariff),
            events=[EventBody.of(event) for event in file.events],
            fee_lines=[FeeLineBody.of(line) for line in file.lines],
            total=total,
        )


def _summary(view: OrderView, tariff: str) -> dict[str, Any]:
    return {
        "id": view.order,
        "state": view.state,
        "quantity": view.quantity,
        "banks": list(view.banks),
        "hand_over": view.hand_over,
        "cabinet": view.cabinet,
        "courier": view.courier,
        "handover_code": view.handover_code,
        "reason": view.reason,
        "placed": format_instant(view.placed),
        "changed": format_instant(view.changed),
        "tariff": tariff,
    }


class OrdersBody(BaseModel):
    """A user's orders, the newest first."""

    orders: list[OrderSummary]


class CabinetBody(BaseModel):
    """A cabinet near a place. `usable` tells whether it can be rented from now."""

    cabinet: str
    name: str
    lat: float
    lon: float
    distance_m: int
    usable: bool
    ready_banks: int
    free_slots: int


class CabinetsBody(BaseModel):
    """Cabinets near a place, the nearest first."""

    cabinets: list[CabinetBody]


class HealthBody(BaseModel):
    """`ok` when the gateway is connected to the broker."""

    status: Literal["ok", "disconnected"]
    region: str
