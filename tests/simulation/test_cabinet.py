"""A cabinet of the simulation by itself: what its records tell of codes is what its firmware counts."""

import itertools

import pytest
from chargeloop_checker import Checker

from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import BankId, ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.common import SyncSample
from chargeloop.protocol.messages.world import CodeTyped
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.protocol.topics import TOPICS, Role, parse_topic, source_of
from chargeloop.simulation.cabinet import MOTOR_MS, Cabinet
from chargeloop.simulation.city import BEGIN_MS
from chargeloop.simulation.device import PowerCutError
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record
from chargeloop.simulation.stage import Stage
from chargeloop.station.core.battery import FULL_PPM, Battery
from chargeloop.station.core.keypad import MAX_WRONG_CODES

FIRST, SECOND = "111111", "222222"


class Scene:
    """A cabinet with four banks, two of them reserved, each under a code of its own."""

    def __init__(self, faults: str = "none", seed: int = 1) -> None:
        self.records = list[Record]()
        self._numbers = itertools.count(1)
        self._published = list[str]()
        self._stage = Stage(seed, BEGIN_MS, faults_of(faults), self.records.append)
        self._stage.network.watch = lambda _, outgoing: self._published.append(outgoing.topic)
        banks = (Battery(BankId(f"bnk-{slot}"), FULL_PPM, 95, 10, BEGIN_MS) for slot in range(1, 5))
        self.cabinet = Cabinet(self._stage, "cab-1", "r1", Point(0, 0), tuple(banks))
        self.cabinet.boot()
        self.learn_time()
        for number, code in enumerate((FIRST, SECOND), start=1):
            self._reserve(ReservationId(f"rsv-{number}"), code)

    def learn_time(self) -> None:
        """Lets the cabinet know what time it is."""
        clock = self.cabinet.clock
        uptime_ms, now_ms = clock.uptime_ms(), self._stage.loop.now_ms()
        clock.learn(SyncSample(platform_time=now_ms, sent_uptime_ms=uptime_ms, received_uptime_ms=uptime_ms))

    def _reserve(self, reservation: ReservationId, code: str) -> None:
        number = next(self._numbers)
        command = cab.ReserveBanks(
            reservation=reservation, epoch=number, quantity=1, min_charge_pct=50,
            hold_until=BEGIN_MS + HOUR_MS, code=code,
        )  # fmt: skip
        self._give("cabinet_command", command, f"cmd-1-{number}", "rental/rnt-r1", cabinet="cab-1")

    def reboots(self, name: str) -> None:
        """Has the platform send the command to reboot, for the first time or again."""
        self._give("cabinet_command", cab.Reboot(epoch=99), name, "rental/rnt-r1", cabinet="cab-1")

    def types(self, code: str, request: str | None = None) -> None:
        """Lets somebody type a code; a request that was made before is repeated."""
        request = request or f"req-{next(self._numbers)}"
        source = source_of("usr-1", Role.USER)
        self._give("user_hands", CodeTyped(code=code), request, source, cabinet="cab-1", user="usr-1")

    def types_wrong_codes(self, count: int) -> None:
        for _ in range(count):
            self.types("000000")

    def _give(self, name: str, data: Data, message: str, source: str, **ids: str) -> None:
        topic = parse_topic(TOPICS[name].topic("r1", **ids))
        assert topic is not None
        now_ms = self._stage.loop.now_ms()
        expires_ms = now_ms + MINUTE_MS if name == "cabinet_command" else None
        sealed = self._stage.codec.seal(data, id=message, source=source, time=now_ms, expirytime=expires_ms)
        self.cabinet.guarded(lambda: self.cabinet.receive(Incoming(topic, sealed, now_ms)))

    def passes(self, duration_ms: int) -> None:
        """Lets time pass."""
        self._stage.loop.run(self._stage.loop.now_ms() + duration_ms)

    def snapshots(self) -> int:
        """Returns how many snapshots were published since it was last asked."""
        count = sum(topic.endswith("/slots") for topic in self._published)
        self._published.clear()
        return count

    def told(self) -> list[str]:
        """Returns what the records say of the codes typed."""
        return [str(record[4]) for record in self.records if record[0] == "code"]

    def cuts_at_motors(self) -> int:
        """Returns how often the power has failed around a motor."""
        return self._stage.injected["motor_cut"]

    def finds(self) -> int:
        """Returns how often the checker finds the rule of keypads broken."""
        checker = Checker()
        for record in self.records:
            checker.feed(record)
        return checker.counts.get("keypads.locked", 0)


