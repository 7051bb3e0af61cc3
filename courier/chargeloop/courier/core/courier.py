"""A courier as dispatch sees them: on duty or not, reachable or not, busy or free.

Presence is a lease. Every sign of life (a position, an event, a question for the time) renews it, and the
last will ends it at once. Birth and will carry the phone's connection epoch, so that the will of an older
connection that arrives late does not put a connected courier offline. A broker that crashed leaves `online`
retained for ever: that is why silence alone ends the lease too.
"""

from dataclasses import dataclass, field
from typing import Final

from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.protocol.clock_map import ClockMap
from chargeloop.protocol.geo import Point
from chargeloop.protocol.ids import CourierId, JobId, MessageId, OfferId
from chargeloop.protocol.values import replace

# As many as one Work message carries.
REFUSALS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class RefusedAct:
    """An act of the courier that was not accepted, by the id of its event."""

    event: MessageId
    reason: str


@dataclass(frozen=True, slots=True)
class Courier:
    """One courier. `jobs` are those under way, oldest first; `missed` counts unanswered offers in a row."""

    id: CourierId
    on_duty: bool = False
    online: bool = False
    connection_epoch: int = 0
    seen_ms: int = 0
    location: Point | None = None
    missed: int = 0
    work_version: int = 0
    jobs: tuple[JobId, ...] = ()
    offer: OfferId | None = None
    refusals: tuple[RefusedAct, ...] = ()
    clock: ClockMap = field(default_factory=ClockMap)

    def silent_since_ms(self, policy: DispatchPolicy) -> int:
        """Return since when (or from when on) the courier cannot be reached, if nothing more is heard."""
        return self.seen_ms + policy.presence_lease_ms if self.online else self.seen_ms

    def is_present(self, now_ms: int, policy: DispatchPolicy) -> bool:
        """Tell whether the presence lease is alive."""
        return self.online and now_ms < self.silent_since_ms(policy)

    def could_take(self, policy: DispatchPolicy) -> bool:
        """Tell whether the courier may be offered a job, presence apart."""
        return (
            self.on_duty
            and self.online
            and self.location is not None
            and self.offer is None
            and len(self.jobs) < policy.jobs_per_courier
        )


def seen(courier: Courier, now_ms: int) -> Courier:
    """Return the courier after a sign of life.

    Whoever speaks is connected, even if the births of the connection were ignored: a new phone counts its
    connections from one again.
    """
    return replace(courier, online=True, seen_ms=max(courier.seen_ms, now_ms))


def connected(courier: Courier, connection_epoch: int, now_ms: int) -> Courier:
    """Return the courier after the birth of a connection; one older than the present is ignored."""
    if connection_epoch < courier.connection_epoch:
        return courier
    return seen(replace(courier, connection_epoch=connection_epoch), now_ms)


def disconnected(courier: Courier, connection_epoch: int, now_ms: int) -> Courier:
    """Return the courier after a goodbye or last will; that of an older connection is ignored."""
    if connection_epoch < courier.connection_epoch:
        return courier
    at_ms = max(courier.seen_ms, now_ms) if courier.online else courier.seen_ms
    return replace(courier, online=False, connection_epoch=connection_epoch, seen_ms=at_ms)


def refused(courier: Courier, event: MessageId, reason: str) -> Courier:
    """Return the courier with one more refused act, once for each event."""
    if any(refusal.event == event for refusal in courier.refusals):
        return courier
    return replace(courier, refusals=(*courier.refusals, RefusedAct(event, reason))[-REFUSALS_KEPT:])


def answered(courier: Courier) -> Courier:
    """Return the courier after an answer to an offer, or its closing by somebody else."""
    return replace(courier, missed=0)


def missed(courier: Courier, limit: int) -> Courier:
    """Return the courier after an offer ran out unanswered; so many in a row end the duty."""
    count = courier.missed + 1
    if count >= limit:
        return replace(courier, missed=0, on_duty=False)
    return replace(courier, missed=count)
