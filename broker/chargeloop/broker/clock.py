"""Clocks: real, scaled (a day in minutes) and virtual (as fast as the machine can).

All waiting for world time anywhere in the product goes through a `Clock`, so that a demo or a replay runs
the same shells over a real broker at any speed. A scaled clock is computed from the machine's own, so
separate processes agree on it without talking. A virtual clock lives in one process and moves by itself:
when nobody holds it, no message is in flight and the event loop has turned a few times with nothing new, it
jumps to the earliest sleeper and wakes that one alone, so that all that follows from one awakening is done
before the next begins and the order of events does not depend on the machine.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol

from chargeloop.broker.flight import CountedFlight, Flight, NoFlight
from chargeloop.protocol.time import MAX_INSTANT_MS


class Clock(Protocol):
    """The time of the world the product lives in, and the only way to wait for it."""

    @property
    def flight(self) -> Flight:
        """Return the count of messages on the wire that this clock waits for."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC."""

    async def sleep_until_ms(self, instant_ms: int) -> None:
        """Return when the clock has reached the instant; at once, after others had a turn, if it has."""

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return when so many milliseconds of this clock have passed."""

    async def back_off_ms(self, duration_ms: int) -> None:
        """Wait before something real, such as a connection, is tried again.

        Real failures are no part of a virtual world: its time stands still until they are over.
        """

    def hold(self) -> AbstractContextManager[None]:
        """Keep virtual time from moving in the `with`: for threads, sockets, HTTP; never for world time."""

    def patience_ms(self, real_ms: int) -> int:
        """Return how long by this clock to allow for so many real milliseconds of wire and machine delay."""


_MANY_CANCELLED = 1_000
# Virtual worlds wait real time for what is real, and not long.
_MAX_BACK_OFF_REAL_MS = 250

# Who acts in the present task and in those it starts.
_actor: ContextVar[str] = ContextVar("actor", default="")


def act_as(actor: str) -> None:
    """Name the participant that the present task, and those it starts from now on, belong to.

    Those who sleep until the same virtual instant wake in the order of their names, so that what happens does
    not depend on who happened to connect first.
    """
    _actor.set(actor)


class InvalidClockError(ValueError):
    """The text names no clock; the message says what one looks like."""


class _MachineClock:
    """What the real and the scaled clock share: asyncio's own timers do the waiting."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._flight = NoFlight()

    @property
    def flight(self) -> Flight:
        """Return a flight that does nothing."""
        return self._flight

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC."""
        raise NotImplementedError

    async def sleep_until_ms(self, instant_ms: int) -> None:
        """Return when the clock has reached the instant."""
        # asyncio may wake a little early by its own clock, so look again until the instant has come.
        await asyncio.sleep(self._real_s(instant_ms - self.now_ms()))
        while (left_ms := instant_ms - self.now_ms()) > 0:  # noqa: ASYNC110 - time itself is what we wait for
            await asyncio.sleep(self._real_s(left_ms))

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return when so many milliseconds have passed."""
        await self.sleep_until_ms(self.now_ms() + duration_ms)

    async def back_off_ms(self, duration_ms: int) -> None:
        """Return when so many milliseconds have passed."""
        await self.sleep_ms(duration_ms)

    def hold(self) -> AbstractContextManager[None]:
        """Do nothing: machine time moves anyway."""
        return nullcontext()

    def patience_ms(self, real_ms: int) -> int:
        """Return the milliseconds of this clock that pass in so many real ones."""
        return round(real_ms * self._speed)

    def _real_s(self, duration_ms: int) -> float:
        return max(0.0, duration_ms / self._speed / 1000)


class RealClock(_MachineClock):
    """The machine's own time."""

    def __init__(self) -> None:
        super().__init__(1.0)

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000


