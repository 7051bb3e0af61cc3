"""The ledger of banks: where each bank is, by what motors and hands did.

Places are texts: `slot/<cabinet>/<number>`, `tray/<cabinet>`, `courier/<courier>`, `user/<user>`,
`outside`. A move that does not fit is reported and then believed, so that one lost move is one violation.
Only force (by `vandal`) takes a bank out of a slot past the motor, puts one into a slot of another cabinet,
or moves it to or from outside.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_PLACES: Final = frozenset({"slot", "tray", "courier", "user", "outside"})
# Who moves banks from what kind of place to what kind; force moves them anywhere.
_WAYS: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    "motor": frozenset({("slot", "tray")}),
    "hand": frozenset({("tray", "courier"), ("tray", "user"), ("courier", "slot"), ("user", "slot")}),
    "door": frozenset({("courier", "user"), ("user", "courier")}),
}


@dataclass(slots=True)
class Outing:
    """One time that a bank was out of all slots; `back_ms` is None while it still is."""

    left_ms: int
    back_ms: int | None = None


@dataclass(slots=True)
class Stay:
    """One time that a user had a bank in their hands; `until_ms` is None while they still have."""

    user: str
    from_ms: int
    until_ms: int | None = None


class Ledger:
    """Where every bank of a region is, and was out of the slots."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._place_of: dict[str, str] = {}
        self._inside: dict[str, str] = {}
        self._outings: dict[str, list[Outing]] = {}
        self._owners: dict[str, set[str]] = {}
        self._stays: dict[str, list[Stay]] = {}
        # Slot and bank -> moves by the motor less motors that say so.
        self._by_motor: dict[tuple[str, str], int] = {}
        self._last_by: dict[str, str] = {}
        self._forced: set[str] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"bank": self._exists, "move": self._moved}

    # What others ask.

    def inside(self, slot: str) -> str | None:
        """Return the bank in a slot, by its place."""
        return self._inside.get(slot)

    def is_forced(self, name: str) -> bool:
        """Tell whether force was used on a bank or a slot at any time: cabinets need not know of it."""
        return name in self._forced

    def brought_back(self) -> Iterator[str]:
        """Yield the banks that somebody put into a slot last, by hand."""
        return (bank for bank in self._inside.values() if self._last_by.get(bank) == "hand")

    def outings(self, bank: str) -> list[Outing]:
        """Return the times that a bank was out of all slots, oldest first."""
        return self._outings.get(bank, [])

    def owners(self, bank: str) -> AbstractSet[str]:
        """Return the cabinets, couriers and users that have ever had a bank."""
        return self._owners.get(bank, frozenset())

    def banks(self) -> Iterator[str]:
        """Yield all banks."""
        return iter(self._place_of)

    def stays(self, bank: str) -> list[Stay]:
        """Return the times that users had a bank in their hands, oldest first."""
        return self._stays.get(bank, [])

    def motor_told(self, slot: str, bank: str | None, at_ms: int, *, moved: bool) -> None:
        """Compare what a motor says of itself with the moves; the move may come before it or after."""
        if moved and bank is not None:
            key = (slot, bank)
            self._by_motor[key] = self._by_motor.get(key, 0) - 1
            if self._by_motor[key] >= 0:
                return
        elif moved:
            self._findings.report("motors.moved", at_ms, f"the motor of {slot} moved nothing that was there")
        if self._inside.get(slot) != bank:
            stands = self._inside.get(slot)
            self._findings.report(
                "motors.moved", at_ms, f"the motor of {slot} saw {bank}, but {stands} stands there"
            )

    # Records.

    def _exists(self, record: Record) -> None:
        _, at_ms, _, bank, place = record
        if bank in self._place_of:
            self._findings.report(
                "ledger.place", at_ms, f"{bank} appears at {place}, but is at {self._place_of[bank]}"
            )
        elif place.partition("/")[0] not in _PLACES:
            self._findings.report("ledger.place", at_ms, f"{bank} begins at {place}, which is no place")
        if not place.startswith("slot/"):
            self._outings.setdefault(bank, []).append(Outing(at_ms))
        self._put(bank, place, at_ms)

    def _moved(self, record: Record) -> None:
        _, at_ms, _, bank, start, end, by = record
        place = self._place_of.get(bank)
        if place != start:
            where = "does not exist" if place is None else f"is at {place}"
            self._findings.report("ledger.place", at_ms, f"{bank} moves from {start} to {end}, but {where}")
        way = (start.partition("/")[0], end.partition("/")[0])
        if by != "vandal" and (way not in _WAYS.get(by, ()) or not _reaches(by, start, end)):
            self._findings.report("ledger.hands", at_ms, f"{by} moves {bank} from {start} to {end}")
        if not _PLACES.issuperset(way):
            self._findings.report("ledger.place", at_ms, f"{bank} moves from {start} to {end}: no place")
        self._last_by[bank] = by
        if by == "vandal":
            self._forced |= {bank, start, end}
        if by == "motor":
            self._by_motor[start, bank] = self._by_motor.get((start, bank), 0) + 1
        if self._inside.get(start) == bank:
            del self._inside[start]
        self._note_outing(bank, way, at_ms)
        if way[0] == "user" and self._stays.get(bank):
            self._stays[bank][-1].until_ms = at_ms
        if way[1] == "user":
            self._stays.setdefault(bank, []).append(Stay(end.partition("/")[2], at_ms))
        self._put(bank, end, at_ms)

    def _put(self, bank: str, place: str, at_ms: int) -> None:
        self._place_of[bank] = place
        self._owners.setdefault(bank, set()).add(place.split("/")[1] if "/" in place else place)
        if not place.startswith("slot/"):
            return
        other = self._inside.get(place)
        if other is not None and other != bank:
            self._findings.report("ledger.room", at_ms, f"{place} holds {other} and gets {bank} too")
        self._inside[place] = bank

    def _note_outing(self, bank: str, way: tuple[str, str], at_ms: int) -> None:
        if way[0] == "slot" and way[1] != "slot":
            self._outings.setdefault(bank, []).append(Outing(at_ms))
        elif way[1] == "slot" and way[0] != "slot":
            outings = self._outings.get(bank)
            if outings and outings[-1].back_ms is None:
                outings[-1].back_ms = at_ms

    def finish(self, at_ms: int) -> None:
        """Report banks that a motor moved without saying so, or says to have moved without moving them."""
        for (slot, bank), moves in self._by_motor.items():
            if moves != 0:
                told = "more often than it moved" if moves < 0 else "less often than it moved"
                self._findings.report("motors.moved", at_ms, f"the motor of {slot} told of {bank} {told}")


def _reaches(by: str, start: str, end: str) -> bool:
    """Tell whether the two places lie together: a motor's tray is that of its own cabinet."""
    return by != "motor" or start.split("/")[1:2] == end.split("/")[1:2]
