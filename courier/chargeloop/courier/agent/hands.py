"""The courier's hands and memory in a file: DATA/agents/<courier>/hands.json.

`banks` lists the ids of all banks held, for whoever counts banks; `memory` is what the agent starts from.
The file is replaced as a whole, so it is the old one or the new one after a crash.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from chargeloop.broker.device.files import on_disk
from chargeloop.courier.agent.errand import Memory
from chargeloop.protocol.ids import BankId


@dataclass(frozen=True, slots=True)
class _Kept:
    banks: tuple[BankId, ...]
    memory: Memory


_KEPT: Final = TypeAdapter(_Kept)


class Hands:
    """One courier's memory; every change is in the file when `remember` returns."""

    def __init__(self, path: Path, first: Memory) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self.memory = _KEPT.validate_json(path.read_bytes()).memory
        else:
            self.remember(first)

    def remember(self, memory: Memory) -> None:
        """Keep this memory, or raise DiskFailedError."""
        banks = tuple(bank.bank for errand in memory.errands for bank in errand.banks)
        draft = self._path.with_suffix(".draft")
        # Not synced to the disk: hands survive a killed process, and a power cut of the machine ends their
        # world.
        with on_disk(self._path):
            draft.write_bytes(_KEPT.dump_json(_Kept(banks, memory)))
            draft.replace(self._path)
        self.memory = memory
