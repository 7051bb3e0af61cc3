"""The rental store on a real SQLite file: what is written comes back, and what must never be is refused."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chargeloop.broker.endpoint.changes import Changes
from chargeloop.broker.endpoint.store import NotAStoreError, StoreFailedError
from chargeloop.platform.core.fees import FeeKind, Mark, Span, lines, total_minor
from chargeloop.platform.core.order import BankPlace, HoldState
from chargeloop.platform.core.rows import (
    AppendEvent,
    AppendFeeLine,
    BankRecord,
    BankWhere,
    DropEarlyReturn,
    EarlyReturn,
    PlatformWrite,
    SaveBank,
    SaveCabinet,
    SaveEarlyReturn,
    SaveOrder,
    SaveTariff,
)
from chargeloop.platform.shell.reader import OrderFile, OrderFilter, RentalReader
from chargeloop.platform.shell.store import (
    OtherRegionError,
    PlatformStore,
    SchemaVersionError,
    connect,
)
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import CabinetId, OrderId, RegionId, ReservationId, UserId
from chargeloop.protocol.messages.rental import OrderState
from tests.platform.shell import books
from tests.platform.shell.books import NOON_MS, REGION, TARIFF


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "platform" / "rental.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[PlatformStore]:
    opened = PlatformStore(path, REGION)
    await opened.open()
    await write(opened, SaveTariff(TARIFF))
    yield opened
    await opened.close()


async def write(store: PlatformStore, *writes: PlatformWrite) -> None:
    await store.commit(Changes(), writes)


async def refused(store: PlatformStore, *writes: PlatformWrite) -> str:
    with pytest.raises(StoreFailedError) as failure:
        await write(store, *writes)
    return str(failure.value)


async def test_what_the_region_needs_comes_back_as_it_was_written(store: PlatformStore, path: Path) -> None:
    order = replace(
        books.order_in_use(),
        holds=(books.hold_of(books.order_in_use(), "rsv-1"),),
        lines=books.rental_lines(books.order_in_use()),
    )
    out = BankRecord(order.banks[0].bank, BankWhere.USER, order=order.id)
    await write(store, *books.walk_up_rental(), SaveOrder(order), *books.FLEET, SaveBank(out))
    loaded = RentalReader(path).load(NOON_MS)
    assert loaded.tariffs == (TARIFF,)
    assert loaded.cabinets == (books.CABINET,)
    assert loaded.banks == (out,)
    assert loaded.orders == (order,)


async def test_banks_that_no_order_answers_for_are_in_the_store_but_not_loaded(
    store: PlatformStore, path: Path
) -> None:
    await write(store, SaveBank(books.BANK))
    assert RentalReader(path).load(NOON_MS).banks == ()
    with closing(connect(path)) as db:
        assert db.execute("SELECT place, cabinet, slot FROM banks").fetchall() == [
            ("cabinet", books.BANK.cabinet, books.BANK.slot)
        ]


async def test_orders_that_ended_long_ago_are_not_loaded_but_still_there(
    store: PlatformStore, path: Path
) -> None:
    ended = replace(books.order_in_use("ord-ended"), state=OrderState.SETTLED, changed_ms=NOON_MS - 1)
    recent = replace(books.order_in_use("ord-recent"), state=OrderState.SETTLED, changed_ms=NOON_MS)
    await write(store, SaveOrder(ended), SaveOrder(recent))
    assert RentalReader(path).load(NOON_MS).orders == (recent,)
    assert RentalReader(path).orders(OrderFilter(books.USER), 10) == (ended, recent)


async def test_an_order_that_still_answers_for_a_bank_is_loaded_however_old_it_is(
    store: PlatformStore, path: Path
) -> None:
    sold = replace(books.order_in_use(), state=OrderState.SETTLED, changed_ms=NOON_MS - 1)
    bank = BankRecord(sold.banks[0].bank, BankWhere.SOLD, order=sold.id)
    await write(store, SaveOrder(sold), SaveBank(bank))
    assert RentalReader(path).load(NOON_MS).orders == (sold,)


async def test_an_order_with_a_dispute_that_waits_for_its_answer_is_loaded_however_old_it_is(
    store: PlatformStore, path: Path
) -> None:
    settled = replace(books.order_in_use(), state=OrderState.SETTLED, changed_ms=NOON_MS - 1)
    first, second = (books.event_of(settled, number, "dispute_opened", 1) for number in (3, 4))
    to_first, to_second = (
        replace(
            books.event_of(settled, number, "dispute_answered", 2), detail=json.dumps({"dispute": opened.id})
        )
        for number, opened in ((5, first), (6, second))
    )
    await write(store, SaveOrder(settled), *map(AppendEvent, (first, second, to_first)))
    assert RentalReader(path).load(NOON_MS).orders == (settled,)
    await write(store, AppendEvent(to_second))
    assert RentalReader(path).load(NOON_MS).orders == ()


async def test_an_early_return_is_loaded_until_it_is_dropped_or_old(store: PlatformStore, path: Path) -> None:
    early = EarlyReturn(books.BANK.bank, CabinetId("cab-0003"), 1, NOON_MS, ClockState.SYNCED)
    later = replace(early, slot=2, time_ms=NOON_MS + 1)
    await write(store, SaveEarlyReturn(early), SaveEarlyReturn(later))
    assert RentalReader(path).load(NOON_MS + 1).early_returns == (later,)
    assert RentalReader(path).load(NOON_MS + 2).early_returns == ()
    await write(store, SaveEarlyReturn(early), DropEarlyReturn(early.bank))
    assert RentalReader(path).load(0).early_returns == ()


async def test_an_order_comes_with_its_journal_and_bill_in_the_order_of_writing(
    store: PlatformStore, path: Path
) -> None:
    order = books.order_in_use()
    await write(store, *books.walk_up_rental())
    found = RentalReader(path).order_file(order.id)
    assert found is not None
    assert (found.order, found.events, found.lines) == (
        order,
        books.journal_of(order),
        books.rental_lines(order),
    )
    assert RentalReader(path).order_file(OrderId("ord-unknown")) is None


async def test_a_users_orders_come_newest_first_and_no_more_than_asked_for(
    store: PlatformStore, path: Path
) -> None:
    orders = [
        replace(books.order_in_use(f"ord-{number}", f"bnk-{number}"), placed_ms=NOON_MS + number)
        for number in range(4)
    ]
    other = books.order_in_use("ord-other", "bnk-other", user=UserId("usr-other"))
    await write(store, *(SaveOrder(order) for order in [*orders, other]))
    assert RentalReader(path).orders(OrderFilter(books.USER), 3) == tuple(reversed(orders[1:]))


async def test_of_several_writes_of_one_order_the_last_counts(store: PlatformStore, path: Path) -> None:
    order = books.order_in_use()
    settled = replace(order, state=OrderState.SETTLED, banks=())
    await write(store, SaveOrder(order), SaveOrder(settled))
    assert RentalReader(path).load(0).orders == (settled,)


async def test_a_bank_cannot_be_in_two_open_orders(store: PlatformStore, path: Path) -> None:
    await write(store, SaveOrder(books.order_in_use("ord-1")))
    assert "order_banks.bank" in await refused(store, SaveOrder(books.order_in_use("ord-2")))


async def test_a_bank_may_pass_from_one_order_to_the_next_in_one_transaction_in_any_order(
    store: PlatformStore, path: Path
) -> None:
    first, second = books.order_in_use("ord-1"), books.order_in_use("ord-2")
    back = replace(first, banks=(replace(first.banks[0], place=BankPlace.BACK),))
    await write(store, SaveOrder(first))
    await write(store, SaveOrder(second), SaveOrder(back))
    assert set(RentalReader(path).load(0).orders) == {back, second}


async def test_a_bank_of_an_order_that_ended_is_free(store: PlatformStore) -> None:
    failed = replace(books.order_in_use("ord-1"), state=OrderState.FAILED)
    await write(store, SaveOrder(failed), SaveOrder(books.order_in_use("ord-2")))


async def test_an_order_cannot_have_two_live_reservations_of_banks(store: PlatformStore) -> None:
    order = books.order_in_use()
    released = books.hold_of(order, "rsv-1", state=HoldState.RELEASING)
    asked = books.hold_of(order, "rsv-2", state=HoldState.ASKED)
    await write(store, SaveOrder(replace(order, holds=(released, asked))))
    held = books.hold_of(order, "rsv-3")
    assert "order_holds" in await refused(store, SaveOrder(replace(order, holds=(asked, held))))


async def test_a_slot_cannot_be_held_for_two_reservations(store: PlatformStore) -> None:
    slot = books.CABINET.slots[0]
    twice = replace(books.CABINET, slots=(slot, slot._replace(reservation=ReservationId("rsv-2"))))
    assert "slot_holds" in await refused(store, SaveCabinet(twice))


@pytest.mark.parametrize("table", ["fee_lines", "order_events", "tariffs"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = 'x'", "DELETE FROM {}"])
async def test_bills_journals_and_tariffs_cannot_be_changed(
    store: PlatformStore, path: Path, table: str, change: str
) -> None:
    await write(store, *books.walk_up_rental())
    sql = change.format(table).replace("id = 'x'", "version = 'x'" if table == "tariffs" else "id = 'x'")
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError, match="only added"):
        db.execute(sql)


@pytest.mark.parametrize(
    "wrong", [{"from_event": "ord-2-e1"}, {"to_event": "ord-1-e9"}, {"to_ms": NOON_MS}], ids=str
)
async def test_a_fee_line_names_events_of_its_own_order_and_their_times(
    store: PlatformStore, wrong: dict[str, Any]
) -> None:
    await write(store, *books.walk_up_rental("ord-1", "bnk-1"), *books.walk_up_rental("ord-2", "bnk-2"))
    (line,) = books.rental_lines(books.order_in_use("ord-1", "bnk-1"))
    reason = await refused(store, AppendFeeLine(replace(line, id="x", **wrong)))
    assert "names two events of its order and their times" in reason


async def test_a_correction_takes_the_line_back_and_adds_the_new_one(
    store: PlatformStore, path: Path
) -> None:
    order = books.order_in_use()
    await write(store, *books.walk_up_rental())
    earlier = books.event_of(order, 3, "bank_returned", 20)
    span = Span(FeeKind.RENTAL, "bnk-000017", Mark.of(books.journal_of(order)[0]), Mark.of(earlier))
    added = lines(order.id, TARIFF, books.rental_lines(order), [span])
    await write(store, *(AppendFeeLine(line) for line in added), AppendEvent(earlier))
    found = RentalReader(path).order_file(order.id)
    assert found is not None
    assert [line.amount_minor for line in found.lines] == [300, -300, 100]
    assert total_minor(found.lines) == 100


async def test_a_line_is_taken_back_in_full_and_only_once(store: PlatformStore) -> None:
    await write(store, *books.walk_up_rental())
    (line,) = books.rental_lines(books.order_in_use())
    half = replace(line, id="x", reverses=line.id, amount_minor=-1)
    assert "in full" in await refused(store, AppendFeeLine(half))


async def test_an_order_cannot_be_under_a_tariff_that_is_not_kept(store: PlatformStore) -> None:
    assert "FOREIGN KEY" in await refused(store, SaveOrder(replace(books.order_in_use(), tariff="lost-1")))


async def test_a_tariff_written_again_is_kept_once(store: PlatformStore, path: Path) -> None:
    await write(store, SaveTariff(TARIFF))
    await write(store, SaveTariff(TARIFF), SaveTariff(TARIFF))
    assert list(RentalReader(path).everything()) == [TARIFF]


async def test_a_file_of_another_version_is_refused_by_writer_and_reader(
    store: PlatformStore, path: Path
) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'platform_schema'")
    with pytest.raises(
        SchemaVersionError, match="holds version 99 of the rental store; this program reads version 2"
    ):
        RentalReader(path).region()
    with pytest.raises(SchemaVersionError):
        PlatformStore(path, REGION)


def test_a_file_that_is_no_store_is_named_by_writer_and_reader(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database " * 100)
    with pytest.raises(NotAStoreError, match=r"rental\.sqlite3: file is not a database"):
        PlatformStore(path, REGION)
    with pytest.raises(NotAStoreError):
        RentalReader(path).region()


@pytest.mark.parametrize(
    "made", ["", "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"]
)
async def test_a_file_whose_making_was_interrupted_is_finished(path: Path, made: str) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA journal_mode=WAL; {made}")
    with pytest.raises(SchemaVersionError, match="holds no rental store yet"):
        RentalReader(path).region()
    store = PlatformStore(path, REGION)
    await store.open()
    await store.close()
    assert RentalReader(path).region() == REGION


async def test_a_file_belongs_to_one_region(store: PlatformStore, path: Path) -> None:
    assert RentalReader(path).region() == REGION
    with pytest.raises(OtherRegionError, match="belongs to the region demo, not to other"):
        PlatformStore(path, RegionId("other"))


async def test_a_reader_cannot_write(store: PlatformStore, path: Path) -> None:
    with closing(connect(path)) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM cabinets")


async def test_a_reader_sees_what_was_committed_while_the_writer_goes_on_and_after_it_closed(
    path: Path,
) -> None:
    store = PlatformStore(path, REGION)
    await store.open()
    await write(store, *books.walk_up_rental())
    assert len(RentalReader(path).load(0).orders) == 1
    await store.close()
    assert len(RentalReader(path).load(0).orders) == 1


async def test_whoever_reads_everything_slowly_does_not_keep_the_writer_s_log_from_being_folded_back(
    store: PlatformStore, path: Path
) -> None:
    await write(store, SaveTariff(TARIFF), *books.walk_up_rental())
    reading = RentalReader(path).everything()
    first = next(reading)
    await write(store, SaveOrder(books.order_in_use("ord-9", "bnk-000018")))
    with closing(sqlite3.connect(path, timeout=0)) as db:
        blocked, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert not blocked
    assert path.with_name(f"{path.name}-wal").stat().st_size == 0
    orders = [one.order.id for one in reading if isinstance(one, OrderFile)]
    assert (first, orders) == (TARIFF, [books.order_in_use().id])


KILLED_WRITER = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.platform.shell.test_store import REGION, PlatformStore, books, write

async def main():
    store = PlatformStore(Path(sys.argv[1]), REGION)
    await store.open()
    await write(store, *books.walk_up_rental())
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_a_reader_sees_everything_committed_by_a_writer_that_was_killed(path: Path) -> None:
    command = [sys.executable, "-c", KILLED_WRITER, str(path)]
    done = subprocess.run(command, check=False, capture_output=True, cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    _, found = RentalReader(path).everything()
    assert isinstance(found, OrderFile)
    assert found.order == books.order_in_use()
    assert total_minor(found.lines) == 300
