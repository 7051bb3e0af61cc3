"""What will go wrong, drawn from a seed: pure data, the same for the same seed."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# The processes, and the people, who live in the process that plays the city.
PROCESSES: Final = ("platform", "couriers", "cabinets", "agents")
PEOPLE: Final = "people"
BROKER: Final = "broker"
PARTS: Final = (*PROCESSES, PEOPLE)


class Kind(StrEnum):
    """A kind of fault. A network fault is one of a part's connections to the broker, or of one of them."""

    BROKER_KILLED = "broker killed"
    PLATFORM_KILLED = "platform killed"
    COURIERS_KILLED = "courier platform killed"
    CABINETS_KILLED = "cabinets killed"
    AGENTS_KILLED = "phones killed"
    FROZEN = "process frozen"
    LATENCY = "latency"
    CUT = "connections cut"
    RESET = "connections reset"
    UNREACHABLE = "unreachable"
    HALF_OPEN = "half-open"
    HALF_OPEN_TO_BROKER = "half-open to broker"
    HALF_OPEN_TO_CLIENT = "half-open to client"


KILLED: Final = {
    Kind.BROKER_KILLED: BROKER,
    Kind.PLATFORM_KILLED: "platform",
    Kind.COURIERS_KILLED: "couriers",
    Kind.CABINETS_KILLED: "cabinets",
    Kind.AGENTS_KILLED: "agents",
}
_LONGEST_S: Final = 8.0
# Longer than clients and broker need to find out by themselves that nobody is at the other end.
_UNNOTICED_S: Final = 75.0
_LONG_RUN_S: Final = 180.0
_LATENCY_MS: Final = (50, 2_000)
_ALONE: Final = 0.4


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault: `at_s` after the start, for `lasts_s`; a process is started again after that time.

    `alone`: it is one connection's only. `latency_ms` is that of a latency.
    """

    at_s: float
    kind: Kind
    target: str
    lasts_s: float
    alone: bool = False
    latency_ms: int = 0


def plan_faults(*, seed: int, duration_s: float, per_minute: float) -> tuple[PlannedFault, ...]:
    """Return the faults of a run in their order; each kind comes up at least once, and all equally often.

    Runs of three minutes and more also have a platform and one cabinet at the end of half-open connections
    for so long that they must notice by themselves.
    """
    draw = random.Random(f"faults:{seed}")
    number = max(len(Kind), round(duration_s / 60 * per_minute))
    kinds: list[Kind] = []
    while len(kinds) < number:
        deck = list(Kind)
        draw.shuffle(deck)
        kinds += deck
    slot_s = duration_s / number
    longest_s = min(_LONGEST_S, duration_s / 6)
    faults = [
        _drawn(draw, kind, (position + draw.random()) * slot_s, longest_s)
        for position, kind in enumerate(kinds[:number])
    ]
    if duration_s >= _LONG_RUN_S:
        faults += [
            PlannedFault(duration_s * 0.2, Kind.HALF_OPEN, "platform", _UNNOTICED_S),
            PlannedFault(duration_s * 0.3, Kind.HALF_OPEN, "cabinets", _UNNOTICED_S, alone=True),
        ]
    return tuple(sorted(faults, key=lambda fault: fault.at_s))


def _drawn(draw: random.Random, kind: Kind, at_s: float, longest_s: float) -> PlannedFault:
    lasts_s = draw.uniform(0.1, 1.0) * longest_s
    if kind in KILLED:
        return PlannedFault(at_s, kind, KILLED[kind], lasts_s)
    if kind is Kind.FROZEN:
        return PlannedFault(at_s, kind, draw.choice(PROCESSES), lasts_s)
    latency_ms = draw.randint(*_LATENCY_MS) if kind is Kind.LATENCY else 0
    alone = kind is not Kind.UNREACHABLE and draw.random() < _ALONE
    return PlannedFault(at_s, kind, draw.choice(PARTS), lasts_s, alone, latency_ms)
