"""Ways round the keypad's lock-out, and ways to lock honest people out with it."""

from chargeloop.protocol.ids import ReservationId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import MINUTE_MS
from chargeloop.station.core import cabinet
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
