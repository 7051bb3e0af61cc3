"""The JSON detail of a journal entry."""

import json
from dataclasses import fields
from typing import Any

from chargeloop.platform.core.fees import FeeLine
from chargeloop.platform.core.order import Hold, Leg
from chargeloop.platform.core.order_journal import Happening
from chargeloop.protocol.geo import Point


def detail(happened: Happening) -> str:
    """Return the journal's JSON detail: the event's facts, with its larger parts cut short.

    Codes stay out of the journal: operators, who may read them in messages, are to see them nowhere else.
    """
    return json.dumps(_facts(happened), separators=(",", ":"))


def _facts(happened: Any) -> dict[str, Any]:
    return {field.name: _fact(getattr(happened, field.name)) for field in fields(happened)}


def _fact(value: Any) -> Any:
    if isinstance(value, Hold):
        return {
            "reservation": value.id,
            "cabinet": value.cabinet,
            "kind": value.kind,
            "quantity": value.quantity,
        }
    if isinstance(value, Leg):
        return {
            "job": value.job,
            "kind": value.kind,
            "cabinet": value.cabinet,
            "reservation": value.reservation,
            "quantity": value.quantity,
        }
    if isinstance(value, Point):
        return {"lat_e7": value.lat_e7, "lon_e7": value.lon_e7}
    if isinstance(value, tuple):
        return [part.id if isinstance(part, FeeLine) else part for part in value]
    return value
