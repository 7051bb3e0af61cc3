"""What travels over HTTP: request and response bodies of the gateway.

Requests are strict: no unknown member, no number as text. Places are decimal degrees, times RFC 3339, money
integer minor units with its currency.
"""

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from chargeloop.platform.core import fees
from chargeloop.platform.core.dispute import Dispute
from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.order import Order
from chargeloop.platform.core.rows import OrderEvent
from chargeloop.platform.shell.prices import TARIFF_EXAMPLE, MoneyBody, TariffBody
from chargeloop.platform.shell.reader import OrderFile
from chargeloop.protocol import fields
from chargeloop.protocol.geo import Point
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.messages.rental import FeeLineId, OrderView, RequestDone
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


class OrderRequest(Place):
    """Rent `quantity` banks, brought here or (walk_up) given out by `cabinet`.

    A second walk-up of a user at the same cabinet, for as many banks and within 30 s, is the same order.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lat": 43.45, "lon": 5.23, "quantity": 2, "accept_fewer": True}]}
    )

    quantity: fields.Quantity
    accept_fewer: bool = False
    hand_over: HandOverWord = "courier"
    cabinet: fields.Cabinet | None = None


class CancelRequest(_Request):
    """Stop the order. An operator must give the reason."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "changed my mind"}]})

    # A message has room for 200 characters, the operator's id before them.
    reason: fields.ReasonOfOperator | None = None


class ReturnRequest(Place):
    """Have `quantity` banks fetched here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lat": 43.45, "lon": 5.23, "quantity": 1}]})

    quantity: fields.Quantity


class DisputeRequest(_Request):
    """Something is wrong with the order, or with one bank of it: returned, but still charged."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"bank": "bnk-000017", "text": "I put it back at noon"}]}
    )

    bank: fields.Bank | None = None
    text: fields.Reason


class AnswerRequest(_Request):
    """What an operator answers to a dispute."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "the reader of the slot was at fault"}]}
    )

    text: fields.Reason


class EndRequest(_Request):
    """End an order that is stuck, and give the reason."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "the bank was handed in at our office"}]}
    )

    reason: fields.ReasonOfOperator


class WaiverRequest(_Request):
    """Take a fee line back, and give the reason."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"line": "ord-7a10/rental/bnk-000017/1", "reason": "the reader was at fault"}]
        }
    )

    line: FeeLineId
    reason: fields.Reason


def point_of(lat: float, lon: float) -> Point:
    """Return the place of decimal degrees."""
    return Point(round(lat * _E7), round(lon * _E7))


class DoneBody(BaseModel):
    """The request was carried out; the order stood so at that moment."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "ord-7a10", "state": "reserving", "quantity": 2}]}
    )

    id: str
    state: str
    quantity: int

    @classmethod
    def of(cls, done: RequestDone) -> Self:
        """Return the body of the rental platform's reply."""
        return cls(id=done.order, state=done.state, quantity=done.quantity)


ORDER_EXAMPLE: Final[dict[str, Any]] = {
    "id": "ord-7a10",
    "user": "usr-0042",
    "state": "in_use",
    "quantity": 1,
    "banks": ["bnk-000017"],
    "hand_over": "courier",
    "cabinet": None,
    "courier": None,
    "last_cabinet": "cab-0003",
    "last_courier": "cou-0005",
    "place": {"lat": 43.452, "lon": 5.233},
    "handover_code": None,
    "reason": None,
    "placed": "2026-11-23T12:00:00.000Z",
    "changed": "2026-11-23T12:14:00.000Z",
    "tariff": TARIFF_EXAMPLE["version"],
}
EVENT_EXAMPLE: Final[dict[str, Any]] = {
    "id": "ord-7a10-e7",
    "type": "bank_ejected",
    "time": "2026-11-23T12:10:00.000Z",
    "received": "2026-11-23T12:10:00.210Z",
    "quality": "synced",
    "detail": {"bank": "bnk-000017", "cabinet": "cab-0003", "slot": 1, "job": "job-7a10-2"},
}
_LINE_EXAMPLE: Final[dict[str, Any]] = {
    "id": "ord-7a10/rental/bnk-000017/1",
    "fee": "rental",
    "bank": "bnk-000017",
    "from_event": "ord-7a10-e9",
    "to_event": "ord-7a10-e15",
    "from_time": "2026-11-23T12:14:00.000Z",
    "to_time": "2026-11-23T13:10:00.000Z",
    "amount_minor": 200,
    "currency": "EUR",
    "tariff": TARIFF_EXAMPLE["version"],
    "quality": "synced",
    "reverses": None,
}


class PlaceBody(BaseModel):
    """A place on the ground, in degrees."""

    lat: float
    lon: float


