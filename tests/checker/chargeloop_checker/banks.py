"""The banks and trips of an order, as far as its journal tells."""

from dataclasses import dataclass
from enum import Enum, auto

from chargeloop_checker.marks import Mark


class Where(Enum):
    """Who has a bank of the order, as far as its journal tells."""

    COURIER = auto()
    USER = auto()
    CABINET = auto()
    SOLD = auto()


@dataclass(slots=True)
class Trip:
    """A courier's leg, now for this reservation.

    `called` is the first indication of all, `indicated` that of the present courier.
    """

    outward: bool
    reservation: str | None = None
    indicated: Mark | None = None
    called: Mark | None = None
    done: Mark | None = None
    is_over: bool = False

    @property
    def came_to_nothing(self) -> bool:
        """Tell whether it ended after its courier had left, without another one."""
        return self.is_over and self.indicated is None


@dataclass(slots=True)
class Bank:
    """A bank that the order gave out.

    `job` is the delivery job that had it last, `left` its ejection, `reservation` what it was given out for
    and `left_job` the job that this served then.
    """

    where: Where
    job: str | None = None
    left: Mark | None = None
    reservation: str | None = None
    left_job: str | None = None
    begun: Mark | None = None
    ended: Mark | None = None
    back: Mark | None = None

    @property
    def is_out(self) -> bool:
        """Tell whether the order still answers for it."""
        return self.where is Where.COURIER or self.where is Where.USER

    def left_with(self, job: str, trip: Trip) -> bool:
        """Tell whether it left for what a trip goes for now, or with its courier since that took the job."""
        if self.left is None:
            return False
        if self.reservation is not None and self.reservation == trip.reservation:
            return True
        since = trip.indicated is not None and self.left.time_ms >= trip.indicated.time_ms
        return (self.left_job or self.job) == job and (self.reservation is None or since)

    def rank(self, handed_over: Mark) -> int:
        """Return a lower number the likelier it is that this bank was among those handed over."""
        if self.back is None:
            return 1
        return 0 if self.back.time_ms >= handed_over.time_ms else 2

    def take_over(self, wrong: "Bank", *, is_over: bool) -> None:
        """Be where the bank was believed to be that a courier named instead, and end as it did."""
        if self.back is not None:
            self.job, self.ended = wrong.job, self.back
            if wrong.back is None and wrong.ended is not None:
                self.end_by(wrong.ended)
        elif wrong.back is not None:
            self.where = Where.COURIER if is_over else Where.USER
        else:
            self.where, self.job, self.ended = wrong.where, wrong.job, wrong.ended

    def end_by(self, mark: Mark) -> None:
        """Let the rental end at the mark, unless it ended before."""
        if self.ended is None or mark.time_ms < self.ended.time_ms:
            self.ended = mark
