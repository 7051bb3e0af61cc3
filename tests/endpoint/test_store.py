import asyncio
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from chargeloop.broker.endpoint import Changes, StoreFailedError
from chargeloop.broker.endpoint.changes import (
    ChannelRow,
    EntryRow,
    LeaseRow,
    QuarantineRow,
    ReplyRow,
    RequestRow,
    StateRow,
)
from chargeloop.broker.endpoint.store import make_log_last
from tests.endpoint.toy import Seen, ToyStore

ROW: Seen = ("cabinet/cab-1", 1, "m-1", "event")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ToyStore]:
    opened = ToyStore(tmp_path / "deep" / "toy.sqlite3")
    await opened.open()
    yield opened
    await opened.close()


def everything() -> Changes:
    return Changes(
        marks={("cabinet/cab-1", "jnl-1"): 7},
        requests=[RequestRow("user/usr-1", "key-1", "f" * 64, 5)],
        replies=[ReplyRow("user/usr-1", "key-1", 0, "topic", "m-2", "{}")],
        channels={"topic": ChannelRow("topic", "jnl-2", 3, 1)},
        entries=[EntryRow("topic", seq, f"m-{seq}", "{}") for seq in (1, 2, 3)],
        leases={"cmd-1": LeaseRow("cmd-1", "topic", 9, "{}")},
        settled={"cmd-2": None},
        states={"topic": StateRow("topic", "m-3", "{}")},
        quarantined=[QuarantineRow("d" * 64, "topic", "not_json", "", 1, b"\xff", 5)],
        counters={"received": 4},
    )


def modes(store: ToyStore) -> dict[str, int]:
    directory = store.path.parent
    return {path.name: path.stat().st_mode & 0o777 for path in (directory, *directory.iterdir())}


FOR_ITS_OWNER = {"deep": 0o700, "toy.sqlite3": 0o600, "toy.sqlite3-shm": 0o600, "toy.sqlite3-wal": 0o600}


async def test_it_is_for_its_owner_alone_to_read(store: ToyStore) -> None:
    await store.commit(everything(), [ROW])
    assert modes(store) == FOR_ITS_OWNER


async def test_what_others_could_read_is_for_its_owner_alone_after_the_next_opening(store: ToyStore) -> None:
    await store.commit(everything(), [ROW])
    store.path.parent.chmod(0o755)
    for path in store.path.parent.iterdir():
        path.chmod(0o644)
    again = ToyStore(store.path)
    await again.open()
    assert modes(store) == FOR_ITS_OWNER
    await again.close()


async def test_a_caller_who_is_cancelled_leaves_a_whole_transaction_behind(store: ToyStore) -> None:
    await store.load()
    committing = asyncio.create_task(store.commit(everything(), [ROW]))
    await asyncio.sleep(0)
    committing.cancel()
    await asyncio.wait([committing])
    assert committing.cancelled()
    await store.commit(Changes(counters={"received": 5}), [])
    assert await store.read("SELECT value FROM counters WHERE name = 'received'") == [(5,)]
    assert await store.read("SELECT count(*) FROM outbox") == [(2,)]


async def test_what_was_committed_is_there_after_the_next_opening(store: ToyStore) -> None:
    changes = everything()
    first = await store.load()
    await store.commit(changes, [ROW])
    again = ToyStore(store.path)
    await again.open()
    kept = await again.load()
    assert (kept.store_id, kept.starts) == (first.store_id, 2)
    assert kept.marks == changes.marks
    assert kept.requests == changes.requests
    assert kept.replies == changes.replies
    assert kept.channels == [ChannelRow("topic", "jnl-2", 3, 1)]
    assert [entry.seq for entry in kept.entries] == [2, 3]
    assert kept.leases == list(changes.leases.values())
    assert kept.states == list(changes.states.values())
    assert kept.counters == {"received": 4}
    assert await again.seen() == [ROW]
    await again.close()


async def test_a_journal_that_is_begun_anew_takes_the_place_of_what_waited(store: ToyStore) -> None:
    await store.commit(everything(), [])
    changes = Changes(
        begun_anew={"topic": None},
        channels={"topic": ChannelRow("topic", "jnl-3", 2, 0)},
        entries=[EntryRow("topic", seq, f"jnl-3.{seq}", "{}") for seq in (1, 2)],
    )
    await store.commit(changes, [])
    kept = await store.load()
    assert kept.channels == [ChannelRow("topic", "jnl-3", 2, 0)]
    assert kept.entries == changes.entries


async def test_the_file_is_written_through_to_the_disk(store: ToyStore) -> None:
    assert await store.read("PRAGMA journal_mode") == [("wal",)]
    assert await store.read("PRAGMA synchronous") == [(2,)]


async def test_a_transaction_that_fails_leaves_nothing_and_says_which_file(store: ToyStore) -> None:
    await store.load()
    broken = Changes(channels={"topic": ChannelRow("topic", "jnl-2", 1, 2)})
    with pytest.raises(StoreFailedError, match=r"toy\.sqlite3: a transaction failed"):
        await store.commit(broken, [ROW])
    reader = sqlite3.connect(store.path)
    assert reader.execute("SELECT count(*) FROM seen").fetchall() == [(0,)]
    reader.close()


@pytest.mark.parametrize(("seq", "text"), [(2**63, "event"), (1, "\ud800")])
async def test_a_value_that_sqlite_cannot_hold_is_a_failed_transaction(
    store: ToyStore, seq: int, text: str
) -> None:
    with pytest.raises(StoreFailedError, match=r"toy\.sqlite3: a transaction failed"):
        await store.commit(Changes(), [("cabinet/cab-1", seq, "m-1", text)])


