"""An order's journal followed once more: where its banks are, and which durations are charged.

Three durations are charged: the courier's way out (from the indication of the courier who brought the banks
to rental success), the rental of each bank, and the courier's way back (second indication to return
success). A rental begins with rental success, or with the ejection for somebody who walks up; a success that
is told to be earlier than the ejection of its bank, by a cabinet that knows the time, counts from the
ejection. It ends with whatever comes first of: the first indication of the courier who fetched the bank, and
its return to a cabinet; if nobody knows of either, when it was sold. An order that gave nothing to its user
has no such duration at all.

What an operator waives is charged no more, whatever is told later. A rental that an operator ends, ends then.

Entries come late and in any order, so each one only adds what it tells to what is known.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final

from chargeloop_checker.banks import Bank, Trip, Where
from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.marks import Mark, Span
from chargeloop_checker.order_table import FINAL, FIRST_STATE


class Follower:
    """Follows the journal of one order.

    Args:
        is_walk_up: whether its user takes the banks from the cabinet.
        asked_quantity: how many banks it asked for; whatever leaves beyond that is not its user's.
    """

    def __init__(self, *, is_walk_up: bool, asked_quantity: int) -> None:
        self.banks: dict[str, Bank] = {}
        # Cabinet and slot of every bank that is known to have left for the order.
        self.left: set[tuple[str, int]] = set()
        # The fees that were waived: kind, and the bank or job.
        self.waived: set[tuple[str, str]] = set()
        # The ejections with which rentals begin whose hand-over was told to be earlier.
        self.corrections: set[str] = set()
        self._is_walk_up = is_walk_up
        self._asked_quantity = asked_quantity
        self._state: str | None = None
        self._trips: dict[str, Trip] = {}

    def take(self, kind: str, text: str, mark: Mark, state: str | None) -> tuple[str, ...]:
        """Take an entry of one of the `FOLLOWED` kinds; return the banks it speaks of.

        `state` is the order's before it.

        Raises:
            DetailError: the detail is not what an entry of its kind has.
        """
        detail = Detail.of(text)
        self._state = state
        _TAKE[kind](self, detail, mark)
        if kind == "job_ended":
            return detail.texts("astray")
        if detail.has("bank"):
            return (detail.text("bank"),)
        return detail.texts("banks") if detail.has("banks") else ()

    def is_out(self, name: str) -> bool:
        """Tell whether the order answers for a bank that is in no cabinet."""
        bank = self.banks.get(name)
        return bank is not None and bank.is_out

    @property
    def reached_user(self) -> bool:
        """Tell whether a bank of the order was ever its user's, as the journal stands."""
        return any(bank.begun is not None for bank in self.banks.values())

    def spans(self) -> Iterator[Span]:
        """Yield all that is charged as the journal stands."""
        return (span for span in self.finished() if (span.fee, span.of) not in self.waived)

    def finished(self) -> Iterator[Span]:
        """Yield all finished durations, those too whose fee was waived."""
        if not self.reached_user:
            return
        for job, trip in self._trips.items():
            if trip.indicated is not None and trip.done is not None:
                yield Span("courier_out" if trip.outward else "courier_back", job, trip.indicated, trip.done)
        for name, bank in self.banks.items():
            if bank.begun is not None and bank.ended is not None:
                yield Span("rental", name, bank.begun, bank.ended)

    # Couriers.

    def _requested(self, detail: Detail, _: Mark) -> None:
        leg = detail.part("leg")
        outward = leg.text("kind") == "outward"
        self._trips[leg.text("job")] = Trip(outward=outward, reservation=leg.text_or_none("reservation"))

    def _redirected(self, detail: Detail, _: Mark) -> None:
        self._trip(detail.text("job")).reservation = detail.text_or_none("reservation")

    def _indicated(self, detail: Detail, mark: Mark) -> None:
        job = detail.text("job")
        trip = self._trip(job)
        known = trip.indicated
        if known is None or trip.done is None or known.time_ms <= mark.time_ms < trip.done.time_ms:
            trip.indicated = mark
        if trip.called is None or mark.time_ms < trip.called.time_ms:
            trip.called = mark
        for bank in () if trip.outward else self.banks.values():
            # The cabinet may have told of the return before the courier's call was heard of.
            if bank.job == job and bank.ended is not None:
                bank.end_by(trip.called)

    def _courier_left(self, detail: Detail, _: Mark) -> None:
        self._trip(detail.text("job")).indicated = None

    def _trip(self, job: str) -> Trip:
        trip = self._trips.get(job)
        if trip is None:
            raise DetailError(f"{job} was not asked for")
        return trip

    def _called_for(self, job: str, mark: Mark) -> Mark:
        """Return when a rental ended that this job's courier ended; the mark when nobody knows better."""
        trip = self._trips.get(job)
        return mark if trip is None or trip.called is None else trip.called

    # Out of a cabinet and to the user.

    def _ejected(self, detail: Detail, mark: Mark) -> None:
        name, job = detail.text("bank"), detail.text_or_none("job")
        reservation = detail.text_or_none("reservation")
        self.left.add((detail.text("cabinet"), detail.integer("slot")))
        known = self.banks.get(name)
        late = known is not None and known.back is not None and mark.time_ms <= known.back.time_ms
        if known is not None and (known.begun is not None or late):
            # Heard late: a courier has told of it, or another cabinet that it is back.
            known.left = known.left or mark
            if known.reservation is None:
                known.reservation, known.left_job = reservation, job
            if known.begun is not None:
                known.begun = self._not_before_left(known.begun, known.left)
            return
        begun = sum(bank.begun is not None for bank in self.banks.values())
        # While an order looks for a cabinet, and after its end, nobody gives out banks for its user.
        is_asked_for = self._state not in FINAL and self._state != FIRST_STATE
        if self._is_walk_up and is_asked_for and begun < self._asked_quantity:
            self.banks[name] = Bank(Where.USER, left=mark, begun=mark)
        else:
            self.banks[name] = Bank(Where.COURIER, job, left=mark, reservation=reservation, left_job=job)

    def _not_before_left(self, told: Mark, left: Mark | None) -> Mark:
        if left is None or left.quality not in {"synced", "free"} or left.time_ms <= told.time_ms:
            return told
        self.corrections.add(left.event)
        return left._replace(quality="inferred")

    def _picked_up(self, detail: Detail, _: Mark) -> None:
        for name in detail.texts("banks"):
            self.banks.setdefault(name, Bank(Where.COURIER, detail.text("job")))

    def _handed_over(self, detail: Detail, mark: Mark) -> None:
        job = detail.text("job")
        trip = self._trip(job)
        trip.done = mark
        for name in detail.texts("banks"):
            bank = self.banks.setdefault(name, Bank(Where.USER))
            was_back = bank.back is not None and bank.back.time_ms < mark.time_ms
            if was_back and bank.reservation is not None and not bank.left_with(job, trip):
                # An earlier courier had put it back; it has left again since.
                bank = self.banks[name] = Bank(Where.USER)
            # One that a cabinet has seen again already was given to the user and brought back since.
            bank.where = Where.USER if bank.back is None else Where.CABINET
            bank.job, bank.ended = job, bank.back
            bank.begun = self._not_before_left(mark, bank.left)

    def _pickup_finished(self, detail: Detail, _: Mark) -> None:
        """What left for the job is known: rentals of banks that a courier only named go over to these."""
        job = detail.text_or_none("job")
        trip = self._trips.get(job or "")
        if trip is None or job is None:
            return
        told = [name for name, bank in self.banks.items() if bank.left_with(job, trip)]
        finished = detail.text_or_none("reservation")
        served = [name for name in told if self.banks[name].reservation in {None, finished}]
        is_for_trip = bool(served) or finished == trip.reservation
        if not is_for_trip or len(served) < detail.integer("ejected"):
            return
        if trip.done is not None:
            self._name_rightly(told, trip.done)
        self.banks = {
            name: bank
            for name, bank in self.banks.items()
            if bank.job != job or bank.left is not None or bank.begun is not None or bank.back is not None
        }

    def _name_rightly(self, told: Sequence[str], handed_over: Mark) -> None:
        named = [name for name, bank in self.banks.items() if bank.begun is not None and bank.left is None]
        left = [name for name in told if self.banks[name].begun is None]
        # What came back after the hand-over is likelier than what is out, and that than what was back before.
        left.sort(key=lambda name: self.banks[name].rank(handed_over))
        for wrong_name, right_name in zip_longest(named, left[: len(named)]):
            wrong = self.banks[wrong_name]
            if right_name is not None and wrong.begun is not None:
                right = self.banks[right_name]
                right.begun = self._not_before_left(wrong.begun, right.left)
                right.take_over(wrong, is_over=self._state in FINAL)
                if ("rental", wrong_name) in self.waived:
                    self.waived.add(("rental", right_name))
            wrong.begun = wrong.ended = None
            wrong.where = Where.COURIER if wrong.back is None else Where.CABINET

    # Back from the user.

    def _collected(self, detail: Detail, mark: Mark) -> None:
        job = detail.text("job")
        trip = self._trips.get(job)
        ended = mark if trip is not None and trip.came_to_nothing else self._called_for(job, mark)
        for name in detail.texts("banks"):
            bank = self.banks.get(name)
            if bank is not None and bank.begun is not None:
                bank.where = Where.COURIER if bank.where is Where.USER else bank.where
                bank.job = job
                bank.end_by(ended)

    def _returned(self, detail: Detail, mark: Mark) -> None:
        bank = self.banks.get(detail.text("bank"))
        if bank is None:
            return
        if bank.where is Where.USER:
            bank.ended = mark
        elif bank.begun is not None and bank.ended is not None and bank.begun.time_ms <= mark.time_ms:
            bank.end_by(mark)
        bank.where, bank.back = Where.CABINET, mark

    def _found(self, detail: Detail, mark: Mark) -> None:
        bank = self.banks.setdefault(detail.text("bank"), Bank(Where.CABINET))
        bank.where, bank.back = Where.CABINET, mark

    def _brought_back(self, detail: Detail, mark: Mark) -> None:
        job = detail.text("job")
        trip = self._trips.get(job)
        if trip is None or trip.outward or all(bank.job != job for bank in self.banks.values()):
            return
        if trip.done is None or mark.time_ms < trip.done.time_ms:
            trip.done = mark

    def _word_taken(self, detail: Detail, _: Mark) -> None:
        for name in detail.texts("banks"):
            self.banks.setdefault(name, Bank(Where.CABINET)).where = Where.CABINET

    # Ends.

    def _job_ended(self, detail: Detail, mark: Mark) -> None:
        job = detail.text("job")
        for name in detail.texts("astray"):
            bank = self.banks.setdefault(name, Bank(Where.COURIER))
            if bank.where is Where.USER:
                bank.end_by(self._called_for(job, mark))
            bank.where, bank.job = Where.COURIER, job
        self._trips.get(job, Trip(outward=False)).is_over = True

    def _sold(self, detail: Detail, mark: Mark) -> None:
        for name in detail.texts("banks"):
            bank = self.banks.setdefault(name, Bank(Where.SOLD))
            bank.where, bank.ended = Where.SOLD, mark

    def _closed(self, detail: Detail, mark: Mark) -> None:
        """An operator ends the rental of banks that the user has, and gives up those on their way back."""
        for name in detail.texts("banks"):
            bank = self.banks.setdefault(name, Bank(Where.USER))
            if bank.where is Where.USER:
                bank.ended = mark
            bank.where = Where.COURIER

    def _waived(self, detail: Detail, _: Mark) -> None:
        self.waived.add((detail.text("fee"), detail.text("of")))


_TAKE: Final[Mapping[str, Callable[[Follower, Detail, Mark], None]]] = {
    "rental_requested": Follower._requested,
    "return_requested": Follower._requested,
    "redirected": Follower._redirected,
    "first_indication": Follower._indicated,
    "second_indication": Follower._indicated,
    "earlier_indication": Follower._indicated,
    "courier_left": Follower._courier_left,
    "bank_ejected": Follower._ejected,
    "picked_up": Follower._picked_up,
    "pickup_finished": Follower._pickup_finished,
    "rental_success": Follower._handed_over,
    "banks_collected": Follower._collected,
    "bank_returned": Follower._returned,
    "bank_found": Follower._found,
    "return_success": Follower._brought_back,
    "word_taken": Follower._word_taken,
    "job_ended": Follower._job_ended,
    "bought_out": Follower._sold,
    "rental_closed": Follower._closed,
    "fee_waived": Follower._waived,
}
FOLLOWED: Final = frozenset(_TAKE)
