"""The courier platform's tables, and the rules that the database keeps whatever the code does.

The core saves jobs and offers in an order in which the rules hold after every row, so their rows are
written one by one as they come. Of a courier only the last row of a batch counts: positions come often.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from chargeloop.broker.endpoint import SqliteStore
from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.job import Job
from chargeloop.courier.core.offer import Offer, OfferState
from chargeloop.courier.core.rows import DispatchWrite, Rows, SaveCourier, SaveJob, SaveOffer
from chargeloop.protocol.ids import CourierId, JobId, OfferId

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  courier TEXT,
  place INTEGER,
  ended_ms INTEGER,
  body TEXT NOT NULL,
  CHECK (place IS NULL OR (courier IS NOT NULL AND ended_ms IS NULL AND place BETWEEN 0 AND 7))
) WITHOUT ROWID;
-- A courier's place is filled by one job at a time.
CREATE UNIQUE INDEX IF NOT EXISTS one_job_for_each_place ON jobs (courier, place) WHERE place IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (ended_ms);

CREATE TABLE IF NOT EXISTS offers (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL REFERENCES jobs (id),
  courier TEXT NOT NULL,
  round_number INTEGER NOT NULL,
  distance_m INTEGER NOT NULL,
  made_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'expired', 'taken', 'withdrawn'))
) WITHOUT ROWID;
-- Never two couriers on one job, and never two offers before one courier.
CREATE UNIQUE INDEX IF NOT EXISTS one_taker_of_a_job ON offers (job) WHERE state = 'accepted';
CREATE UNIQUE INDEX IF NOT EXISTS one_open_offer_of_a_courier ON offers (courier) WHERE state = 'open';

CREATE TABLE IF NOT EXISTS couriers (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""

_SAVE_JOB: Final = """
INSERT INTO jobs (id, state, courier, place, ended_ms, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  state = excluded.state, courier = excluded.courier, place = excluded.place,
  ended_ms = excluded.ended_ms, body = excluded.body
"""
_SAVE_OFFER: Final = """
INSERT INTO offers (id, job, courier, round_number, distance_m, made_ms, expires_ms, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state
"""
_SAVE_COURIER: Final = """
INSERT INTO couriers (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""
_KEPT: Final = "ended_ms IS NULL OR ended_ms > ?"

_JOB: Final = TypeAdapter(Job)
_COURIER: Final = TypeAdapter(Courier)


def _job_row(job: Job) -> tuple[Any, ...]:
    body = _JOB.dump_json(job).decode()
    return (job.id, job.state.value, job.courier, job.place, job.ended_ms, body)


def _offer_row(offer: Offer) -> tuple[Any, ...]:
    return (
        offer.id,
        offer.job,
        offer.courier,
        offer.round_number,
        offer.distance_m,
        offer.made_ms,
        offer.expires_ms,
        offer.state.value,
    )


def _row(write: SaveJob | SaveOffer) -> tuple[Any, ...]:
    return _job_row(write.job) if isinstance(write, SaveJob) else _offer_row(write.offer)


def statements(writes: Sequence[DispatchWrite]) -> Iterator[tuple[str, Sequence[tuple[Any, ...]]]]:
    """Yield the SQL of the core's rows with its parameters, in the order in which they must run."""
    ordered = [write for write in writes if not isinstance(write, SaveCourier)]
    for kind, group in groupby(ordered, key=type):
        yield (_SAVE_JOB if kind is SaveJob else _SAVE_OFFER), [_row(write) for write in group]
    last = {write.courier.id: write.courier for write in writes if isinstance(write, SaveCourier)}
    if last:
        yield _SAVE_COURIER, [(known.id, _COURIER.dump_json(known).decode()) for known in last.values()]


class DispatchStore(SqliteStore[DispatchWrite]):
    """The durable memory of one courier platform. Only the endpoint writes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, statements)

    async def rows(self, *, ended_after_ms: int) -> Rows:
        """Return what the core starts from: open jobs and those that ended later than the instant given."""
        jobs = await self.read(f"SELECT body FROM jobs WHERE {_KEPT} ORDER BY id", (ended_after_ms,))  # noqa: S608 - a constant
        offers = await self.read(
            "SELECT offers.* FROM offers JOIN jobs ON jobs.id = offers.job "  # noqa: S608 - a constant
            f"WHERE {_KEPT} ORDER BY made_ms, offers.id",
            (ended_after_ms,),
        )
        couriers = await self.read("SELECT body FROM couriers ORDER BY id")
        return Rows(
            tuple(_JOB.validate_json(body) for (body,) in jobs),
            tuple(_offers(offers)),
            tuple(_COURIER.validate_json(body) for (body,) in couriers),
        )


def _offers(rows: Iterable[tuple[Any, ...]]) -> Iterator[Offer]:
    for offer, job, courier, round_number, distance_m, made_ms, expires_ms, state in rows:
        yield Offer(
            OfferId(offer),
            JobId(job),
            CourierId(courier),
            round_number,
            distance_m,
            made_ms,
            expires_ms,
            OfferState(state),
        )