class OrderSummary(BaseModel):
    """An order as it stands. `handover_code` is what the user tells the courier.

    It is given to the user alone here; operators may read it in messages, as they read every topic.
    `cabinet` and `courier` are those that it has to do with now, `last_cabinet` and `last_courier` those
    that it had to do with last. `place` is where it was ordered to.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [ORDER_EXAMPLE]})

    id: str
    user: str
    state: str
    quantity: int
    banks: list[str]
    hand_over: str
    cabinet: str | None
    courier: str | None
    last_cabinet: str | None
    last_courier: str | None
    place: PlaceBody
    handover_code: str | None
    reason: str | None
    placed: str
    changed: str
    tariff: str

    @classmethod
    def of(cls, order: Order, view: OrderView, *, codes: bool) -> Self:
        """Return the summary of an order; `codes` tells whether its user is asking."""
        return cls(**_summary(order, view, codes=codes))


class EventBody(BaseModel):
    """One entry of an order's journal: when it happened, and when the platform heard of it.

    `detail` has the facts of the entry; which, depends on its type.
    """

    id: str
    type: str
    time: str
    received: str
    quality: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, event: OrderEvent) -> Self:
        """Return the body of a journal entry."""
        return cls(
            id=event.id,
            type=event.type,
            time=format_instant(event.time_ms),
            received=format_instant(event.received_ms),
            quality=event.quality,
            detail=json.loads(event.detail),
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


_DISPUTE_EXAMPLE: Final[dict[str, Any]] = {
    "id": "ord-7a10-e17",
    "order": "ord-7a10",
    "user": "usr-0042",
    "bank": "bnk-000017",
    "text": "I put it back at noon",
    "opened": "2026-11-23T14:00:00.000Z",
    "answer": "the reader of the slot was at fault; the rental costs nothing",
    "operator": "opr-anna",
    "answered": "2026-11-23T14:30:00.000Z",
}


class DisputeBody(BaseModel):
    """A dispute about an order, or one bank of it; without an answer the last three are null."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DISPUTE_EXAMPLE]})

    id: str
    order: str
    user: str
    bank: str | None
    text: str
    opened: str
    answer: str | None
    operator: str | None
    answered: str | None

    @classmethod
    def of(cls, order: Order, dispute: Dispute) -> Self:
        """Return the body of a dispute about the order."""
        answer = dispute.answer
        return cls(
            id=dispute.id,
            order=order.id,
            user=order.user,
            bank=dispute.bank,
            text=dispute.text,
            opened=format_instant(dispute.opened_ms),
            answer=None if answer is None else answer.text,
            operator=None if answer is None else answer.operator,
            answered=None if answer is None else format_instant(answer.answered_ms),
        )


class DisputesBody(BaseModel):
    """Disputes, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disputes": [_DISPUTE_EXAMPLE]}]})

    disputes: list[DisputeBody]


class OrderBody(OrderSummary):
    """An order with its timeline and its bill; `total` is the sum of the fee lines so far.

    `rules` is the tariff that the order keeps from its beginning to its end.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **ORDER_EXAMPLE,
                    "state": "settled",
                    "banks": [],
                    "events": [EVENT_EXAMPLE],
                    "fee_lines": [_LINE_EXAMPLE],
                    "total": {"amount_minor": 200, "currency": "EUR"},
                    "rules": TARIFF_EXAMPLE,
                    "disputes": [_DISPUTE_EXAMPLE],
                }
            ]
        }
    )

    events: list[EventBody]
    fee_lines: list[FeeLineBody]
    total: MoneyBody
    rules: TariffBody
    disputes: list[DisputeBody]

    @classmethod
    def whole(cls, file: OrderFile, view: OrderView, *, codes: bool) -> Self:
        """Return the order with its journal and its bill; `codes` tells whether its user is asking."""
        total = MoneyBody(amount_minor=fees.total_minor(file.lines), currency=file.tariff.currency)
        return cls(
            **_summary(file.order, view, codes=codes),
            rules=TariffBody.of(file.tariff),
            disputes=[DisputeBody.of(file.order, dispute) for dispute in file.order.disputes],
            events=[EventBody.of(event) for event in file.events],
            fee_lines=[FeeLineBody.of(line) for line in file.lines],
            total=total,
        )


def _summary(order: Order, view: OrderView, *, codes: bool) -> dict[str, Any]:
    leg = order.legs[-1] if order.legs else None
    return {
        "id": order.id,
        "user": order.user,
        "state": view.state,
        "quantity": view.quantity,
        "banks": list(view.banks),
        "hand_over": view.hand_over,
        "cabinet": view.cabinet,
        "courier": view.courier,
        "last_cabinet": order.walk_up_cabinet if leg is None else leg.cabinet,
        "last_courier": next((one.courier for one in reversed(order.legs) if one.courier is not None), None),
        "place": {"lat": order.location.lat_e7 / _E7, "lon": order.location.lon_e7 / _E7},
        "handover_code": view.handover_code if codes else None,
        "reason": view.reason,
        "placed": format_instant(view.placed),
        "changed": format_instant(view.changed),
        "tariff": order.tariff,
    }


class OrdersBody(BaseModel):
    """Orders, the newest first; `next` is the cursor of the following page, null on the last one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"orders": [ORDER_EXAMPLE], "next": "MTc5NS5vcmQtN2ExMA"}]}
    )

    orders: list[OrderSummary]
    next: str | None
