"""A courier with a phone in the simulation: the same errands and deeds, with every vice a courier may have.

The shell of a simulated phone on a broker (`courier/agent/phone.py`) waits in tasks; this one is called
back. What to do next is decided in `errand`, what an answer means in `deeds`, as there. A courier may also
dawdle, vanish with or without banks until everything is healed, and claim what was not done: made-up
pickups, guessed hand-over codes, returns that never were, troubles and ends that are none, offers that were
somebody else's; and read a wrong number from a bank.
"""

from collections.abc import Callable
from typing import Final

from chargeloop.courier.agent.deeds import PHYSICAL, Deed, answered, arrival, giving_up, question, trouble
from chargeloop.courier.agent.errand import ACTS, Act, Errand, Goal, Memory, ask_id, facing, plan
from chargeloop.courier.agent.profile import Profile
from chargeloop.courier.agent.travel import Journey, journey
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.geo import Point, distance_m
from chargeloop.protocol.ids import BankId, JobId, OfferId, RegionId
from chargeloop.protocol.messages import courier as msg
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from chargeloop.protocol.topics import Role
from chargeloop.protocol.values import replace
from chargeloop.simulation.cabinet import Cabinet
from chargeloop.simulation.device import Device
from chargeloop.simulation.loop import Alarm
from chargeloop.simulation.stage import Stage

_POSITION_MS: Final = 15 * MINUTE_MS
_LOOKED_AT_AGAIN: Final = 0.2  # how often who has noted a wrong number reads the bank itself again
_ORIGIN: Final = Point(434_520_000, 52_330_000)


