"""Thieves bring banks back to any cabinet, and such that nobody knows; cabinets find them inside."""

import random
from collections import Counter

from chargeloop_checker import Checker

from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.simulation.cabinet import Cabinet
from chargeloop.simulation.city import BEGIN_MS
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record, discard
from chargeloop.simulation.stage import Stage
from chargeloop.simulation.thieves import Thieves
from chargeloop.simulation.world import play
from chargeloop.station.core.battery import FULL_PPM, Battery


class Scene:
    """Thieves, and two cabinets with three banks and three empty slots each."""

    def __init__(self) -> None:
        self.records = list[Record]()
        self._stage = Stage(1, BEGIN_MS, faults_of("none"), self.records.append)
        self.cabinets = [self._cabinet("cab-1"), self._cabinet("cab-2")]
        self.thieves = Thieves(self._stage, "r1", self.cabinets)
        self.passes()

    def _cabinet(self, name: str) -> Cabinet:
        banks = [Battery(BankId(f"bnk-{name}-{slot}"), FULL_PPM, 95, 10, BEGIN_MS) for slot in range(1, 4)]
        cabinet = Cabinet(self._stage, name, "r1", Point(0, 0), (*banks, None, None, None))
        cabinet.boot()
        return cabinet

    def passes(self) -> None:
        """Lets so much time pass that each cabinet has looked."""
        self._stage.loop.run(self._stage.loop.now_ms() + 20 * MINUTE_MS)

    def known(self) -> dict[str, set[str]]:
        """Returns the banks that each cabinet knows inside."""
        return {
            cabinet.client: {str(slot.bank) for slot in cabinet.memory.slots if slot.bank is not None}
            for cabinet in self.cabinets
        }

    def broken(self) -> list[str]:
        """Returns the rules of banks that the checker finds broken."""
        checker = Checker()
        for record in self.records:
            checker.feed(record)
        return [rule for rule in checker.counts if rule.startswith("ledger")]


def moved(records: list[Record], by: str) -> list[tuple[str, str, str]]:
    """Returns bank, start and end of what was moved in a way."""
    return [
        (str(record[3]), str(record[4]), str(record[5]))
        for record in records
        if record[0] == "move" and record[6] == by
    ]


def test_what_was_stolen_comes_back_to_any_cabinet_by_force_or_as_if_it_was_returned() -> None:
    scene, draw = Scene(), random.Random(1)
    for _ in range(80):
        scene.thieves.use_force(draw)
        scene.passes()
        scene.thieves.bring_back(draw)
        scene.passes()
    assert scene.broken() == []
    forced, offered = moved(scene.records, "vandal"), moved(scene.records, "hand")
    assert len(offered) > 3
    for ways in (forced, offered):
        ends = {(bank[4:9], end[5:10]) for bank, _, end in ways if end.startswith("slot/")}
        assert ("cab-1", "cab-2") in ends
        assert ("cab-2", "cab-1") in ends
    known = scene.known()
    inside = {cabinet.client: cabinet.works.readings() for cabinet in scene.cabinets}
    assert known == {name: {read.bank for read in slots if read} for name, slots in inside.items()}


def test_banks_that_nobody_knows_are_found_inside_and_leave_room_for_others() -> None:
    scene, draw = Scene(), random.Random(1)
    for _ in range(20):
        scene.thieves.bring_strange(draw)
        scene.passes()
    strange = {bank for banks in scene.known().values() for bank in banks if "strange" in bank}
    assert len(strange) == 2
    assert scene.broken() == []


def test_thieves_are_busy_under_the_worst_faults() -> None:
    told = Counter[str]()
    for seed in range(1, 6):
        told += play(seed, 30, 1, faults_of("worst"), discard).faults
    assert min(told[name] for name in ("vandal", "brought_back", "strange_bank")) >= 3
