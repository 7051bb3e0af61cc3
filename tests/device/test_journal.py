import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeloop.broker.device import DiskFailedError, Journal, JournalDamagedError
from chargeloop.protocol.ids import JournalId


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal"


def payloads(journal: Journal) -> list[bytes]:
    return [entry.payload for entry in journal.unacknowledged()]


def test_numbers_run_without_gaps_over_restarts(path: Path) -> None:
    first = Journal(path)
    assert first.append([b"{1}", b"{2}"]) == [1, 2]
    first.close()
    second = Journal(path)
    assert second.journal_id == first.journal_id
    assert second.append([b"{3}"]) == [3]
    assert payloads(second) == [b"{1}", b"{2}", b"{3}"]
    second.close()


def test_a_device_that_lost_its_file_begins_another_journal(path: Path) -> None:
    first = Journal(path)
    first.append([b"{}"])
    first.close()
    path.unlink()
    second = Journal(path)
    assert second.journal_id != first.journal_id
    assert second.last_seq == 0
    second.close()


@pytest.mark.parametrize("late", [0, 1, 2, 99])
def test_an_acknowledgement_that_comes_twice_late_or_for_numbers_to_come_changes_nothing(
    path: Path, late: int
) -> None:
    journal = Journal(path)
    journal.append([b"{1}", b"{2}", b"{3}"])
    journal.acknowledge(journal.journal_id, 2)
    journal.acknowledge(journal.journal_id, late)
    journal.acknowledge(JournalId("jnl-other"), 3)
    assert payloads(journal) == [b"{3}"]
    assert (journal.acked_seq, journal.last_seq) == (2, 3)
    journal.close()


def test_the_file_stays_small_when_entries_are_acknowledged(path: Path) -> None:
    journal = Journal(path)
    for _ in range(20):
        numbers = journal.append([b"x" * 1_000] * 50)
        journal.acknowledge(journal.journal_id, numbers[-1] - 1)
    assert path.stat().st_size < 350_000
    assert journal.append([b"last"]) == [1_001]
    journal.close()
    again = Journal(path)
    assert again.last_seq == 1_001
    assert payloads(again)[-1] == b"last"
    again.close()


@given(entries=st.integers(0, 6), cut=st.integers(1, 400))
@settings(max_examples=60)
def test_a_torn_tail_is_cut_off_and_its_number_used_again(
    tmp_path_factory: pytest.TempPathFactory, entries: int, cut: int
) -> None:
    path = tmp_path_factory.mktemp("device") / "journal"
    journal = Journal(path)
    header = path.stat().st_size
    for number in range(entries):
        journal.append([b'{"number":%d}' % number])
    journal.close()
    content = path.read_bytes()
    kept = max(header, len(content) - cut)
    path.write_bytes(content[:kept])
    whole = content[:kept].count(b"\n") - 1
    again = Journal(path)
    assert payloads(again) == [b'{"number":%d}' % number for number in range(whole)]
    assert again.append([b"next"]) == [whole + 1]
    again.close()
    once_more = Journal(path)
    assert payloads(once_more)[-1] == b"next"
    once_more.close()


def test_what_was_recorded_together_is_there_together_or_not_at_all(path: Path) -> None:
    journal = Journal(path)
    journal.append([b"{1}", b"{2}"])
    whole = path.stat().st_size
    assert journal.append([b"{3}", b"{4}", b"{5}"]) == [3, 4, 5]
    journal.close()
    content = path.read_bytes()
    for length in range(whole, len(content)):
        path.write_bytes(content[:length])
        again = Journal(path)
        assert payloads(again) == [b"{1}", b"{2}"]
        again.close()
    path.write_bytes(content)
    again = Journal(path)
    assert payloads(again) == [b"{1}", b"{2}", b"{3}", b"{4}", b"{5}"]
    again.close()


