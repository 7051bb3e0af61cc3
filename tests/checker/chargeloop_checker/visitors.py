"""Whoever comes when all is well again is served, and charged for as long as they had the banks.

Faults excuse much: an order that fails, a rental that is charged for less than it was. Nothing excuses that
afterwards, and a platform that has worn out by then refuses everybody, or charges nobody.
"""

from collections.abc import Mapping
from typing import Final

from chargeloop_checker.fees import Fees, Line
from chargeloop_checker.findings import Findings
from chargeloop_checker.ledger import Ledger
from chargeloop_checker.orders import Orders
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

# A rental at a cabinet ends with the bank in a slot; one that a courier ends, when they say that they are at
# the door, and who lives there may let them wait.
_LATE_MS: Final[Mapping[str, int]] = {"walk_up": 5_000, "courier": 20 * 60_000}


class Visitors:
    """The people of a region who came after the healing."""

    def __init__(self, findings: Findings, ledger: Ledger, orders: Orders, fees: Fees) -> None:
        self._findings = findings
        self._ledger = ledger
        self._orders = orders
        self._fees = fees
        self._quantities: dict[str, int] = {}
        self._placed: dict[str, dict[str, str]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"visitor": self._came, "order": self._ordered}

    def _came(self, record: Record) -> None:
        self._quantities[record[3]] = record[4]

    def _ordered(self, record: Record) -> None:
        _, _, _, order, user, _, _, _, hand_over, *_ = record
        if user in self._quantities:
            self._placed.setdefault(user, {})[order] = hand_over

    def finish(self, at_ms: int) -> None:
        """Report who was not served, and whose bill is not what they had."""
        for user, quantity in self._quantities.items():
            placed = self._placed.get(user, {})
            known = [order for order in map(self._orders.get, placed) if order is not None]
            settled = [order.id for order in known if order.state == "settled"]
            if len(settled) != 1:
                told = f"{user} came when all was well: of the orders {sorted(placed)}, {settled} are settled"
                self._findings.report("visitors.served", at_ms, told)
            else:
                self._check_bill(user, settled[0], quantity, at_ms)

    def _check_bill(self, user: str, order: str, quantity: int, at_ms: int) -> None:
        lines = [line for line in self._fees.standing_of(order) if line.fee == "rental"]
        if len(lines) != quantity:
            told = f"{user} came when all was well for {quantity} banks, and {order} charges for {len(lines)}"
            self._findings.report("visitors.served", at_ms, told)
        for line in lines:
            self._check_line(user, line, at_ms)

    def _check_line(self, user: str, line: Line, at_ms: int) -> None:
        stays = [stay for stay in self._ledger.stays(line.of) if stay.user == user]
        if not stays:
            told = f"{user} came when all was well, never had {line.of}, and is charged for it"
            self._findings.report("visitors.served", at_ms, told)
            return
        until_ms = at_ms if stays[-1].until_ms is None else stays[-1].until_ms
        late_ms, early_ms = line.from_ms - stays[0].from_ms, until_ms - line.to_ms
        # Where times were not measured, doubt favours the user, for as long as an exchange of times took.
        is_measured = line.quality == "synced"
        if is_measured and max(late_ms, early_ms) > _LATE_MS[self._placed[user][line.order]]:
            told = (
                f"{user} had {line.of} from {stays[0].from_ms} to {until_ms}, and is charged from"
                f" {line.from_ms} to {line.to_ms}"
            )
            self._findings.report("visitors.charged", at_ms, told)
