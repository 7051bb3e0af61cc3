"""What a cabinet of the benchmark says, encoded as a cabinet would: its introduction and its journal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.geo import Plane, Point
from chargeloop.protocol.ids import BankId, CabinetId, JournalId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.common import ConnectionState, Location, Presence
from chargeloop.protocol.topics import TOPICS

REGION: Final = "bench"
# Not the gateway within the platform's own process.
GATEWAY: Final = "gwy-bench"
SLOTS: Final = 12
BANKS: Final = 6
_SPACING_M: Final = 700
_PLANE: Final = Plane(Point(434_500_000, 52_300_000))


def ready(slot: int, bank: str) -> cab.SlotStatus:
    """Return a slot with a charged bank."""
    held = cab.BankStatus(bank=BankId(bank), charge_pct=98, health_pct=97, temperature_c=24, cycles=112)
    return cab.SlotStatus(slot=slot, state=cab.SlotState.READY, bank=held)


@dataclass(slots=True)
class BenchCabinet:
    """A cabinet that speaks: half of its slots hold banks. `seq` is the number of its last journal entry.

    Attributes:
        number: from 0; cabinets stand in rows of 100, 700 m apart.
        now_ms: the time its clock showed when it started; it is in step with the platform's.
    """

    number: int
    now_ms: int
    seq: int = 0
    _said: int = field(default=0, init=False)
    _snapshots: int = field(default=0, init=False)

    @property
    def name(self) -> CabinetId:
        """Return its id."""
        return CabinetId(f"cab-{self.number:06d}")

    @property
    def journal(self) -> JournalId:
        """Return its journal's id."""
        return JournalId(f"jnl-{self.number:020x}")

    @property
    def place(self) -> Point:
        """Return where it stands."""
        return _PLANE.at(self.number % 100 * _SPACING_M, self.number // 100 * _SPACING_M)

    def bank(self, slot: int) -> BankId:
        """Return the bank that belongs into a slot."""
        return BankId(f"bnk-{self.number:06d}-{slot}")

    def topic(self, word: str) -> str:
        """Return its topic of that last word."""
        return f"cl/v1/{REGION}/cabinet/{self.name}/{word}"

    def introduction(self) -> Iterator[tuple[str, bytes]]:
        """Yield topic and payload of its three states: connected, what it is, what it holds."""
        info = cab.CabinetInfo(
            name=f"Cabinet {self.number}",
            location=Location.of(self.place),
            slots=SLOTS,
            model="CL-12",
            firmware="1.0.0",
        )
        yield self.topic("connection"), self.say(ConnectionState(state=Presence.ONLINE, connection_epoch=1))
        yield self.topic("info"), self.say(info)
        yield self.topic("slots"), self.snapshot()

    def snapshot(self, *changed: cab.SlotStatus) -> bytes:
        """Return all its slots: as they were filled in the beginning but for those that changed."""
        self._snapshots += 1
        return self.say(
            cab.SlotsSnapshot(
                version=self._snapshots, journal=self.journal, after_seq=self.seq, slots=self._slots(changed)
            )
        )

    def inventory(self) -> bytes:
        """Return the journal entry that reports all slots as they were filled in the beginning."""
        return self.event(cab.InventoryReported(slots=self._slots(())))

    def event(self, data: Data) -> bytes:
        """Return the next entry of its journal."""
        self.seq += 1
        return self.say(data, journalid=self.journal, seq=self.seq)

    def ordinary(self) -> bytes:
        """Return the next entry of a dull day: a bank leaves, its slot jams and is mended, it is back."""
        step, slot = self.seq % 4, self.seq // 4 % BANKS + 1
        events: tuple[Data, ...] = (
            cab.BankEjected(slot=slot, bank=self.bank(slot), charge_pct=98),
            cab.SlotChanged(slot=slot, state=cab.SlotState.FAULTY, reason=cab.CabinetReason.JAM),
            cab.SlotChanged(slot=slot, state=cab.SlotState.EMPTY),
            cab.BankReturned(slot=slot, bank=self.bank(slot), charge_pct=12),
        )
        return self.event(events[step])

    def say(self, data: Data, **attributes: Any) -> bytes:
        """Return a message of the cabinet's with the times of its clocks."""
        self._said += 1
        envelope = seal(
            data,
            id=self.said_last,
            source=f"cabinet/{self.name}",
            time=self.now_ms + self._said,
            bootid=f"boot-{self.number}",
            uptimems=60_000 + self._said,
            clockstate=ClockState.SYNCED,
            **attributes,
        )
        return encode(envelope)

    @property
    def said_last(self) -> str:
        """Return the id of the message it said last."""
        return f"{self.name}.1.{self._said}"

    def _slots(self, changed: Iterable[cab.SlotStatus]) -> tuple[cab.SlotStatus, ...]:
        slots = {slot: ready(slot, self.bank(slot)) for slot in range(1, BANKS + 1)}
        empty = range(BANKS + 1, SLOTS + 1)
        slots |= {slot: cab.SlotStatus(slot=slot, state=cab.SlotState.EMPTY) for slot in empty}
        slots |= {status.slot: status for status in changed}
        return tuple(slots.values())


def filter_of(name: str) -> str:
    """Return the filter of all topics of a row of the topic table in the benchmark's region."""
    spec = TOPICS[name]
    parts = spec.pattern.replace("{region}", REGION).split("/")
    return "/".join("+" if part.startswith("{") else part for part in parts)
