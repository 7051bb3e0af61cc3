"""Who a simulated courier is: shift, speed, temper, and the trouble planted with them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, TypeAdapter, model_validator

from chargeloop.protocol import fields
from chargeloop.protocol.geo import Point
from chargeloop.protocol.handwritten import E7, Entry, NotUsableError, entries_of, unreadable
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS


class CouriersFileError(ValueError):
    """The couriers' file cannot be used; the message says where in it and what is expected."""


class GivesUp(StrEnum):
    """When a planted courier drops a job: with empty hands, or with the banks."""

    BEFORE_PICKUP = "before_pickup"
    AFTER_PICKUP = "after_pickup"


class Profile(Entry):
    """One simulated courier.

    Exactly one rule of travel is given: `speed_m_per_s` along the great circle, or `metres_per_minute_ceil`
    (the rule of the meal delivery data: planar distance over speed, rounded up to whole minutes).
    `slow_factor` stretches both: a dawdler. `service_ms` is what they need at a cabinet before typing and
    at a door before knocking. An answer to an offer takes `answer_ms` and up to `answer_spread_ms` more: a
    quarter of that is drawn, the rest goes by the way, so that the nearest is the first as a rule.
    `patience_ms` is how long they wait for an absent user before knocking again; `stamina_ms` how long they
    bear an unsolved problem before giving up. `gives_up_at_job` counts their jobs from 1.
    """

    courier: fields.Courier
    lat_e7: E7
    lon_e7: E7
    on_ms: int | None = None
    off_ms: int | None = None
    speed_m_per_s: Annotated[float, Field(gt=0)] | None = None
    metres_per_minute_ceil: Annotated[float, Field(gt=0)] | None = None
    slow_factor: Annotated[float, Field(ge=1)] = 1.0
    service_ms: Annotated[int, Field(ge=0)] = 30 * SECOND_MS
    answer_ms: Annotated[int, Field(ge=0)] = 2 * SECOND_MS
    answer_spread_ms: Annotated[int, Field(ge=0)] = 0
    accept_probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    ignore_probability: Annotated[float, Field(ge=0, le=1)] = 0.0
    patience_ms: Annotated[int, Field(gt=0)] = 3 * MINUTE_MS
    stamina_ms: Annotated[int, Field(gt=0)] = 30 * MINUTE_MS
    rest_ms: Annotated[int, Field(gt=0)] = 5 * MINUTE_MS
    gives_up: GivesUp | None = None
    gives_up_at_job: Annotated[int, Field(ge=1)] = 1
    clock_offset_ms: int = 0
    drift_ppm: int = 0
    seed: int = 0

    @model_validator(mode="after")
    def _one_rule_of_travel(self) -> Self:
        if (self.speed_m_per_s is None) is (self.metres_per_minute_ceil is None):
            raise ValueError("give either speed_m_per_s or metres_per_minute_ceil")
        return self

    @property
    def start(self) -> Point:
        """Return where the courier begins."""
        return Point(self.lat_e7, self.lon_e7)


_PROFILES = TypeAdapter(tuple[Profile, ...])


def load_profiles(path: Path) -> tuple[Profile, ...]:
    """Return the couriers of a JSON file (a list of objects with the members of `Profile`).

    Raises:
        CouriersFileError: it cannot be read, or is not such a list.
    """
    try:
        return entries_of(path.read_bytes(), _PROFILES, "couriers")
    except OSError as error:
        raise CouriersFileError(f"{path}: {unreadable(error)}") from error
    except NotUsableError as error:
        raise CouriersFileError(f"{path}: {error}") from error
