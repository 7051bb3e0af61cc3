"""A cabinet's directory: what stays when the power fails.

- `state.json` is the physical truth: which bank is in which slot, in the tray, or was given away in an
  answer. It is written by the simulated mechanics alone, and inspectors may read it.
- `memory.json` is the firmware's own: its memory together with the last step's journal entries and answers.
  It is the one commit point of a step. Entries are appended to the journal after it, so `after_seq` tells at
  the next boot which of them are missing there.
- `journal` (and `boots`, `connection-epoch`) belong to the link.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from chargeloop.broker.device import Journal, JournalDamagedError
from chargeloop.broker.device.files import replace_file
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.handwritten import first_fault
from chargeloop.protocol.ids import JournalId
from chargeloop.protocol.messages import MESSAGES
from chargeloop.station.core.mechanics import Mechanics, after_power_cut
from chargeloop.station.core.memory import GiveAnswer, Memory, Record

_log = logging.getLogger(__name__)

S = TypeVar("S")


class CabinetFileError(Exception):
    """A file of the cabinet is not what it wrote; the cabinet must not guess what is inside it."""


@dataclass(frozen=True, slots=True)
class WrittenRecord:
    """A journal entry to be, as it lies in the file."""

    type: str
    data: str
    subject: str | None
    correlation_id: str | None
    causation_id: str | None
    at: DeviceTime | None = None

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the entry in its written form."""
        data = record.data.model_dump_json(exclude_none=True)
        return cls(
            record.data.TYPE, data, record.subject, record.correlation_id, record.causation_id, record.at
        )

    def record(self) -> Record:
        """Return the entry again."""
        data = MESSAGES[self.type].model_validate_json(self.data)
        return Record(data, self.subject, self.correlation_id, self.causation_id, self.at)


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """The last step: `records` follow entry `after_seq` of `journal`, and happened `at` unless they say."""

    memory: Memory
    journal: JournalId
    after_seq: int
    records: tuple[WrittenRecord, ...]
    answers: tuple[GiveAnswer, ...]
    at: DeviceTime | None = None

    def missing(self, journal: JournalId, last_seq: int) -> tuple[Record, ...]:
        """Return the entries that a journal whose last number is `last_seq` does not have yet."""
        present = max(0, last_seq - self.after_seq) if journal == self.journal else 0
        return tuple(written.record() for written in self.records[present:])


_STEP = TypeAdapter(WrittenStep)
_MECHANICS = TypeAdapter(Mechanics)


class CabinetFiles:
    """Reads and writes a cabinet's files, each whole or not at all."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._state = directory / "state.json"
        self._memory = directory / "memory.json"

    def open_journal(self) -> Journal:
        """Return the journal; a damaged one is put aside, and a new one begins under another id.

        Nothing is lost by that but what the platform had not acknowledged: it learns of the new journal by
        its id, and takes the inventory that follows every boot as the truth.
        """
        path = self.directory / "journal"
        try:
            return Journal(path)
        except JournalDamagedError:
            _log.exception("%s: put aside; a new journal begins", path)
            path.replace(path.with_suffix(".damaged"))
            return Journal(path)

    def load_mechanics(self, slots: int) -> Mechanics | None:
        """Return the physical state as it was left, or None when the cabinet is new.

        Raises:
            CabinetFileError: the file is damaged, or is of a cabinet with another number of slots.
        """
        loaded = _load(self._state, _MECHANICS)
        if loaded is not None and len(loaded.slots) != slots:
            found = len(loaded.slots)
            raise CabinetFileError(
                f"{self._state}: a cabinet's number of slots is fixed at its first start: it was {found}, "
                f"the fleet's file says {slots}; write {found} there, or give the cabinet another id"
            )
        return None if loaded is None else after_power_cut(loaded)

    def save_mechanics(self, mechanics: Mechanics) -> None:
        """Write the physical state."""
        # What a sensor shows for a moment is not part of it.
        replace_file(self._state, _MECHANICS.dump_json(replace(mechanics, ghosts={})))

    def load_step(self) -> WrittenStep | None:
        """Return the last step that was written, or None when there was none."""
        return _load(self._memory, _STEP)

    def save_step(self, step: WrittenStep) -> None:
        """Write a step: from now on it has happened."""
        replace_file(self._memory, _STEP.dump_json(step))


def _load(path: Path, adapter: TypeAdapter[S]) -> S | None:
    if not path.exists():
        return None
    try:
        return adapter.validate_json(path.read_bytes())
    except ValidationError as error:
        raise CabinetFileError(f"{path}: is damaged: {first_fault(error)}") from error