async def test_a_disk_error_is_a_failed_transaction(store: ToyStore) -> None:
    await store.load()
    await store.read("PRAGMA max_page_count = 1")
    with pytest.raises(StoreFailedError, match="full"):
        await store.commit(
            Changes(), [(f"cabinet/cab-{number}", 1, "m" * 500, "event") for number in range(500)]
        )


async def test_a_store_that_is_not_open_cannot_be_used(tmp_path: Path) -> None:
    store = ToyStore(tmp_path / "toy.sqlite3")
    with pytest.raises(StoreFailedError, match="not open"):
        await store.read("SELECT 1")
    await store.close()


async def test_the_same_message_twice_in_quarantine_is_one_row(store: ToyStore) -> None:
    row = QuarantineRow("d" * 64, "topic", "not_json", "", 1, b"x" * 50_000, 5)
    for _ in range(2):
        await store.commit(Changes(quarantined=[row]), [])
    assert await store.read("SELECT times, length(payload) FROM quarantine") == [(2, 16 * 1024)]


def unread(number: int, topic: str, fault: str = "not_json") -> QuarantineRow:
    return QuarantineRow(f"{topic}/{fault}/{number}", topic, fault, "", 1, b"", 5)


async def kept(store: ToyStore) -> Counter[tuple[str, str]]:
    return Counter(
        (str(topic), str(fault)) for topic, fault in await store.read("SELECT topic, fault FROM quarantine")
    )


async def test_nonsense_on_one_topic_drives_out_only_what_came_there(store: ToyStore) -> None:
    facts = [unread(0, "ada", "handling_failed"), unread(0, "ada", "entries_missing"), unread(0, "bob")]
    await store.commit(Changes(quarantined=facts), [])
    for start in range(0, 1_200, 300):
        flood = [unread(number, "ada") for number in range(start, start + 300)]
        await store.commit(Changes(quarantined=flood), [])
    assert await kept(store) == {
        ("ada", "handling_failed"): 1,
        ("ada", "entries_missing"): 1,
        ("bob", "not_json"): 1,
        ("ada", "not_json"): 500,
    }
    (latest,) = await store.read("SELECT digest FROM quarantine ORDER BY number DESC LIMIT 1")
    assert latest == ("ada/not_json/1199",)


async def test_nonsense_on_many_topics_does_not_fill_the_disk(
    store: ToyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeloop.broker.endpoint.store._MAX_QUARANTINED", 20)
    found = [unread(number, "bob", "handling_failed") for number in range(4)]
    await store.commit(Changes(quarantined=[*found, unread(0, "bob")]), [])
    for number in range(30):
        await store.commit(
            Changes(quarantined=[unread(number, topic) for topic in ("ada", "carl", "dora")]), []
        )
    left = await kept(store)
    assert left["bob", "handling_failed"] == 4
    assert left["bob", "not_json"] == 1
    assert 18 <= left.total() - 4 <= 20
    assert max(left.values()) - min(left[name, "not_json"] for name in ("ada", "carl", "dora")) <= 1


async def test_a_message_under_suspicion_is_remembered(store: ToyStore) -> None:
    for _ in range(2):
        await store.suspect("d" * 64, "topic", "RuntimeError()", 5)
    assert (await store.load()).digests == {"d" * 64}


def as_killed(store: ToyStore, directory: Path) -> Path:
    """Return a copy of the store as a writer leaves it who is killed now; its log was written long ago."""
    directory.mkdir()
    for end in ("", "-wal"):
        shutil.copyfile(f"{store.path}{end}", directory / f"{store.path.name}{end}")
    os.utime(directory / f"{store.path.name}-wal", ns=(LONG_AGO_NS, LONG_AGO_NS))
    return directory / store.path.name


LONG_AGO_NS = 1_000_000_000


async def test_what_was_committed_is_written_and_synced_again_before_a_store_is_open(
    store: ToyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process before may have ended at a sync that failed: then a sync alone would write nothing."""
    await store.commit(everything(), [ROW])
    path = as_killed(store, tmp_path / "killed")
    log = path.with_name(f"{path.name}-wal")
    content = log.read_bytes()
    sync, synced = os.fsync, []

    def watched(file: int) -> None:
        found = os.fstat(file)
        synced.append((found.st_ino, found.st_mtime_ns > LONG_AGO_NS))
        sync(file)

    monkeypatch.setattr(os, "fsync", watched)
    again = ToyStore(path)
    await again.open()
    assert synced == [(log.stat().st_ino, True), (path.parent.stat().st_ino, True)]
    assert log.read_bytes() == content
    assert (await again.load()).marks == everything().marks
    assert await again.seen() == [ROW]
    await again.close()


async def test_a_store_whose_log_cannot_be_made_to_last_does_not_open(
    store: ToyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.commit(everything(), [ROW])
    again = ToyStore(as_killed(store, tmp_path / "killed"))

    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StoreFailedError, match="sqlite3-wal: Input/output error"):
        await again.open()


async def test_while_a_log_is_written_again_nobody_else_writes(store: ToyStore, tmp_path: Path) -> None:
    await store.commit(everything(), [ROW])
    path = as_killed(store, tmp_path / "killed")
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as opening,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            make_log_last(opening, path)
        other.execute("ROLLBACK")
        make_log_last(opening, path)
        assert not opening.in_transaction
