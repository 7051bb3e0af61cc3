"""What services tell the broker: a journal entry is acknowledged when it is committed, never before.

An entry that is refused because one before it is missing is acknowledged too, since its sender will send it
again. It is at least two behind the mark; but the missing one may come later in the same round of the
service, and then the mark has come up to it when both are acknowledged. Such an entry is in doubt until an
entry that was committed in that round is acknowledged as well, which shows that the order was mark first.
It is reported when the next transaction comes before that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chargeloop_checker.findings import Findings
from chargeloop_checker.journals import Journals
from chargeloop_checker.services import Services
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler


@dataclass(slots=True)
class _Round:
    """The last transaction of a service and what was acknowledged after it.

    `before` has, for each journal it committed, the mark before it; `doubts` are instant, journal and number.
    """

    before: dict[str, int] = field(default_factory=dict)
    doubts: list[tuple[int, str, int]] = field(default_factory=list)
    acknowledges: bool = False


class Pubacks:
    """All acknowledgements to the broker in a region."""

    def __init__(self, findings: Findings, journals: Journals, services: Services) -> None:
        self._findings = findings
        self._journals = journals
        self._services = services
        self._rounds: dict[str, _Round] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record; marks must come here before the journals take them."""
        return {"mark": self._committed, "puback": self._acknowledged, "crash": self._crashed}

    def _committed(self, record: Record) -> None:
        service, journal = record[3], record[5]
        now = self._rounds.get(service)
        if now is None:
            now = self._rounds[service] = _Round()
        elif now.acknowledges:
            self._close(service, now)
            now = self._rounds[service] = _Round()
        now.before.setdefault(journal, self._journals.mark(service, journal))

    def _acknowledged(self, record: Record) -> None:
        _, at_ms, _, service, message, source, journal, seq = record
        now = self._rounds.get(service)
        if now is None:
            now = self._rounds[service] = _Round()
        now.acknowledges = True
        if journal is None or seq is None:
            return
        mark = self._journals.mark(service, journal)
        before = now.before.get(journal, mark)
        if seq <= mark:
            if seq > before and now.doubts:
                now.doubts = [doubt for doubt in now.doubts if doubt[1] != journal]
            return
        if seq > mark + 1 or self._is_excused(service, message, source, journal):
            return
        now.doubts.append((at_ms, journal, seq))
        if seq <= before + 1:
            self._close(service, now)

    def _is_excused(self, service: str, message: str | None, source: str | None, journal: str) -> bool:
        """Tell whether it is nothing to commit: unreadable, or of a journal that others answer for."""
        unreadable = message is None or self._services.is_quarantined(service, message)
        return unreadable or not self._journals.is_committed_by(service, source, journal)

    def _crashed(self, record: Record) -> None:
        """Forget what is in doubt of a service that was killed amid its acknowledgements."""
        self._rounds.pop(record[3], None)

    def _close(self, service: str, now: _Round) -> None:
        for at_ms, journal, seq in now.doubts:
            told = f"{service} acknowledged entry {seq} of {journal} to the broker before it was committed"
            self._findings.report("journals.puback", at_ms, told)
        now.doubts.clear()

    def finish(self, at_ms: int) -> None:
        """Report what is still in doubt."""
        del at_ms  # each has its own instant
        for service, now in self._rounds.items():
            self._close(service, now)
