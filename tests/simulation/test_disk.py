"""The stores in memory do what the real ones do with the same transactions."""

import copy
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import pytest

from chargeloop.broker.endpoint.changes import Changes, Kept
from chargeloop.courier.shell.store import DispatchStore as SqliteDispatch
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.store import PlatformStore
from chargeloop.protocol.codec import JSON
from chargeloop.protocol.ids import RegionId
from chargeloop.simulation import city, disk
from chargeloop.simulation.city import BEGIN_MS, build
from chargeloop.simulation.disk import BrokenRuleError, DiskJournal, Store, UniqueIndex
from chargeloop.simulation.dispatch import DispatchStore
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import discard
from chargeloop.simulation.rental import RentalStore
from chargeloop.simulation.stage import Stage

Transaction = tuple[Changes, Sequence[Any]]


def transactions(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Store[Any], list[Transaction]]]:
    """Play a small city and return both stores, and every transaction that became durable in them."""
    taken: dict[str, list[Transaction]] = {}
    sync = disk.Store.sync

    def noting(store: Store[Any]) -> None:
        if store._written is not None:
            taken.setdefault(store._store_id, []).append(copy.deepcopy(store._written))
        sync(store)

    monkeypatch.setattr(disk.Store, "sync", noting)
    stage = Stage(4, BEGIN_MS, faults_of("worst,operator_commands=20"), discard, JSON)
    region = build(stage, "r1", 8)
    region.rental.start()
    region.dispatch.start()
    for device in (*region.cabinets, *region.phones, *region.people, *region.operators):
        device.boot()
    stage.loop.run(region.last_order_ms + city.LEAD_MS)
    stores: dict[str, Store[Any]] = {"r1-rental": region.rental.books, "r1-dispatch": region.dispatch.books}
    return {name: (store, taken[name]) for name, store in stores.items()}


def same_kept(model: Kept, real: Kept) -> None:
    for field in fields(Kept):
        if field.name not in {"store_id", "starts", "counters"}:
            ours, theirs = getattr(model, field.name), getattr(real, field.name)
            if field.name == "requests":
                ours, theirs = sorted(ours), sorted(theirs)
            assert ours == theirs, field.name


async def test_the_rental_store_in_memory_loads_what_sqlite_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, taken = transactions(monkeypatch)["r1-rental"]
    assert isinstance(model, RentalStore)
    assert len(taken) > 100
    store = PlatformStore(tmp_path / "rental.sqlite3", RegionId("r1"))
    await store.open()
    try:
        for changes, writes in taken:
            await store.commit(changes, writes)
        same_kept(model.load(), await store.load())
        loaded = RentalReader(store.path).load(0)
        banks = await store.read("SELECT id, place, cabinet, slot, order_id FROM banks ORDER BY id")
    finally:
        await store.close()
    assert {order.id: order for order in loaded.orders} == model.orders
    assert {record.cabinet: record for record in loaded.cabinets} == model.cabinets
    assert banks == [astuple(record) for _, record in sorted(model.banks.items())]
    answered_for = {name: record for name, record in model.banks.items() if record.order is not None}
    assert {record.bank: record for record in loaded.banks} == answered_for
    assert {tariff.version: tariff for tariff in loaded.tariffs} == model.tariffs
    assert {early.bank: early for early in loaded.early_returns} == model.early_returns
    assert model.interventions
    assert {sent.command: sent for sent in loaded.interventions} == model.interventions


async def test_the_dispatch_store_in_memory_loads_what_sqlite_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, taken = transactions(monkeypatch)["r1-dispatch"]
    assert isinstance(model, DispatchStore)
    assert len(taken) > 100
    store = SqliteDispatch(tmp_path / "dispatch.sqlite3")
    await store.open()
    try:
        for changes, writes in taken:
            await store.commit(changes, writes)
        same_kept(model.load(), await store.load())
        loaded = await store.rows(ended_after_ms=0)
    finally:
        await store.close()
    assert loaded == model.rows(0)


def test_power_that_fails_before_the_sync_leaves_a_transaction_whole_or_not_at_all() -> None:
    stage = Stage(1, 0, faults_of("none"), discard)
    outcomes = set()
    for number in range(20):
        store = RentalStore("r1")
        store.write(Changes(marks={("cabinet/cab-1", "jnl-1"): 7}), [])
        kept = store.fail(stage.draw(str(number)))
        assert store.tables.marks == ({("cabinet/cab-1", "jnl-1"): 7} if kept else {})
        store.sync()
        assert bool(store.tables.marks) is kept
        outcomes.add(kept)
    assert outcomes == {True, False}


def test_a_key_has_one_owner_and_changes_hands_only_when_it_was_given_up() -> None:
    index = UniqueIndex[str]("one owner")
    index.put("a", ["x", "y"])
    with pytest.raises(BrokenRuleError, match="one owner: y of b belongs to a"):
        index.put("b", ["y"])
    index.clear("a")
    index.put("b", ["y"])
    index.put("a", ["x"])


def test_a_journal_numbers_without_gaps_and_forgets_only_what_was_acknowledged() -> None:
    journal = DiskJournal("r1-cab-1")
    assert journal.append([b"one", b"two"]) == [1, 2]
    assert journal.append([b"three"]) == [3]
    journal.acknowledge(journal.journal_id, 9)
    assert (journal.acked_seq, journal.last_seq) == (0, 3)
    journal.acknowledge(journal.journal_id, 2)
    assert (journal.acked_seq, journal.last_seq, journal.entry(3).payload) == (2, 3, b"three")
    with pytest.raises(KeyError):
        journal.entry(2)
