"""What the core asks the store to write: one row each, the whole record, the last one counts."""

from dataclasses import dataclass

from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.job import Job
from chargeloop.courier.core.offer import Offer


@dataclass(frozen=True, slots=True)
class SaveJob:
    """Write a delivery job as it stands now."""

    job: Job


@dataclass(frozen=True, slots=True)
class SaveOffer:
    """Write an offer as it stands now."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class SaveCourier:
    """Write a courier as they stand now."""

    courier: Courier


DispatchWrite = SaveJob | SaveOffer | SaveCourier


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything a courier platform starts from: offers are those of the jobs given."""

    jobs: tuple[Job, ...] = ()
    offers: tuple[Offer, ...] = ()
    couriers: tuple[Courier, ...] = ()
