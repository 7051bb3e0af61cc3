"""Motors: each ran for a reservation, by right, in time, and not twice.

A motor may run again in one slot for one pickup only by a new decision: the slot has been kept anew for the
reservation since, as a substitute for one that jammed. That is so when another bank was put into it, or when
the one that was thought to have left was seen inside again.

The record of a motor is of the moment when it stops. A cabinet checks the expiry before the motor starts,
by the platform's time as it knows it; both are allowed for (`_LATE_MS`). Only the first motor of a command
is checked: a pickup that has begun is carried through, so that nobody stands before half a pickup.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from chargeloop_checker.commands import Commands
from chargeloop_checker.findings import Findings
from chargeloop_checker.holds import Holds
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.names import order_of
from chargeloop_checker.orders import Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_LATE_MS: Final = 5_000


class Motors:
    """All motors of a region's cabinets."""

    def __init__(
        self, findings: Findings, ledger: Ledger, commands: Commands, holds: Holds, orders: Orders
    ) -> None:
        self._findings = findings
        self._ledger = ledger
        self._commands = commands
        self._holds = holds
        self._orders = orders
        # Cabinet, reservation, epoch and slot -> how often the slot had been kept for somebody then.
        self._runs: dict[tuple[str, str, int | None, int], int] = {}
        self._came_out: dict[str, list[tuple[str, int]]] = {}
        self._stayed: set[tuple[str, str]] = set()
        self._begun: set[str] = set()
        self._ran_for: set[tuple[str, str]] = set()
        self._epochs: dict[str, int] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"motor": self._ran}

    def came_out(self) -> Iterator[tuple[str, str, int]]:
        """Yield the reservation, cabinet and slot of each bank that a motor moved."""
        for reservation, slots in self._came_out.items():
            yield from ((reservation, cabinet, slot) for cabinet, slot in slots)

    def ran_for(self, cabinet: str, reservation: str) -> bool:
        """Tell whether a motor of a cabinet ran for a reservation."""
        return (cabinet, reservation) in self._ran_for

    def stayed(self, order: str, bank: str) -> bool:
        """Tell whether a motor ran for an order and a bank stayed inside."""
        return (order, bank) in self._stayed

    def _ran(self, record: Record) -> None:
        _, at_ms, _, cabinet, slot, bank, reservation, command, epoch, moved = record
        place = f"slot/{cabinet}/{slot}"
        self._ledger.motor_told(place, bank, at_ms, moved=moved)
        if bank is None:
            self._findings.report("motors.empty", at_ms, f"the motor of {place} ran, and no bank stood there")
        if reservation is None:
            self._findings.report("motors.command", at_ms, f"the motor of {place} ran for no reservation")
            return
        self._ran_for.add((cabinet, reservation))
        self._holds.motor_ran(cabinet, slot, reservation, at_ms)
        self._check_once((cabinet, reservation, epoch, slot), at_ms, place)
        if moved:
            self._count(reservation, cabinet, slot, at_ms)
        elif bank is not None:
            self._stayed.add((order_of(reservation), bank))
        if command is not None:
            self._check_command(record)
        elif not self._commands.is_reserved(cabinet, reservation):
            told = f"the motor of {place} ran for {reservation}, for which no banks were to be kept"
            self._findings.report("motors.command", at_ms, told)

    def _check_once(self, key: tuple[str, str, int | None, int], at_ms: int, place: str) -> None:
        cabinet, reservation, epoch, slot = key
        kept = self._holds.times(cabinet, slot)
        if self._runs.get(key) == kept:
            told = f"the motor of {place} ran twice for {reservation}, epoch {epoch}"
            self._findings.report("motors.once", at_ms, told)
        self._runs[key] = kept

    def _count(self, reservation: str, cabinet: str, slot: int, at_ms: int) -> None:
        slots = self._came_out.setdefault(reservation, [])
        slots.append((cabinet, slot))
        asked = self._orders.asked_quantity(order_of(reservation))
        if len(slots) > asked:
            told = f"{len(slots)} banks came out for {reservation}, whose order asked for {asked}"
            self._findings.report("motors.quantity", at_ms, told)

    def _check_command(self, record: Record) -> None:
        _, at_ms, _, cabinet, _, _, reservation, name, epoch, _ = record
        command = self._commands.get(name)
        told_to = None if command is None else (command.cabinet, command.reservation)
        if command is None or told_to != (cabinet, reservation) or not command.is_eject:
            told = f"a motor of {cabinet} ran for {reservation} by {name}, which is {command}"
            self._findings.report("motors.command", at_ms, told)
            return
        if command.epoch != epoch:
            told = f"a motor of {cabinet} ran by {name} of epoch {epoch}, which was sent with {command.epoch}"
            self._findings.report("motors.command", at_ms, told)
        if name not in self._begun and at_ms >= command.expires_ms + _LATE_MS:
            told = f"a motor of {cabinet} ran by {name}, {at_ms - command.expires_ms} ms after it expired"
            self._findings.report("motors.late", at_ms, told)
        self._begun.add(name)
        highest = self._epochs.get(reservation, 0)
        if command.epoch < highest:
            told = f"a motor of {cabinet} ran for {reservation} by epoch {command.epoch} after {highest}"
            self._findings.report("motors.epoch", at_ms, told)
        self._epochs[reservation] = max(highest, command.epoch)

    def finish(self, at_ms: int) -> None:
        """Report nothing: what motors did was judged when they did it."""
