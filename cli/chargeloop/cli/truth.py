"""The physical truth of a simulated world, read from its files after the stop: who holds which bank.

Cabinets keep theirs in DATA/cabinets/<cabinet>/state.json (slots, tray, what motors did), simulated
couriers in DATA/agents/<courier>/hands.json and people in DATA/users/<user>/hands.json. None of it is what a
platform believes, and nothing here is imported from the programs that write it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
    pushed_out: dict[str, int] = {}


class _Hands(_Part):
    banks: list[str | _Bank]


_CABINET = TypeAdapter(_CabinetState)
_HANDS = TypeAdapter(_Hands)


@dataclass(frozen=True, slots=True)
class Truth:
    """Where every bank is, and what the motors did.

    Attributes:
        places: for every bank the places that hold it, each as the id of a cabinet, courier or user.
        in_trays: the banks that lie in a cabinet's tray, where nobody has taken them.
        slots: the bank in each slot of each cabinet, by cabinet and slot; None is an empty slot.
        pushed_out: how often motors have pushed a bank out, by cabinet and bank.
    """

    places: Mapping[str, tuple[str, ...]]
    in_trays: frozenset[str] = frozenset()
    slots: Mapping[str, Mapping[int, str | None]] = field(default_factory=dict)
    pushed_out: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def in_hands(self) -> frozenset[str]:
        """Return the banks that somebody has in his hands."""
        return frozenset(
            bank for bank, places in self.places.items() if any(not p.startswith("cab-") for p in places)
        )


def read_truth(data: Path) -> Truth:
    """Return where every bank is; files that do not exist hold none."""
    cabinets = {
        path.parent.name: _CABINET.validate_json(path.read_bytes())
        for path in sorted(data.glob("cabinets/*/state.json"))
    }
    places: dict[str, list[str]] = defaultdict(list)
    for owner, bank in (*_inside(cabinets), *_in_hands(data)):
        places[bank].append(owner)
    return Truth(
        {bank: tuple(owners) for bank, owners in places.items()},
        frozenset(place.bank.bank for state in cabinets.values() for place in state.tray),
        {
            cabinet: {slot.slot: None if slot.bank is None else slot.bank.bank for slot in state.slots}
            for cabinet, state in cabinets.items()
        },
        {
            (cabinet, bank): times
            for cabinet, state in cabinets.items()
            for bank, times in state.pushed_out.items()
        },
    )


def _inside(cabinets: Mapping[str, _CabinetState]) -> Iterator[tuple[str, str]]:
    for cabinet, state in cabinets.items():
        in_slots = [slot.bank for slot in state.slots if slot.bank is not None]
        yield from ((cabinet, bank.bank) for bank in (*in_slots, *(place.bank for place in state.tray)))


def _in_hands(data: Path) -> Iterator[tuple[str, str]]:
    for path in (*sorted(data.glob("agents/*/hands.json")), *sorted(data.glob("users/*/hands.json"))):
        hands = _HANDS.validate_json(path.read_bytes())
        yield from ((path.parent.name, bank if isinstance(bank, str) else bank.bank) for bank in hands.banks)
