"""Services: poison and nothing else ends in quarantine, memory is what the store says, nothing waits."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

# What a service says of messages that were well-formed.
_OWN_FINDINGS: Final = frozenset({"entries_missing", "handling_failed"})


class Services:
    """The services of a region, and the depths of all its nodes."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._planted: set[str | None] = set()
        self._poison: dict[str, list[str | None]] = {}
        self._quarantined: dict[str, set[str | None]] = {}
        # The numbers of journal entries in quarantine, by service, source, journal and instant.
        self._entries: dict[tuple[str, str, str, int], set[int]] = {}
        self._counts: dict[str, int] = {}
        self._waiting: dict[str, int] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {
            "planted": self._plant,
            "poison": self._given,
            "quarantined": self._put_away,
            "rebuilt": self._rebuilt,
            "depth": self._measured,
            "restless": self._waits,
        }

    def quarantined(self, service: str, source: str, journal: str, at_ms: int) -> AbstractSet[int]:
        """Return which entries of a journal a service put into quarantine at one instant."""
        return self._entries.get((service, source, journal, at_ms), frozenset())

    def is_quarantined(self, service: str, message: str) -> bool:
        """Tell whether a service has put a message of this name into quarantine."""
        return message in self._quarantined.get(service, ())

    def _plant(self, record: Record) -> None:
        self._planted.add(record[3])

    def _given(self, record: Record) -> None:
        self._poison.setdefault(record[3], []).append(record[4])

    def _put_away(self, record: Record) -> None:
        _, at_ms, _, service, message, fault, source, journal, seq = record
        self._quarantined.setdefault(service, set()).add(message)
        if source is not None and journal is not None and seq is not None:
            self._entries.setdefault((service, source, journal, at_ms), set()).add(seq)
        self._counts[service] = self._counts.get(service, 0) + 1
        if message is not None and message not in self._planted and fault not in _OWN_FINDINGS:
            told = f"{service} put {message} into quarantine ({fault}), which a participant had said"
            self._findings.report("services.sound", at_ms, told)

    def _rebuilt(self, record: Record) -> None:
        _, at_ms, _, service, live, stored = record
        if live != stored:
            at = next(
                (at for at, pair in enumerate(zip(live, stored, strict=False)) if pair[0] != pair[1]), 0
            )
            told = f"{service} had {live[at : at + 80]!r} in memory and rebuilds {stored[at : at + 80]!r}"
            self._findings.report("services.rebuilt", at_ms, told)

    def _measured(self, record: Record) -> None:
        self._waiting[record[3]] = record[4]

    def _waits(self, record: Record) -> None:
        _, at_ms, _, who = record
        told = f"{who} cannot finish although nothing has gone wrong for days"
        self._findings.report("services.rest", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report poison that is in no quarantine, and nodes at which something waits."""
        for service, given in self._poison.items():
            put_away = self._quarantined.get(service, set())
            lost = sorted({name for name in given if name is not None and name not in put_away})
            if lost:
                told = f"{service} was given {', '.join(lost)}, which is not in its quarantine"
                self._findings.report("services.poison", at_ms, told)
            named = len({name for name in given if name is not None})
            count, kept = named + given.count(None), self._counts.get(service, 0)
            if not lost and count > kept:
                told = f"{service} was given {count} messages that nobody can take, and put {kept} away"
                self._findings.report("services.poison", at_ms, told)
        for node, waiting in self._waiting.items():
            if waiting != 0:
                self._findings.report("services.empty", at_ms, f"{waiting} messages still wait at {node}")
