"""Looks at the region every few seconds: raises alarms of what is wrong, clears those whose cause is gone.

The look shares the process's one loop with the messages, so it goes over the cabinets in small pieces, and
over a hundred thousand of them, which takes a second of the processor, less often than over a few.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from fastapi.concurrency import run_in_threadpool

from chargeloop.platform.core import alarms
from chargeloop.platform.core.alarms import Sight, Trouble
from chargeloop.platform.core.region_reads import RegionReads
from chargeloop.platform.shell.alarms.store import AlarmStore
from chargeloop.platform.shell.outage import Outage
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.protocol.ids import BankId, CabinetId

_PIECE: Final = 200
# The desk takes at most this share of the processor.
_SHARE: Final = 0.05

_log = logging.getLogger(__name__)


class AlarmDesk:
    """Keeps the alarms of a region up to date.

    `service` is who quarantines what cannot be read. A cabinet is off line when it has been silent for
    `offline_ms` to somebody who listens: `listening_since_ms` tells since when cabinets are heard, None while
    they are not.
    """

    def __init__(  # noqa: PLR0913 - the parts of a desk, named by the caller
        self,
        store: AlarmStore,
        region: RegionReads,
        reader: RentalReader,
        service: str,
        now_ms: Callable[[], int],
        *,
        listening_since_ms: Callable[[], int | None],
        offline_ms: int = alarms.OFFLINE_MS,
    ) -> None:
        self.store = store
        self._region = region
        self._reader = reader
        self._service = service
        self._now_ms = now_ms
        self._offline_ms = offline_ms
        self._listening_since_ms = listening_since_ms

    async def run(self, every_s: float) -> None:
        """Look again and again, every so many real seconds or less often, until this task is cancelled.

        Alarms are no reason to end the platform: a file that cannot be used is told, and tried again.
        """
        outage = Outage(_log, "alarms cannot be brought up to date")
        while True:
            began_s = time.thread_time()
            try:
                await self.look()
            except (sqlite3.Error, OSError) as error:
                outage.goes_on(error)
            else:
                outage.is_over()
            await asyncio.sleep(max(every_s, (time.thread_time() - began_s) / _SHARE))

    async def look(self) -> None:
        """Look once."""
        troubles = [*await self._of_cabinets(), *self._of_orders(), *await self._of_quarantine()]
        found = {trouble.key: trouble for trouble in troubles}
        news = list(alarms.reconcile(await self.store.pending(), found, self._now_ms()))
        if news:
            await self.store.keep(news)

    async def _of_cabinets(self) -> list[Trouble]:
        now_ms, found, inside = self._now_ms(), list[Trouble](), _Inside()
        since_ms = self._listening_since_ms()
        names = self._region.cabinet_names()
        for start in range(0, len(names), _PIECE):
            for sight in self._region.sights(names[start : start + _PIECE], now_ms):
                found += alarms.of_cabinet(
                    sight,
                    now_ms,
                    listening_since_ms=now_ms if since_ms is None else since_ms,
                    offline_ms=self._offline_ms,
                )
                inside.take(sight)
            await asyncio.sleep(0)
        return found + [alarms.of_bank(bank, places, now_ms) for bank, places in inside.doubled.items()]

    def _of_orders(self) -> list[Trouble]:
        now_ms = self._now_ms()
        found = [
            trouble for order in self._region.open_orders() for trouble in alarms.of_order(order, now_ms)
        ]
        for order, bank in self._region.outstanding():
            found += alarms.of_outstanding(order, bank, now_ms)
        return found

    async def _of_quarantine(self) -> list[Trouble]:
        unread = await run_in_threadpool(self._reader.quarantined)
        return [alarms.of_quarantine(self._service, topic) for topic in unread]


@dataclass(slots=True)
class _Inside:
    """Which cabinets say that they hold a bank, where more than one does."""

    doubled: dict[BankId, list[CabinetId]] = field(default_factory=dict)
    _first: dict[BankId, CabinetId] = field(default_factory=dict)

    def take(self, sight: Sight) -> None:
        for slot in sight.slots:
            if slot.bank is None:
                continue
            other = self._first.setdefault(slot.bank, sight.id)
            if other != sight.id:
                self.doubled.setdefault(slot.bank, [other]).append(sight.id)
