"""Disputes: each is opened as its user wished, once, and gets the one answer that an operator gave."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chargeloop_checker.details import Detail, DetailError
from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler
from chargeloop_checker.wishes import Wishes


@dataclass(slots=True)
class Dispute:
    """A dispute about an order, and one of its banks unless that is None; `answer` is by whom, and what."""

    order: str
    bank: str | None
    text: str
    opened_ms: int
    answer: tuple[str, str] | None = None


class Disputes:
    """The disputes of a region."""

    def __init__(self, findings: Findings, wishes: Wishes) -> None:
        self._findings = findings
        self._wishes = wishes
        self._users: dict[str, str] = {}
        self._disputes: dict[str, Dispute] = {}
        self._said: set[tuple[str, str | None, str]] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"order": self._placed, "event": self._happened}

    def __iter__(self) -> Iterator[Dispute]:
        """Iterate over all disputes, in the order in which they were opened."""
        return iter(self._disputes.values())

    def _placed(self, record: Record) -> None:
        self._users[record[3]] = record[4]

    def _happened(self, record: Record) -> None:
        _, at_ms, _, order, event, kind, _, _, time_ms, _, _, text = record
        if kind not in {"dispute_opened", "dispute_answered"}:
            return
        try:
            detail = Detail.of(text)
            if kind == "dispute_opened":
                opened = Dispute(order, detail.text_or_none("bank"), detail.text("text"), time_ms)
                self._opened(event, opened, at_ms)
            else:
                answer = detail.text("operator"), detail.text("text")
                self._answered(order, detail.text("dispute"), answer, at_ms)
        except DetailError as error:
            self._findings.report("record", at_ms, f"{event} has the detail {text!r}: {error}")

    def _opened(self, name: str, dispute: Dispute, at_ms: int) -> None:
        said = (dispute.order, dispute.bank, dispute.text)
        if said in self._said:
            told = f"{name}: of {dispute.bank} of {dispute.order} was said before: {dispute.text}"
            self._findings.report("disputes.once", at_ms, told)
        self._said.add(said)
        self._disputes[name] = dispute
        user = self._users.get(dispute.order, "")
        if not self._wishes.times(user, "open_dispute", dispute.order, dispute.bank, dispute.text):
            told = f"{name} is a dispute that {user} did not ask for: {dispute.text}"
            self._findings.report("disputes.asked", at_ms, told)

    def _answered(self, order: str, name: str, answer: tuple[str, str], at_ms: int) -> None:
        operator, text = answer
        if not self._wishes.times(operator, "answer_dispute", order, name, text):
            told = f"{name} is answered by {operator}, who did not say that: {text}"
            self._findings.report("disputes.asked", at_ms, told)
        dispute = self._disputes.get(name)
        if dispute is None or dispute.order != order:
            self._findings.report(
                "disputes.answered", at_ms, f"{name} is answered, and no dispute of {order}"
            )
            return
        if dispute.answer is not None:
            told = f"{name} is answered by {answer} and was by {dispute.answer}"
            self._findings.report("disputes.answered", at_ms, told)
        dispute.answer = answer

    def finish(self, at_ms: int) -> None:
        """Report disputes without an answer, and what was confirmed and is in no journal."""
        for name, dispute in self._disputes.items():
            if dispute.answer is None:
                self._findings.report("disputes.answered", at_ms, f"{name} was never answered")
        for wish, _ in self._wishes.confirmed("open_dispute"):
            if (wish.target, *wish.facts) not in self._said:
                told = f"{wish.who} was told that the dispute is known: {wish.facts} of {wish.target}"
                self._findings.report("disputes.kept", at_ms, told)
        answers = {(name, dispute.answer) for name, dispute in self._disputes.items()}
        for wish, _ in self._wishes.confirmed("answer_dispute"):
            dispute_name, text = wish.facts
            if (dispute_name, (wish.who, text)) not in answers:
                told = f"{wish.who} was told that {dispute_name} is answered by: {text}"
                self._findings.report("disputes.kept", at_ms, told)
