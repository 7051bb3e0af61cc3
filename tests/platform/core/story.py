"""A whole order as it truly happened, and its messages as they arrive: late, again, in any permitted order.

What happened does not change: who did what, and when. Each source (the courier platform, each cabinet)
numbers its own messages, and they arrive in the order of their numbers, as the inbox sees to; but each may be
held up, and comes again later. Between two sources any order is permitted. Only what people and the platform
do at an instant is not moved: the order, the request for the return, and the answers of cabinets to their
commands.
"""

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from chargeloop.platform.core import fees
from chargeloop.platform.core.order import BankPlace, Order
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages import delivery, rental
from chargeloop.protocol.messages.common import Location, SyncSample, TimeProbe
from chargeloop.protocol.messages.delivery import Evidence
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS
from tests.platform.core.chaos import check_always
from tests.platform.core.script import PLANE, START_MS, USER, A, B, Script, city, made

C = "cab-c"
DISPATCH = "dsp-main"
SOURCES = (DISPATCH, A, B, C)
# Nothing arrives at once. Every duration ends half a minute from where its price would change: what a
# measured time leaves in doubt moves no price.
_WAY_MS = 2 * SECOND_MS
_HALF_MS = MINUTE_MS // 2


@dataclass(frozen=True, slots=True)
class Clock:
    """A cabinet's clocks: what its wall clock is wrong by, its uptime at the beginning, and its drift."""

    wrong_by_ms: int = 0
    uptime_ms: int = 10 * MINUTE_MS
    drift_ppm: int = 0

    def uptime_at(self, since_ms: int) -> int:
        """Return the uptime so long after the beginning."""
        return self.uptime_ms + since_ms + since_ms * self.drift_ppm // 1_000_000


@dataclass(frozen=True, slots=True)
class Story:
    """What happened, in minutes: each number is the time since the one before it.

    `walked` banks of `quantity` were put into C by the user, so long after the hand-over; the others were
    asked to be fetched and brought to B. Couriers took each job one after the other, and the last one did it;
    who `claims_all` says that the banks in C were among those collected and brought back. Somebody who takes
    the banks from A without a courier (`walk_up`) puts all of them into C. Somebody who believes that nobody
    comes, because what the couriers do is heard late, asks again (`asks_again`) so long after the request for
    the return; nobody is sent then. The clock that tells of the hand-over is `slow` by so much.
    """

    quantity: int = 1
    walked: int = 0
    indication: int = 5
    pickup: int = 5
    hand_over: int = 10
    walk: int = 20
    use: int = 60
    second_indication: int = 5
    collection: int = 10
    back: int = 10
    couriers: tuple[int, int] = (1, 1)
    claims_all: bool = False
    walk_up: bool = False
    asks_again: int | None = None
    slow: int = 0
    clocks: tuple[Clock, Clock, Clock] = (Clock(), Clock(), Clock())


@dataclass(frozen=True, slots=True)
class Arrival:
    """What becomes of one message on its way: how long it is held up, and after how long it comes again."""

    held_ms: int = 0
    again_ms: int | None = None