class ScaledClock(_MachineClock):
    """A world that runs `speed` times faster than the machine.

    It began at `origin_ms` when the machine's clock showed `real_origin_ms`. Processes given the same three
    numbers agree on the time.
    """

    def __init__(self, *, real_origin_ms: int, origin_ms: int, speed: float) -> None:
        super().__init__(speed)
        self._real_origin_ms = real_origin_ms
        self._origin_ms = origin_ms

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC in the scaled world; before the beginning it stands still."""
        real_ms = max(0.0, time.time_ns() / 1_000_000 - self._real_origin_ms)
        return self._origin_ms + int(real_ms * self._speed)

    def __str__(self) -> str:
        return f"scaled:{self._real_origin_ms}:{self._origin_ms}:{self._speed:g}"


class VirtualClock:
    """Time that moves only when there is nothing left to do at the present instant.

    Everything that lives by it must be in one process and one event loop.
    """

    # A message handed from one task to the next takes a turn or two; this leaves room for a chain of them.
    _QUIET_TURNS = 12
    _STALL_S = 10.0

    def __init__(self, origin_ms: int) -> None:
        self._now_ms = origin_ms
        self._counted = CountedFlight(self._look)
        self._holds = 0
        self._sleepers: list[tuple[int, str, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._cancelled = 0
        self._quiet_turns = 0
        self._turn: asyncio.Handle | None = None
        self._watchdog: asyncio.TimerHandle | None = None

    @property
    def flight(self) -> Flight:
        """Return the count of messages on the wire."""
        return self._counted

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC in the virtual world."""
        return self._now_ms

    async def sleep_until_ms(self, instant_ms: int) -> None:
        """Return when virtual time has moved to the instant; sleepers of one instant wake one by one.

        Those of one instant wake in the order of their actors' names, then of their calls.
        """
        woken = asyncio.get_running_loop().create_future()
        order = (max(instant_ms, self._now_ms), _actor.get(), next(self._number))
        heapq.heappush(self._sleepers, (*order, woken))
        self._look()
        try:
            await woken
        except asyncio.CancelledError:
            self._forget_sleepers()
            raise

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return when so many virtual milliseconds have passed."""
        await self.sleep_until_ms(self._now_ms + duration_ms)

    async def back_off_ms(self, duration_ms: int) -> None:
        """Wait for so many real milliseconds, but not long, while virtual time stands still."""
        with self.hold():
            await asyncio.sleep(min(duration_ms, _MAX_BACK_OFF_REAL_MS) / 1_000)

    @contextmanager
    def hold(self) -> Generator[None]:
        """Keep time from moving inside the `with`."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._look()

    def patience_ms(self, real_ms: int) -> int:
        """Return `real_ms`: virtual time does not pass while a message is on its way."""
        return real_ms

    def _forget_sleepers(self) -> None:
        """One was cancelled and stays in the queue until its time, unless most there are like it."""
        self._cancelled += 1
        if self._cancelled > _MANY_CANCELLED and 2 * self._cancelled > len(self._sleepers):
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[-1].done()]
            heapq.heapify(self._sleepers)
            self._cancelled = 0

    def _look(self) -> None:
        """Something changed: count quiet turns anew, and give what is in flight its full time again."""
        self._quiet_turns = 0
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if self._turn is None and self._sleepers:
            self._turn = asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._turn = None
        if self._holds > 0:
            return
        if self._counted.outstanding > 0:
            self._watchdog = asyncio.get_running_loop().call_later(self._STALL_S, self._counted.forget)
            return
        self._quiet_turns += 1
        if self._quiet_turns < self._QUIET_TURNS:
            self._turn = asyncio.get_running_loop().call_soon(self._take_turn)
        else:
            self._move()

    def _move(self) -> None:
        while self._sleepers:
            instant_ms, _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._now_ms = instant_ms
                woken.set_result(None)
                self._look()
                return
            self._cancelled -= 1


async def wait_for_event(clock: Clock, event: asyncio.Event, until_ms: int | None) -> bool:
    """Return True as soon as the event is set, False when the clock reaches `until_ms` first (None: never).

    The event stays set; the caller clears it.
    """
    if event.is_set():
        return True
    if until_ms is None:
        return await event.wait()
    waiting = asyncio.ensure_future(event.wait())
    alarm = asyncio.ensure_future(clock.sleep_until_ms(until_ms))
    try:
        await asyncio.wait((waiting, alarm), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        alarm.cancel()
    return event.is_set()


def parse_clock(text: str) -> Clock:
    """Return the clock that `text` names: `real`, or `scaled:<real_origin_ms>:<origin_ms>:<speed>`.

    Raises:
        InvalidClockError: it names no clock. (Processes cannot share a virtual clock, so it has no text.)
    """
    if text == "real":
        return RealClock()
    kind, *numbers = text.split(":")
    try:
        real_origin_ms, origin_ms, speed = int(numbers[0]), int(numbers[1]), float(numbers[2])
    except (ValueError, IndexError):
        kind, real_origin_ms, origin_ms, speed = "", 0, 0, 1.0
    if (
        kind != "scaled"
        or len(numbers) != 3
        or not 0 < speed < float("inf")
        or not 0 <= origin_ms <= MAX_INSTANT_MS
    ):
        raise InvalidClockError(
            f"{text!r} is no clock: expected real or scaled:<real_origin_ms>:<origin_ms>:<speed>"
        )
    return ScaledClock(real_origin_ms=real_origin_ms, origin_ms=origin_ms, speed=speed)
