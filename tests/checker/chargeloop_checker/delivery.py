"""Delivery jobs and offers: who brings what, one courier to a job and one open offer to a courier.

A record tells the state after a change and may merge several changes of one moment, so any state is allowed
that can be reached from the one before.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chargeloop_checker.delivery_table import FIRST_STATE, JOB_REACH, OFFER_REACH, UNDER_WAY
from chargeloop_checker.findings import Findings
from chargeloop_checker.names import order_of
from chargeloop_checker.orders import Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler


class _Job(NamedTuple):
    order: str
    leg: str
    state: str
    banks: frozenset[str]
    back: frozenset[str]


class _Offer(NamedTuple):
    job: str
    courier: str
    state: str


class Delivery:
    """All jobs and offers of a region."""

    def __init__(self, findings: Findings, orders: Orders) -> None:
        self._findings = findings
        self._orders = orders
        self._jobs: dict[str, _Job] = {}
        self._offers: dict[str, _Offer] = {}
        self._accepted: dict[str, str] = {}
        self._open: dict[str, str] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"job": self._job_changed, "offer": self._offer_changed}

    # Jobs.

    def _job_changed(self, record: Record) -> None:
        _, at_ms, _, name, order, leg, state, courier, banks, back = record
        job = _Job(order, leg, state, frozenset(banks), frozenset(back))
        known = self._jobs.get(name)
        self._jobs[name] = job
        before = FIRST_STATE if known is None else known.state
        if state not in JOB_REACH.get(leg, {}).get(before, ()):
            told = f"{name}, a leg {leg}, goes from {before} to {state}"
            self._findings.report("delivery.job", at_ms, told)
        if known is None:
            self._check_order(name, order, at_ms)
        else:
            self._compare(name, known, job, at_ms)
        needs_courier = state in UNDER_WAY
        if (needs_courier and courier is None) or (state == FIRST_STATE and courier is not None):
            self._findings.report("delivery.courier", at_ms, f"{name} is {state} with the courier {courier}")

    def _check_order(self, name: str, order: str, at_ms: int) -> None:
        if order_of(name) != order or self._orders.get(order) is None:
            told = f"{name} is of {order}, which was not placed or has other jobs"
            self._findings.report("delivery.job", at_ms, told)

    def _compare(self, name: str, known: _Job, job: _Job, at_ms: int) -> None:
        if (known.order, known.leg) != (job.order, job.leg):
            told = f"{name} was a leg {known.leg} of {known.order} and is a leg {job.leg} of {job.order}"
            self._findings.report("delivery.job", at_ms, told)
        forgotten = (known.banks - job.banks) | (known.back - job.back)
        if forgotten:
            told = f"{name} does not know of {', '.join(sorted(forgotten))} any more"
            self._findings.report("delivery.banks", at_ms, told)

    # Offers.

    def _offer_changed(self, record: Record) -> None:
        _, at_ms, _, name, job, courier, state = record
        known = self._offers.get(name)
        self._offers[name] = _Offer(job, courier, state)
        before = "open" if known is None else known.state
        if state not in OFFER_REACH.get(before, ()):
            self._findings.report("delivery.offer", at_ms, f"{name} goes from {before} to {state}")
        if known is not None and (known.job, known.courier) != (job, courier):
            told = f"{name} was of {known.job} to {known.courier} and is of {job} to {courier}"
            self._findings.report("delivery.offer", at_ms, told)
        _enter(self._accepted, job, name, enters=state == "accepted")
        _enter(self._open, courier, name, enters=state == "open")
        if self._accepted.get(job, name) != name and state == "accepted":
            told = f"{job} is accepted by {courier} with {name}, and with {self._accepted[job]}"
            self._findings.report("delivery.courier", at_ms, told)
        if self._open.get(courier, name) != name and state == "open":
            told = f"{courier} has {name} open, and {self._open[courier]}"
            self._findings.report("delivery.waiting", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report nothing: the orders' end is what counts."""


def _enter(places: dict[str, str], key: str, name: str, *, enters: bool) -> None:
    """Let a name have a place that is free, or leave the one it has."""
    if enters:
        places.setdefault(key, name)
    elif places.get(key) == name:
        del places[key]
