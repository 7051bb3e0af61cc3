"""What users who dispute and operators wished for, and what they were answered.

A wish is known by who asked and the request's id, and by what it wants: its type, the order or cabinet that
it is about, and its facts. Others ask whether what happened had been wished for, and what was confirmed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

Fact = str | int | None

# What a wish of each type says, besides who asks and about which order or cabinet.
_FACTS: Final[Mapping[str, Callable[[Detail], tuple[Fact, ...]]]] = {
    "open_dispute": lambda told: (told.text_or_none("bank"), told.text("text")),
    "answer_dispute": lambda told: (told.text("dispute"), told.text("text")),
    "waive_fee": lambda told: (told.text("line"), told.text("reason")),
    "end_order": lambda told: (told.text("reason"),),
    "cancel_order": lambda told: (told.text("reason"),),
    "command_cabinet": lambda told: (
        told.text("action"),
        told.integer_or_none("slot"),
        told.text_or_none("reservation"),
    ),
}


def _facts_of(kind: str, detail: Detail) -> tuple[Fact, ...]:
    read = _FACTS.get(kind)
    if read is None:
        raise DetailError(f"{kind} is no wish")
    return read(detail)


class Wish(NamedTuple):
    """What somebody wants: `target` is the order or cabinet, `facts` as `_FACTS` says."""

    who: str
    type: str
    target: str
    facts: tuple[Fact, ...]


class Wishes:
    """The wishes of a region."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._wishes: dict[tuple[str, str], Wish] = {}
        self._times: dict[Wish, int] = {}
        self._answers: dict[tuple[str, str], Detail] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"wish": self._wished, "reply": self._answered}

    # What others ask.

    def times(self, who: str, kind: str, target: str, *facts: Fact) -> int:
        """Return how many requests wanted exactly that until now."""
        return self._times.get(Wish(who, kind, target, facts), 0)

    def confirmed(self, *kinds: str) -> Iterator[tuple[Wish, Detail]]:
        """Yield the wishes of some types that were not refused, with their answers."""
        for key, answer in self._answers.items():
            if self._wishes[key].type in kinds and not answer.has("code"):
                yield self._wishes[key], answer

    def refused(self, kind: str) -> Iterator[tuple[Wish, str]]:
        """Yield the wishes of a type that were refused, with the code that says why."""
        for key, answer in self._answers.items():
            if self._wishes[key].type == kind and answer.has("code"):
                yield self._wishes[key], answer.text("code")

    # Records.

    def _wished(self, record: Record) -> None:
        _, at_ms, _, who, request, kind, target, detail = record
        try:
            wish = Wish(who, kind, target, _facts_of(kind, Detail.of(detail)))
        except DetailError as error:
            self._findings.report("record", at_ms, f"{request} wants {detail!r}: {error}")
            return
        self._wishes[who, request] = wish
        self._times[wish] = self._times.get(wish, 0) + 1

    def _answered(self, record: Record) -> None:
        _, at_ms, _, who, request, text = record
        if (who, request) not in self._wishes or (who, request) in self._answers:
            return
        try:
            answer = Detail.of(text)
            for member in ("code", "state", "command"):
                answer.text_or_none(member)
        except DetailError as error:
            self._findings.report("record", at_ms, f"{request} is answered by {text!r}: {error}")
            return
        self._answers[who, request] = answer

    def finish(self, at_ms: int) -> None:
        """Report nothing: what became of a wish is the business of others."""
        del at_ms