def test_a_last_line_that_was_written_in_part_is_cut_off(path: Path) -> None:
    journal = Journal(path)
    journal.append([b"{1}"])
    journal.close()
    with path.open("ab") as file:
        file.write(b"\0" * 20 + b"\n")
    again = Journal(path)
    assert payloads(again) == [b"{1}"]
    again.close()


def test_a_damaged_line_before_good_ones_is_never_passed_over(path: Path) -> None:
    journal = Journal(path)
    journal.append([b"{one}"])
    journal.append([b"{two}"])
    journal.close()
    path.write_bytes(path.read_bytes().replace(b"{one}", b"{0ne}"))
    with pytest.raises(JournalDamagedError, match="line 2 is damaged"):
        Journal(path)


def test_a_missing_entry_is_never_passed_over(path: Path) -> None:
    journal = Journal(path)
    journal.append([b"{one}"])
    journal.append([b"{two}"])
    journal.close()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(JournalDamagedError, match="entry 2 does not follow"):
        Journal(path)


@pytest.mark.parametrize("content", [b"", b"hello\n", b"ffffffff jnl-1 0\n"])
def test_a_file_that_is_no_journal_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(JournalDamagedError, match="names no journal"):
        Journal(path)


@contextmanager
def disk_that_is_full(file: Path, room: int) -> Iterator[None]:
    """Let this process's files grow no larger than the one given is now, but for so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 7])
def test_a_full_disk_is_told_and_what_was_recorded_before_is_there_at_the_next_start(
    path: Path, room: int
) -> None:
    journal = Journal(path)
    journal.append([b"{1}"])
    with disk_that_is_full(path, room), pytest.raises(DiskFailedError, match="journal: File too large"):
        journal.append([b"{2}"])
    assert journal.last_seq == 1
    journal.close()
    again = Journal(path)
    assert payloads(again) == [b"{1}"]
    assert again.append([b"{2}"]) == [2]
    again.close()


def test_a_journal_that_failed_takes_nothing_more_behind_the_half_line_it_may_have_left(path: Path) -> None:
    journal = Journal(path)
    journal.append([b"{1}"])
    with disk_that_is_full(path, 7), pytest.raises(DiskFailedError):
        journal.append([b"{2}"])
    with pytest.raises(DiskFailedError, match="failed before"):
        journal.append([b"{3}"])
    journal.close()
    again = Journal(path)
    assert payloads(again) == [b"{1}"]
    again.close()


def test_a_journal_that_cannot_be_written_anew_says_so_and_keeps_its_entries(path: Path) -> None:
    journal = Journal(path)
    journal.append([b"{}"] * 300)
    with disk_that_is_full(path, 1 - path.stat().st_size), pytest.raises(DiskFailedError):
        journal.acknowledge(journal.journal_id, 299)
    journal.close()
    again = Journal(path)
    assert again.last_seq == 300
    again.close()


def test_what_a_start_reads_is_written_and_synced_again_before_it_is_used(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process before may have ended at a sync that failed: then a sync alone would write nothing."""
    first = Journal(path)
    first.append([b"{1}", b"{2}"])
    first.close()
    content = path.read_bytes()
    path.write_bytes(content + b"torn")
    long_ago_ns = 1_000_000_000
    os.utime(path, ns=(long_ago_ns, long_ago_ns))
    sync, synced = os.fsync, []

    def watched(file: int) -> None:
        found = os.fstat(file)
        synced.append((found.st_ino, found.st_size, found.st_mtime_ns > long_ago_ns))
        sync(file)

    monkeypatch.setattr(os, "fsync", watched)
    again = Journal(path)
    file, directory = path.stat(), path.parent.stat()
    assert synced[0] == (file.st_ino, len(content), True)
    assert synced[1][0] == directory.st_ino
    assert path.read_bytes() == content
    assert payloads(again) == [b"{1}", b"{2}"]
    again.close()


def test_a_journal_that_cannot_be_made_to_last_does_not_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Journal(path).close()

    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(DiskFailedError, match="journal: Input/output error"):
        Journal(path)