class Telling:
    """Tells a story to a region.

    Args:
        story: what happened.
        arrivals: what becomes of the messages of each source, in the order of their numbers; those beyond the
            list arrive at once.
    """

    def __init__(self, story: Story, arrivals: Mapping[str, Sequence[Arrival]] | None = None) -> None:
        self.story = story
        self.script: Script = city()
        self._arrivals = {source: iter(found) for source, found in (arrivals or {}).items()}
        self._clocks = dict(zip((A, B, C), story.clocks, strict=True))
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._last_ms: dict[str, int] = {}
        self._order = ""
        self._jobs: list[str] = []

    def told(self) -> Order:
        """Tell everything, wait until nothing is due, and return the order."""
        self.script.cabinet(C, x_m=2_500, empty=7)
        for name, clock in self._clocks.items():
            self._learn(name, clock)
        self._plan()
        while self._due:
            at_ms, _, act = heapq.heappop(self._due)
            self.script.wait(at_ms - self.script.now_ms)
            act()
            check_always(self.script)
        self.script.minutes(6 * 60)
        return self.script.order(self._order)

    def _learn(self, name: str, clock: Clock) -> None:
        """Let the platform measure a cabinet's clock."""
        uptime_ms = clock.uptime_at(0)
        sample = SyncSample(
            platform_time=START_MS, sent_uptime_ms=uptime_ms - 40, received_uptime_ms=uptime_ms
        )
        probe = TimeProbe(sent_uptime_ms=uptime_ms, previous=sample)
        self.script.say(f"cl/v1/demo/cabinet/{name}/time", probe, **self._measured(name, START_MS))

    def _measured(self, name: str, true_ms: int) -> dict[str, object]:
        clock = self._clocks[name]
        return {
            "time": true_ms + clock.wrong_by_ms,
            "bootid": "boot-1",
            "uptimems": clock.uptime_at(true_ms - START_MS),
            "clockstate": ClockState.UNSET if clock.wrong_by_ms else ClockState.SYNCED,
        }

    # The plan.

    def _plan(self) -> None:
        story, banks = self.story, [f"bnk-a{slot}" for slot in range(1, self.story.quantity + 1)]
        self._at(START_MS, self._place)
        if story.walk_up:
            self._gives_out(START_MS + _HALF_MS, banks)
            self._reports(A, START_MS + _HALF_MS, lambda: self._obeyed(banks))
            for slot, bank in enumerate(banks, 1):
                self._takes(C, START_MS + story.walk * MINUTE_MS, slot, bank, lambda: None)
            return
        now_ms = START_MS + story.indication * MINUTE_MS
        now_ms = self._indicated(now_ms, delivery.FirstIndication, 0)
        now_ms += story.pickup * MINUTE_MS
        self._gives_out(now_ms, banks)
        self._says(now_ms, lambda: self._job(delivery.BanksPickedUp, 0, banks=tuple(banks)))
        now_ms += story.hand_over * MINUTE_MS + _HALF_MS
        told_ms = now_ms - story.slow * MINUTE_MS
        self._says(now_ms, lambda: self._job(delivery.RentalSucceeded, 0, banks=tuple(banks)), told_ms)
        for slot, bank in enumerate(banks[: story.walked], 1):
            self._takes(C, now_ms + story.walk * MINUTE_MS - _HALF_MS, slot, bank, lambda: None)
        if story.walked < story.quantity:
            self._fetched(now_ms + story.use * MINUTE_MS - _HALF_MS, banks)

    def _gives_out(self, at_ms: int, banks: list[str]) -> None:
        def ejects(slot: int, bank: str) -> Data:
            return made(cab.BankEjected, slot=slot, bank=bank, reservation=self._kept(cab.ReserveBanks))

        for slot, bank in enumerate(banks, 1):
            self._reports(A, at_ms, partial(ejects, slot, bank))
        finished = {"ejected": len(banks), "missing": 0}
        self._reports(
            A, at_ms, lambda: made(cab.PickupFinished, reservation=self._kept(cab.ReserveBanks), **finished)
        )

    def _obeyed(self, banks: list[str]) -> Data:
        send, eject = self.script.command(cab.EjectBanks)
        given = tuple(made(cab.SlotContent, slot=slot, bank=bank) for slot, bank in enumerate(banks, 1))
        return made(
            cab.CommandFinished,
            command=send.id,
            epoch=eject.epoch,
            outcome=cab.Outcome.DONE,
            reservation=eject.reservation,
            slots=given,
        )

    def _takes(
        self, name: str, at_ms: int, slot: int, bank: str, reservation: Callable[[], str | None]
    ) -> None:
        self._reports(
            name, at_ms, lambda: made(cab.BankReturned, slot=slot, bank=bank, reservation=reservation())
        )

    def _fetched(self, now_ms: int, banks: list[str]) -> None:
        """Plan the way back, from the request on."""
        story = self.story
        brought = banks[story.walked :]
        claimed = tuple(banks if story.claims_all else brought)
        self._at(now_ms, lambda: self._ask_return(len(brought)))
        if story.asks_again is not None:
            self._at(now_ms + story.asks_again * MINUTE_MS, self._ask_again)
        now_ms = self._indicated(now_ms + story.second_indication * MINUTE_MS, delivery.SecondIndication, 1)
        now_ms += story.collection * MINUTE_MS
        self._says(now_ms, lambda: self._job(delivery.BanksCollected, 1, banks=claimed))
        now_ms += story.back * MINUTE_MS + _HALF_MS
        for slot, bank in enumerate(brought, 4):
            self._takes(B, now_ms, slot, bank, lambda: self._kept(cab.ReserveSlots))
        self._says(
            now_ms,
            lambda: self._job(delivery.ReturnSucceeded, 1, banks=claimed, evidence=Evidence.PHONE),
        )

    def _indicated(self, now_ms: int, kind: type[Data], number: int) -> int:
        """Plan who takes a job; return when the courier who does it took it."""
        last = self.story.couriers[number]
        for courier in range(1, last + 1):
            self._says(now_ms, partial(self._job, kind, number, courier=f"cou-{courier}"))
            if courier < last:
                now_ms += MINUTE_MS
                self._says(now_ms, partial(self._left, number, f"cou-{courier}"))
        return now_ms

    def _left(self, number: int, courier: str) -> Data:
        values = {"courier": courier, "reason": "tired", "banks": (), "offered_again": True}
        return self._job(delivery.CourierGaveUp, number, **values)

    # What is done at its instant.

    def _place(self) -> None:
        self.script.alive(A, B, C)
        if self.story.walk_up:
            request = {"hand_over": rental.HandOver.WALK_UP, "cabinet": A}
            self._order = self.script.place(self.story.quantity, **request).id
            self.script.answer(cab.ReserveBanks)
            return
        self._order = self.script.place(self.story.quantity).id
        self._answers(cab.ReserveBanks)

    def _ask_return(self, quantity: int) -> None:
        self.script.alive(A, B, C)
        place = Location.of(PLANE.at(900, 0))
        request = made(rental.RequestReturn, user=USER, order=self._order, location=place, quantity=quantity)
        assert isinstance(self.script.ask(request), rental.RequestDone)
        self._answers(cab.ReserveSlots)

    def _ask_again(self) -> None:
        """Ask for the return once more, if the platform has given up the first one."""
        order = self.script.order(self._order)
        waiting = len(order.banks_at(BankPlace.USER))
        if order.state is rental.OrderState.IN_USE and waiting > 0:
            self._ask_return(waiting)

    def _answers(self, kind: type[Data]) -> None:
        self.script.answer(kind)
        job, order = self.script.job()
        assert order == self._order
        self._jobs.append(job)

    def _kept(self, kind: type[cab.ReserveBanks] | type[cab.ReserveSlots]) -> str:
        return self.script.commands(kind)[0].reservation

    def _job(self, kind: type[Data], number: int, **values: object) -> Data:
        return made(kind, job=self._jobs[number], order=self._order, **values)

    # What is on its way.

    def _says(self, true_ms: int, data: Callable[[], Data], told_ms: int | None = None) -> None:
        time_ms = true_ms if told_ms is None else told_ms
        self._sends(DISPATCH, true_ms, lambda: self.script.report(data(), time=time_ms))

    def _reports(self, name: str, true_ms: int, data: Callable[[], Data]) -> None:
        self._sends(name, true_ms, lambda: self.script.event(name, data(), **self._measured(name, true_ms)))

    def _sends(self, source: str, true_ms: int, send: Callable[[], Incoming]) -> None:
        arrival = next(self._arrivals.get(source, iter(())), Arrival())
        arrives_ms = max(true_ms + _WAY_MS + arrival.held_ms, self._last_ms.get(source, 0))
        self._last_ms[source] = arrives_ms

        def arrive() -> None:
            incoming = send()
            if arrival.again_ms is not None:
                self._at(arrives_ms + arrival.again_ms, lambda: self.script.again(incoming))

        self._at(arrives_ms, arrive)

    def _at(self, at_ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at_ms, next(self._number), act))


