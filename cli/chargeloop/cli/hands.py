"""What a simulated person holds: the physical truth of users' hands, kept in DATA/users/<user>/hands.json."""

import json
from collections.abc import Iterable
from pathlib import Path

from chargeloop.protocol.messages.cabinet import BankStatus


class Hands:
    """The banks one person holds; each change is written to disk at once, for whoever checks afterwards."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._banks: dict[str, BankStatus] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    @property
    def banks(self) -> tuple[BankStatus, ...]:
        """Return what is held, in the order in which it was taken."""
        return tuple(self._banks.values())

    def take(self, banks: Iterable[BankStatus]) -> None:
        """Take these banks; one that is held already is not held twice."""
        self._banks |= {bank.bank: bank for bank in banks}
        self._write()

    def let_go(self, banks: Iterable[BankStatus]) -> None:
        """Hold these banks no longer."""
        for bank in banks:
            self._banks.pop(bank.bank, None)
        self._write()

    def _write(self) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps({"banks": list(self._banks)}), encoding="utf-8")
        draft.replace(self._path)


def used(bank: BankStatus, charge_pct: int) -> BankStatus:
    """Return the bank as it is after somebody charged a phone with it."""
    return bank.model_copy(update={"charge_pct": min(charge_pct, bank.charge_pct), "cycles": bank.cycles + 1})
