"""The physical truth of a simulated world, read from its files after the stop: who holds which bank.

Cabinets keep theirs in DATA/cabinets/<cabinet>/state.json (slots and tray), simulated couriers in
DATA/agents/<courier>/hands.json and people in DATA/users/<user>/hands.json. None of it is what a platform
believes, and nothing here is imported from the programs that write it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Bank(_Part):
    bank: str


class _Slot(_Part):
    slot: int
    bank: _Bank | None = None


class _TrayPlace(_Part):
    bank: _Bank


class _CabinetState(_Part):
    slots: list[_Slot]
    tray: list[_TrayPlace] = []


class _Hands(_Part):
    banks: list[str | _Bank]


_CABINET = TypeAdapter(_CabinetState)
_HANDS = TypeAdapter(_Hands)


@dataclass(frozen=True, slots=True)
class Truth:
    """For every bank the places that hold it, each as the id of a cabinet, courier or user."""

    places: Mapping[str, tuple[str, ...]]

    @property
    def in_hands(self) -> frozenset[str]:
        """Return the banks that somebody has in his hands."""
        return frozenset(
            bank for bank, places in self.places.items() if any(not p.startswith("cab-") for p in places)
        )


def read_truth(data: Path) -> Truth:
    """Return where every bank is; files that do not exist hold none."""
    places: dict[str, list[str]] = defaultdict(list)
    for owner, bank in _holdings(data):
        places[bank].append(owner)
    return Truth({bank: tuple(owners) for bank, owners in places.items()})


def _holdings(data: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(data.glob("cabinets/*/state.json")):
        state = _CABINET.validate_json(path.read_bytes())
        inside = [slot.bank for slot in state.slots if slot.bank is not None] + [
            place.bank for place in state.tray
        ]
        yield from ((path.parent.name, bank.bank) for bank in inside)
    for path in (*sorted(data.glob("agents/*/hands.json")), *sorted(data.glob("users/*/hands.json"))):
        hands = _HANDS.validate_json(path.read_bytes())
        yield from ((path.parent.name, bank if isinstance(bank, str) else bank.bank) for bank in hands.banks)
