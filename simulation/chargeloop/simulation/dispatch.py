"""The courier platform in the simulation: its store in memory, and what the checker is told of it."""

from collections.abc import Mapping, Sequence
from typing import Final

from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.job import Job
from chargeloop.courier.core.offer import Offer, OfferState
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.courier.core.region import DispatchRegion
from chargeloop.courier.core.rows import DispatchWrite, Rows, SaveCourier, SaveJob, SaveOffer
from chargeloop.protocol.effects import Effects
from chargeloop.protocol.ids import DispatchId, RegionId
from chargeloop.protocol.topics import Role
from chargeloop.simulation.disk import Store, UniqueIndex
from chargeloop.simulation.service import Service
from chargeloop.simulation.stage import Stage

_HELD_STATES: Final = (OfferState.OPEN, OfferState.ACCEPTED)


class DispatchStore(Store[DispatchWrite]):
    """The tables of `courier/shell/store.py`, with their rules, which hold after every single row."""

    def __init__(self, store_id: str) -> None:
        super().__init__(store_id)
        self.jobs: dict[str, Job] = {}
        self.offers: dict[str, Offer] = {}
        self.couriers: dict[str, Courier] = {}
        self._place = UniqueIndex[tuple[str, int]]("one_job_for_each_place")
        self._taker = UniqueIndex[str]("one_taker_of_a_job")
        self._before = UniqueIndex[str]("one_open_offer_of_a_courier")

    def keep(self, writes: Sequence[DispatchWrite]) -> None:
        """Keep the rows, one after the other."""
        for write in writes:
            match write:
                case SaveJob(job):
                    self._keep_job(job)
                case SaveOffer(offer):
                    self._keep_offer(offer)
                case SaveCourier(courier):
                    self.couriers[courier.id] = courier

    def rows(self, ended_after_ms: int) -> Rows:
        """Return what the core starts from: open jobs and those that ended later than the instant given."""
        jobs = {
            name: job
            for name, job in sorted(self.jobs.items())
            if job.ended_ms is None or job.ended_ms > ended_after_ms
        }
        offers = [offer for offer in self.offers.values() if offer.job in jobs]
        offers.sort(key=lambda offer: (offer.made_ms, offer.id))
        couriers = [courier for _, courier in sorted(self.couriers.items())]
        return Rows(tuple(jobs.values()), tuple(offers), tuple(couriers))

    def _keep_job(self, job: Job) -> None:
        self._place.clear(job.id)
        if job.place is not None and job.courier is not None:
            self._place.put(job.id, [(job.courier, job.place)])
        self.jobs[job.id] = job

    def _keep_offer(self, offer: Offer) -> None:
        self._taker.clear(offer.id)
        self._before.clear(offer.id)
        if offer.state is OfferState.ACCEPTED:
            self._taker.put(offer.id, [offer.job])
        elif offer.state is OfferState.OPEN:
            self._before.put(offer.id, [offer.courier])
        self.offers[offer.id] = offer


class Dispatch(Service[DispatchWrite, DispatchRegion]):
    """The courier platform of one region."""

    def __init__(self, stage: Stage, region: str, policy: DispatchPolicy) -> None:
        self.books = DispatchStore(f"{region}-dispatch")
        super().__init__(stage, f"dsp-{region}", Role.DISPATCH, region, self.books)
        self._policy = policy

    def build(self, now_ms: int) -> DispatchRegion:
        """Return a region loaded from the store."""
        rows = self.books.rows(now_ms - self._policy.ended_kept_ms)
        return DispatchRegion(RegionId(self.region), DispatchId(self.client), self._policy, rows, now_ms)

    def devices(self) -> Mapping[str, Courier]:
        """Return the couriers in the store."""
        return self.books.couriers

    def digest(self, core: DispatchRegion) -> str:
        """Return what a region has in memory as text."""
        board = core.board
        jobs = sorted((job for job in board.jobs.values() if not job.has_ended), key=lambda job: job.id)
        offers = sorted(
            (offer for offer in board.offers.values() if offer.is_open), key=lambda offer: offer.id
        )
        return repr((jobs, offers, sorted(board.couriers.items())))

    def observe(self, effects: Effects[DispatchWrite]) -> None:
        """Note changes of jobs and offers, and presence."""
        for write in effects.writes:
            match write:
                case SaveJob(job):
                    self.note_fact(
                        "job",
                        job.id,
                        job.order,
                        str(job.leg),
                        str(job.state),
                        job.courier,
                        job.banks,
                        job.back,
                    )
                case SaveOffer(offer):
                    self.note_fact("offer", offer.id, offer.job, offer.courier, str(offer.state))
                case SaveCourier(courier):
                    self.note_presence(courier.id, courier)
