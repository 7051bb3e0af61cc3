"""What services believe of devices' connections.

Connections are numbered (`connection_epoch`). A cabinet whose storage was replaced counts anew, so its
births with a lower number are believed while it is off line; nothing else of an older connection is. When a
connection of a cabinet has ended it stays ended: only the next one is on line again. A courier's phone that
speaks is connected whatever was heard of its connection, so it may be on line again under the same number;
its number never goes back.
"""

from collections.abc import Mapping

from chargeloop_checker import names
from chargeloop_checker.findings import Findings
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler


class Presence:
    """What the services of a region believe."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._believed: dict[tuple[str, str], tuple[int, bool]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"presence": self._changed}

    def _changed(self, record: Record) -> None:
        _, at_ms, _, service, device, epoch, online = record
        before, was_online = self._believed.get((service, device), (0, False))
        self._believed[service, device] = (epoch, online)
        counts_anew = names.prefix(device) == names.CABINET and online and not was_online
        if epoch < before and not counts_anew:
            told = f"{service} believes connection {epoch} of {device} after {before}"
            self._findings.report("presence.epoch", at_ms, told)
        revived = epoch == before > 0 and online and not was_online
        if revived and names.prefix(device) == names.CABINET:
            told = f"{service} believes connection {epoch} of {device} on line again"
            self._findings.report("presence.online", at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Report nothing: beliefs are judged when they change."""
