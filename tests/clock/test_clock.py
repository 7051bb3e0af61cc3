import asyncio
import time

import pytest

from chargeloop.broker.clock import (
    Clock,
    InvalidClockError,
    RealClock,
    ScaledClock,
    VirtualClock,
    act_as,
    parse_clock,
    wait_for_event,
)
from chargeloop.broker.flight import CountedFlight
from chargeloop.protocol.time import DAY_MS, HOUR_MS

ORIGIN_MS = 1_763_900_000_000


def test_the_real_clock_shows_the_machine_s_time() -> None:
    before_ms, shown_ms, after_ms = (
        time.time_ns() // 1_000_000,
        RealClock().now_ms(),
        time.time_ns() // 1_000_000,
    )
    assert before_ms <= shown_ms <= after_ms
    assert RealClock().patience_ms(250) == 250


async def test_the_real_clock_never_wakes_early() -> None:
    clock = RealClock()
    until_ms = clock.now_ms() + 20
    await clock.sleep_until_ms(until_ms)
    assert clock.now_ms() >= until_ms


def test_two_processes_given_the_same_text_agree_on_the_time() -> None:
    real_origin_ms = time.time_ns() // 1_000_000 - 1_000
    text = f"scaled:{real_origin_ms}:{ORIGIN_MS}:3600"
    one, other = parse_clock(text), parse_clock(text)
    assert str(one) == text
    first_ms, second_ms, third_ms = one.now_ms(), other.now_ms(), one.now_ms()
    assert first_ms <= second_ms <= third_ms
    assert one.now_ms() >= ORIGIN_MS + HOUR_MS


async def test_an_hour_of_the_scaled_world_waits_for_ten_real_milliseconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine_ns = ORIGIN_MS * 1_000_000
    waited_s: list[float] = []

    async def wait(delay_s: float) -> None:
        nonlocal machine_ns
        machine_ns += round(delay_s * 1_000_000_000)
        waited_s.append(delay_s)

    monkeypatch.setattr(time, "time_ns", lambda: machine_ns)
    monkeypatch.setattr(asyncio, "sleep", wait)
    clock = ScaledClock(real_origin_ms=ORIGIN_MS, origin_ms=ORIGIN_MS, speed=360_000)
    await clock.sleep_ms(HOUR_MS)
    assert sum(waited_s) == pytest.approx(0.01)
    assert clock.now_ms() == ORIGIN_MS + HOUR_MS
    assert clock.patience_ms(10) == HOUR_MS


def test_the_scaled_world_stands_still_before_its_beginning() -> None:
    clock = ScaledClock(real_origin_ms=time.time_ns() // 1_000_000 + HOUR_MS, origin_ms=ORIGIN_MS, speed=60)
    assert clock.now_ms() == ORIGIN_MS


@pytest.mark.parametrize(
    "text", ["", "unreal", "scaled", "scaled:1:2", "scaled:1:2:0", "scaled:1:2:-1", "scaled:1:2:nan",
    "scaled:1:2:inf",
     "scaled:a:2:3", "scaled:1:-2:3", "scaled:1:2:3:4", "virtual:1:2:3"],
)  # fmt: skip
def test_a_text_that_names_no_clock_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidClockError, match="scaled:<real_origin_ms>"):
        parse_clock(text)


def test_real_is_the_real_clock() -> None:
    assert isinstance(parse_clock("real"), RealClock)


async def test_a_virtual_day_sets_no_timer_and_ends_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(ORIGIN_MS)
    loop = asyncio.get_running_loop()
    timers: list[object] = []
    for name in ("call_at", "call_later"):
        monkeypatch.setattr(loop, name, lambda *call: timers.append(call))
    await clock.sleep_ms(DAY_MS)
    monkeypatch.undo()
    assert clock.now_ms() == ORIGIN_MS + DAY_MS
    assert timers == []


async def test_sleepers_wake_in_the_order_of_their_times_and_then_of_their_calls() -> None:
    clock = VirtualClock(ORIGIN_MS)
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, duration_ms: int) -> None:
        await clock.sleep_ms(duration_ms)
        woken.append((name, clock.now_ms() - ORIGIN_MS))

    await asyncio.gather(sleeper("c", 30), sleeper("a", 10), sleeper("b", 10), sleeper("d", 0))
    assert woken == [("d", 0), ("a", 10), ("b", 10), ("c", 30)]


