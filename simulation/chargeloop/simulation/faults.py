"""What goes wrong in a run, each with its own knob; profiles mix them.

A probability is per occasion (a message, a step of a cabinet, a round of a service), a rate is per hour of
the phase of faults; the type of a knob tells which it is. Zero switches a fault off, so that a profile shows
by itself what it plays.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Annotated, Any, Final

from chargeloop.protocol.time import HOUR_MS
from chargeloop.protocol.values import replace

Probability = Annotated[float, "from 0 to 1, for each occasion"]
PerHour = Annotated[float, "times an hour"]


@dataclass(frozen=True, slots=True)
class Links:
    """What happens to single messages, and to last wills.

    Attributes:
        loss: probability that a message is lost.
        duplicate: that it comes a second time, up to a minute later.
        reorder: that others overtake it.
        delay: that it is held up, `delay_ms` at most and mostly much shorter.
        late_will: that a last will is published late, `late_will_ms` at most.
    """

    loss: Probability = 0.0
    duplicate: Probability = 0.0
    reorder: Probability = 0.0
    delay: Probability = 0.0
    delay_ms: int = 72 * HOUR_MS
    late_will: Probability = 0.0
    late_will_ms: int = 10 * 60_000

    @property
    def trouble(self) -> float:
        """Return the probability that anything goes wrong with a message."""
        return self.loss + self.duplicate + self.reorder + self.delay


@dataclass(frozen=True, slots=True)
class Desk:
    """What users complain of, and what the operator of their region does, asked or not.

    Attributes:
        dispute: probability that a person disputes an order, perhaps again and for several reasons.
        answer_ms: an operator answers a dispute so long after it was opened, at most.
        waive: probability that fees are waived for one who disputed without cause.
        operator_ends: times an hour that an operator ends an order, whatever it waits for.
        operator_cancels: times an hour that an operator cancels one, in whatever state.
        operator_commands: times an hour that an operator has a cabinet do something.
    """

    dispute: Probability = 0.0
    answer_ms: int = HOUR_MS
    waive: Probability = 0.0
    operator_ends: PerHour = 0.0
    operator_cancels: PerHour = 0.0
    operator_commands: PerHour = 0.0

    @property
    def is_staffed(self) -> bool:
        """Tell whether there is anything for an operator to do."""
        rates = self.operator_ends + self.operator_cancels + self.operator_commands
        return self.dispute + rates > 0


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that goes wrong in one run.

    Attributes:
        links: with single messages.
        desk: between users and operators.
        broker_crash: crashes of the broker an hour.
        partition: partitions an hour, each of a random part of all links, healed one by one.
        fight: times an hour that somebody else connects under a device's id.
        restart: orderly restarts of services an hour.
        service_crash: probability for each round of a service that it is killed at one of its boundaries.
        power_cut: probability for each point around journal and motor that the device loses its power there.
        motor_cut: for each point from the decision to run a motor to what follows from it, as it turns too.
        jam: probability that a motor jams.
        bounce: that an exit sensor settles late.
        sensor_lie: that an exit sensor shows nothing although its motor jammed and the bank is still inside.
        reader_fails: times an hour that the reader of a slot shows nothing for up to minutes.
        switch: probability that a slot tells late, twice or too early that a bank was put in.
        guess: times an hour that somebody types codes at random at a keypad.
        vandal: times an hour that somebody steals a bank, or carries one to another slot, or swaps two.
        brought_back: times an hour that a bank that was stolen, if any, comes back to some cabinet.
        strange_bank: times an hour that somebody puts in a bank of which nobody has heard.
        clock_unset: probability for a boot that the wall clock stands at 1970.
        clock_wrong: that it is hours or days wrong, or in another zone.
        clock_jump: times an hour that a device's wall clock is set to something else.
        drift_ppm: how fast or slow clocks run, at most.
        double_scan: probability that a person orders twice, 16 ms or 16 s apart.
        courier_vanishes: probability for each job that its courier is not heard of again before the healing.
        courier_dawdles: for each courier, to take three times as long.
        courier_lies: times an hour that a courier claims what was not done.
        misreads: probability for each bank in a report of what a courier did that its number is misread.
        cancel: probability that a person calls an order off at some step.
        absent: that nobody is at home at first.
        version_skew: probability that a message comes from a newer sender, with members unknown to us.
        old_firmware: for each cabinet, that its firmware is older than the list of the commands it obeys.
        poison: messages an hour that nobody can take, on any topic: unreadable ones, such of an old version.
    """

    links: Links = field(default_factory=Links)
    desk: Desk = field(default_factory=Desk)
    broker_crash: PerHour = 0.0
    partition: PerHour = 0.0
    fight: PerHour = 0.0
    restart: PerHour = 0.0
    service_crash: Probability = 0.0
    power_cut: Probability = 0.0
    motor_cut: Probability = 0.0
    jam: Probability = 0.0
    bounce: Probability = 0.0
    sensor_lie: Probability = 0.0
    reader_fails: PerHour = 0.0
    switch: Probability = 0.0
    guess: PerHour = 0.0
    vandal: PerHour = 0.0
    brought_back: PerHour = 0.0
    strange_bank: PerHour = 0.0
    clock_unset: Probability = 0.0
    clock_wrong: Probability = 0.0
    clock_jump: PerHour = 0.0
    drift_ppm: int = 0
    double_scan: Probability = 0.0
    courier_vanishes: Probability = 0.0
    courier_dawdles: Probability = 0.0
    courier_lies: PerHour = 0.0
    misreads: Probability = 0.0
    cancel: Probability = 0.0
    absent: Probability = 0.0
    version_skew: Probability = 0.0
    old_firmware: Probability = 0.0
    poison: PerHour = 0.0


