"""What everybody keeps to who carries out the firmware's steps: the real shell and the simulation.

How long acts wait, which entries go into the journal together, which answers a step must remember, where
hands are answered, when the readers are asked again, and when time alone changes something.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.topics import TOPICS, Topic
from chargeloop.station.core import battery, cabinet
from chargeloop.station.core.mechanics import Mechanics
from chargeloop.station.core.memory import OPEN_TRAY, GiveAnswer, Memory, Record, Step

SETTLE_MS: Final = 200  # how long an exit sensor is given before it is looked at again
_UNKNOWN_TIME_MS: Final = MINUTE_MS  # how often a cabinet that does not know the time looks whether it does
_TRAYS: Final = {"courier_hands": "courier_tray", "user_hands": "user_tray"}
HANDS: Final = tuple(_TRAYS)

Alike = tuple[str | None, str | None, str | None, DeviceTime | None]


def tray_of(hands: Topic) -> str:
    """Return the topic on which hands that came on one of `HANDS` are answered."""
    return TOPICS[_TRAYS[hands.spec.name]].topic(hands.region, **hands.ids)


def together(records: Iterable[Record]) -> Iterator[tuple[Alike, Iterator[Record]]]:
    """Yield the entries that go into the journal together, behind what they share.

    That is correlation id, causation id, subject and time (None: the time of the step).
    """
    return groupby(records, _alike)


def _alike(record: Record) -> Alike:
    return record.correlation_id, record.causation_id, record.subject, record.at


def answers_to_keep(step: Step) -> tuple[GiveAnswer, ...]:
    """Return the answers that must survive a power cut with the step.

    A hand in the open tray moves nothing by itself: if its answer is lost, it asks again.
    """
    return tuple(act for act in step.acts if isinstance(act, GiveAnswer) and act.claim != OPEN_TRAY)


def next_due_ms(memory: Memory, mechanics: Mechanics, now_ms: int, platform_ms: int | None) -> int | None:
    """Return when, by the world's clock, time alone changes something, or None.

    `platform_ms` is the platform's time as the cabinet knows it, None when it has not learned it.
    """
    charging = {slot.number for slot in memory.slots if slot.state is SlotState.CHARGING}
    inside = [place.bank for place in mechanics.slots if place.slot in charging]
    ready = [battery.ready_at(bank) for bank in inside if bank is not None]
    due_ms = [instant_ms for instant_ms in ready if instant_ms is not None and instant_ms > now_ms]
    end_ms = cabinet.next_due_ms(memory)
    if end_ms is not None:
        wait_ms = _UNKNOWN_TIME_MS if platform_ms is None else max(1, end_ms - platform_ms)
        due_ms.append(now_ms + wait_ms)
    return min(due_ms, default=None)
