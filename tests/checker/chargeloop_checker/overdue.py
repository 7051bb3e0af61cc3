"""Slots are given back soon after their order's end, and not only when their reservation runs out by itself.

A cabinet may hear of it late: it is dark, a link is cut, the broker or the platform is down. The records
tell when such a trouble begins, and not when it ends, so each counts for as long as it can last. In all
other minutes a release that is lost is sent again several times, so few of them must do.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from chargeloop_checker import names
from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler

_MINUTE_MS: Final = 60_000
_PATIENCE_MS: Final = 10 * _MINUTE_MS
# How long a trouble keeps a cabinet and its platform apart at most, with the time to connect again.
_LASTS_MS: Final[Mapping[str, int]] = {"partition": 121 * _MINUTE_MS, "power_cut": 11 * _MINUTE_MS}
_OTHERS_LAST_MS: Final = 3 * _MINUTE_MS
_BROKER: Final = "broker"
_FINAL: Final = frozenset({"settled", "cancelled", "failed"})
# When a trouble begins, and when it is over at the latest.
_Trouble = tuple[int, int]


class Overdue:
    """How long the cabinets of a region keep slots for orders that are over."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._ended: dict[str, int] = {}
        self._kept: dict[tuple[str, int], tuple[str, int]] = {}
        # By device, and of what all devices need by the broker's name.
        self._troubles: dict[str, list[_Trouble]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"event": self._happened, "hold": self._kept_for, "fault": self._failed, "crash": self._died}

    def _happened(self, record: Record) -> None:
        _, at_ms, _, order, _, _, _, to_state, *_ = record
        if to_state in _FINAL:
            self._ended.setdefault(order, at_ms)

    def _failed(self, record: Record) -> None:
        _, at_ms, _, name, target = record
        self._trouble(target, at_ms, _LASTS_MS.get(name, _OTHERS_LAST_MS))

    def _died(self, record: Record) -> None:
        _, at_ms, _, node, _ = record
        self._trouble(node, at_ms, _OTHERS_LAST_MS)

    def _trouble(self, target: str | None, at_ms: int, lasts_ms: int) -> None:
        if target is None or target == _BROKER or names.is_rental(target):
            target = _BROKER
        self._troubles.setdefault(target, []).append((at_ms, at_ms + lasts_ms))

    def _kept_for(self, record: Record) -> None:
        _, at_ms, _, cabinet, slot, reservation = record
        before = self._kept.get((cabinet, slot))
        if before is not None and before[0] != reservation:
            del self._kept[cabinet, slot]
            self._given_back(cabinet, slot, *before, at_ms)
        if reservation is not None:
            self._kept.setdefault((cabinet, slot), (reservation, at_ms))

    def _given_back(self, cabinet: str, slot: int, reservation: str, since_ms: int, at_ms: int) -> None:
        ended_ms = self._ended.get(names.order_of(reservation))
        if ended_ms is None:
            return
        begin_ms = max(ended_ms, since_ms)
        if at_ms - begin_ms <= _PATIENCE_MS:
            return
        calm_ms = _calm_ms(begin_ms, at_ms, self._troubles_of(cabinet))
        if calm_ms > _PATIENCE_MS:
            minutes = (at_ms - begin_ms) // _MINUTE_MS
            told = f"slot {slot} of {cabinet} was kept for {reservation} {minutes} minutes after its order"
            self._findings.report("holds.overdue", at_ms, told)

    def _troubles_of(self, cabinet: str) -> Iterator[_Trouble]:
        yield from self._troubles.get(cabinet, ())
        yield from self._troubles.get(_BROKER, ())

    def finish(self, at_ms: int) -> None:
        """Report slots that are still kept."""
        for (cabinet, slot), (reservation, since_ms) in self._kept.items():
            self._given_back(cabinet, slot, reservation, since_ms, at_ms)


def _calm_ms(begin_ms: int, end_ms: int, troubles: Iterator[_Trouble]) -> int:
    """Return how much of a time is in none of the troubles."""
    calm_ms, at_ms = 0, begin_ms
    for start_ms, over_ms in sorted(troubles):
        if start_ms >= end_ms:
            break
        calm_ms += max(0, start_ms - at_ms)
        at_ms = max(at_ms, over_ms)
    return calm_ms + max(0, end_ms - at_ms)
