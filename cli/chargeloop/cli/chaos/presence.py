"""Whether cabinets stay connected, from what the rental platform's store says of them now and then."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from chargeloop.cli.books import rows


class PresenceWatch:
    """Cabinets that should all be connected, all the time."""

    def __init__(self, cabinets: frozenset[str]) -> None:
        self._cabinets = cabinets
        self._met: set[str] = set()
        self._away: dict[str, int] = {}
        self._looks = 0

    def look(self, online: Mapping[str, bool]) -> None:
        """Take whether each cabinet is connected; one that has not come yet is no news."""
        self._looks += 1
        for cabinet in self._cabinets:
            if online.get(cabinet, False):
                self._met.add(cabinet)
            elif cabinet in self._met:
                self._away[cabinet] = self._away.get(cabinet, 0) + 1

    def violations(self) -> Iterator[str]:
        """Yield a sentence for each cabinet that never came, or that was gone again."""
        for cabinet in sorted(self._cabinets - self._met):
            yield f"{cabinet} was never connected"
        for cabinet, times in sorted(self._away.items()):
            yield f"{cabinet} was not connected at {times} of {self._looks} looks"


def online_cabinets(data: Path) -> Mapping[str, bool]:
    """Return which cabinets the platform in a data directory knows, and whether it sees them connected."""
    found = rows(data / "platform" / "rental.sqlite3", "SELECT id, online FROM cabinets")
    return {cabinet: bool(online) for cabinet, online in found}