class Phone(Device):
    """One courier, on duty from the first boot on.

    Args:
        stage: it plays on.
        region: its region.
        profile: speed, temper and patience.
        cabinets: where banks may be taken when the cabinet of the job is full.
    """

    def __init__(self, stage: Stage, region: str, profile: Profile, cabinets: tuple[Cabinet, ...]) -> None:
        self.profile = profile
        self._cabinets = cabinets
        self.memory = Memory(location=profile.start)
        self.vanished = False
        self._work: msg.Work | None = None
        self._journey: Journey | None = None
        self._awaiting: str | None = None
        self._answered_offers: set[str] = set()
        self._seen_offers: list[tuple[OfferId, JobId]] = []
        self._on_duty = False
        # What was noted of a bank whose number was misread; its true id -> what is told of it.
        self._misread: dict[BankId, BankId] = {}
        super().__init__(stage, profile.courier, Role.COURIER, region, keeps_journal=True)
        self._next = Alarm(stage.loop, lambda: self.guarded(self._go_on))

    # Power.

    def wake(self) -> None:
        """Take up the shift, and lie now and then."""
        self._go_on_duty()
        self.later(self.draw.randrange(_POSITION_MS), self._tell_position)
        if self.stage.faults.courier_lies > 0:
            self.later(self._lie_after_ms(), self._lie)

    def darken(self) -> None:
        """Forget what only the phone's memory had; hands and errands are written down."""
        self._next.set(None)
        self._work = self._journey = self._awaiting = None
        self._answered_offers.clear()
        self._on_duty = False

    def come_back(self) -> None:
        """Be heard of again."""
        if self.vanished:
            self.vanished = False
            self.boot()

    # What comes in.

    def receive(self, incoming: Incoming) -> None:
        """Note the work, or consider an offer."""
        data = incoming.message.data
        if isinstance(data, msg.Work):
            self._see(data)
        elif isinstance(data, msg.JobOffered):
            self._seen_offers.append((data.offer, data.job))
            if self._on_duty and data.offer not in self._answered_offers:
                self._answered_offers.add(data.offer)
                expires_ms = incoming.message.expirytime
                self.later(self.profile.answer_ms, lambda: self._consider(data, expires_ms))

    def _see(self, work: msg.Work) -> None:
        if self._work is not None and work.version <= self._work.version:
            return
        stood_down = self._on_duty and not work.on_duty and (self._work is None or self._work.on_duty)
        self._work = work
        if stood_down:
            self.later(self.profile.rest_ms, self._go_on_duty)
        self._go_on()

    def _consider(self, offer: msg.JobOffered, expires_ms: int | None) -> None:
        if expires_ms is not None and self.stage.loop.now_ms() >= expires_ms:
            return
        draw = self.draw.random()
        if draw < self.profile.ignore_probability:
            return
        threshold = (1 - self.profile.ignore_probability) * self.profile.accept_probability
        wanted = draw - self.profile.ignore_probability < threshold and not self._is_busy()
        self.record([(msg.OfferAccepted if wanted else msg.OfferDeclined)(offer=offer.offer)])

    def _is_busy(self) -> bool:
        jobs = set() if self._work is None else {job.job for job in self._work.jobs}
        return any(errand.banks or errand.job.job in jobs for errand in self.memory.errands)

    # The shift.

    def _go_on_duty(self) -> None:
        self._on_duty = True
        self.record([msg.DutyChanged(on_duty=True, location=Location.of(self._here()))])

    def _tell_position(self) -> None:
        if not self.stage.calm:
            self._say_position()
            self.later(_POSITION_MS, self._tell_position)

    def _say_position(self) -> None:
        self.say(Send(self.topic("courier_position"), msg.Position(location=Location.of(self._here()))))

    def _here(self) -> Point:
        if self._journey is not None:
            return self._journey.at(self.stage.loop.now_ms())
        return self.memory.location

    # Errands.

    def _go_on(self) -> None:
        """Do what can be done now; then wait for the work, an arrival or an instant."""
        while self._awaiting is None:
            self._face_work()
            until_ms = self._do_next()
            if until_ms is not None:
                self._next.set(until_ms if until_ms > 0 else None)
                return

    def _do_next(self) -> int | None:
        """Do one act and return None to go on at once, or return until when to wait (0: for the work)."""
        if self._work is None:
            return 0
        now_ms, until_ms = self.stage.loop.now_ms(), 0
        for errand in map(self._elsewhere, self.memory.errands):
            planned = plan(errand, self.memory.at, now_ms, self.profile)
            if planned.act is Act.TRAVEL:
                return self._travel(errand)
            if planned.act is not Act.WAIT:
                self._act(planned.act, errand)
                return None
            if planned.until_ms is not None:
                until_ms = planned.until_ms if until_ms == 0 else min(until_ms, planned.until_ms)
        return until_ms

    def _elsewhere(self, errand: Errand) -> Errand:
        """Go to another cabinet with banks of a job that is gone, when the one known is full."""
        if errand.goal is not Goal.RID or errand.troubled_ms is None or errand.asking:
            return errand
        if self.stage.loop.now_ms() < errand.not_before_ms:
            return errand
        others = [
            cabinet
            for cabinet in self._cabinets
            if cabinet.is_on and cabinet.room > 0 and cabinet.client != errand.job.cabinet
        ]
        if not others:
            return errand
        there = min(others, key=lambda cabinet: distance_m(self.memory.location, cabinet.place))
        job = errand.job.model_copy(
            update={"cabinet": there.client, "cabinet_location": Location.of(there.place)}
        )
        moved = replace(errand, job=job, arrived=False, troubled_ms=None, not_before_ms=0)
        self._keep(moved)
        return moved

    def _act(self, act: Act, errand: Errand) -> None:
        if act is Act.FINISH:
            errands = tuple(known for known in self.memory.errands if known.job.job != errand.job.job)
            self.memory = replace(self.memory, errands=errands)
        elif act is Act.GIVE_UP:
            self._carry_out(giving_up(errand))
        elif act in PHYSICAL:
            self._attempt(errand)

    def _face_work(self) -> None:
        work = self._work
        if work is None:
            return
        memory = self.memory
        jobs = {job.job: job for job in work.jobs}
        refused = frozenset(str(refusal.event) for refusal in work.refusals)
        errands = [
            errand if errand.asking else facing(errand, jobs.get(errand.job.job), refused)
            for errand in memory.errands
        ]
        known = {errand.job.job for errand in errands}
        for job in work.jobs:
            if job.job not in known:
                number = memory.jobs_seen + 1
                memory = replace(memory, jobs_seen=number)
                errands.append(facing(Errand(job, number), job, refused))
        self.memory = replace(memory, errands=tuple(errands))

    def _travel(self, errand: Errand) -> int | None:
        now_ms, place = self.stage.loop.now_ms(), errand.place
        if self._journey is None or self._journey.end != place.location:
            self._journey = journey(self.profile, self._here(), place.location, _ORIGIN, now_ms)
            self.memory = replace(self.memory, at=None)
        if self._journey.arrives_ms > now_ms:
            return self._journey.arrives_ms
        self._journey = None
        self.memory = replace(self.memory, at=place.id, location=place.location)
        self._keep(replace(errand, arrived=True, not_before_ms=now_ms + self.profile.service_ms))
        if self._may_vanish():
            return 0
        self._say_position()
        for report in arrival(errand):
            self.record([report])
        return None

    def _attempt(self, errand: Errand) -> None:
        act = ACTS[errand.goal]
        if not errand.asking:
            errand = replace(errand, asking=True, tries=errand.tries + 1)
            self._keep(errand)
        asked = question(act, errand, self.profile, RegionId(self.region))
        request = self._awaiting = ask_id(self.profile.courier, errand)
        target = errand.job.user if act is Act.KNOCK else errand.job.cabinet
        self.touch(target, asked.topic, asked.data, request, lambda answer: self._had(act, errand, answer))
        self.later(self.profile.patience_ms, lambda: self._despair(request, errand))

    def _had(self, act: Act, asked: Errand, answer: Data) -> None:
        self._awaiting = None
        self.may_lose_power()
        deed = answered(
            act, asked, now=self._present(asked), answer=answer, profile=self.profile,
            now_ms=self.stage.loop.now_ms(),
        )  # fmt: skip
        self._carry_out(deed)
        if not self._may_vanish():
            self._go_on()

    def _despair(self, request: str, errand: Errand) -> None:
        if self._awaiting == request:
            self._awaiting = None
            self.give_up_asking(request)
            self._carry_out(trouble(self._present(errand), self.profile, self.stage.loop.now_ms()))
            self._go_on()

    def _carry_out(self, deed: Deed) -> None:
        journal = self.journal
        proof = deed.errand.proof
        for report in deed.reports:
            (number,) = self.record([self._as_read(report)])
            if deed.proves and journal is not None:
                proof = f"{journal.journal_id}.{number}"
            self.may_lose_power()
        self._keep(replace(deed.errand, proof=proof))

    def _keep(self, errand: Errand) -> None:
        errands = tuple(errand if known.job.job == errand.job.job else known for known in self.memory.errands)
        self.memory = replace(self.memory, errands=errands)

    def _present(self, errand: Errand) -> Errand:
        return next(known for known in self.memory.errands if known.job.job == errand.job.job)

    # Vices.

    def _may_vanish(self) -> bool:
        """Tell whether the courier is not heard of any more from here on."""
        chance = self.stage.faults.courier_vanishes
        if chance <= 0 or self.draw.random() >= chance:
            return False
        self.stage.fault(self.region, "courier_vanishes", self.client)
        self.vanished = True
        self.is_on = False
        self._alarm.set(None)
        self._answers.clear()
        self.darken()
        self.stage.network.drop(self.port)
        return True

    def _as_read(self, report: Data) -> Data:
        """Return a report with the numbers of its banks as the courier reads them, which may be others."""
        if not isinstance(report, msg.PickedUp | msg.Delivered | msg.Collected | msg.PutBack | msg.GaveUp):
            return report
        banks = tuple(dict.fromkeys(map(self._read, report.banks)))
        return report if banks == report.banks else report.model_copy(update={"banks": banks})

    def _read(self, bank: BankId) -> BankId:
        chance = self.stage.faults.misreads
        if chance <= 0:
            return bank
        noted = self._misread.pop(bank, None)
        if noted is None:
            if self.draw.random() >= chance:
                return bank
            self.stage.fault(self.region, "misreads", self.client)
            noted = self._another_number()
        elif self.draw.random() < _LOOKED_AT_AGAIN:
            return bank
        self._misread[bank] = noted
        return noted

    def _another_number(self) -> BankId:
        inside = [place.bank for cabinet in self._cabinets for place in cabinet.works.mechanics.slots]
        others = [standing.bank for standing in inside if standing is not None]
        no_bank = BankId(f"bnk-misread-{self.draw.randrange(1_000)}")
        return self.draw.choice(others) if others and self.draw.random() < 0.5 else no_bank

    def _lie_after_ms(self) -> int:
        return int(self.draw.expovariate(self.stage.faults.courier_lies / HOUR_MS))

    def _lie(self) -> None:
        if self.stage.faults.courier_lies <= 0:
            return
        self.later(self._lie_after_ms(), self._lie)
        claims = self._claims()
        if claims:
            self.stage.fault(self.region, "courier_lies", self.client)
            self.record([self.draw.choice(claims)()])

    def _claims(self) -> list[Callable[[], Data]]:
        """Return what could be claimed falsely now."""
        made_up = BankId(f"bnk-madeup-{self.draw.randrange(1_000)}")
        claims: list[Callable[[], Data]] = []
        jobs = [errand.job.job for errand in self.memory.errands]
        if self._seen_offers:
            # Of somebody else perhaps, or long over.
            offer, job_seen = self.draw.choice(self._seen_offers[-20:])
            claims.append(lambda: msg.OfferAccepted(offer=offer))
            jobs.append(job_seen)
        if jobs:
            job = self.draw.choice(jobs)
            # One digit more than hand-over codes have: a guess that is right by chance proves a hand-over.
            code = f"{self.draw.randrange(100_000):05d}"
            held = tuple(bank for errand in self.memory.errands for bank in errand.bank_ids) or (made_up,)
            claims += [
                lambda: msg.ArrivedAtUser(job=job),
                lambda: msg.PickedUp(job=job, banks=(made_up,)),
                lambda: msg.Delivered(job=job, code=code, banks=held),
                lambda: msg.Collected(job=job, code=code, banks=held),
                lambda: msg.PutBack(job=job, banks=held),
                lambda: msg.GaveUp(job=job, reason="so they say", banks=()),
                lambda: msg.GaveUp(job=job, reason="so they say", banks=(made_up,)),
                lambda: msg.ProblemReported(job=job, problem=msg.Problem.CABINET_GAVE_NOTHING),
                lambda: msg.ProblemReported(job=job, problem=msg.Problem.CABINET_TAKES_NOTHING),
            ]
        return claims
