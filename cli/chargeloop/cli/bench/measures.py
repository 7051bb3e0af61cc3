"""The table of the benchmark: everything that is measured, and the figures that are aimed at."""

from typing import Final

from chargeloop.cli.bench.figures import Better, Measure

# What one message cost the prototype of the platform's endpoint, from bytes to a committed reaction.
PROTOTYPE_US: Final = 48

_EVENTS: Final = "events of {} cabinets, decoded to committed and acknowledged"
_BARE: Final = "bare subscriber, events/s"

MEASURES: Final = (
    Measure("events-50", _EVENTS.format(50), _BARE, "times", Better.HIGHER, 0.5, 0.8),
    Measure("events-2000", _EVENTS.format("2,000"), _BARE, "times", Better.HIGHER, 0.5, 0.8),
    Measure("latency", "reaction at 3,000 events/s, p99", "bare echo, p99", "times", Better.LOWER, 3, 3),
    Measure(
        "order",
        "processor time of the rental platform for a whole order",
        f"{PROTOTYPE_US} us a message",
        "ms",
        Better.LOWER,
        2,
        1,
    ),
    Measure("memory", "memory for a cabinet, 100,000 known", "-", "KiB", Better.LOWER, 4, 4),
    Measure("restart", "restart with 100,000 cabinets, 50,000 open orders", "-", "s", Better.LOWER, 5, 5),
    Measure(
        "nearest",
        "nearest usable cabinet with N banks of 1,000,000",
        "scipy cKDTree",
        "us",
        Better.LOWER,
        100,
        100,
    ),
    Measure(
        "simulation", "simulated orders a second and core, all faults", "-", "", Better.HIGHER, 500, 2_000
    ),
)
NAMES: Final = tuple(measure.name for measure in MEASURES)
