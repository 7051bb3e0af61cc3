"""The physical cabinet: which bank is in which slot, in the tray, or already in somebody's hands.

This is the world's side of the simulation and not firmware: it is what stays when the power fails, what the
readers read, and what an inspector who opens the cabinet would find. The firmware may be wrong about it; it
may not. A bank is in exactly one place: a slot, the tray, or (once handed over in an answer) a hand outside.

Hands at the cabinet are part of it. Each request of theirs has one effect and one answer, kept for
`ANSWERS_KEPT_MS` under the request's key, so that a repeated request takes no second bank and pushes none in
twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chargeloop.protocol.fields import MOST_BANKS
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import DAY_MS
from chargeloop.protocol.values import replace
from chargeloop.station.core import battery as batteries
from chargeloop.station.core.battery import Battery
from chargeloop.station.core.faults import Faults
from chargeloop.station.core.memory import Asker, GiveAnswer, TrayBank

ANSWERS_KEPT_MS: Final = DAY_MS


class PhysicallyImpossibleError(Exception):
    """The firmware or a hand asks for what no cabinet can do, such as two banks in one slot: a bug."""


@dataclass(frozen=True, slots=True)
class Place:
    """One slot and the bank in it."""

    slot: int
    bank: Battery | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody at the cabinet was shown and given, and when."""

    asker: Asker
    accepted: bool
    display: str
    banks: tuple[cab.BankStatus, ...]
    given_ms: int


@dataclass(frozen=True, slots=True)
class Insertion:
    """A bank that was pushed into `slot` and not answered for yet."""

    asker: Asker
    slot: int


@dataclass(frozen=True, slots=True)
class Ghost:
    """A bank that an exit sensor still shows for so many looks although it has left."""

    bank: cab.BankStatus
    looks_left: int


@dataclass(frozen=True, slots=True)
class Mechanics:
    """The physical state of one cabinet. Times are the world's.

    `pushed_out` counts for each bank how often a motor has pushed it out here. The firmware knows nothing of
    it: it is for inspectors who compare.
    """

    slots: tuple[Place, ...]
    tray: tuple[TrayBank, ...] = ()
    insertions: Mapping[str, Insertion] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    motor_runs: int = 0
    ghosts: Mapping[int, Ghost] = field(default_factory=dict)
    pushed_out: Mapping[str, int] = field(default_factory=dict)

    def place(self, slot: int) -> Place:
        """Return one slot by its number."""
        return self.slots[slot - 1]

    def readings(self, now_ms: int) -> tuple[cab.BankStatus | None, ...]:
        """Return what the slots' readers show now."""
        return tuple(self._reading(place, now_ms) for place in self.slots)

    def _reading(self, place: Place, now_ms: int) -> cab.BankStatus | None:
        ghost = self.ghosts.get(place.slot)
        if ghost is not None:
            return ghost.bank
        return None if place.bank is None else batteries.read(place.bank, now_ms)

    def power_w(self, now_ms: int) -> int:
        """Return the electrical power that the cabinet's charging takes now."""
        return round(sum(batteries.power_w(place.bank, now_ms) for place in self.slots if place.bank))


def run_motor(mechanics: Mechanics, slot: int, claim: str, faults: Faults, now_ms: int) -> Mechanics:
    """Return the cabinet after the motor of `slot` has run: its bank lies in the tray, unless it jammed."""
    moved = replace(mechanics, motor_runs=mechanics.motor_runs + 1)
    battery = mechanics.place(slot).bank
    if battery is None or faults.jams(slot, mechanics.motor_runs):
        return moved
    status = batteries.read(battery, now_ms)
    bounces = faults.bounces(slot)
    ghosts = {**mechanics.ghosts, slot: Ghost(status, bounces)} if bounces else mechanics.ghosts
    return replace(
        _put(moved, Place(slot)),
        tray=(*mechanics.tray, TrayBank(status, claim)),
        ghosts=ghosts,
        pushed_out={**mechanics.pushed_out, status.bank: mechanics.pushed_out.get(status.bank, 0) + 1},
    )


def settle(mechanics: Mechanics, slot: int) -> Mechanics:
    """Return the cabinet after the exit sensor of `slot` had a moment to settle."""
    ghost = mechanics.ghosts.get(slot)
    if ghost is None:
        return mechanics
    others = {number: other for number, other in mechanics.ghosts.items() if number != slot}
    if ghost.looks_left > 1:
        others[slot] = Ghost(ghost.bank, ghost.looks_left - 1)
    return replace(mechanics, ghosts=others)


def insert(mechanics: Mechanics, slot: int, bank: cab.BankStatus, asker: Asker, now_ms: int) -> Mechanics:
    """Return the cabinet after `asker` has pushed `bank` into `slot`.

    Raises:
        PhysicallyImpossibleError: the slot is full, or the bank is in the cabinet already.
    """
    inside = {place.bank.bank for place in mechanics.slots if place.bank is not None}
    lying = {tray_bank.bank.bank for tray_bank in mechanics.tray}
    if mechanics.place(slot).bank is not None or bank.bank in inside | lying:
        raise PhysicallyImpossibleError(f"{bank.bank} cannot be pushed into slot {slot}")
    filled = _put(mechanics, Place(slot, Battery.inserted(bank, now_ms)))
    return replace(filled, insertions={**mechanics.insertions, asker.key: Insertion(asker, slot)})


def give(mechanics: Mechanics, act: GiveAnswer, now_ms: int) -> Mechanics:
    """Return the cabinet after `act`: the banks of its claim are in the asker's hands, its answer is kept.

    Hands hold so many banks and no more; what they leave stays in the tray. A request that has its answer
    already changes nothing.
    """
    if act.asker.key in mechanics.answers:
        return mechanics
    taken = tuple(lying for lying in mechanics.tray if lying.claim == act.claim)[:MOST_BANKS]
    answer = Answer(act.asker, act.accepted, act.display, tuple(lying.bank for lying in taken), now_ms)
    kept = {key: old for key, old in mechanics.answers.items() if old.given_ms + ANSWERS_KEPT_MS > now_ms}
    return replace(
        mechanics,
        tray=tuple(lying for lying in mechanics.tray if lying not in taken),
        insertions={key: one for key, one in mechanics.insertions.items() if key != act.asker.key},
        answers={**kept, act.asker.key: answer},
    )


def after_power_cut(mechanics: Mechanics) -> Mechanics:
    """Return the cabinet as it is found later: sensors have settled, everything else is as it was."""
    return replace(mechanics, ghosts={})


def _put(mechanics: Mechanics, place: Place) -> Mechanics:
    slots = (*mechanics.slots[: place.slot - 1], place, *mechanics.slots[place.slot :])
    return replace(mechanics, slots=slots)
