"""Journals on their way: what devices wrote, services took and committed, and senders were told.

A service takes the entry after the last one, in the transaction of its effects, and commits the number as
its mark. The records of one transaction come together and have one time, what was taken before the marks.
A number is passed over for one reason only: that very entry cannot be read, counts as taken and goes to
quarantine. A real sender may also have let go of entries whose receiver has forgotten that it had them
(`entries_missing`); here no store is lost, so there are no such holes, whatever a sender claims.

A courier platform listens to cabinets as well, hears their entries again and again, and commits none of
them (`names.answers_for`); so only those who answer for a journal are held to its numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chargeloop_checker import names
from chargeloop_checker.findings import Findings
from chargeloop_checker.services import Services
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler


@dataclass(slots=True)
class _Intake:
    """One journal in one service: the highest number taken, and committed, and those taken since."""

    taken: int = 0
    mark: int = 0
    since_mark: set[int] = field(default_factory=set)


class _Gap(NamedTuple):
    """Entries that a service committed at once without having taken all: those beyond `mark`, up to `seq`."""

    service: str
    source: str
    journal: str
    mark: int
    seq: int
    taken: frozenset[int]
    at_ms: int


@dataclass(slots=True)
class _Journal:
    """One journal of a device."""

    device: str
    last: int = 0


class Journals:
    """All journals of a region."""

    def __init__(self, findings: Findings, services: Services) -> None:
        self._findings = findings
        self._services = services
        self._journals: dict[str, _Journal] = {}
        self._newest: dict[str, str] = {}
        self._intakes: dict[tuple[str, str, str], _Intake] = {}
        self._marks: dict[tuple[str, str], int] = {}
        self._gaps: list[_Gap] = []

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"entry": self._written, "took": self._took, "mark": self._committed, "acked": self._acked}

    def mark(self, service: str, journal: str) -> int:
        """Return the highest number that a service has committed, 0 for none."""
        return self._marks.get((service, journal), 0)

    def is_committed_by(self, service: str, source: str | None, journal: str) -> bool:
        """Tell whether a service answers for a journal; for that of a service whoever reads it does."""
        known = self._journals.get(journal)
        device = known.device if known is not None else source
        return device is None or not names.is_device(device) or names.answers_for(service, device)

    # Records.

    def _written(self, record: Record) -> None:
        _, at_ms, _, device, name, seq, _ = record
        journal = self._journals.get(name)
        if journal is None:
            journal = self._journals[name] = _Journal(device)
            self._newest[device] = name
        if seq != journal.last + 1 or device != journal.device:
            told = f"{device} writes entry {seq} of {name}, where {journal.device} wrote {journal.last}"
            self._findings.report("journals.entries", at_ms, told)
        journal.last = max(journal.last, seq)

    def _took(self, record: Record) -> None:
        _, at_ms, _, service, source, name, seq, _ = record
        journal = self._journals.get(name)
        if names.is_device(source):
            if journal is None or seq > journal.last:
                told = f"{service} takes entry {seq} of {name} from {source}, which never wrote it"
                self._findings.report("journals.exists", at_ms, told)
            if not names.answers_for(service, source):
                return
        intake = self._intakes.setdefault((service, source, name), _Intake())
        if seq <= intake.taken or seq <= intake.mark:
            told = f"{service} takes entry {seq} of {name} after {intake.taken}, with {intake.mark} committed"
            self._findings.report("journals.took", at_ms, told)
            return
        intake.taken = seq
        intake.since_mark.add(seq)

    def _committed(self, record: Record) -> None:
        _, at_ms, _, service, source, name, seq = record
        intake = self._intakes.setdefault((service, source, name), _Intake())
        if seq < intake.mark or seq < intake.taken:
            told = f"{service} commits {seq} of {name} after {intake.mark}, having taken {intake.taken}"
            self._findings.report("journals.mark", at_ms, told)
        elif seq - intake.mark > len(intake.since_mark):
            taken = frozenset(intake.since_mark)
            self._gaps.append(_Gap(service, source, name, intake.mark, seq, taken, at_ms))
        intake.mark = seq
        intake.since_mark.clear()
        key = (service, name)
        self._marks[key] = max(seq, self._marks.get(key, 0))

    def _acked(self, record: Record) -> None:
        _, at_ms, _, service, name, seq = record
        mark = self._marks.get((service, name), 0)
        if seq > mark:
            told = f"{service} tells that it has {seq} of {name}, and has committed {mark}"
            self._findings.report("journals.acked", at_ms, told)

    # The end.

    def finish(self, at_ms: int) -> None:
        """Report entries that were lost or passed over.

        A device that lost its storage begins another journal, and what it lost cannot arrive any more: of
        each device only the newest journal must be complete.
        """
        for (service, _, name), intake in self._intakes.items():
            if intake.taken > intake.mark:
                told = f"{service} took {intake.taken} of {name}, and committed {intake.mark}"
                self._findings.report("journals.mark", at_ms, told)
        for gap in self._gaps:
            self._check_passed_over(gap)
        for device, name in self._newest.items():
            self._check_arrived(device, name, at_ms)

    def _check_passed_over(self, gap: _Gap) -> None:
        """Compare what was passed over with the journal's own entries that went to quarantine then."""
        unreadable = self._services.quarantined(gap.service, gap.source, gap.journal, gap.at_ms)
        known = gap.taken | unreadable
        lost = gap.seq - gap.mark - sum(gap.mark < number <= gap.seq for number in known)
        if lost:
            told = f"{gap.service} passed over {lost} of {gap.journal} up to {gap.seq}, not in quarantine"
            self._findings.report("journals.skipped", gap.at_ms, told)

    def _check_arrived(self, device: str, name: str, at_ms: int) -> None:
        if not names.is_device(device):
            return
        last = self._journals[name].last
        marks = [
            mark
            for (service, journal), mark in self._marks.items()
            if journal == name and names.answers_for(service, device)
        ]
        if max(marks, default=0) != last:
            told = f"{device} wrote {last} entries of {name}, and {max(marks, default=0)} were committed"
            self._findings.report("journals.end", at_ms, told)
