"""What cabinets' and phones' journal files hold; nothing here is imported from what writes them.

A file's first line names the journal and the number it begins behind; each other line has what was recorded
together, all under a CRC. Entries that the platform has are cut off in time, so a watch looks in while the
devices run and keeps what it has seen.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_SEPARATOR: Final = b"\x1e"
_FOLDERS: Final = {"cabinets": "cabinet", "agents": "courier"}
Entry = Mapping[str, Any]


@dataclass(slots=True)
class SeenJournal:
    """One journal: its owner as messages name it (`cabinet/cab-0001`), and the entries seen of it.

    `last` is the number of its last entry, 0 when there was none; those up to `base` have been cut off,
    perhaps before they were seen.
    """

    source: str
    journal: str
    last: int = 0
    base: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)


class JournalWatch:
    """Everything that was ever seen in the journal files of a data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._seen: dict[tuple[str, str], SeenJournal] = {}
        self._stamps: dict[Path, tuple[int, int, int]] = {}

    @property
    def journals(self) -> tuple[SeenJournal, ...]:
        """Return all journals, in the order of their owners."""
        return tuple(self._seen[key] for key in sorted(self._seen))

    def look(self) -> None:
        """Read all files that have changed."""
        for folder, role in _FOLDERS.items():
            for path in self._data.glob(f"{folder}/*/journal"):
                found = path.stat()
                stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
                if self._stamps.get(path) != stamp:
                    self._stamps[path] = stamp
                    self._read(f"{role}/{path.parent.name}", path.read_bytes())

    def damaged(self) -> list[Path]:
        """Return the journals that a device found damaged and put aside."""
        return sorted(self._data.glob("*/*/journal.damaged"))

    def entries(self, kind: str) -> Iterator[tuple[SeenJournal, Entry]]:
        """Yield the entries of one type (`bank_ejected`), journal by journal, in their order."""
        for journal in self.journals:
            for _, entry in sorted(journal.entries.items()):
                if entry["type"].split(".")[-2] == kind:
                    yield journal, entry

    def _read(self, source: str, content: bytes) -> None:
        # What stands behind the last end of a line, or does not agree with its CRC, is being written.
        bodies = [body for line in content.split(b"\n")[:-1] if (body := _body(line)) is not None]
        if not bodies:
            return
        name, _, base = bodies[0].decode("ascii").partition(" ")
        journal = self._seen.setdefault((source, name), SeenJournal(source, name))
        journal.base = max(journal.base, int(base))
        journal.last = max(journal.last, journal.base)
        for body in bodies[1:]:
            first, _, payloads = body.partition(b" ")
            for seq, payload in enumerate(payloads.split(_SEPARATOR), start=int(first)):
                journal.last = max(journal.last, seq)
                if seq not in journal.entries:
                    journal.entries[seq] = json.loads(payload)


def by_source(journals: tuple[SeenJournal, ...]) -> Mapping[str, list[SeenJournal]]:
    """Return the journals of each owner; a device that lost its storage has several."""
    grouped: dict[str, list[SeenJournal]] = defaultdict(list)
    for journal in journals:
        grouped[journal.source].append(journal)
    return grouped


def _body(line: bytes) -> bytes | None:
    crc, _, body = line.partition(b" ")
    return body if crc == b"%08x" % zlib.crc32(body) else None
