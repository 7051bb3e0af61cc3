"""What users dispute and what operators answer or waive. Each request gets one answer."""

from chargeloop.platform.core import ending, fees
from chargeloop.platform.core import order_events as ev
from chargeloop.platform.core.dispute import MOST_OPEN, Waiver
from chargeloop.platform.core.handlers_user import Answer, done, owned, refuse
from chargeloop.platform.core.order import Order
from chargeloop.platform.core.turn import Turn
from chargeloop.protocol.messages.rental import (
    AnswerDispute,
    OpenDispute,
    OrderState,
    RefusalCode,
    RequestRefused,
    WaiveFee,
)


def open_dispute(turn: Turn, request: OpenDispute) -> Answer:
    """Record what a user says is wrong; the same said again changes nothing, also when it was answered."""
    order = owned(turn, request.order, request.user)
    if isinstance(order, RequestRefused):
        return order
    if request.bank is not None and order.bank(request.bank) is None:
        return refuse(RefusalCode.INVALID, f"{request.bank} is no bank of {order.id}")
    if any((dispute.bank, dispute.text) == (request.bank, request.text) for dispute in order.disputes):
        return done(order)
    if len(order.open_disputes) >= MOST_OPEN:
        return refuse(RefusalCode.TOO_MANY, f"{MOST_OPEN} disputes of {order.id} wait for an answer already")
    return done(turn.happen(order.id, ev.DisputeOpened(request.bank, request.text)))


def answer_dispute(turn: Turn, request: AnswerDispute) -> Answer:
    """Record an operator's answer; the same answer given again changes nothing."""
    order = owned(turn, request.order, None)
    if isinstance(order, RequestRefused):
        return order
    dispute = order.dispute(request.dispute)
    if dispute is None:
        return refuse(RefusalCode.UNKNOWN_DISPUTE, f"{order.id} has no dispute {request.dispute}")
    if dispute.answer is not None:
        same = (dispute.answer.operator, dispute.answer.text) == (request.operator, request.text)
        return done(order) if same else refuse(RefusalCode.WRONG_STATE, "the dispute is answered already")
    answered = ev.DisputeAnswered(request.dispute, request.operator, request.text)
    return done(turn.happen(order.id, answered))


def waive_fee(turn: Turn, request: WaiveFee) -> Answer:
    """Take a standing line of a settled order back; a line that was waived already stays so.

    One that a correction has taken back is not what the user owes any more: whoever waives it has to look at
    the bill again.
    """
    order = owned(turn, request.order, None)
    if isinstance(order, RequestRefused):
        return order
    if order.state is not OrderState.SETTLED:
        return refuse(RefusalCode.WRONG_STATE, f"the order is {order.state}: its fees are not booked yet")
    line = _line(order, request.line)
    if line is None:
        return refuse(RefusalCode.UNKNOWN_LINE, f"{order.id} has no line {request.line}")
    if Waiver(line.fee, line.of) in order.waived:
        return done(order)
    if line not in fees.standing(order.lines):
        return refuse(RefusalCode.WRONG_STATE, f"{line.id} has been corrected: look at the bill again")
    waived = ev.FeeWaived(line.id, line.fee, line.of, request.operator, request.reason)
    return done(ending.book(turn, turn.happen(order.id, waived)))


def _line(order: Order, name: str) -> fees.FeeLine | None:
    return next((line for line in order.lines if line.id == name and line.reverses is None), None)
