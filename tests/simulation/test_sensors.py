"""The sensors of a simulated cabinet lie, and its firmware finds out."""

import random
from collections import Counter

import pytest

from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.world import BankInserted
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.topics import TOPICS, parse_topic
from chargeloop.simulation.cabinet import Cabinet
from chargeloop.simulation.city import BEGIN_MS
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record, discard
from chargeloop.simulation.stage import Stage
from chargeloop.simulation.works import Works
from chargeloop.simulation.world import play
from chargeloop.station.core.battery import FULL_PPM, Battery, read

BANK = Battery(BankId("bnk-9"), FULL_PPM, 95, 10, BEGIN_MS)


class Scene:
    """A cabinet with two banks and two empty slots."""

    def __init__(self, faults: str, seed: int = 1) -> None:
        self.records = list[Record]()
        self.stage = Stage(seed, BEGIN_MS, faults_of(faults), self.records.append)
        banks = [Battery(BankId(f"bnk-{slot}"), FULL_PPM, 95, 10, BEGIN_MS) for slot in (1, 2)]
        self.cabinet = Cabinet(self.stage, "cab-1", "r1", Point(0, 0), (*banks, None, None))
        self.cabinet.boot()
        self.passes(MINUTE_MS)

    def passes(self, duration_ms: int) -> None:
        self.stage.loop.run(self.stage.loop.now_ms() + duration_ms)

    def puts_in(self) -> None:
        """Lets somebody put a bank in that they have in their hand."""
        now_ms = self.stage.loop.now_ms()
        self.stage.record("bank", "r1", BANK.bank, "user/usr-1")
        topic = parse_topic(TOPICS["user_hands"].topic("r1", cabinet="cab-1", user="usr-1"))
        assert topic is not None
        data = BankInserted(bank=read(BANK, now_ms))
        message = self.stage.codec.seal(data, id="req-1", source="user/usr-1", time=now_ms)
        self.cabinet.guarded(lambda: self.cabinet.receive(Incoming(topic, message, now_ms)))

    def told(self, kind: type[cab.BankReturned | cab.SlotChanged]) -> list[int]:
        """Returns when the cabinet journaled events of a kind, in milliseconds since the beginning."""
        told = [record for record in self.records if record[0] == "entry" and record[6] == kind.TYPE]
        return [int(str(record[1])) - BEGIN_MS for record in told]


def test_a_reader_that_fails_shows_nothing_for_a_while_and_its_bank_is_found_again() -> None:
    scene = Scene("none")
    draw = random.Random(2)
    while len(scene.told(cab.SlotChanged)) == 0:
        scene.cabinet.reader_fails(draw)
        assert sum(reading is None for reading in scene.cabinet.works.readings()) >= 3
        scene.passes(15 * MINUTE_MS)
    scene.passes(30 * MINUTE_MS)
    assert {slot.bank for slot in scene.cabinet.memory.slots} == {"bnk-1", "bnk-2", None}
    assert len(scene.told(cab.BankReturned)) >= 1


def test_no_reader_fails_without_power() -> None:
    scene = Scene("none")
    scene.cabinet.restart()
    scene.cabinet.reader_fails(random.Random(1))
    assert sum(reading is None for reading in scene.cabinet.works.readings()) == 2


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_bank_that_is_put_in_is_returned_once_whatever_its_switch_tells(seed: int) -> None:
    scene = Scene("none,switch=1", seed)
    scene.puts_in()
    scene.passes(MINUTE_MS)
    assert scene.stage.injected["switch"] == 1
    assert scene.cabinet.memory.slot(3).bank == "bnk-9"
    (returned_ms,) = scene.told(cab.BankReturned)
    assert returned_ms < MINUTE_MS + 2_000


def test_switches_tell_late_and_twice_and_before_the_reader_shows_the_bank() -> None:
    seen = set[tuple[int, bool]]()
    for seed in range(1, 21):
        scene = Scene("none,switch=1", seed)
        works = Works(scene.stage, random.Random(1), "r1", f"cab-{seed}", (BANK,))
        told_ms = works.switch_tells_ms(1)
        assert all(wait_ms < 2_000 for wait_ms in told_ms)
        seen.add((len(told_ms), works.readings()[0] is None))
    assert seen == {(1, False), (2, False), (2, True)}


def test_sensors_lie_often_under_the_worst_faults() -> None:
    told = Counter[str]()
    for seed in range(1, 6):
        told += play(seed, 30, 1, faults_of("worst"), discard).faults
    assert min(told[name] for name in ("bounce", "reader_fails", "switch")) >= 5
