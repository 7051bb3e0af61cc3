"""Where couriers were last, for the users they are on the way to; in memory, and forgotten when it is old."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.geo import Point
from chargeloop.protocol.messages.courier import Position
from chargeloop.protocol.time import MINUTE_MS

FRESH_MS: Final = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a courier was, and when the gateway heard of it."""

    place: Point
    heard_ms: int


class Positions:
    """The last position of each courier, of so many as were heard of last."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._last: OrderedDict[str, Sighting] = OrderedDict()

    def __len__(self) -> int:
        return len(self._last)

    async def receive(self, incoming: Incoming) -> None:
        """Take a message of the gateway's link: a position, or a reply that nobody waits for any more."""
        data = incoming.message.data
        if isinstance(data, Position):
            courier = incoming.topic.owner
            self._last[courier] = Sighting(data.location.point, incoming.received_ms)
            self._last.move_to_end(courier)
            if len(self._last) > self._most:
                self._last.popitem(last=False)

    def of(self, courier: str, now_ms: int) -> Sighting | None:
        """Return where a courier was within the last five minutes, or None."""
        found = self._last.get(courier)
        return found if found is not None and now_ms - found.heard_ms <= FRESH_MS else None
