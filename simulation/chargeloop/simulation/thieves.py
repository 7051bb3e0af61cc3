"""Who steals banks from the cabinets of a region, brings them back, and brings such that nobody knows.

Force is used at one cabinet, and what was carried away may come back to any other: forced into a slot, or
offered at the front as if it was returned.
"""

import random
from collections.abc import Sequence
from typing import Final

from chargeloop.protocol.ids import BankId
from chargeloop.simulation.cabinet import Cabinet
from chargeloop.simulation.stage import Stage
from chargeloop.station.core import battery
from chargeloop.station.core.battery import FULL_PPM, Battery

_BY_FORCE: Final = 0.5


class Thieves:
    """The thieves of one region and what they have.

    Args:
        stage: they play on.
        region: which one.
        cabinets: all of the region.
    """

    def __init__(self, stage: Stage, region: str, cabinets: Sequence[Cabinet]) -> None:
        self._stage = stage
        self._region = region
        self._cabinets = cabinets
        self._loot: list[Battery] = []
        self._strange = 0
        self._visits = 0

    def use_force(self, draw: random.Random) -> None:
        """Steal a bank, carry one to another slot, or exchange two."""
        stolen = draw.choice(self._cabinets).vandalise()
        if stolen is not None:
            self._loot.append(stolen)

    def bring_back(self, draw: random.Random) -> None:
        """Bring a bank back that was stolen, if there is one, to whatever cabinet."""
        if self._loot:
            self._bring(self._loot.pop(draw.randrange(len(self._loot))), "brought_back", draw)

    def bring_strange(self, draw: random.Random) -> None:
        """Bring a bank of which no platform has ever heard, one for each cabinet at most.

        With more of them there might be no room any more for those that people have rented.
        """
        if self._strange == len(self._cabinets):
            return
        self._strange += 1
        bank = BankId(f"bnk-{self._region}-strange-{self._strange}")
        self._stage.record("bank", self._region, bank, "outside")
        charged_ppm = draw.randint(5, 100) * FULL_PPM // 100
        strange = Battery(bank, charged_ppm, draw.randint(60, 100), draw.randint(0, 900), self._now_ms())
        self._bring(strange, "strange_bank", draw)

    def _bring(self, bank: Battery, name: str, draw: random.Random) -> None:
        """Bring a bank to a cabinet; whoever finds no room there keeps it for another time."""
        cabinet = draw.choice(self._cabinets)
        self._stage.fault(self._region, name, cabinet.client)
        # Nobody charges it outside.
        bank = Battery.inserted(battery.read(bank, self._now_ms()), self._now_ms())
        by_force = draw.random() < _BY_FORCE
        inside = cabinet.force_in(bank, draw) if by_force else self._offer(cabinet, bank)
        if not inside:
            self._loot.append(bank)

    def _offer(self, cabinet: Cabinet, bank: Battery) -> bool:
        self._visits += 1
        user = f"usr-{self._region}-thief"
        hand = f"user/{user}"
        self._stage.move(self._region, bank.bank, "outside", hand, "vandal")
        cabinet.guarded(lambda: cabinet.put_in(bank, user, f"thief-{self._visits}"))
        if self._stage.is_at(bank.bank, hand):
            self._stage.move(self._region, bank.bank, hand, "outside", "vandal")
            return False
        return True

    def _now_ms(self) -> int:
        return self._stage.loop.now_ms()
