"""The store: what was written is what is loaded, and the database's own rules hold."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from chargeloop.broker.endpoint import StoreFailedError
from chargeloop.broker.endpoint.changes import Changes
from chargeloop.broker.endpoint.store import NotAStoreError
from chargeloop.courier.core.job import Job
from chargeloop.courier.core.offer import OfferState
from chargeloop.courier.core.rows import DispatchWrite, SaveJob, SaveOffer
from chargeloop.courier.shell.store import DispatchStore
from chargeloop.protocol.ids import JobId, OfferId
from chargeloop.protocol.messages import courier
from chargeloop.protocol.time import HOUR_MS
from tests.courier.core.making import BANK_1, JOB, A, B, World, cancellation, picked, request


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DispatchStore]:
    opened = DispatchStore(tmp_path / "dispatch.sqlite3")
    await opened.open()
    yield opened
    await opened.close()


async def commit(store: DispatchStore, *writes: DispatchWrite) -> None:
    await store.commit(Changes(), writes)


async def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dispatch.sqlite3"
    path.write_bytes(b"no database " * 100)
    with pytest.raises(NotAStoreError, match=r"dispatch\.sqlite3: file is not a database"):
        await DispatchStore(path).open()


def busy_world() -> World:
    world = World()
    world.on_duty(A)
    world.on_duty(B, 20)
    world.ask(request())
    world.accept(A)
    world.ask(cancellation())
    world.ask(request(JobId("job-2")))
    world.accept(A)
    world.phone(A, picked(BANK_1), message_id="jnl-a.9")
    world.phone(B, picked(BANK_1), message_id="jnl-b.9")
    return world


async def test_what_was_written_is_what_the_core_starts_from(store: DispatchStore) -> None:
    world = busy_world()
    await commit(store, *world.writes)
    rows = await store.rows(ended_after_ms=0)
    board = world.region.board
    assert {job.id: job for job in rows.jobs} == board.jobs
    assert {offer.id: offer for offer in rows.offers} == board.offers
    assert {person.id: person for person in rows.couriers} == board.couriers


async def test_the_rules_hold_after_every_row_in_the_order_of_the_core(store: DispatchStore) -> None:
    world = busy_world()
    world.will(A)
    world.pass_ms(3 * HOUR_MS, alive=(B,))
    for write in world.writes:
        await commit(store, write)


async def test_jobs_that_ended_long_ago_are_not_loaded(store: DispatchStore) -> None:
    world = World()
    world.ask(request())
    world.pass_ms(HOUR_MS)
    await commit(store, *world.writes)
    ended_ms = world.region.board.jobs[JOB].ended_ms
    assert ended_ms is not None
    assert (await store.rows(ended_after_ms=ended_ms)).jobs == ()
    assert len((await store.rows(ended_after_ms=ended_ms - 1)).jobs) == 1


def taken_job() -> tuple[Job, list[DispatchWrite]]:
    world = World()
    world.on_duty(A)
    world.ask(request())
    world.accept(A)
    return world.region.board.jobs[JOB], world.writes


async def test_the_database_refuses_a_second_accepted_offer_of_a_job(store: DispatchStore) -> None:
    _, writes = taken_job()
    await commit(store, *writes)
    offer = next(row.offer for row in writes if isinstance(row, SaveOffer))
    second = replace(offer, id=OfferId("off-2"), courier=B, state=OfferState.ACCEPTED)
    with pytest.raises(StoreFailedError, match="UNIQUE"):
        await commit(store, SaveOffer(second))


async def test_the_database_refuses_a_second_open_offer_of_a_courier(store: DispatchStore) -> None:
    _, writes = taken_job()
    await commit(store, *writes)
    offer = next(row.offer for row in writes if isinstance(row, SaveOffer))
    first = replace(offer, id=OfferId("off-2"), courier=B, state=OfferState.OPEN)
    await commit(store, SaveOffer(first))
    with pytest.raises(StoreFailedError, match="UNIQUE"):
        await commit(store, SaveOffer(replace(first, id=OfferId("off-3"))))


async def test_the_database_refuses_two_jobs_in_one_place_of_a_courier(store: DispatchStore) -> None:
    job, writes = taken_job()
    await commit(store, *writes)
    with pytest.raises(StoreFailedError, match="UNIQUE"):
        await commit(store, SaveJob(replace(job, id=JobId("job-9"))))


def test_the_work_of_a_busy_courier_shows_both_jobs() -> None:
    work = busy_world().work(A)
    assert isinstance(work, courier.Work)
    assert {job.job for job in work.jobs} == {JOB, JobId("job-2")}
