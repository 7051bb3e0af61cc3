"""One run: a city is built and booted, plays under faults, is healed, and must come to rest."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.protocol.codec import Codec
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS
from chargeloop.simulation.carried import CARRIED, content_of
from chargeloop.simulation.city import BEGIN_MS, Region, build, visitors
from chargeloop.simulation.coverage import Coverage
from chargeloop.simulation.faults import Faults
from chargeloop.simulation.mischief import Mischief
from chargeloop.simulation.records import Sink
from chargeloop.simulation.stage import Stage

# The longest a message can be held up, and some more for what follows from its arrival.
_STALE_MS: Final = 73 * HOUR_MS
_REST_LIMIT_MS: Final = 12 * DAY_MS
_LOOK_MS: Final = 20 * MINUTE_MS
# So long after the last order the faults go on.
_AFTER_LAST_MS: Final = 2 * HOUR_MS
_BOOTING_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run was like; the same seed gives the same `trace`.

    Attributes:
        orders: how many ended how, by state.
        messages: published by anybody.
        trace: hash of everything that was published: by whom, when, on which topic, and all that it says.
        faults: injected, by name.
        coverage: how often a fault met an order that it concerns in a state.
        ended_ms: the true time at the end.
    """

    seed: int
    orders: Counter[str]
    messages: int
    trace: str
    faults: Counter[str]
    coverage: Counter[tuple[str, str]]
    ended_ms: int


def play(  # noqa: PLR0913 - what a run is made of
    seed: int,
    orders: int,
    regions: int,
    faults: Faults,
    sink: Sink,
    *,
    watch: "Watch | None" = None,
    codec: Codec = CARRIED,
) -> Outcome:
    """Play one run and return what it was like; what happened goes to `sink`, what was published to `watch`.

    Raises:
        ProductFailedError: the product raised where it must not.
    """
    return _World(Stage(seed, BEGIN_MS, faults, sink, codec), orders, regions, watch).play()


class Watch:
    """Sees every message that is published."""

    def published(self, at_ms: int, client: str, outgoing: Outgoing) -> None:
        """Take one message."""


class _World:
    def __init__(self, stage: Stage, orders: int, regions: int, watch: Watch | None) -> None:
        self._stage = stage
        self._trace = hashlib.blake2b(digest_size=16)
        self._watch = watch
        per_region = [orders // regions + (number < orders % regions) for number in range(regions)]
        self._regions: tuple[Region, ...] = tuple(
            build(stage, f"r{number + 1}", count) for number, count in enumerate(per_region) if count
        )
        self._coverage = Coverage(self._regions)
        stage.on_fault = self._coverage.met
        stage.network.watch = self._published
        stage.network.on_trouble = self._troubled
        self._mischief = Mischief(stage, self._regions)

    def play(self) -> Outcome:
        """Play all of it."""
        stage = self._stage
        for region in self._regions:
            self._boot(region)
        last_ms = max(region.last_order_ms for region in self._regions)
        stage.loop.run(last_ms + _AFTER_LAST_MS)
        self._mischief.heal()
        self._rest(stage.loop.now_ms() + _REST_LIMIT_MS)
        # All is well again: whoever comes now is served.
        for region in self._regions:
            self._visit(region)
        self._rest(stage.loop.now_ms() + _REST_LIMIT_MS)
        # What was held up for days arrives at last, and must find everything as it is.
        stage.calm = True
        stage.loop.run(stage.loop.now_ms() + _STALE_MS)
        self._rest(stage.loop.now_ms() + _REST_LIMIT_MS)
        self._tell_depths()
        for region in self._regions:
            region.rental.tell_slots()
        stage.record("end")
        return Outcome(
            seed=stage.seed,
            orders=Counter(
                str(order.state) for region in self._regions for order in region.rental.books.orders.values()
            ),
            messages=stage.network.published,
            trace=self._trace.hexdigest(),
            faults=stage.injected,
            coverage=self._coverage.counts,
            ended_ms=stage.loop.now_ms(),
        )

    def _boot(self, region: Region) -> None:
        draw = self._stage.draw(region.name, "boot")
        region.rental.start()
        region.dispatch.start()
        for device in (*region.cabinets, *region.phones):
            self._stage.loop.after(draw.randrange(_BOOTING_MS), device.boot)
        for at_home in (*region.people, *region.operators):
            at_home.boot()

    def _visit(self, region: Region) -> None:
        """Let somebody come for banks to a cabinet, and somebody else have them brought and fetched."""
        for operator in region.operators:
            operator.mends = False
        for visitor in visitors(self._stage, region):
            self._stage.record("visitor", region.name, visitor.client, visitor.plan.quantity)
            region.people.append(visitor)
            visitor.boot()

    def _rest(self, until_ms: int) -> None:
        """Play on until everything rests, or the time is over: then the checker will say what is amiss."""
        while not self._is_at_rest():
            if self._stage.loop.now_ms() >= until_ms:
                self._tell_restless()
                return
            self._stage.loop.run(self._stage.loop.now_ms() + _LOOK_MS)

    def _is_at_rest(self) -> bool:
        return all(
            not region.rental.books.open_orders
            and not any(self._restless(region))
            and not any(self._depths(region).values())
            for region in self._regions
        )

    @staticmethod
    def _restless(region: Region) -> Iterator[str]:
        """Yield who still has something to do: banks in hand, a dispute or a locked slot on the desk."""
        yield from (person.client for person in region.people if not person.done)
        yield from (operator.client for operator in region.operators if not operator.done)

    def _tell_restless(self) -> None:
        for region in self._regions:
            for client in self._restless(region):
                self._stage.record("restless", region.name, client)

    @staticmethod
    def _depths(region: Region) -> dict[str, int]:
        services = {service.client: service.waiting() for service in (region.rental, region.dispatch)}
        devices = (*region.cabinets, *region.phones, *region.people, *region.operators)
        return services | {device.client: device.waiting() for device in devices}

    def _tell_depths(self) -> None:
        for region in self._regions:
            for node, waiting in self._depths(region).items():
                self._stage.record("depth", region.name, node, waiting)

    # What is counted.

    def _published(self, client: str, outgoing: Outgoing) -> None:
        now_ms = self._stage.loop.now_ms()
        where = (
            f"{now_ms} {client} {outgoing.topic} {outgoing.qos}{outgoing.retain:d} {outgoing.message_id}\n"
        )
        self._trace.update(where.encode())
        self._trace.update(content_of(outgoing.payload))
        if self._watch is not None:
            self._watch.published(now_ms, client, outgoing)

    def _troubled(self, name: str, outgoing: Outgoing) -> None:
        self._stage.injected[name] += 1
        self._coverage.befell(name, outgoing)
