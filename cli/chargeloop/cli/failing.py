"""What a failing or full disk comes to: one line with file and cause, instead of a traceback."""

import errno
import sqlite3
from collections.abc import Iterator
from typing import Final

_OF_DISK: Final = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_COMFORT: Final = "stopped; what was acknowledged is on the disk, and the next start goes on from there"


def disk_failure(error: BaseException) -> str | None:
    """Return the line for people when a disk has failed somewhere in an error, or None when none has."""
    from chargeloop.broker.device.files import DiskFailedError
    from chargeloop.broker.endpoint.store import StoreFailedError

    for leaf in _leaves(error):
        if isinstance(leaf, (DiskFailedError, StoreFailedError, sqlite3.OperationalError)):
            return f"{leaf}; {_COMFORT}"
        if isinstance(leaf, OSError) and leaf.errno in _OF_DISK:
            return f"{leaf.filename or 'a file'}: {leaf.strerror}; {_COMFORT}"
    return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of which a group is made, or the error itself."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for part in error.exceptions:
        yield from _leaves(part)
