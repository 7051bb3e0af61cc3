"""What people are told of a broker that cannot be reached: a line for each outage, and one when it is over.

Participants try again for ever, and hundreds of them may share a process: they lose a broker together, which
is one outage, however many tries it takes. As long as one of them is connected there is none: who has been
thrown out comes back without a word. A broker that is there and does not let somebody in is the matter of
that participant alone. It needs a moment to read a login that was just granted, so the first refusals are
not worth a word.
"""

import logging
import os
import re
import socket
import ssl
import time
from collections import Counter, defaultdict
from typing import Final

from chargeloop.broker.address import BrokerAddress

_log = logging.getLogger(__name__)

_REFUSALS_BORNE: Final = 3
# What libraries put before their words.
_NUMBER: Final = re.compile(r"^\[[^\]]*\] ?")
# Their numbers are not those of the system, which has other words for them.
_OF_THEIR_OWN: Final = (socket.gaierror, socket.herror, ssl.SSLError)


class Outages:
    """The outages of the brokers that a process connects to."""

    def __init__(self) -> None:
        self._began_s: dict[BrokerAddress, float] = {}
        self._connected: defaultdict[BrokerAddress, set[str]] = defaultdict(set)
        self._refusals: Counter[str] = Counter()

    def lost(self, broker: BrokerAddress, reason: BaseException | str) -> None:
        """Note that a connection was lost or could not be made; it is tried again."""
        if self._connected[broker]:
            _log.info("a connection to the broker at %s failed (%s)", broker, reason_in_words(reason))
            return
        if broker in self._began_s:
            return
        self._began_s[broker] = time.monotonic()
        _log.warning(
            "no connection to the broker at %s (%s): it is tried again and again, nothing is lost meanwhile;"
            " if the broker has stopped, start it; if it listens elsewhere now, start this part again",
            broker,
            reason_in_words(reason),
        )

    def refused(self, broker: BrokerAddress, client: str, reason: BaseException | str) -> None:
        """Note that the broker is there and does not let a client in; it is tried again."""
        self._over(broker)
        self._refusals[client] += 1
        if self._refusals[client] == _REFUSALS_BORNE:
            _log.warning(
                "the broker at %s does not let %s in (%s): it is tried again and again; see whether it is the"
                " broker of this --data, and that %s has a login there",
                broker,
                client,
                reason_in_words(reason),
                client,
            )

    def connected(self, broker: BrokerAddress, client: str) -> None:
        """Note that a client is connected, until it is `disconnected`."""
        self._over(broker)
        self._connected[broker].add(client)
        if self._refusals.pop(client, 0) >= _REFUSALS_BORNE:
            _log.warning("the broker at %s lets %s in now", broker, client)

    def disconnected(self, broker: BrokerAddress, client: str) -> None:
        """Note that a client is not connected any more, for whatever reason; call it before `lost`."""
        self._connected[broker].discard(client)

    def _over(self, broker: BrokerAddress) -> None:
        began_s = self._began_s.pop(broker, None)
        if began_s is not None:
            _log.warning("the broker at %s is there again, after %.0f s", broker, time.monotonic() - began_s)


# People read what a process says as one text, so there is one for all participants in it.
OUTAGES: Final = Outages()


def reason_in_words(reason: BaseException | str) -> str:
    """Return what has happened to a connection as people say it, whichever library tells of it."""
    if isinstance(reason, OSError) and reason.errno is not None and not isinstance(reason, _OF_THEIR_OWN):
        return os.strerror(reason.errno).lower()
    text = _NUMBER.sub("", str(reason)).strip().rstrip(".")
    return text[:1].lower() + text[1:] if text else "no answer"
