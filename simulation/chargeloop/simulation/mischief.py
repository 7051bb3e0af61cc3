"""Injects what goes wrong at rates: crashes, partitions, poison, vandals, clocks; and heals everything.

Each kind of fault has its own randomness and its own next instant, so that switching one off changes nothing
for the others. What goes wrong with a probability per occasion (a message, a step, a round) is drawn where
the occasion is.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from chargeloop.protocol.topics import Role
from chargeloop.protocol.values import replace
from chargeloop.simulation import poison
from chargeloop.simulation.carried import written
from chargeloop.simulation.city import Region
from chargeloop.simulation.device import Device
from chargeloop.simulation.faults import Links, healed
from chargeloop.simulation.skew import with_new_members
from chargeloop.simulation.stage import Stage
from chargeloop.simulation.thieves import Thieves

_WALL_JUMPS_MS: Final = (-DAY_MS, DAY_MS, -HOUR_MS, HOUR_MS, -10 * SECOND_MS, 8 * HOUR_MS)


class Mischief:
    """All faults of one run.

    Args:
        stage: where they happen.
        regions: whose participants are met.
    """

    def __init__(self, stage: Stage, regions: Sequence[Region]) -> None:
        self._stage = stage
        self._regions = regions
        self._healed = False
        self._poisons = 0
        self._gangs = [Thieves(stage, region.name, region.cabinets) for region in regions]
        self._draw = stage.draw("mischief")
        self._skew_draw = stage.draw("mischief", "version_skew")
        faults = stage.faults
        rates: tuple[tuple[float, str, Callable[[random.Random], None]], ...] = (
            (faults.broker_crash, "broker_crash", self._crash_broker),
            (faults.partition, "partition", self._partition),
            (faults.fight, "fight", self._fight),
            (faults.restart, "restart", self._restart),
            (faults.vandal, "vandal", lambda draw: self._thieves(draw).use_force(draw)),
            (faults.brought_back, "brought_back", lambda draw: self._thieves(draw).bring_back(draw)),
            (faults.strange_bank, "strange_bank", lambda draw: self._thieves(draw).bring_strange(draw)),
            (faults.reader_fails, "reader_fails", self._fail_reader),
            (faults.guess, "guess", self._guess),
            (faults.clock_jump, "clock_jump", self._jump),
            (faults.poison, "poison", self._poison),
        )
        for rate, name, act in rates:
            if rate > 0:
                self._again(rate, stage.draw("mischief", name), act)
        if faults.version_skew > 0:
            stage.network.alter = self._skew

    def heal(self) -> None:
        """End all faults; what is down comes up, what is cut carries, who vanished is heard of again."""
        stage = self._stage
        self._healed = True
        stage.faults = healed(stage.faults)
        stage.network.links = Links()
        stage.network.alter = None
        if not stage.network.is_up:
            stage.network.restart()
        for port in stage.network.ports():
            stage.network.mend(port)
        stage.network.uncover()
        stage.record("healed")
        for region in self._regions:
            for phone in region.phones:
                phone.come_back()

    def _again(self, rate: float, draw: random.Random, act: Callable[[random.Random], None]) -> None:
        def happen() -> None:
            if not self._healed:
                act(draw)
                self._again(rate, draw, act)

        self._stage.loop.after(int(draw.expovariate(rate / HOUR_MS)), happen)

    # The kinds.

    def _crash_broker(self, draw: random.Random) -> None:
        network = self._stage.network
        if network.is_up:
            self._tell_all("broker_crash", "broker")
            network.crash()
            self._stage.loop.after(draw.randrange(2 * MINUTE_MS), network.restart)

    def _partition(self, draw: random.Random) -> None:
        share = draw.random()
        for port in self._stage.network.ports():
            if draw.random() < share and not port.cut:
                self._stage.fault(port.region, "partition", port.client)
                self._stage.network.cut(port)
                # Most are short, and they are healed one by one.
                wait_ms = int(2 * HOUR_MS * draw.random() ** 3) + SECOND_MS
                self._stage.loop.after(wait_ms, partial(self._stage.network.mend, port))

    def _fight(self, draw: random.Random) -> None:
        device = self._any_device(draw)
        self._stage.fault(device.region, "fight", device.client)
        for blow in range(1, draw.randint(2, 6)):
            wait_ms = blow * draw.randrange(1, 20_000)
            self._stage.loop.after(wait_ms, partial(self._stage.network.kick, device.port))

    def _restart(self, draw: random.Random) -> None:
        region = draw.choice(self._regions)
        service = draw.choice((region.rental, region.dispatch))
        self._stage.fault(region.name, "restart", service.client)
        service.restart()

    def _thieves(self, draw: random.Random) -> Thieves:
        return draw.choice(self._gangs)

    def _fail_reader(self, draw: random.Random) -> None:
        draw.choice(draw.choice(self._regions).cabinets).reader_fails(draw)

    def _guess(self, draw: random.Random) -> None:
        cabinet = draw.choice(draw.choice(self._regions).cabinets)
        cabinet.guarded(cabinet.guess)

    def _jump(self, draw: random.Random) -> None:
        device = self._any_device(draw)
        self._stage.fault(device.region, "clock_jump", device.client)
        device.clock.set_wall(max(0, self._stage.loop.now_ms() + draw.choice(_WALL_JUMPS_MS)))

    def _poison(self, draw: random.Random) -> None:
        stage, region = self._stage, draw.choice(self._regions)
        row = draw.choice([row for row in poison.rows() if stage.network.is_read(region.name, row)])
        self._poisons += 1
        made = poison.poison(row, region.name, _owners(region), f"poison-{self._poisons}", draw)
        stage.fault(region.name, "poison", row.name)
        stage.record("planted", region.name, made.name)
        stage.network.inject(made.outgoing)

    def _skew(self, outgoing: Outgoing) -> Outgoing:
        if self._draw.random() >= self._stage.faults.version_skew:
            return outgoing
        on_trouble = self._stage.network.on_trouble
        if on_trouble is not None:
            on_trouble("version_skew", outgoing)
        return replace(outgoing, payload=with_new_members(written(outgoing.payload), self._skew_draw))

    def _any_device(self, draw: random.Random) -> Device:
        region = draw.choice(self._regions)
        devices: tuple[Device, ...] = (*region.cabinets, *region.phones)
        return draw.choice(devices)

    def _tell_all(self, name: str, target: str) -> None:
        for region in self._regions:
            self._stage.fault(region.name, name, target)


def _owners(region: Region) -> poison.Owners:
    """Return who takes part in a region, by role; gateways and operators may write although none plays."""
    return {
        Role.CABINET: [cabinet.client for cabinet in region.cabinets],
        Role.COURIER: [phone.client for phone in region.phones],
        Role.USER: [person.client for person in region.people],
        Role.OPERATOR: [f"opr-{region.name}-1"],
        Role.GATEWAY: [f"gwy-{region.name}"],
        Role.RENTAL: [region.rental.client],
        Role.DISPATCH: [region.dispatch.client],
    }