def due(story: Story) -> dict[tuple[str, str | None], int]:
    """Return what a story costs by the tariff of the script, computed from what happened alone."""
    banks = [f"bnk-a{slot}" for slot in range(1, story.quantity + 1)]
    called = story.use + story.second_indication
    held = [story.walk] * story.walked + [called] * (story.quantity - story.walked)
    if not story.walk_up:
        # A rental begins when the hand-over is told to have been, but not before the bank left its cabinet.
        held = [minutes + min(story.slow, story.hand_over) for minutes in held]
    charged: dict[tuple[str, str | None], int] = {
        ("rental", bank): min(600, -(-minutes // 30) * 100) for bank, minutes in zip(banks, held, strict=True)
    }
    if story.walk_up:
        return charged
    charged["courier_out", None] = 200 + 10 * min(45, story.pickup + story.hand_over + 1 - story.slow)
    if story.walked < story.quantity:
        charged["courier_back", None] = 200 + 10 * min(45, story.collection + story.back + 1)
    return charged


def bill(order: Order) -> dict[tuple[str, str | None], int]:
    """Return what an order is charged: by fee, and by bank."""
    charged: dict[tuple[str, str | None], int] = {}
    for line in fees.standing(order.lines):
        key = (str(line.fee), line.bank)
        charged[key] = charged.get(key, 0) + line.amount_minor
    return charged
