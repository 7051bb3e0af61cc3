"""Ways round the keypad's lock-out, and ways to lock honest people out with it."""

from chargeloop.protocol.ids import ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.station.core import cabinet, mechanics
from chargeloop.station.core.faults import Faults
from chargeloop.station.core.keypad import LOCK_OUT_MS, MAX_WRONG_CODES
from tests.station.core.workbench import (
    CODE,
    RETURN_CODE,
    Bench,
    asker,
    bank,
    bench,
    reserve_banks,
    reserve_slots,
)

RETURN_RSV = ReservationId("rsv-back")


def guess(made: Bench, times: int, name: str = "guess") -> None:
    for number in range(times):
        made.type_code("000000", asker(request=f"{name}-{number}"))


def is_accepted(made: Bench, request: str, code: str = CODE) -> bool:
    made.type_code(code, asker(request=request))
    answer = made.answer(asker(request=request))
    return answer is not None and answer.accepted


def with_both() -> Bench:
    made = bench([100, 90, None])
    made.order(reserve_banks(quantity=1), "cmd-1")
    made.order(reserve_slots(quantity=1, reservation=RETURN_RSV), "cmd-2")
    return made


def test_a_return_code_typed_between_guesses_does_not_begin_the_count_anew() -> None:
    made = with_both()
    guess(made, MAX_WRONG_CODES - 1)
    assert is_accepted(made, "mine", RETURN_CODE)
    guess(made, 1, "more")
    assert made.memory.keypad.is_locked


def test_a_pickup_code_typed_again_while_its_banks_come_out_does_not_begin_the_count_anew() -> None:
    made = bench([100, 90])
    made.order(reserve_banks(quantity=1), "cmd-1")
    giving = cabinet.type_code(made.memory, made.senses(), asker(request="mine"), CODE)
    made.memory = giving.memory
    guess(made, MAX_WRONG_CODES - 1)
    made.type_code(CODE, asker(request="mine again"))
    assert made.memory.keypad.wrong_codes == MAX_WRONG_CODES - 1


def queued(made: Bench) -> None:
    """Lets a second code wait for the motor that a first one has taken."""
    made.order(reserve_banks(quantity=1), "cmd-1")
    made.order(reserve_banks(quantity=1, reservation="rsv-2", code="111111"), "cmd-2")
    step = cabinet.type_code(made.memory, made.senses(), asker("cou-2", "first"), "111111")
    made.memory = step.memory
    guess(made, MAX_WRONG_CODES - 1)
    made.type_code(CODE, asker(request="mine"))
    assert made.answer(asker(request="mine")) is None


def test_a_code_whose_pickup_never_began_before_the_power_cut_does_not_begin_the_count_anew() -> None:
    made = bench([100, 90])
    queued(made)
    made.boot()
    guess(made, 1, "more")
    assert made.memory.keypad.is_locked


def test_a_code_begins_the_count_anew_when_its_pickup_begins() -> None:
    made = bench([100, 90])
    queued(made)
    assert made.memory.keypad.wrong_codes == MAX_WRONG_CODES - 1
    made.world = mechanics.run_motor(made.world, 2, "rsv-2", Faults(), made.now_ms)
    made.carry_out(cabinet.motor_stopped(made.memory, made.senses(), 2))
    assert sorted(made.banks_given()) == ["bnk-1", "bnk-2"]
    assert made.memory.keypad.wrong_codes == 0


def test_a_lock_out_that_began_while_a_pickup_waited_stays_when_it_begins() -> None:
    made = bench([100, 90])
    queued(made)
    guess(made, 1, "more")
    made.world = mechanics.run_motor(made.world, 2, "rsv-2", Faults(), made.now_ms)
    made.carry_out(cabinet.motor_stopped(made.memory, made.senses(), 2))
    assert sorted(made.banks_given()) == ["bnk-1", "bnk-2"]
    assert made.memory.keypad.is_locked


def test_a_lock_out_begun_without_the_time_lasts_its_full_time_once_the_time_is_known() -> None:
    made = bench([100, 90, None])
    made.order(reserve_banks(), "cmd-1")
    noon_ms = made.now_ms
    made.clock_known, made.now_ms = False, 5 * MINUTE_MS
    guess(made, MAX_WRONG_CODES)
    assert not is_accepted(made, "unknown time")
    made.clock_known, made.now_ms = True, noon_ms + MINUTE_MS
    assert not is_accepted(made, "time is known")
    made.wait(LOCK_OUT_MS - 1)
    assert not is_accepted(made, "early")
    made.wait(1)
    assert is_accepted(made, "right")


def test_a_bank_held_against_a_locked_cabinet_does_not_make_the_lock_out_longer() -> None:
    made = with_both()
    guess(made, MAX_WRONG_CODES)
    until_ms = made.memory.keypad.locked_until_ms
    made.wait(MINUTE_MS)
    made.push_in(bank("home"), RETURN_CODE, asker(request="bring"))
    assert made.memory.keypad.locked_until_ms == until_ms
    assert len(made.told(cab.KeypadLocked)) == 1
