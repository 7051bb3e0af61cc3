"""Mistakes planted where users dispute, and operators answer, waive, end orders and command cabinets."""

from tests.mutants.mutant import PLATFORM, Mutant

DESK = (
    Mutant(
        "dispute-opened-twice",
        "the same complaint said again is another dispute",
        f"{PLATFORM}/handlers_dispute.py",
        "(dispute.bank, dispute.text) == (request.bank, request.text) for",
        "(dispute.bank, dispute.text) == request.text for",
        "people,dispute=1",
    ),
    Mutant(
        "dispute-answered-twice",
        "an answer that was given can be given anew",
        f"{PLATFORM}/handlers_dispute.py",
        "    if dispute.answer is not None:",
        "    if dispute.answer is not None and dispute.answer.operator != request.operator:",
        "people,dispute=1",
    ),
    Mutant(
        "waiver-counted-twice",
        "a fee that was waived is waived again",
        f"{PLATFORM}/handlers_dispute.py",
        "    if Waiver(line.fee, line.of) in order.waived:\n        return done(order)\n"
        "    if line not in fees.standing(order.lines):",
        "    if line not in order.lines:",
        "people,dispute=1,waive=1",
    ),
    Mutant(
        "waiver-of-a-corrected-line",
        "who waives a line that was corrected is told that it is done",
        f"{PLATFORM}/handlers_dispute.py",
        "    if Waiver(line.fee, line.of) in order.waived:\n        return done(order)\n"
        "    if line not in fees.standing(order.lines):\n",
        "    if line not in fees.standing(order.lines):\n        return done(order)\n"
        "    if line not in order.lines:\n",
        "worst,dispute=1,waive=1,operator_ends=6",
    ),
    Mutant(
        "waiver-lost-with-the-next",
        "of several waivers only the latest counts",
        f"{PLATFORM}/order_spans.py",
        "if Waiver(span.fee, span.of) not in order.waived)",
        "if Waiver(span.fee, span.of) != order.waived[-1])",
        "people,dispute=1,waive=1",
    ),
    Mutant(
        "waiver-lost-at-re-rating",
        "a fee that was waived is charged again when a cabinet tells more",
        f"{PLATFORM}/taking_back.py",
        "        ending.book(turn, ending.note_returns(turn, order))",
        "        from chargeloop.protocol.values import replace\n\n"
        "        ending.book(turn, replace(ending.note_returns(turn, order), waived=()))",
        "worst,dispute=1,waive=1,operator_ends=20",
    ),
    Mutant(
        "fee-below-zero",
        "what is waived is given back twice; the database refuses such a line",
        f"{PLATFORM}/fees.py",
        "amount_minor=-line.amount_minor, reverses=line.id)",
        "amount_minor=-2 * line.amount_minor, reverses=line.id)",
        "people,dispute=1,waive=1",
    ),
    Mutant(
        "ended-order-keeps-a-hold",
        "an order that an operator ends leaves its reservations at the cabinets",
        f"{PLATFORM}/handlers_operator.py",
        "        return done(ending.settle(turn, order, reason))",
        "        return done(ending.book(turn, turn.happen(order.id, ev.Settled(reason))))",
        "people,operator_ends=6",
    ),
    Mutant(
        "ended-order-goes-on",
        "an order that is ended while banks come out becomes a rental",
        f"{PLATFORM}/handlers_operator.py",
        "        order = turn.order(order.id)  # failed, or in use when banks have come out",
        "        return done(turn.order(order.id))",
        "people,operator_ends=30",
    ),
    Mutant(
        "ended-rental-leaves-banks",
        "a rental that an operator ends goes on for the banks that the user has",
        f"{PLATFORM}/handlers_operator.py",
        "order.banks_at(BankPlace.USER, BankPlace.INBOUND)",
        "order.banks_at(BankPlace.INBOUND)",
        "people,operator_ends=6",
    ),
    Mutant(
        "answer-taken-for-the-deed",
        "what a cabinet answers to an operator's command counts as having happened",
        f"{PLATFORM}/handlers_operator.py",
        "refusal=said.reason, answered_ms=turn.now_ms)",
        "refusal=said.reason, answered_ms=turn.now_ms, happened_ms=turn.now_ms)",
        "people,operator_commands=20",
    ),
    Mutant(
        "outcome-noted-again",
        "a repeated outcome of an operator's command replaces the first",
        f"{PLATFORM}/handlers_operator.py",
        "    if intervention.outcome is None:\n        noted",
        "    if intervention.command == said.command:\n        noted",
        "worst,operator_commands=20",
    ),
)
