"""What fails for a while is told when it begins and when it is over, however often it is tried between."""

import logging


class Outage:
    """One thing that may fail for a while; `what` fails, in words that begin a line of the log."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._lasts = False

    def goes_on(self, why: object) -> None:
        """Note a failure; the first one is told, with the reason."""
        if not self._lasts:
            self._lasts = True
            self._log.warning("%s: %s", self._what, why)

    def is_over(self) -> None:
        """Note that it works; the first time after a failure is told."""
        if self._lasts:
            self._lasts = False
            self._log.warning("%s: over", self._what)
