"""Whatever happens in whatever order: no bank is lost or made, and reservations hold what they say."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.station.core.faults import Faults
from chargeloop.station.core.memory import Asker
from chargeloop.station.core.reservation import HoldKind
from tests.station.core.workbench import PowerCutError, asker, bench

RESERVATIONS = st.sampled_from([ReservationId("rsv-1"), ReservationId("rsv-2"), ReservationId("rsv-3")])
CODES = {"rsv-1": "1111", "rsv-2": "2222", "rsv-3": "3333"}


class Life(RuleBasedStateMachine):
    """One cabinet, a platform that commands at random, people with hands, and power cuts."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = bench(
            [100, 95, 80, 61, 30, None, None, None], Faults(jam_next=2, bounce_slots=frozenset({3}))
        )
        self.banks = sorted(self.bench.banks_inside())
        self.outside: list[cab.BankStatus] = []
        self.number = 0
        self.seen: set[str] = set()
        self.commands: list[tuple[Data, str, int]] = []

    def _new(self) -> int:
        self.number += 1
        return self.number

    def _order(self, command: Data) -> None:
        name, expires_ms = f"cmd-{self._new()}", self.bench.now_ms + MINUTE_MS
        self.commands.append((command, name, expires_ms))
        self.bench.order(command, name, expires_ms=expires_ms)
        self._collect()

    def _asker(self) -> Asker:
        return asker(request=f"m-{self._new()}")

    def _collect(self) -> None:
        """Take into the hands outside what answers have given."""
        for key, answer in self.bench.world.answers.items():
            if key not in self.seen:
                self.seen.add(key)
                self.outside += answer.banks

    @rule(reservation=RESERVATIONS, quantity=st.integers(1, 4), hours=st.integers(1, 3))
    def reserve_banks(self, reservation: ReservationId, quantity: int, hours: int) -> None:
        self._order(
            cab.ReserveBanks(
                reservation=reservation,
                epoch=self._new(),
                quantity=quantity,
                min_charge_pct=60,
                hold_until=self.bench.now_ms + hours * HOUR_MS,
                code=CODES[reservation],
            )
        )

    @rule(reservation=RESERVATIONS, quantity=st.integers(1, 4))
    def reserve_slots(self, reservation: ReservationId, quantity: int) -> None:
        self._order(
            cab.ReserveSlots(
                reservation=reservation,
                epoch=self._new(),
                quantity=quantity,
                hold_until=self.bench.now_ms + HOUR_MS,
                code=CODES[reservation],
            )
        )

    @rule(reservation=RESERVATIONS)
    def release(self, reservation: ReservationId) -> None:
        self._order(cab.ReleaseReservation(reservation=reservation, epoch=self._new()))

    @rule(reservation=RESERVATIONS)
    def eject(self, reservation: ReservationId) -> None:
        self._order(cab.EjectBanks(reservation=reservation, epoch=self._new()))

    @rule(slot=st.integers(1, 8), locked=st.booleans())
    def lock(self, slot: int, locked: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        self._order(cab.LockSlot(slot=slot, epoch=self._new(), locked=locked))

    @rule()
    def reboot(self) -> None:
        self._order(cab.Reboot(epoch=self._new()))

    @precondition(lambda self: self.commands)
    @rule(data=st.data())
    def repeat_an_old_command(self, data: st.DataObject) -> None:
        motors, restarts = len(self.bench.motors), self.bench.restarts
        command, name, expires_ms = data.draw(st.sampled_from(self.commands))
        self.bench.order(command, name, expires_ms=expires_ms)
        assert (len(self.bench.motors), self.bench.restarts) == (motors, restarts)

    @rule(code=st.sampled_from(["1111", "2222", "3333", "9999"]))
    def type_code(self, code: str) -> None:
        self.bench.type_code(code, self._asker())
        self._collect()

    @rule()
    def reach(self) -> None:
        self.bench.reach(self._asker())
        self._collect()

    @precondition(lambda self: self.outside)
    @rule(code=st.sampled_from([None, "1111", "2222", "3333"]))
    def bring_back(self, code: str | None) -> None:
        status, who = self.outside[0], self._asker()
        self.bench.push_in(status, code, who)
        answer = self.bench.answer(who)
        if answer is not None and answer.accepted:
            self.outside.pop(0)
        self._collect()

    @rule(minutes=st.integers(1, 50))
    def wait(self, minutes: int) -> None:
        self.bench.wait(minutes * MINUTE_MS)

    @rule(code=st.sampled_from(["1111", "2222", "3333"]), at=st.integers(0, 12))
    def power_cut_in_a_pickup(self, code: str, at: int) -> None:
        self.bench.cut_after = at
        try:
            self.bench.type_code(code, self._asker())
        except PowerCutError:
            self.bench.cut_after = None
            self.bench.boot()
        self.bench.cut_after = None
        self._collect()

    @invariant()
    def banks_are_conserved(self) -> None:
        outside = [status.bank for status in self.outside]
        assert sorted([*self.bench.banks_inside(), *outside]) == self.banks

    @invariant()
    def the_firmware_knows_what_is_there(self) -> None:
        there = [None if place.bank is None else place.bank.bank for place in self.bench.world.slots]
        assert [slot.bank for slot in self.bench.memory.slots] == there

    @invariant()
    def reservations_hold_what_they_say(self) -> None:
        memory = self.bench.memory
        for live in memory.reservations:
            held = memory.held_slots(live.id)
            assert 0 < len(held) <= live.quantity
            if live.kind is HoldKind.BANKS:
                assert len(held) == live.quantity
                assert all(slot.bank is not None for slot in held)
            else:
                assert all(slot.bank is None for slot in held)

    @invariant()
    def no_slot_is_held_for_nobody(self) -> None:
        live = {one.id for one in self.bench.memory.reservations}
        for slot in self.bench.memory.slots:
            assert (slot.reservation is not None) == (slot.state is SlotState.RESERVED)
            assert slot.reservation is None or slot.reservation in live


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestLife = Life.TestCase