def test_codes_are_told_as_the_cabinet_answers_them() -> None:
    scene = Scene()
    scene.types_wrong_codes(1)
    scene.types(FIRST)
    scene.passes(2 * MOTOR_MS)
    scene.types_wrong_codes(MAX_WRONG_CODES + 1)
    scene.types(SECOND)
    assert scene.told() == ["wrong", "right", *["wrong"] * MAX_WRONG_CODES, "locked", "locked"]
    assert scene.finds() == 0


def test_whoever_touches_a_cabinet_is_followed_by_a_snapshot_of_its_slots() -> None:
    scene = Scene()
    scene.passes(MINUTE_MS)
    scene.snapshots()
    scene.cabinet.put_in(Battery(BankId("bnk-strange"), FULL_PPM, 95, 10, BEGIN_MS), "usr-1", "req-strange")
    scene.passes(MINUTE_MS)
    assert scene.snapshots() == 1
    before = scene.cabinet.memory.snapshot_version
    scene.cabinet.guess()
    scene.passes(MINUTE_MS)
    assert scene.snapshots() == scene.cabinet.memory.snapshot_version - before > 0


def test_a_code_whose_pickup_the_power_cut_drops_begins_no_count_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A right code waits for the motor, and the power fails before anybody could tell."""
    scene = Scene()
    scene.types_wrong_codes(MAX_WRONG_CODES - 1)
    before = scene.cabinet.memory.keypad
    scene.types(FIRST)
    scene.types_wrong_codes(MAX_WRONG_CODES - 1)
    assert before.wrong_codes == scene.cabinet.memory.keypad.wrong_codes == MAX_WRONG_CODES - 1
    points = itertools.count()

    def fails_when_it_is_written_down() -> None:
        if next(points) == 1:
            raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(scene.cabinet, "may_lose_power", fails_when_it_is_written_down)
        scene.types(SECOND)
    assert not scene.cabinet.is_on
    scene.passes(15 * MINUTE_MS)
    assert scene.cabinet.is_on
    scene.learn_time()
    scene.types_wrong_codes(2)
    assert scene.finds() == 0
    assert scene.told()[-2:] == ["wrong", "locked"]


def test_a_code_that_is_sent_again_while_its_banks_come_out_is_no_code_typed() -> None:
    scene = Scene()
    scene.types(FIRST, "req-first")
    scene.types(SECOND, "req-second")
    scene.types_wrong_codes(MAX_WRONG_CODES)
    scene.passes(1)
    scene.types(SECOND, "req-second")
    assert scene.finds() == 0
    assert scene.told() == ["right", "right", *["wrong"] * MAX_WRONG_CODES]


def test_a_cabinet_that_is_told_to_reboot_comes_back_once_and_keeps_what_is_reserved() -> None:
    scene = Scene()
    scene.reboots("cmd-reboot")
    assert not scene.cabinet.is_on
    scene.passes(15 * MINUTE_MS)
    assert scene.cabinet.is_on
    scene.learn_time()
    scene.reboots("cmd-reboot")
    assert scene.cabinet.is_on
    assert scene.cabinet.memory.restarting is None
    scene.types(FIRST)
    assert scene.told() == ["right"]


def test_an_old_cabinet_names_no_commands_and_knows_none_that_came_later() -> None:
    scene = Scene("none,old_firmware=1")
    (info,) = (send.data for send in scene.cabinet.birth() if isinstance(send.data, cab.CabinetInfo))
    assert info.commands == ()
    scene.reboots("cmd-reboot")
    assert scene.cabinet.is_on
    scene.types(FIRST)
    assert scene.told() == ["right"]


def test_a_sensor_that_lies_at_a_boot_is_found_out_a_moment_later() -> None:
    scene = Scene()
    scene.cabinet.works.blind.add(4)
    scene.reboots("cmd-reboot")
    scene.passes(15 * MINUTE_MS)
    assert scene.cabinet.is_on
    assert scene.cabinet.memory.slot(4).bank == "bnk-4"
    told = [record[6] for record in scene.records if record[0] == "entry"]
    assert cab.BankReturned.TYPE in told


def test_the_power_fails_at_every_point_around_a_motor_and_nothing_is_given_out_twice() -> None:
    """Before the step is written, before its entries, before the motor, as it turns, and behind it."""
    seen = set[tuple[bool, bool, bool]]()
    for seed in range(1, 41):
        scene = Scene("none,motor_cut=0.3", seed)
        scene.types(FIRST)
        scene.passes(15 * MINUTE_MS)
        motors = [record for record in scene.records if record[0] == "motor"]
        told = {record[6] for record in scene.records if record[0] == "entry"}
        cut = scene.cuts_at_motors() > 0
        assert len(motors) <= 1
        assert (cab.BankEjected.TYPE in told) == bool(motors)
        seen.add((cut, bool(motors), cab.PickupStarted.TYPE in told))
    assert {(True, False, False), (True, False, True), (True, True, True)} <= seen
