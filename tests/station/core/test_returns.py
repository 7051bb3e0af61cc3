"""Banks that come back, into kept slots and as walk-up returns."""

from dataclasses import replace

import pytest

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import HOUR_MS
from chargeloop.station.core import cabinet, mechanics
from chargeloop.station.core.mechanics import PhysicallyImpossibleError
from chargeloop.station.core.memory import LOOK_AFTER_MS, Asker, Senses
from tests.station.core.workbench import (
    NOON_MS,
    RETURN_CODE,
    RSV,
    Bench,
    asker,
    bank,
    bench,
    reserve_slots,
)


def kept() -> Bench:
    made = bench([100, None, None, None])
    made.order(reserve_slots(), "cmd-1")
    made.journal.clear()
    return made


def numbered(number: int) -> Asker:
    return asker(request=f"push-{number}")


def push(made: Bench, number: int, code: str | None = None) -> bool:
    made.push_in(bank(f"out-{number}", 12), code, numbered(number))
    answer = made.answer(numbered(number))
    return answer is not None and answer.accepted


def test_a_bank_with_the_return_code_goes_into_a_kept_slot() -> None:
    made = kept()
    assert push(made, 1, RETURN_CODE)
    returned = made.told(cab.BankReturned)
    assert returned == [cab.BankReturned(slot=2, bank=bank("out-1").bank, reservation=RSV, charge_pct=12)]
    assert made.states() == ["ready", "charging", "reserved", "empty"]


def test_when_all_kept_slots_are_filled_the_reservation_is_fulfilled() -> None:
    made = kept()
    push(made, 1, RETURN_CODE)
    assert made.told(cab.ReservationEnded) == []
    push(made, 2, RETURN_CODE)
    assert made.told(cab.ReservationEnded) == [
        cab.ReservationEnded(reservation=RSV, why=cab.HoldEnd.FULFILLED)
    ]


def test_a_bank_without_a_code_goes_into_a_slot_that_is_kept_for_nobody() -> None:
    made = kept()
    assert push(made, 1)
    returned = made.told(cab.BankReturned)[0]
    assert isinstance(returned, cab.BankReturned)
    assert (returned.slot, returned.reservation) == (4, None)


def test_the_same_bank_pushed_in_twice_is_returned_once() -> None:
    made = kept()
    assert push(made, 1, RETURN_CODE)
    assert push(made, 1, RETURN_CODE)
    assert len(made.told(cab.BankReturned)) == 1
    assert made.banks_inside() == ["bnk-1", "bnk-out-1"]


def test_a_bouncing_reader_returns_no_bank_twice() -> None:
    made = kept()
    push(made, 1)
    step = cabinet.bank_inserted(made.memory, made.senses(), 4, None)
    assert (step.memory, step.records) == (made.memory, ())


def test_one_bank_more_than_kept_goes_into_a_free_slot_with_the_same_code() -> None:
    made = kept()
    assert [push(made, number, RETURN_CODE) for number in range(3)] == [True, True, True]
    returned = [
        event.reservation for event in made.told(cab.BankReturned) if isinstance(event, cab.BankReturned)
    ]
    assert returned == [RSV, RSV, None]


def test_when_only_kept_slots_are_free_a_stranger_is_rejected() -> None:
    made = kept()
    push(made, 1)
    assert not push(made, 2)
    assert made.told(cab.ReturnRejected) == [
        cab.ReturnRejected(bank=bank("out-2").bank, reason=cab.CabinetReason.SLOT_HELD)
    ]
    assert made.memory.keypad.wrong_codes == 0
    answer = made.answer(numbered(2))
    assert answer is not None
    assert answer.banks == ()


def test_a_wrong_code_counts_when_it_would_have_opened_something() -> None:
    made = kept()
    push(made, 1)
    assert not push(made, 2, "999999")
    assert made.memory.keypad.wrong_codes == 1


def test_a_code_that_has_run_out_does_not_keep_the_bank_out() -> None:
    made = kept()
    made.wait(HOUR_MS)
    assert push(made, 1, RETURN_CODE)
    returned = made.told(cab.BankReturned)[0]
    assert isinstance(returned, cab.BankReturned)
    assert returned.reservation is None


