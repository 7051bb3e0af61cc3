"""Requests of people: each is answered, and the answer is the same however often it is asked for."""

from collections.abc import Mapping

from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler


class Requests:
    """All requests of a region, known by who asked and the request's id."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._asked: dict[tuple[str, str], str] = {}
        self._answers: dict[tuple[str, str], str] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"request": self._ask, "reply": self._answer}

    def _ask(self, record: Record) -> None:
        _, at_ms, _, user, request, kind = record
        if self._asked.setdefault((user, request), kind) != kind:
            self._findings.report("requests.same", at_ms, f"{user} used {request} again for {kind}")

    def _answer(self, record: Record) -> None:
        _, at_ms, _, user, request, answer = record
        key = (user, request)
        known = self._answers.setdefault(key, answer)
        if known != answer:
            told = f"{user} was told {known!r} on {request}, and then {answer!r}"
            self._findings.report("requests.same", at_ms, told)
        if key not in self._asked:
            self._findings.report(
                "requests.answered", at_ms, f"{user} never asked {request}, which is answered"
            )

    def finish(self, at_ms: int) -> None:
        """Report requests without an answer."""
        for user, request in self._asked:
            if (user, request) not in self._answers:
                self._findings.report("requests.answered", at_ms, f"{request} of {user} was never answered")
