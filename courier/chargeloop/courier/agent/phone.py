"""One simulated courier with a phone: keeps the shift, answers offers, and goes about the work.

The phone talks only MQTT, through a `PhoneLink`. `receive` only notes what came and wakes the errands: it
never waits for world time. What to do next is decided in `errand`, done in `body`; this module is the loop
between them.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from chargeloop.broker.clock import wait_for_event
from chargeloop.courier.agent.body import Body
from chargeloop.courier.agent.deeds import PHYSICAL, arrival
from chargeloop.courier.agent.errand import Act, Errand, elsewhere, facing, knowing, plan
from chargeloop.courier.agent.travel import Journey, journey
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.geo import Point
from chargeloop.protocol.messages import courier as msg
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.topics import TOPICS
from chargeloop.protocol.values import replace

# Whoever is so far away thinks longest about an offer; so much of the time to think goes by the way.
_FAR_M = 1_000
_BY_THE_WAY = 0.75

_Acts = Mapping[Act, Callable[[Errand], Awaitable[None]]]


class Phone:
    """A courier at work. Give `receive` to the link, then `run` it beside the link.

    `origin` is that of the plane the whole-minute rule of travel measures on. `position_ms` is how often
    the phone says where it is (0: only on arrival).
    """

    def __init__(self, body: Body, *, origin: Point, position_ms: int) -> None:
        self._body = body
        self._profile = body.profile
        self._clock = body.clock
        self._origin = origin
        self._position_ms = position_ms
        self._work: msg.Work | None = None
        self._answered: set[str] = set()
        self._journey: Journey | None = None
        self._changed = asyncio.Event()
        self._on_duty = False
        self._tasks: asyncio.TaskGroup | None = None
        self._acts: _Acts = {
            Act.TRAVEL: self._travel,
            **dict.fromkeys(PHYSICAL, body.attempt),
            Act.GIVE_UP: body.give_up,
            Act.FINISH: self._finish,
        }

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._keep_shift())
            tasks.create_task(self._go_about_errands())
            if self._position_ms > 0:
                tasks.create_task(self._tell_position())

    async def receive(self, incoming: Incoming) -> None:
        """Note what came; everything that takes time is done by `run`."""
        data = incoming.message.data
        if isinstance(data, msg.Work):
            self._see(data)
        elif isinstance(data, msg.JobOffered):
            self._consider_soon(data, incoming.message.expirytime)

    def _see(self, work: msg.Work) -> None:
        if self._work is not None and work.version <= self._work.version:
            return
        stood_down = self._on_duty and not work.on_duty and (self._work is None or self._work.on_duty)
        self._work = work
        self._changed.set()
        if stood_down and self._tasks is not None:
            self._tasks.create_task(self._come_back_after_rest())

    # Offers.

    def _consider_soon(self, offer: msg.JobOffered, expires_ms: int | None) -> None:
        if self._tasks is not None and self._on_duty and offer.offer not in self._answered:
            self._answered.add(offer.offer)
            self._tasks.create_task(self._consider(offer, expires_ms))

    async def _consider(self, offer: msg.JobOffered, expires_ms: int | None) -> None:
        await self._clock.sleep_ms(self._answer_takes_ms(offer))
        if expires_ms is not None and self._clock.now_ms() >= expires_ms:
            return
        draw = self._draw(offer.offer)
        if draw < self._profile.ignore_probability:
            return
        threshold = (1 - self._profile.ignore_probability) * self._profile.accept_probability
        wanted = draw - self._profile.ignore_probability < threshold and not self._is_busy()
        answer = msg.OfferAccepted(offer=offer.offer) if wanted else msg.OfferDeclined(offer=offer.offer)
        await self._body.link.record(answer)

    def _answer_takes_ms(self, offer: msg.JobOffered) -> int:
        far = min(1.0, offer.distance_m / _FAR_M)
        share = (1 - _BY_THE_WAY) * self._draw(f"{offer.offer}:takes") + _BY_THE_WAY * far
        return self._profile.answer_ms + round(share * self._profile.answer_spread_ms)

    def _draw(self, offer: str) -> float:
        # Drawn for each offer by its id, so what else happens first does not change the answer.
        return random.Random(f"{self._profile.seed}:{self._profile.courier}:{offer}").random()

    def _is_busy(self) -> bool:
        jobs = set() if self._work is None else {job.job for job in self._work.jobs}
        return any(errand.banks or errand.job.job in jobs for errand in self._body.hands.memory.errands)

    # The shift.

    async def _keep_shift(self) -> None:
        if self._profile.off_ms is not None and self._clock.now_ms() >= self._profile.off_ms:
            return
        if self._profile.on_ms is not None:
            await self._clock.sleep_until_ms(self._profile.on_ms)
        await self._go(on_duty=True)
        if self._profile.off_ms is not None:
            await self._clock.sleep_until_ms(self._profile.off_ms)
            await self._go(on_duty=False)

    async def _come_back_after_rest(self) -> None:
        await self._clock.sleep_ms(self._profile.rest_ms)
        if self._on_duty:
            await self._go(on_duty=True)

    async def _go(self, *, on_duty: bool) -> None:
        self._on_duty = on_duty
        await self._body.link.record(msg.DutyChanged(on_duty=on_duty, location=Location.of(self._here())))

    async def _tell_position(self) -> None:
        while True:
            await self._clock.sleep_ms(self._position_ms)
            if self._on_duty or self._body.hands.memory.errands:
                await self._publish_position()

    async def _publish_position(self) -> None:
        topic = TOPICS["courier_position"].topic(self._body.region, courier=self._profile.courier)
        await self._body.link.publish(Send(topic, msg.Position(location=Location.of(self._here()))))

    def _here(self) -> Point:
        if self._journey is not None:
            return self._journey.at(self._clock.now_ms())
        return self._body.hands.memory.location

    # Errands.

    async def _go_about_errands(self) -> None:
        while True:
            self._changed.clear()
            self._face_work()
            until_ms = await self._do_next()
            if until_ms != 0:
                await wait_for_event(self._clock, self._changed, until_ms)

    async def _do_next(self) -> int | None:
        """Do the first act that can be done and return 0, or return until when to wait (None: for the work).

        Before the first work has come it is not known what still has to be done.
        """
        if self._work is None:
            return None
        memory, now_ms = self._body.hands.memory, self._clock.now_ms()
        until_ms: int | None = None
        for errand in memory.errands:
            planned = plan(errand, memory.at, now_ms, self._profile)
            if planned.act is not Act.WAIT:
                await self._acts[planned.act](errand)
                return 0
            if planned.until_ms is not None:
                until_ms = planned.until_ms if until_ms is None else min(until_ms, planned.until_ms)
        return until_ms

    def _face_work(self) -> None:
        """Bring the errands in line with the work; a try without an answer is resolved first."""
        if self._work is None:
            return
        memory = self._body.hands.memory
        jobs = {job.job: job for job in self._work.jobs}
        refused = frozenset(str(refusal.event) for refusal in self._work.refusals)
        memory = replace(memory, cabinets=knowing(memory.cabinets, self._work.jobs))
        errands = [
            errand
            if errand.asking
            else elsewhere(facing(errand, jobs.get(errand.job.job), refused), memory.cabinets)
            for errand in memory.errands
        ]
        known = {errand.job.job for errand in errands}
        for job in self._work.jobs:
            if job.job not in known:
                number = memory.jobs_seen + 1
                memory = replace(memory, jobs_seen=number)
                errands.append(facing(Errand(job, number), job, refused))
        memory = replace(memory, errands=tuple(errands))
        if memory != self._body.hands.memory:
            self._body.hands.remember(memory)

    async def _travel(self, errand: Errand) -> None:
        """Go on towards the errand's place until there, or until the work changes."""
        now_ms, place = self._clock.now_ms(), errand.place
        if self._journey is None or self._journey.end != place.location:
            self._journey = journey(self._profile, self._here(), place.location, self._origin, now_ms)
            self._body.hands.remember(replace(self._body.hands.memory, at=None))
        if await wait_for_event(self._clock, self._changed, self._journey.arrives_ms):
            return
        self._journey = None
        memory = replace(self._body.hands.memory, at=place.id, location=place.location)
        self._body.hands.remember(memory)
        ready_ms = self._clock.now_ms() + self._profile.service_ms
        self._body.keep(replace(errand, arrived=True, not_before_ms=ready_ms))
        await self._publish_position()
        for report in arrival(errand):
            await self._body.link.record(report)

    async def _finish(self, errand: Errand) -> None:
        memory = self._body.hands.memory
        errands = tuple(known for known in memory.errands if known.job.job != errand.job.job)
        self._body.hands.remember(replace(memory, errands=errands))


def subscribed_topics() -> tuple[str, ...]:
    """Return the names of the topics a simulated courier reads (the world's answers included)."""
    return ("courier_clock", "courier_offer", "courier_work", "courier_ack", "courier_tray", "door_answer")
