"""An offer of one job to one courier: open until the first of answer, expiry, or the job going elsewhere.

Theory of operation. An offer is a lease on an answer. It is made open, and every event closes it but one: an
accepted offer is withdrawn when its courier leaves the job, so that at any time at most one offer of a job is
accepted. The database holds the same rule (a partial unique index). The phone's clock decides nothing: an
acceptance counts when the platform takes it before the expiry *and* the offer is still open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chargeloop.protocol.ids import CourierId, IdKind, JobId, MessageId, OfferId, derived_id, digest_of
from chargeloop.protocol.messages.courier import OfferEnd
from chargeloop.protocol.values import replace


class OfferState(StrEnum):
    """Where an offer stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"


class OfferEvent(StrEnum):
    """What can happen to an offer."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    TAKEN_BY_ANOTHER = "taken_by_another"
    WITHDRAWN = "withdrawn"


TRANSITIONS: Final[Mapping[OfferState, Mapping[OfferEvent, OfferState]]] = MappingProxyType(
    {
        OfferState.OPEN: {
            OfferEvent.ACCEPTED: OfferState.ACCEPTED,
            OfferEvent.DECLINED: OfferState.DECLINED,
            OfferEvent.EXPIRED: OfferState.EXPIRED,
            OfferEvent.TAKEN_BY_ANOTHER: OfferState.TAKEN,
            OfferEvent.WITHDRAWN: OfferState.WITHDRAWN,
        },
        OfferState.ACCEPTED: {OfferEvent.WITHDRAWN: OfferState.WITHDRAWN},
        OfferState.DECLINED: {},
        OfferState.EXPIRED: {},
        OfferState.TAKEN: {},
        OfferState.WITHDRAWN: {},
    }
)

# What the phone is told of an offer that is no longer open.
TOLD_AS: Final[Mapping[OfferState, OfferEnd]] = MappingProxyType(
    {
        OfferState.ACCEPTED: OfferEnd.ACCEPTED,
        OfferState.DECLINED: OfferEnd.DECLINED,
        OfferState.EXPIRED: OfferEnd.EXPIRED,
        OfferState.TAKEN: OfferEnd.TAKEN,
        OfferState.WITHDRAWN: OfferEnd.WITHDRAWN,
    }
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One job offered to one courier in one round."""

    id: OfferId
    job: JobId
    courier: CourierId
    round_number: int
    distance_m: int
    made_ms: int
    expires_ms: int
    state: OfferState = OfferState.OPEN

    @property
    def is_open(self) -> bool:
        """Tell whether it still waits for an answer."""
        return self.state is OfferState.OPEN


def offer_id(job: JobId, round_number: int, courier: CourierId) -> OfferId:
    """Return the id of the offer of a job to a courier in a round; it always follows from the three."""
    return OfferId(derived_id(IdKind.OFFER, job, str(round_number), courier))


def closing_id(offer: OfferId, why: OfferEnd, cause: str) -> MessageId:
    """Return the id of the message that says an offer is closed; the cause may be as long as an id can be."""
    return MessageId(f"{offer}.{why}.{digest_of(cause)}")


def evolve(offer: Offer, event: OfferEvent) -> Offer:
    """Return the offer after the event.

    Raises:
        KeyError: the table does not allow it; the caller must have asked `allows`.
    """
    return replace(offer, state=TRANSITIONS[offer.state][event])


def allows(offer: Offer, event: OfferEvent) -> bool:
    """Tell whether the event can happen to the offer as it stands."""
    return event in TRANSITIONS[offer.state]