def test_a_full_cabinet_rejects() -> None:
    made = bench([100, 90])
    assert not push(made, 1)
    assert made.told(cab.ReturnRejected) == [
        cab.ReturnRejected(bank=bank("out-1").bank, reason=cab.CabinetReason.NOT_ENOUGH_SLOTS)
    ]


def test_what_cannot_be_read_is_rejected() -> None:
    made = kept()
    made.push_in(None)
    assert made.told(cab.ReturnRejected) == [cab.ReturnRejected(reason=cab.CabinetReason.UNREADABLE_BANK)]
    assert made.world.slots[3].bank is None


def test_a_bank_that_is_inside_already_is_rejected() -> None:
    made = kept()
    made.push_in(bank("1"))
    assert made.told(cab.ReturnRejected) == [
        cab.ReturnRejected(bank=bank("1").bank, reason=cab.CabinetReason.SLOT_TAKEN)
    ]


def test_a_returned_bank_charges_and_gets_ready() -> None:
    made = kept()
    push(made, 1)
    made.wait(HOUR_MS - 1)
    made.order(
        reserve_slots(1, reservation="rsv-9", hold_until=NOON_MS + 9 * HOUR_MS),
        "cmd-9",
        expires_ms=NOON_MS * 2,
    )
    made.wait(HOUR_MS)
    assert made.states()[3] == "ready"


def test_a_repeat_after_a_power_cut_before_the_reader_was_read_is_accepted_once() -> None:
    made = kept()
    made.world = mechanics.insert(made.world, 2, bank("out-1", 12), numbered(1), made.now_ms)
    made.boot()
    returned = made.told(cab.BankReturned)
    assert returned == [cab.BankReturned(slot=2, bank=bank("out-1").bank, reservation=RSV, charge_pct=12)]
    assert push(made, 1, RETURN_CODE)
    assert len(made.told(cab.BankReturned)) == 1


def test_two_banks_in_one_slot_are_physically_impossible() -> None:
    made = kept()
    with pytest.raises(PhysicallyImpossibleError):
        mechanics.insert(made.world, 1, bank("out-1"), asker(), NOON_MS)
    with pytest.raises(PhysicallyImpossibleError):
        mechanics.insert(made.world, 2, bank("1"), asker(), NOON_MS)


# A switch that is faster than the reader.


class SlowReader(Bench):
    """A cabinet whose readers, but for that of the first slot, show nothing while they are off."""

    off = False

    def senses(self) -> Senses:
        sensed = super().senses()
        return replace(sensed, slots=(sensed.slots[0], None, None, None)) if self.off else sensed


def told_too_early() -> SlowReader:
    made = kept()
    slow = SlowReader(made.memory, made.world)
    slow.boot()
    slow.journal.clear()
    slow.off = True
    assert not push(slow, 1, RETURN_CODE)
    slow.off = False
    return slow


def returned_ms(made: Bench) -> list[int | None]:
    """Returns when banks came back, by the journal; None where the entry's own time counts."""
    records = (record for record in made.journal if isinstance(record.data, cab.BankReturned))
    return [None if record.at is None else record.at.uptime_ms for record in records]


def test_a_bank_that_its_reader_shows_late_came_back_when_its_slot_opened() -> None:
    made = told_too_early()
    opened_ms = made.now_ms
    assert returned_ms(made) == []
    made.wait(300)
    assert returned_ms(made) == [opened_ms]
    assert made.memory.opened is None


def test_so_it_did_when_the_power_fails_before_the_reader_shows_it() -> None:
    made = told_too_early()
    opened_ms = made.now_ms
    made.now_ms += HOUR_MS
    made.boot()
    assert returned_ms(made) == [opened_ms]
    assert made.memory.opened is None


def test_a_switch_that_was_wrong_keeps_the_cabinet_busy_for_a_moment_only() -> None:
    made = told_too_early()
    made.world = replace(made.world, slots=tuple(replace(place, bank=None) for place in made.world.slots))
    made.wait(300)
    assert made.memory.opened is not None
    made.wait(LOOK_AFTER_MS)
    assert made.memory.opened is None
    assert returned_ms(made) == []
