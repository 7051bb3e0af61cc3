"""Everything dispatch has in memory, and one turn of work on it.

`Board` holds jobs, offers and couriers with the indexes that make each question cheap. It is a function of
the rows alone: loading the rows written so far gives the board that wrote them. `Turn` is the handling of
one input: whatever it saves is on the board at once and leaves as rows and messages in `effects`, in the
order of its saving, so that the database's own rules hold after every single row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from chargeloop.courier.core.assignment import FreeCouriers
from chargeloop.courier.core.courier import Courier, refused
from chargeloop.courier.core.deadlines import Deadlines
from chargeloop.courier.core.job import Job, JobState
from chargeloop.courier.core.offer import Offer, closing_id
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.courier.core.reports import offered, work_of
from chargeloop.courier.core.rows import DispatchWrite, Rows, SaveCourier, SaveJob, SaveOffer
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.effects import Effects, Send
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import CourierId, DispatchId, JobId, MessageId, OfferId, RegionId, ReservationId
from chargeloop.protocol.messages.courier import OfferClosed, OfferEnd
from chargeloop.protocol.topics import TOPICS
from chargeloop.protocol.values import replace


@dataclass(slots=True)
class Board:
    """All jobs not yet forgotten with their offers, and all couriers ever heard of.

    `listening_since_ms` is when this process began: before that nobody was heard, which is not their silence.
    """

    region: RegionId
    dispatch: DispatchId
    policy: DispatchPolicy
    listening_since_ms: int = 0
    jobs: dict[JobId, Job] = field(default_factory=dict)
    offers: dict[OfferId, Offer] = field(default_factory=dict)
    couriers: dict[CourierId, Courier] = field(default_factory=dict)
    free: FreeCouriers = field(default_factory=FreeCouriers)
    deadlines: Deadlines = field(default_factory=Deadlines)
    _offers_of: dict[JobId, dict[OfferId, None]] = field(default_factory=dict)
    _of_reservation: dict[ReservationId, JobId] = field(default_factory=dict)

    def load(self, rows: Rows) -> None:
        """Fill an empty board from what the store has."""
        for job in rows.jobs:
            self.put_job(job)
        for offer in rows.offers:
            self.put_offer(offer)
        for courier in rows.couriers:
            self.put_courier(courier)

    def courier(self, courier: CourierId) -> Courier:
        """Return the courier, a new one when nothing has been heard of them yet."""
        return self.couriers.get(courier) or Courier(courier)

    def offers_of(self, job: JobId) -> list[Offer]:
        """Return all offers of a job, oldest first."""
        return [self.offers[offer] for offer in self._offers_of.get(job, ())]

    def open_offers(self, job: JobId) -> list[Offer]:
        """Return the offers of a job that still wait for an answer."""
        return [offer for offer in self.offers_of(job) if offer.is_open]

    def job_of_reservation(self, reservation: ReservationId | None) -> Job | None:
        """Return the job that has or had this reservation."""
        job = None if reservation is None else self._of_reservation.get(reservation)
        return None if job is None else self.jobs[job]

    def put_job(self, job: Job) -> None:
        """Keep a job as it stands now."""
        self.jobs[job.id] = job
        for reservation in job.reservations:
            self._of_reservation[reservation] = job.id
        self.deadlines.put(job.id, self._job_due_ms(job))

    def put_offer(self, offer: Offer) -> None:
        """Keep an offer as it stands now."""
        self.offers[offer.id] = offer
        self._offers_of.setdefault(offer.job, {})[offer.id] = None
        self.deadlines.put(offer.id, offer.expires_ms if offer.is_open else None)

    def put_courier(self, courier: Courier) -> None:
        """Keep a courier as they stand now."""
        self.couriers[courier.id] = courier
        if courier.location is not None and courier.could_take(self.policy):
            self.free.put(courier.id, courier.location)
        else:
            self.free.discard(courier.id)
        self.deadlines.put(courier.id, self.lost_ms(courier))

    def forget(self, job: Job) -> None:
        """Drop a job that ended long ago, with its offers; the store keeps them."""
        del self.jobs[job.id]
        for offer in self._offers_of.pop(job.id, {}):
            del self.offers[offer]
            self.deadlines.put(offer, None)
        for reservation in job.reservations:
            self._of_reservation.pop(reservation, None)
        self.deadlines.put(job.id, None)

    def lost_ms(self, courier: Courier) -> int | None:
        """Return when the first of the courier's jobs is taken from them if they stay silent."""
        return min((self.job_lost_ms(courier, self.jobs[job]) for job in courier.jobs), default=None)

    def job_lost_ms(self, courier: Courier, job: Job) -> int:
        """Return when this job is taken from the courier if they stay silent."""
        patience_ms = self.policy.banks_lost_after_ms if job.held else self.policy.reassign_after_ms
        return max(courier.silent_since_ms(self.policy), self.listening_since_ms) + patience_ms

    def _job_due_ms(self, job: Job) -> int:
        if job.ended_ms is not None:
            return job.ended_ms + self.policy.ended_kept_ms
        if job.state is JobState.OFFERING:
            return job.next_round_ms
        return max(job.created_ms, job.resumed_ms) + self.policy.job_limit_ms


