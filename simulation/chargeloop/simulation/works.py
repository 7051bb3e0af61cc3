"""What motors, sensors and hands of a simulated cabinet really do, whatever its firmware believes.

Motors jam, and somebody may force a bank. All of it goes to the records. The sensors are those that the
firmware has, and lie as it says that it can stand: the reader of a slot still shows a bank that has left for
a look or two, or shows nothing for one look behind a motor that jammed, or for minutes where nothing moves;
the switch that tells of a bank put in tells late, twice, or before the reader shows it.
"""

import random
from collections.abc import Collection
from typing import Final

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.protocol.values import replace
from chargeloop.simulation.stage import Stage
from chargeloop.station.core import battery, mechanics
from chargeloop.station.core.battery import Battery
from chargeloop.station.core.faults import Faults as Planted
from chargeloop.station.core.mechanics import Answer, Ghost, Mechanics, Place
from chargeloop.station.core.memory import Asker, GiveAnswer, OpenSlot, Pickup, RunMotor

# The part of the acts of force that exchange two banks, and of the banks forced out that are carried away.
_EXCHANGED: Final = 0.3
_STOLEN: Final = 0.7
_DARK_MS: Final = 10 * MINUTE_MS
_SWITCH_MS: Final = 2_000
_PERFECT: Final = Planted()
_JAMMED: Final = Planted(jam_next=2**31)


