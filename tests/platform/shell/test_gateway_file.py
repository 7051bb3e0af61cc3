"""The file under the gateway's accounts and alarms."""

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from chargeloop.broker.endpoint import StoreFailedError
from chargeloop.platform.shell.accounts.account import new_account
from chargeloop.platform.shell.accounts.store import AccountStore, Session, accounts_path
from chargeloop.platform.shell.alarms.store import AlarmStore, alarms_path
from chargeloop.platform.shell.gateway_file import GatewayFile, GatewayFileError
from chargeloop.protocol.topics import Role
from tests.platform.shell.sessions import session_of

STORES: dict[str, tuple[Callable[[Path], GatewayFile], Callable[[Path], Path]]] = {
    "accounts": (AccountStore, accounts_path),
    "alarms": (AlarmStore, alarms_path),
}
VERSIONS = {"accounts": "2", "alarms": "1"}


def of(holds: str, data: Path) -> GatewayFile:
    make, path = STORES[holds]
    return make(path(data))


def run_sql(path: Path, sql: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(sql)


@pytest.fixture(params=STORES)
def holds(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(holds: str, tmp_path: Path) -> AsyncIterator[GatewayFile]:
    made = of(holds, tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[GatewayFile]:
    opened = of("alarms", tmp_path)
    await opened.open()
    async with opened._transaction() as db:
        await db.execute("CREATE TABLE one (id INTEGER PRIMARY KEY)")
        await db.execute("CREATE TABLE other (one INTEGER REFERENCES one DEFERRABLE INITIALLY DEFERRED)")
    yield opened
    await opened.close()


async def test_it_is_for_its_owner_alone_to_read(store: GatewayFile, holds: str) -> None:
    await store.open()
    async with store._transaction() as db:
        await db.execute("INSERT INTO meta VALUES ('written', 'yes')")
    modes = {path.name: path.stat().st_mode & 0o777 for path in store.path.parent.iterdir()}
    assert modes == dict.fromkeys([f"{holds}.sqlite3{end}" for end in ("", "-shm", "-wal")], 0o600)
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


async def test_what_is_committed_survives_a_power_cut_and_another_program_is_waited_for(
    store: GatewayFile,
) -> None:
    await store.open()
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    settings = [(await store._one(f"PRAGMA {name}"))[0] for name in names]
    assert settings == ["wal", 2, 1, 5_000]


async def test_it_can_be_closed_twice_and_opened_again(store: GatewayFile, holds: str) -> None:
    with pytest.raises(RuntimeError, match=f"open the {holds} first"):
        await store._one("SELECT 1")
    for _ in range(2):
        await store.open()
        assert await store._one("SELECT value FROM meta WHERE key = 'version'") == (VERSIONS[holds],)
        await store.close()
        await store.close()


@pytest.mark.parametrize("version", ["0", "3"])
async def test_another_version_is_refused_and_left_as_it_is(
    store: GatewayFile, holds: str, version: str
) -> None:
    run_sql(store.path, "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    run_sql(store.path, f"CREATE TABLE {holds} (other TEXT)")
    run_sql(store.path, f"INSERT INTO meta VALUES ('version', '{version}')")  # noqa: S608
    before = store.path.read_bytes()
    told = f"holds version {version} of the gateway's {holds}; this program reads version {VERSIONS[holds]}"
    with pytest.raises(GatewayFileError, match=told):
        await store.open()
    assert store.path.read_bytes() == before


async def test_a_file_that_holds_something_else_is_refused_and_left_as_it_is(
    store: GatewayFile, holds: str, tmp_path: Path
) -> None:
    other = of(next(name for name in STORES if name != holds), tmp_path)
    await other.open()
    await other.close()
    other.path.rename(store.path)
    before = store.path.read_bytes()
    with pytest.raises(GatewayFileError, match=f"something else than the gateway's {holds}"):
        await store.open()
    assert store.path.read_bytes() == before


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(store: GatewayFile) -> None:
    store.path.parent.mkdir()
    store.path.write_text("login,password\n" * 100)
    with pytest.raises(GatewayFileError, match="is no SQLite file"):
        await store.open()
    assert store.path.read_text() == "login,password\n" * 100


async def test_a_file_that_was_still_being_made_is_finished(store: GatewayFile, holds: str) -> None:
    await store.open()
    await store.close()
    last = "sessions" if holds == "accounts" else "acts"
    run_sql(store.path, f"DELETE FROM meta; PRAGMA foreign_keys = OFF; DROP TABLE {last};")  # noqa: S608
    await store.open()
    assert await store._one("SELECT value FROM meta WHERE key = 'version'") == (VERSIONS[holds],)
    assert await store._all(f"SELECT * FROM {last}") == []  # noqa: S608


async def test_accounts_of_the_first_version_are_brought_up_to_date_with_all_that_they_hold(
    tmp_path: Path,
) -> None:
    path = accounts_path(tmp_path)
    anna = new_account(Role.OPERATOR, "anna", region="demo", now_ms=0)
    first = AccountStore(path)
    await first.open()
    await first.add(anna, "hash")
    session = await session_of(first, anna)
    await first.close()
    run_sql(path, "DROP TABLE discarded_tokens; UPDATE meta SET value = '1' WHERE key = 'version'")
    again = AccountStore(path)
    await again.open()
    try:
        assert await again._one("SELECT value FROM meta WHERE key = 'version'") == ("2",)
        assert await again.all() == [anna]
        assert await again.password_hash("anna") == "hash"
        renewed = await again.refresh(session.refresh)
        assert isinstance(renewed, Session)
        assert renewed.id == session.id
    finally:
        await again.close()


# Transactions.


async def add(file: GatewayFile, *numbers: int) -> None:
    async with file._transaction() as db:
        for number in numbers:
            await db.execute("INSERT INTO one VALUES (?)", (number,))


async def test_a_transaction_that_fails_leaves_nothing(file: GatewayFile) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await add(file, 1, 2, 1)
    assert await file._all("SELECT * FROM one") == []


async def test_a_commit_that_fails_leaves_nothing_and_the_next_transaction_works(file: GatewayFile) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        async with file._transaction() as db:
            await db.execute("INSERT INTO other VALUES (1)")  # which one is looked for only by the commit
    await add(file, 2)
    assert await file._all("SELECT * FROM one") == [(2,)]
    assert await file._all("SELECT * FROM other") == []


async def test_whoever_is_cancelled_as_a_transaction_begins_leaves_none_to_the_next(
    file: GatewayFile,
) -> None:
    go_on = threading.Event()
    await file._opened().create_function("go_on", 0, go_on.wait)
    busy = asyncio.create_task(file._one("SELECT go_on()"))
    cancelled = asyncio.create_task(add(file, 1))
    await asyncio.sleep(0)  # its BEGIN now waits for the thread of the connection
    cancelled.cancel()
    go_on.set()
    await asyncio.gather(busy, cancelled, return_exceptions=True)
    assert cancelled.cancelled()
    await add(file, 2)
    assert await file._all("SELECT * FROM one") == [(2,)]


async def test_transactions_come_one_after_the_other(file: GatewayFile) -> None:
    async def count_up() -> None:
        async with file._transaction() as db:
            (found,) = await file._one("SELECT count(*) FROM one")
            await db.execute("INSERT INTO one VALUES (?)", (found,))

    await asyncio.gather(*(count_up() for _ in range(10)))
    assert await file._all("SELECT * FROM one") == [(number,) for number in range(10)]


async def test_what_a_killed_writer_left_is_made_to_last_before_it_counts(
    file: GatewayFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = of("alarms", tmp_path / "killed")
    left.path.parent.mkdir(parents=True)
    for end in ("", "-wal"):
        shutil.copyfile(f"{file.path}{end}", f"{left.path}{end}")

    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StoreFailedError, match="sqlite3-wal: Input/output error"):
        await left.open()
