"""The checker: takes records one by one and hands each to the subject it belongs to, region by region.

Regions have nothing in common, so each has subjects of its own. Safety is judged as records come; what must
hold in the end is judged by `finish`, and only when the run came to its end.
"""

from collections.abc import Collection, Iterable, Mapping

from chargeloop_checker.asking import Asking
from chargeloop_checker.claims import Claims
from chargeloop_checker.commands import Commands
from chargeloop_checker.delivery import Delivery
from chargeloop_checker.disputes import Disputes
from chargeloop_checker.endings import Endings
from chargeloop_checker.fees import Fees
from chargeloop_checker.findings import Findings, Violation
from chargeloop_checker.holds import Holds
from chargeloop_checker.interventions import Interventions
from chargeloop_checker.journals import Journals
from chargeloop_checker.keypads import Keypads
from chargeloop_checker.leases import Leases
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.motors import Motors
from chargeloop_checker.orders import Orders
from chargeloop_checker.overdue import Overdue
from chargeloop_checker.presence import Presence
from chargeloop_checker.pubacks import Pubacks
from chargeloop_checker.rentals import Rentals
from chargeloop_checker.requests import Requests
from chargeloop_checker.scans import Scans
from chargeloop_checker.services import Services
from chargeloop_checker.shapes import Record, Shapes
from chargeloop_checker.stock import Stock
from chargeloop_checker.subject import Handler, Subject
from chargeloop_checker.truth import Truth
from chargeloop_checker.visitors import Visitors
from chargeloop_checker.waivers import Waivers
from chargeloop_checker.ways import Ways
from chargeloop_checker.wishes import Wishes


class Checker:
    """Reads a run and finds what must not be.

    Args:
        without: rules that are not wanted, by their names in `RULES`.

    Raises:
        ValueError: there is no such rule.
    """

    def __init__(self, without: Collection[str] = ()) -> None:
        self._findings = Findings(without)
        self._shapes = Shapes()
        self._regions: dict[str | None, dict[str, Handler]] = {}
        self._subjects: list[Subject] = []
        self._healed = False
        self._end_ms: int | None = None
        self._last_ms = 0
        self._finished = False

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how often each rule was broken; of many violations of one rule only the first are kept."""
        return self._findings.counts

    def feed(self, record: Record) -> None:
        """Take the next record. A record that is malformed is a violation and goes no further."""
        fault = self._shapes.fault_of(record)
        if fault is not None:
            self._findings.report("record", self._last_ms, fault)
            return
        kind = record[0]
        self._last_ms = record[1]
        if self._end_ms is not None:
            self._findings.report("record", record[1], f"{kind} comes after the end")
        if len(record) == 2:
            self._turns(kind, record[1])
            return
        handlers = self._regions.get(record[2])
        if handlers is None:
            handlers = self._open(record[2])
        handlers[kind](record)

    def found(self) -> tuple[Violation, ...]:
        """Return what was found so far, in the order in which it was found."""
        return self._findings.kept()

    def finish(self) -> tuple[Violation, ...]:
        """Judge what must hold in the end and return what was found, in the order in which it was found."""
        if not self._finished:
            self._finished = True
            if self._end_ms is None:
                self._findings.report("record", self._last_ms, "the stream stops before `end`")
            else:
                for subject in self._subjects:
                    subject.finish(self._end_ms)
        return self._findings.kept()

    def _turns(self, kind: str, at_ms: int) -> None:
        if kind == "healed":
            self._healed = True
        else:
            self._end_ms = at_ms

    def _fault(self, record: Record) -> None:
        if self._healed:
            told = f"{record[3]} is injected at {record[4]} after the healing"
            self._findings.report("record.healed", record[1], told)

    def _open(self, region: str | None) -> dict[str, Handler]:
        """Begin with a region that was not heard of before."""
        subjects = _subjects(self._findings)
        handlers: dict[str, Handler] = {"fault": self._fault}
        for subject in subjects:
            for kind, handler in subject.handlers().items():
                first = handlers.get(kind)
                handlers[kind] = handler if first is None else _one_after_the_other(first, handler)
        self._subjects += subjects
        self._regions[region] = handlers
        return handlers


def _subjects(findings: Findings) -> tuple[Subject, ...]:
    """Return the subjects of one region, in the order in which they take a record of the same kind."""
    ledger, commands, services = Ledger(findings), Commands(findings), Services(findings)
    orders = Orders(findings)
    holds, fees = Holds(findings, orders), Fees(findings, orders)
    motors = Motors(findings, ledger, commands, holds, orders)
    journals = Journals(findings, services)
    wishes = Wishes(findings)
    disputes = Disputes(findings, wishes)
    return (
        ledger,
        commands,
        services,
        orders,
        Scans(findings, orders),
        holds,
        motors,
        fees,
        Rentals(findings, fees),
        Truth(findings, ledger, motors, orders, fees),
        Ways(findings, ledger),
        wishes,
        disputes,
        Claims(findings, ledger, disputes, fees),
        Waivers(findings, wishes, fees),
        Endings(findings, wishes, orders),
        Interventions(findings, wishes, commands, motors),
        Pubacks(findings, journals, services),
        journals,
        Leases(findings, commands),
        Asking(findings),
        Overdue(findings),
        Keypads(findings),
        Presence(findings),
        Requests(findings),
        Delivery(findings, orders),
        Stock(findings, ledger),
        Visitors(findings, ledger, orders, fees),
    )


def _one_after_the_other(first: Handler, second: Handler) -> Handler:
    def both(record: Record) -> None:
        first(record)
        second(record)

    return both


def check(records: Iterable[Record], without: Collection[str] = ()) -> tuple[Violation, ...]:
    """Return the violations that a whole stream of records has."""
    checker = Checker(without)
    for record in records:
        checker.feed(record)
    return checker.finish()
