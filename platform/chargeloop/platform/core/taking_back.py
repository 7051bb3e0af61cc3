"""Banks that are in a slot again: whoever was believed to hold them does not, and their rental ends."""

from typing import Final

from chargeloop.platform.core import ending
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.fleet import Cabinet
from chargeloop.platform.core.order import BankPlace, BankTrack, Order, may_happen
from chargeloop.platform.core.order_journal import EventKind
from chargeloop.platform.core.rows import BankRecord, BankWhere, EarlyReturn, SlotRecord
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.clock_map import Corrected
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BankId, CabinetId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.courier import LegKind
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import MINUTE_MS

# So far the clocks of two cabinets that have measured the platform's time may be apart, with room to spare.
_CLOCKS_DIFFER_MS: Final = MINUTE_MS
# A bank that is forced into such a slot puts it into use again no more than a cabinet does.
_OUT_OF_ORDER: Final = frozenset({SlotState.LOCKED, SlotState.FAULTY})


def holder(turn: Turn, bank: BankId) -> Order | None:
    """Return the order that answers for a bank, when it is in memory."""
    name = turn.memory.holder(bank)
    return None if name is None else turn.find(name)


def bank_returned(turn: Turn, cabinet: Cabinet, said: cab.BankReturned, when: Corrected) -> None:
    """Take the physical fact that a bank is in a slot: it is back, whoever was believed to hold it."""
    known = cabinet.slot_of(said.slot)
    state = known.state if known is not None and known.state in _OUT_OF_ORDER else SlotState.CHARGING
    turn.fleet.set_slots(cabinet, [SlotRecord(said.slot, state, said.bank, said.charge_pct)])
    order = holder(turn, said.bank)
    if order is not None and _has_left_since(order, cabinet, said.bank, when):
        return
    inside(turn, cabinet.id, said.slot, said.bank)
    order = order or _came_back_later(turn, said.bank, when)
    if order is None:
        early = EarlyReturn(said.bank, cabinet.id, said.slot, when.time_ms, when.state)
        turn.keep_early_return(early)
    else:
        happened = ev.BankReturned(said.bank, cabinet.id, said.slot, said.reservation)
        back(turn, _collected_first(turn, order, said, when), happened, when)


def _has_left_since(order: Order, cabinet: Cabinet, bank: BankId, when: Corrected) -> bool:
    """Tell whether a bank stood in a cabinet before another gave it out for this order, by measured times.

    Whoever brought it back then is no longer known here, and the order's rental goes on.
    """
    track = order.bank(bank)
    if track is None or track.back is not None or when.state is not ClockState.SYNCED:
        return False
    left = track.ejected
    if left is None or left.quality is not ClockState.SYNCED or track.given_by in {None, cabinet.id}:
        return False
    return when.time_ms + _CLOCKS_DIFFER_MS < left.time_ms


def _came_back_later(turn: Turn, bank: BankId, when: Corrected) -> Order | None:
    """Return the order whose bank is known to be back, if it had been back before: nobody else had it since.

    Whoever takes a bank out by force and puts it into another cabinet makes nobody's rental longer.
    """
    name = turn.memory.came_back.get(bank)
    order = None if name is None else turn.find(name)
    track = None if order is None else order.bank(bank)
    if track is None or track.rented is None or track.back is None:
        return None
    return order if track.rented.time_ms <= when.time_ms < track.back.time_ms else None


def _collected_first(turn: Turn, order: Order, said: cab.BankReturned, when: Corrected) -> Order:
    """Record the collection when the bank came through slots kept for this order's courier.

    The cabinet was heard before the courier platform; without this the user would seem to have walked
    there.
    """
    track = order.bank(said.bank)
    leg = order.leg
    by_user = track is not None and track.place is BankPlace.USER
    if not by_user or leg is None or leg.kind is not LegKind.BACK or leg.reservation != said.reservation:
        return order
    order = turn.happen(order.id, ev.BanksCollected(leg.job, (said.bank,)), when)
    if order.state is not OrderState.RETURNING and may_happen(order.state, EventKind.RETURN_STARTED):
        order = turn.happen(order.id, ev.ReturnStarted(leg.job))
    return order


def inside(turn: Turn, cabinet: CabinetId, slot: int, bank: BankId) -> None:
    """Write that the cabinet has the bank, and that no order answers for it any more."""
    turn.save_bank(BankRecord(bank, BankWhere.CABINET, cabinet, slot))


def back(turn: Turn, order: Order, happened: ev.BankReturned, when: Corrected) -> None:
    """Record the return of a bank of the order; one that the order had given up is only found."""
    track = order.bank(happened.bank)
    if track is None:
        return
    when = _not_before_rented(track, when)
    if order.final and not (_was_word(track) or _had_been_put_back(track, when)):
        turn.happen(order.id, ev.BankFound(happened.bank, happened.cabinet, happened.slot), when)
        return
    order = turn.happen(order.id, happened, when)
    if order.final:
        ending.book(turn, ending.note_returns(turn, order))
    else:
        ending.review(turn, order)


def _not_before_rented(track: BankTrack, when: Corrected) -> Corrected:
    """Read a time in doubt that lies before the rental as its beginning: a doubt is the customer's gain."""
    in_doubt = when.state in {ClockState.INFERRED, ClockState.UNSET}
    if track.rented is None or track.back is not None or not in_doubt:
        return when
    return when.not_before(track.rented.time_ms)


def _was_word(track: BankTrack) -> bool:
    """Tell whether a courier's word has been taken for the return that a cabinet reports now."""
    return track.place is BankPlace.BACK and track.back is None


def _had_been_put_back(track: BankTrack, when: Corrected) -> bool:
    """Tell whether a return heard of only now came before what ended the rental: it is billed till then."""
    if track.rented is None or track.ended is None:
        return False
    return track.rented.time_ms <= when.time_ms < track.ended.time_ms


def found_inside(turn: Turn, cabinet: Cabinet, slot: int, bank: BankId, when: Corrected) -> None:
    """Infer the return of a bank that left a cabinet by its own report and stands in a slot now."""
    order = holder(turn, bank)
    if order is None or not is_out(turn, bank, when):
        return
    inside(turn, cabinet.id, slot, bank)
    happened = ev.BankReturned(bank, cabinet.id, slot)
    back(turn, order, happened, Corrected(when.time_ms, ClockState.INFERRED))


def is_out(turn: Turn, bank: BankId, when: Corrected) -> bool:
    """Tell whether an order answers for a bank that had left a cabinet by then, as that has told."""
    order = holder(turn, bank)
    track = None if order is None else order.bank(bank)
    return track is not None and track.ejected is not None and track.ejected.time_ms <= when.time_ms