# What people do is no fault of the system and goes on after the healing.
_PEOPLE: Final = Faults(cancel=0.1, absent=0.15, double_scan=0.05)
_DESK: Final = Desk(dispute=0.25, waive=0.5, operator_ends=1.0, operator_cancels=1.0, operator_commands=6.0)
_LINKS: Final = Links(loss=0.02, duplicate=0.02, reorder=0.02, delay=0.01, late_will=0.3)

PROFILES: Final[Mapping[str, Faults]] = MappingProxyType(
    {
        "none": Faults(),
        "people": replace(
            _PEOPLE, desk=_DESK, courier_vanishes=0.03, courier_dawdles=0.2, courier_lies=1.0,
            misreads=0.02,
        ),
        "network": replace(_PEOPLE, links=_LINKS, partition=0.5, broker_crash=0.15, fight=1.0),
        "crashes": replace(_PEOPLE, service_crash=0.004, broker_crash=0.3, restart=0.3),
        "power": replace(
            _PEOPLE, guess=2.0, power_cut=0.01, motor_cut=0.02,
            jam=0.05, bounce=0.1, sensor_lie=0.3, reader_fails=1.0, switch=0.1,
            vandal=1.0, brought_back=1.0, strange_bank=0.5,
        ),
        "clocks": replace(
            _PEOPLE, clock_unset=0.2, clock_wrong=0.3, clock_jump=2.0, drift_ppm=100, power_cut=0.003,
            links=replace(_LINKS, loss=0.005),
        ),
        "worst": replace(
            _PEOPLE,
            links=_LINKS, desk=_DESK, broker_crash=0.15, partition=0.5, fight=1.0, service_crash=0.003,
            restart=0.1, power_cut=0.004, motor_cut=0.01,
            jam=0.05, bounce=0.1, sensor_lie=0.3, reader_fails=0.7, switch=0.05,
            vandal=1.0, brought_back=1.0, strange_bank=0.5, guess=1.0,
            clock_unset=0.1, clock_wrong=0.2, clock_jump=1.0, drift_ppm=100, courier_vanishes=0.02,
            courier_dawdles=0.2, courier_lies=1.0, misreads=0.02, version_skew=0.01, old_firmware=0.2,
            poison=2.5,
        ),
    }
)  # fmt: skip


class UnknownFaultError(ValueError):
    """The text names no profile or no fault; the message says which there are."""


def faults_of(text: str) -> Faults:
    """Return the faults that a text names: a profile, and changes to it: `worst,loss=0.1,vandal=0`.

    Raises:
        UnknownFaultError: the profile or a fault is unknown, or a value is no number that it can have.
    """
    name, *changes = text.split(",")
    faults = PROFILES.get(name)
    if faults is None:
        raise UnknownFaultError(f"{name!r} is no profile of faults; there are {', '.join(PROFILES)}")
    for change in changes:
        faults = _changed(faults, change)
    return faults


_GROUPS: Final[Mapping[str, Any]] = MappingProxyType({"links": Links, "desk": Desk})
_GROUP_OF: Final = {knob.name: group for group, kind in _GROUPS.items() for knob in fields(kind)}
_KINDS: Final = {
    knob.name: knob.type for kind in (Faults, *_GROUPS.values()) for knob in fields(kind)
    if knob.name not in _GROUPS
}  # fmt: skip


def _changed(faults: Faults, change: str) -> Faults:
    name, _, value = change.partition("=")
    if name not in _KINDS:
        raise UnknownFaultError(f"{name!r} is no fault; there are {', '.join(sorted(_KINDS))}")
    number: Any = _number(name, value)
    group = _GROUP_OF.get(name)
    if group is None:
        return replace(faults, **{name: number})
    return replace(faults, **{group: replace(getattr(faults, group), **{name: number})})


def _number(name: str, value: str) -> float:
    """Return the value of a knob, or raise UnknownFaultError when it cannot have that one."""
    kind, told = _KINDS[name], repr(f"{name}={value}")
    try:
        number = int(value) if kind is int else float(value)
    except ValueError:
        number = math.nan
    if not -math.inf < number < math.inf:
        example = 500 if kind is int else 0.05
        raise UnknownFaultError(f"{told}: expected a number, as in {name}={example}")
    if number < 0:
        raise UnknownFaultError(f"{told}: expected a number that is not negative")
    if kind == Probability and number > 1:
        raise UnknownFaultError(f"{told}: {name} is a probability: expected a number from 0 to 1")
    return number


def healed(faults: Faults) -> Faults:
    """Return what is left when everything is healed: people are as they are, and operators only answer."""
    desk = replace(faults.desk, operator_ends=0.0, operator_cancels=0.0, operator_commands=0.0)
    return Faults(cancel=faults.cancel, absent=faults.absent, desk=desk)