async def test_sleepers_of_one_instant_wake_in_the_order_of_their_actors() -> None:
    clock = VirtualClock(ORIGIN_MS)
    woken: list[str] = []

    async def sleeper() -> None:
        await clock.sleep_ms(10)

    async def actor(name: str) -> None:
        act_as(name)
        await asyncio.create_task(sleeper())
        woken.append(name)

    await asyncio.gather(actor("c"), actor("a"), actor("b"))
    assert woken == ["a", "b", "c"]


async def test_what_follows_from_one_awakening_is_done_before_the_next_of_the_same_instant() -> None:
    clock = VirtualClock(ORIGIN_MS)
    done: list[str] = []

    async def chain(name: str) -> None:
        await clock.sleep_ms(10)
        for step in range(5):
            await asyncio.sleep(0)
            done.append(f"{name}{step}")

    await asyncio.gather(chain("a"), chain("b"))
    assert done == [f"{name}{step}" for name in "ab" for step in range(5)]


async def test_virtual_time_stands_still_while_it_is_held() -> None:
    clock = VirtualClock(ORIGIN_MS)
    sleeping = asyncio.create_task(clock.sleep_ms(1))
    with clock.hold(), clock.hold():
        await asyncio.to_thread(time.sleep, 0.02)
        assert not sleeping.done()
    await sleeping
    assert clock.now_ms() == ORIGIN_MS + 1


async def test_virtual_time_stands_still_until_something_real_is_tried_again() -> None:
    clock = VirtualClock(ORIGIN_MS)
    sleeping = asyncio.create_task(clock.sleep_ms(1))
    await clock.back_off_ms(20)
    assert not sleeping.done()
    await sleeping


async def test_machine_clocks_back_off_in_their_own_time() -> None:
    clock = ScaledClock(real_origin_ms=time.time_ns() // 1_000_000, origin_ms=ORIGIN_MS, speed=360_000)
    until_ms = clock.now_ms() + HOUR_MS
    await clock.back_off_ms(HOUR_MS)
    assert clock.now_ms() >= until_ms


async def test_virtual_time_stands_still_while_a_message_is_in_flight() -> None:
    clock = VirtualClock(ORIGIN_MS)
    clock.flight.subscribed("cab-1", ["topic"])
    clock.flight.sent("m-1", "topic")
    sleeping = asyncio.create_task(clock.sleep_ms(1))
    await asyncio.to_thread(time.sleep, 0.02)
    assert not sleeping.done()
    clock.flight.arrived("cab-1", "m-1")
    await sleeping


async def test_a_lost_message_delays_virtual_time_and_never_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VirtualClock, "_STALL_S", 0.02)
    clock = VirtualClock(ORIGIN_MS)
    clock.flight.subscribed("cab-1", ["topic"])
    clock.flight.sent("m-1", "topic")
    await clock.sleep_ms(1)
    assert isinstance(clock.flight, CountedFlight)
    assert clock.flight.stalls == 1


async def test_a_cancelled_sleeper_does_not_move_the_clock() -> None:
    clock = VirtualClock(ORIGIN_MS)
    sleeping = asyncio.create_task(clock.sleep_ms(1_000))
    await asyncio.sleep(0)
    sleeping.cancel()
    await clock.sleep_ms(5_000)
    assert clock.now_ms() == ORIGIN_MS + 5_000


async def test_thousands_of_cancelled_sleepers_are_forgotten_and_the_others_are_not() -> None:
    clock = VirtualClock(ORIGIN_MS)
    kept = [asyncio.create_task(clock.sleep_ms(DAY_MS + number)) for number in range(3)]
    for _ in range(5):
        cancelled = [asyncio.create_task(clock.sleep_ms(HOUR_MS)) for _ in range(1_000)]
        with clock.hold():
            await asyncio.sleep(0)
            for sleeping in cancelled:
                sleeping.cancel()
            await asyncio.gather(*cancelled, return_exceptions=True)
    assert len(clock._sleepers) < 2_100
    await asyncio.gather(*kept)
    assert clock.now_ms() == ORIGIN_MS + DAY_MS + 2


@pytest.mark.parametrize("clock", [RealClock(), VirtualClock(ORIGIN_MS)], ids=["real", "virtual"])
async def test_an_event_ends_the_waiting_before_its_time(clock: Clock) -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(wait_for_event(clock, event, None))
    await asyncio.sleep(0)
    event.set()
    assert await waiting
    assert await wait_for_event(clock, event, clock.now_ms() + HOUR_MS)


async def test_waiting_for_an_event_ends_at_its_time() -> None:
    clock = VirtualClock(ORIGIN_MS)
    assert not await wait_for_event(clock, asyncio.Event(), ORIGIN_MS + HOUR_MS)
    assert clock.now_ms() == ORIGIN_MS + HOUR_MS
