"""The keypad and its lock-out."""

from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS
from chargeloop.station.core.keypad import LOCK_OUT_MS, MAX_WRONG_CODES
from tests.station.core.workbench import (
    CODE,
    NOON_MS,
    RETURN_CODE,
    RSV,
    Bench,
    asker,
    bank,
    bench,
    reserve_banks,
    reserve_slots,
)


def reserved() -> Bench:
    made = bench([100, 90, None])
    made.order(reserve_banks(hold_until=NOON_MS + HOUR_MS), "cmd-1")
    return made


def guess(made: Bench, times: int, first: int = 0) -> None:
    for number in range(first, first + times):
        made.type_code("000000", asker(request=f"guess-{number}"))


def is_accepted(made: Bench, request: str, code: str = CODE) -> bool:
    made.type_code(code, asker(request=request))
    answer = made.answer(asker(request=request))
    return answer is not None and answer.accepted


def test_too_many_wrong_codes_lock_the_keypad_and_the_platform_is_told() -> None:
    made = reserved()
    guess(made, MAX_WRONG_CODES)
    assert made.told(cab.KeypadLocked) == [cab.KeypadLocked(wrong_codes=5, until=NOON_MS + LOCK_OUT_MS)]
    assert not is_accepted(made, "right")
    assert made.motors == []


def test_one_wrong_code_fewer_does_not() -> None:
    made = reserved()
    guess(made, MAX_WRONG_CODES - 1)
    assert is_accepted(made, "right")
    assert made.memory.keypad.wrong_codes == 0


def test_the_same_wrong_code_sent_again_is_counted_once() -> None:
    made = reserved()
    for _ in range(10):
        made.type_code("000000", asker())
    assert made.memory.keypad.wrong_codes == 1


def test_the_lock_out_ends_by_itself() -> None:
    made = reserved()
    guess(made, MAX_WRONG_CODES)
    made.wait(LOCK_OUT_MS - 1)
    assert not is_accepted(made, "early")
    made.wait(1)
    assert is_accepted(made, "right")


def test_the_lock_out_survives_a_power_cycle() -> None:
    made = reserved()
    guess(made, MAX_WRONG_CODES)
    made.now_ms += MINUTE_MS
    made.boot()
    assert not is_accepted(made, "right")
    made.wait(LOCK_OUT_MS)
    assert is_accepted(made, "later")


def test_wrong_codes_before_a_power_cycle_count_after_it() -> None:
    made = reserved()
    guess(made, MAX_WRONG_CODES - 1)
    made.boot()
    guess(made, 1, first=50)
    assert not is_accepted(made, "right")


def test_a_cabinet_that_lost_its_time_keeps_the_lock_out_until_it_knows_it_again() -> None:
    made = reserved()
    guess(made, MAX_WRONG_CODES)
    made.clock_known = False
    made.now_ms = 0
    made.boot()
    made.now_ms = DAY_MS
    assert not is_accepted(made, "unknown")
    made.clock_known = True
    made.now_ms = NOON_MS + LOCK_OUT_MS
    assert is_accepted(made, "right")


def test_a_lock_out_of_a_clock_that_ran_ahead_is_cut_to_its_length() -> None:
    made = reserved()
    made.clock_known = False
    made.now_ms = NOON_MS + 400 * DAY_MS
    guess(made, MAX_WRONG_CODES)
    made.clock_known = True
    made.now_ms = NOON_MS
    made.wait(0)
    assert made.memory.keypad.locked_until_ms == NOON_MS + LOCK_OUT_MS


def test_the_return_code_shows_the_kept_slots_and_opens_no_bank() -> None:
    made = bench([100, None, None])
    made.order(reserve_slots(), "cmd-1")
    assert is_accepted(made, "return", RETURN_CODE)
    answer = made.answer(asker(request="return"))
    assert answer is not None
    assert answer.display == "put the banks into slots 2, 3"
    assert (answer.banks, made.motors) == ((), [])


def test_each_code_opens_its_own_reservation() -> None:
    made = bench([100, 90, None, None])
    made.order(reserve_banks(1), "cmd-1")
    made.order(reserve_slots(1, reservation="rsv-2"), "cmd-2")
    assert is_accepted(made, "return", RETURN_CODE)
    assert is_accepted(made, "pickup", CODE)
    assert made.banks_given() == ["bnk-1"]


def test_a_lock_out_does_not_keep_banks_from_coming_back() -> None:
    made = reserved()
    guess(made, MAX_WRONG_CODES)
    made.push_in(bank("home"), None, asker(request="home"))
    assert made.told(cab.BankReturned)
    assert made.memory.reservation(RSV) is not None