class Works:
    """The works of one cabinet with the banks in it.

    Args:
        stage: they play on.
        draw: what goes wrong with them.
        region: its region.
        cabinet: its id.
        batteries: what is in its slots, from slot 1 on; None is an empty slot.
    """

    def __init__(
        self,
        stage: Stage,
        draw: random.Random,
        region: str,
        cabinet: str,
        batteries: tuple[Battery | None, ...],
    ) -> None:
        self.mechanics = Mechanics(
            tuple(Place(slot, inside) for slot, inside in enumerate(batteries, start=1))
        )
        self.blind: set[int] = set()
        # Until when the reader of a slot shows nothing.
        self._dark_ms: dict[int, int] = {}
        self._does_not_fit: set[str] = set()
        self._stage = stage
        self._draw = draw
        self._switch_draw = stage.draw(region, cabinet, "switch")
        self._region = region
        self._cabinet = cabinet
        for standing in self.mechanics.slots:
            if standing.bank is not None:
                stage.record("bank", region, standing.bank.bank, self.slot(standing.slot))

    def slot(self, number: int) -> str:
        """Return how the records name a slot."""
        return f"slot/{self._cabinet}/{number}"

    def readings(self) -> tuple[cab.BankStatus | None, ...]:
        """Return what the readers of all slots say now."""
        now_ms = self._stage.loop.now_ms()
        readings = self.mechanics.readings(now_ms)
        if self._dark_ms:
            self._dark_ms = {slot: until_ms for slot, until_ms in self._dark_ms.items() if until_ms > now_ms}
        dark = self.blind | self._dark_ms.keys()
        if not dark:
            return readings
        return tuple(None if slot in dark else reading for slot, reading in enumerate(readings, start=1))

    def reader_fails(self, slot: int, draw: random.Random) -> None:
        """Let the reader of a slot show nothing for a while, mostly a short one."""
        self._stage.fault(self._region, "reader_fails", self._cabinet)
        self._dark_ms[slot] = self._stage.loop.now_ms() + int(_DARK_MS * draw.random() ** 3)

    def switch_tells_ms(self, slot: int) -> tuple[int, ...]:
        """Return after how long the switch of a slot tells that something was put in, each time it does."""
        faults, draw = self._stage.faults, self._switch_draw
        if not (faults.switch > 0 and draw.random() < faults.switch):
            return (0,)
        self._stage.fault(self._region, "switch", self._cabinet)
        wait_ms = draw.randrange(100, _SWITCH_MS)
        kind = draw.randrange(3)
        if kind == 0:
            return (wait_ms,)
        if kind == 1:
            self._dark_ms[slot] = self._stage.loop.now_ms() + wait_ms
        return 0, wait_ms

    def push_in(self, act: OpenSlot, in_hand: cab.BankStatus) -> None:
        """Let a hand push a bank into a slot that is open for it."""
        now_ms = self._stage.loop.now_ms()
        if self.mechanics.place(act.slot).bank is None:
            self.mechanics = mechanics.insert(self.mechanics, act.slot, in_hand, act.asker, now_ms)
            self._tell_move(in_hand.bank, hand_of(act.asker), self.slot(act.slot), "hand")
        else:
            # The firmware believed the slot empty: whoever stands there sees that the bank does not fit.
            self._does_not_fit.add(act.asker.key)

    def give(self, act: GiveAnswer) -> Answer:
        """Show an answer and let the hand take what is in the tray for it; return what it got to see."""
        if act.asker.key in self._does_not_fit:
            act = replace(act, accepted=False, display="it does not fit")
        given = act.asker.key not in self.mechanics.answers
        self.mechanics = mechanics.give(self.mechanics, act, self._stage.loop.now_ms())
        answer = self.mechanics.answers[act.asker.key]
        for bank in answer.banks if given else ():
            self._tell_move(bank.bank, f"tray/{self._cabinet}", hand_of(act.asker), "hand")
        return answer

    def settle(self, slot: int) -> None:
        """Let the exit sensor of a slot come to rest."""
        self.mechanics = mechanics.settle(self.mechanics, slot)

    def lose_power(self) -> None:
        """Forget what only electricity holds."""
        self.mechanics = mechanics.after_power_cut(self.mechanics)

    def turn(self, act: RunMotor, pickup: Pickup | None) -> None:
        """Let the motor of a slot run: what it does is what the world does, whatever the firmware thinks.

        `pickup` is what the firmware gives banks out for.
        """
        faults, draw, before = self._stage.faults, self._draw, self.mechanics
        # A motor shakes the contacts of its slot.
        self._dark_ms.pop(act.slot, None)
        standing = before.place(act.slot).bank
        jams = faults.jam > 0 and draw.random() < faults.jam
        if jams:
            self._stage.fault(self._region, "jam", self._cabinet)
        now_ms = self._stage.loop.now_ms()
        self.mechanics = mechanics.run_motor(
            before, act.slot, act.claim, _JAMMED if jams else _PERFECT, now_ms
        )
        moved = len(self.mechanics.tray) > len(before.tray)
        bank = None if standing is None else standing.bank
        self._stage.record(
            "motor", self._region, self._cabinet, act.slot, bank,
            None if pickup is None else pickup.reservation, None if pickup is None else pickup.command,
            0 if pickup is None else pickup.epoch, moved,
        )  # fmt: skip
        if moved and bank is not None:
            self._tell_move(bank, self.slot(act.slot), f"tray/{self._cabinet}", "motor")
        self._mislead(
            act.slot, moved=moved, status=None if standing is None else battery.read(standing, now_ms)
        )

    def _mislead(self, slot: int, *, moved: bool, status: cab.BankStatus | None) -> None:
        """Let the exit sensor bounce, or show nothing although the bank is still there."""
        faults, draw = self._stage.faults, self._draw
        if moved and status is not None and faults.bounce > 0 and draw.random() < faults.bounce:
            self._stage.fault(self._region, "bounce", self._cabinet)
            ghosts = {**self.mechanics.ghosts, slot: Ghost(status, draw.randint(1, 2))}
            self.mechanics = replace(self.mechanics, ghosts=ghosts)
        elif not moved and status is not None and faults.sensor_lie > 0 and draw.random() < faults.sensor_lie:
            self._stage.fault(self._region, "sensor_lie", self._cabinet)
            self.blind.add(slot)

    def vandalise(self, busy: Collection[int]) -> Battery | None:
        """Let somebody steal a bank, carry it to another slot or exchange two, where no motor is `busy`.

        Returns:
            The bank that is stolen.
        """
        slots, draw = self.mechanics.slots, self._draw
        full = [standing for standing in slots if standing.bank is not None]
        free = [standing for standing in full if standing.slot not in busy]
        if len(free) < 2:
            return None
        self._stage.fault(self._region, "vandal", self._cabinet)
        one, other = draw.sample(free, 2)
        if one.bank is None or other.bank is None:
            return None
        if draw.random() < _EXCHANGED:
            self._put(replace(one, bank=other.bank), replace(other, bank=one.bank))
            self._tell_move(one.bank.bank, self.slot(one.slot), "outside", "vandal")
            self._tell_move(other.bank.bank, self.slot(other.slot), self.slot(one.slot), "vandal")
            self._tell_move(one.bank.bank, "outside", self.slot(other.slot), "vandal")
            return None
        self._put(replace(one, bank=None))
        self._tell_move(one.bank.bank, self.slot(one.slot), "outside", "vandal")
        if draw.random() < _STOLEN or not self.force_in(one.bank, busy, draw):
            return one.bank
        return None

    def force_in(self, bank: Battery, busy: Collection[int], draw: random.Random) -> bool:
        """Let somebody force a bank from outside into an empty slot, where no motor is `busy`."""
        empty = [place for place in self.mechanics.slots if place.bank is None and place.slot not in busy]
        if not empty:
            return False
        there = draw.choice(empty)
        self._put(replace(there, bank=bank))
        self._tell_move(bank.bank, "outside", self.slot(there.slot), "vandal")
        return True

    def _put(self, *changed: Place) -> None:
        by_slot = {standing.slot: standing for standing in changed}
        slots = tuple(by_slot.get(standing.slot, standing) for standing in self.mechanics.slots)
        self.mechanics = replace(self.mechanics, slots=slots)

    def _tell_move(self, bank: str, start: str, end: str, by: str) -> None:
        self._stage.move(self._region, bank, start, end, by)


def hand_of(asker: Asker) -> str:
    """Return whose hand it is that waits for an answer on this topic."""
    parts = asker.topic.split("/")
    return f"courier/{parts[-1]}" if parts[3] == "tray" else f"user/{parts[-1]}"
