"""A device's journal: a file of numbered entries that survives power cuts, kept until the platform has them.

Theory: an entry is appended and synced before anything is done about it, so what has happened is never
forgotten. Numbers run without gaps from 1 over the device's whole life under one journal id; a device that
lost its file starts another journal under a new id. Each line is what was recorded together, under a CRC:
the last one may be torn by a power cut in the middle of a write, is cut off at the next start, and its
number is used again, since `append` had not returned. A damaged line with good ones behind it is no torn
tail but a broken disk, and is never passed over. What a start has read is written over itself and synced
before anything is made of it: the process before may have ended at a sync that failed. The file is written
anew without acknowledged entries when many have gathered; after a restart a few that the platform has already
may be sent again, which it recognises by their numbers.
"""

import os
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chargeloop.broker.device.files import DiskFailedError, on_disk, replace_file
from chargeloop.broker.disk import write_again
from chargeloop.protocol.ids import IdKind, JournalId, is_id

_COMPACT_AFTER = 256
# JSON never holds this control character unescaped.
_SEPARATOR = b"\x1e"


class JournalDamagedError(Exception):
    """The file is no journal, or is damaged before its end: the device needs a new one and an inventory."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded message: its number and its encoded envelope."""

    seq: int
    payload: bytes


class EventJournal(Protocol):
    """What a device needs of its journal, wherever that is kept."""

    journal_id: JournalId

    @property
    def last_seq(self) -> int:
        """Return the number of the last entry, 0 when there has been none."""

    @property
    def acked_seq(self) -> int:
        """Return the highest number known to be committed by the platform."""

    def append(self, payloads: Sequence[bytes]) -> list[int]:
        """Record encoded envelopes that carry the numbers from `last_seq + 1` on; returns those numbers."""

    def entry(self, seq: int) -> Entry:
        """Return an entry that has not been acknowledged."""

    def acknowledge(self, journal_id: JournalId, seq: int) -> None:
        """Let go of the entries up to `seq`; another journal or a number to come changes nothing."""


class Journal:
    """The journal of one device, in one file.

    Args:
        path: the file; it is made, with a new journal id, when it is missing.

    Raises:
        JournalDamagedError: see the module's text.
        DiskFailedError: what is in the file cannot be made to last.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, _line(f"{IdKind.JOURNAL}-{secrets.token_hex(10)} 0".encode()))
        self._entries: dict[int, Entry] = {}
        self.journal_id, self._base = self._read()
        self._acked = self._base
        self._file = path.open("ab", buffering=0)
        self._failed = False

    @property
    def last_seq(self) -> int:
        """Return the number of the last entry, 0 when there has been none."""
        return self._acked + len(self._entries)

    @property
    def acked_seq(self) -> int:
        """Return the highest number known to be committed by the platform."""
        return self._acked

    def append(self, payloads: Sequence[bytes]) -> list[int]:
        """Record encoded envelopes that carry the numbers from `last_seq + 1` on; returns those numbers.

        When it returns, the entries survive a power cut; before, either all or none of them.

        Raises:
            DiskFailedError: nothing can be recorded any more: the device must stop.
        """
        first = self.last_seq + 1
        entries = [Entry(first + position, payload) for position, payload in enumerate(payloads)]
        self._write(_entries_line(entries))
        self._entries.update((entry.seq, entry) for entry in entries)
        return [entry.seq for entry in entries]

    def unacknowledged(self) -> Sequence[Entry]:
        """Return the entries the platform has not acknowledged, in order."""
        return list(self._entries.values())

    def entry(self, seq: int) -> Entry:
        """Return an entry that has not been acknowledged."""
        return self._entries[seq]

    def acknowledge(self, journal_id: JournalId, seq: int) -> None:
        """Let go of the entries up to `seq`; another journal or a number to come changes nothing."""
        if journal_id != self.journal_id or not self._acked < seq <= self.last_seq:
            return
        for number in range(self._acked + 1, seq + 1):
            del self._entries[number]
        self._acked = seq
        if self._acked - self._base >= _COMPACT_AFTER:
            self._compact()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: bytes) -> None:
        """Append a line and sync it. A failure may leave half a line, which must stay the last one."""
        if self._failed:
            raise DiskFailedError(f"{self._path}: it failed before")
        self._failed = True
        with on_disk(self._path):
            left = memoryview(line)
            while left:
                left = left[self._file.write(left) :]
            os.fdatasync(self._file.fileno())
        self._failed = False

    def _compact(self) -> None:
        lines = [_line(f"{self.journal_id} {self._acked}".encode())]
        lines += [_entries_line([entry]) for entry in self._entries.values()]
        self._file.close()
        replace_file(self._path, b"".join(lines))
        self._base = self._acked
        self._file = self._path.open("ab", buffering=0)

    def _read(self) -> tuple[JournalId, int]:
        """Load the file, make it last without a torn tail; return its id and the number it begins behind."""
        content = self._path.read_bytes()
        lines = content.split(b"\n")
        bodies = [_body(line) for line in lines[:-1]]
        good = next((index for index, body in enumerate(bodies) if body is None), len(bodies))
        if any(body is not None for body in bodies[good:]):
            raise JournalDamagedError(f"{self._path}: line {good + 1} is damaged and is not the last one")
        header, *rest = [body for body in bodies[:good] if body is not None] or [b""]
        journal_id, _, base = header.decode().partition(" ")
        if not (is_id(IdKind.JOURNAL, journal_id) and base.isdigit()):
            raise JournalDamagedError(f"{self._path}: the first line names no journal")
        for body in rest:
            first, _, payloads = body.partition(b" ")
            for number, payload in enumerate(payloads.split(_SEPARATOR), start=int(first)):
                if number != int(base) + len(self._entries) + 1:
                    raise JournalDamagedError(f"{self._path}: entry {number} does not follow the one before")
                self._entries[number] = Entry(number, payload)
        with on_disk(self._path):
            write_again(self._path, content[: sum(len(line) + 1 for line in lines[:good])])
        return JournalId(journal_id), int(base)


def _line(body: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _entries_line(entries: Sequence[Entry]) -> bytes:
    """Return one line for what was recorded together: after a power cut all of it is there, or nothing."""
    return _line(b"%d %s" % (entries[0].seq, _SEPARATOR.join(entry.payload for entry in entries)))


def _body(line: bytes) -> bytes | None:
    """Return what stands on a line behind its CRC, or None when they do not agree."""
    crc, _, body = line.partition(b" ")
    return body if crc == b"%08x" % zlib.crc32(body) else None
