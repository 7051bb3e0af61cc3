"""Disputes about an order, and fees that were waived: what its user says, and what an operator answers.

Neither moves the order's state: they are facts of its journal, as the order may have ended long before. A
dispute has the id of the entry that opened it, and is answered once. A fee that was waived is charged no
more, whatever becomes known later: the line is taken back as corrections are, and what it charged is left out
of every later bill.
"""

from dataclasses import dataclass
from typing import Final

from chargeloop.platform.core.fees import FeeKind
from chargeloop.protocol.ids import BankId, OperatorId

# So many of an order may wait for an answer.
MOST_OPEN: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator has answered."""

    operator: OperatorId
    text: str
    answered_ms: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a user says is wrong; `bank` is None when it is about the order as a whole."""

    id: str
    bank: BankId | None
    text: str
    opened_ms: int
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """What is charged no more: the kind of fee, and the bank or delivery job that it was for."""

    fee: FeeKind
    of: str