@dataclass(slots=True)
class Turn:
    """The handling of one input at `now_ms`.

    `cause` is the id of the message that is handled. `fact` is the corrected time of what it reports; None
    when it reports nothing that happened outside (a request, a deadline). `is_evidence`: a cabinet tells it.
    """

    board: Board
    now_ms: int
    cause: MessageId | None = None
    fact: Corrected | None = None
    is_evidence: bool = False
    effects: Effects[DispatchWrite] = field(default_factory=Effects)
    _touched: dict[CourierId, None] = field(default_factory=dict)
    _told: set[CourierId] = field(default_factory=set)

    def save_job(self, job: Job) -> Job:
        """Keep a job, give it its place with its courier, and return it as kept."""
        before = self.board.jobs.get(job.id)
        if job.is_under_way and job.place is None and job.courier is not None:
            job = replace(job, place=self.free_place(job.courier))
        self.board.put_job(job)
        self.effects.writes.append(SaveJob(job))
        for courier in dict.fromkeys((before.courier if before is not None else None, job.courier)):
            if courier is not None:
                self._assign(courier, job)
        return job

    def _assign(self, courier_id: CourierId, job: Job) -> None:
        courier = self.board.courier(courier_id)
        theirs = job.is_under_way and job.courier == courier_id
        if not theirs and job.id not in courier.jobs:
            return
        others = tuple(known for known in courier.jobs if known != job.id)
        jobs = courier.jobs if theirs and job.id in courier.jobs else (*others, job.id) if theirs else others
        self.save_courier(replace(courier, jobs=jobs), tell=True)

    def free_place(self, courier: CourierId) -> int:
        """Return the lowest place of the courier that no job fills."""
        taken = {self.board.jobs[job].place for job in self.board.courier(courier).jobs}
        return next(place for place in range(len(taken) + 1) if place not in taken)

    def save_offer(self, offer: Offer) -> None:
        """Keep an offer."""
        self.board.put_offer(offer)
        self.effects.writes.append(SaveOffer(offer))

    def save_courier(self, courier: Courier, *, tell: bool = False) -> None:
        """Keep a courier; `tell` publishes their work again at the end of the turn."""
        self.board.put_courier(courier)
        self._touched[courier.id] = None
        if tell:
            self._told.add(courier.id)

    def refuse(self, courier: CourierId, reason: str) -> None:
        """List the event that is handled among the courier's refused acts."""
        if self.cause is not None:
            self.save_courier(refused(self.board.courier(courier), self.cause, reason), tell=True)

    def report(self, reports: Iterable[Data], fact: Corrected) -> None:
        """Tell the rental platform what happened, with its time and how far that can be trusted."""
        topic = TOPICS["dispatch_report"].topic(self.board.region, dispatch=self.board.dispatch)
        for data in reports:
            self.effects.sends.append(
                Send(topic, data, time_ms=fact.time_ms, clock_state=fact.state, causation_id=self.cause)
            )

    def show_offer(self, offer: Offer, job: Job) -> None:
        """Put an open offer before its courier; it is resent until it is settled or expires."""
        self.effects.sends.append(
            Send(
                self._courier_topic("courier_offer", offer.courier),
                offered(offer, job),
                id=offer.id,
                expires_ms=offer.expires_ms,
            )
        )

    def tell_closed(self, courier: CourierId, offer: OfferId, why: OfferEnd) -> None:
        """Tell a courier that an offer is closed, and why."""
        self.effects.settled.append(offer)
        self.effects.sends.append(
            Send(
                self._courier_topic("courier_offer", courier),
                OfferClosed(offer=offer, why=why),
                id=closing_id(offer, why, self.cause or str(self.now_ms)),
                expires_ms=self.now_ms + self.board.policy.notice_life_ms,
            )
        )

    def finish(self) -> Effects[DispatchWrite]:
        """Publish the work of everybody whose work changed; return all that follows from the input."""
        for courier_id in self._touched:
            courier = self.board.couriers[courier_id]
            if courier_id in self._told:
                # A restored store has forgotten numbers that the phone has seen: the time is past them.
                version = max(courier.work_version + 1, self.now_ms)
                courier = replace(courier, work_version=version)
                self.board.put_courier(courier)
                jobs = [self.board.jobs[job] for job in courier.jobs]
                topic = self._courier_topic("courier_work", courier_id)
                self.effects.sends.append(Send(topic, work_of(courier, jobs)))
            self.effects.writes.append(SaveCourier(courier))
        return self.effects

    def _courier_topic(self, name: str, courier: CourierId) -> str:
        return TOPICS[name].topic(self.board.region, courier=courier)
