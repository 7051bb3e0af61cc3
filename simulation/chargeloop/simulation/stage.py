"""What all participants of one simulated world share: time, network, faults, and where records go."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from chargeloop.protocol.codec import Codec
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import Data
from chargeloop.simulation.carried import CARRIED
from chargeloop.simulation.faults import Faults
from chargeloop.simulation.loop import Loop
from chargeloop.simulation.network import Network
from chargeloop.simulation.records import Sink, Value


class ProductFailedError(Exception):
    """The product raised where it must not: a violation by itself."""


class Tangible(Protocol):
    """A device as hands and voices meet it."""

    def guarded(self, act: Callable[[], None]) -> None:
        """Do something that ends where the power fails."""

    def receive(self, incoming: Incoming) -> None:
        """Take what hands do."""

    def told(self, request: str, answer: Data) -> None:
        """Take the answer to something done by hand."""


class Stage:
    """The common ground of one run.

    Args:
        seed: all randomness of the run follows from it.
        now_ms: when it begins, in milliseconds since 1970 UTC.
        faults: what goes wrong; replaced when everything is healed.
        sink: takes the records.
        codec: of all messages; the one of the wire is slower and comes to the same.
    """

    def __init__(self, seed: int, now_ms: int, faults: Faults, sink: Sink, codec: Codec = CARRIED) -> None:
        self.codec = codec
        self.seed = seed
        self.faults = faults
        self.sink = sink
        self.loop = Loop(now_ms)
        self.network = Network(self.loop, faults.links, self.draw("network"))
        self.devices: dict[str, Tangible] = {}
        self.calm = False
        self.injected: Counter[str] = Counter()
        self.on_fault = self._ignore
        self._places: dict[str, str] = {}
        # When each bank came into a slot, and left one: in turns, from the first time that it left.
        # When each bank came into a slot (True) or out of one.
        self._passages: dict[str, list[tuple[int, bool]]] = {}

    def draw(self, *names: str) -> random.Random:
        """Return the randomness of one participant: another one more changes nothing for it."""
        return random.Random(":".join((str(self.seed), *names)))

    def record(self, kind: str, *columns: Value) -> None:
        """Give out a record of this instant."""
        self.sink((kind, self.loop.now_ms(), *columns))

    def move(self, region: str, bank: str, start: str, end: str, by: str) -> None:
        """Tell that a bank moved, and remember where it is and when it was in slots."""
        self._places[bank] = end
        if start.startswith("slot/") != end.startswith("slot/"):
            self._passages.setdefault(bank, []).append((self.loop.now_ms(), end.startswith("slot/")))
        self.record("move", region, bank, start, end, by)

    def is_at(self, bank: str, place: str) -> bool:
        """Tell whether a bank that was moved before is at a place now, as anybody sees."""
        return self._places.get(bank) == place

    def in_slot_since(self, bank: str, at_ms: int) -> int | None:
        """Return when a bank that stood in a slot at an instant came there; None when it stood in none.

        One that had never left comes from before the beginning: 0.
        """
        since_ms, is_in = 0, True
        for passed_ms, came_in in self._passages.get(bank, ()):
            if passed_ms <= at_ms:
                since_ms, is_in = passed_ms, came_in
        return since_ms if is_in else None

    def fault(self, region: str, name: str, target: str) -> None:
        """Tell that a fault was injected."""
        self.injected[name] += 1
        self.sink(("fault", self.loop.now_ms(), region, name, target))
        self.on_fault(region, name, target)

    @staticmethod
    def _ignore(region: str, name: str, target: str) -> None:
        del region, name, target
