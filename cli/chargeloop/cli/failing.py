"""What files, disks and logins that fail come to: one line with place and cause, and no traceback."""

import errno
import sqlite3
from collections.abc import Iterator
from typing import Final

from chargeloop.cli.errors import FAILED, CommandError

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


def explained(error: BaseException) -> CommandError | None:
    """Return what people are told of a file or a login that cannot be used, or None when it is a bug."""
    from chargeloop.broker.credentials import RegionMismatchError, UnknownClientError
    from chargeloop.broker.device import DeviceRunsError

    failure = disk_failure(error)
    if failure is not None:
        return CommandError(failure, FAILED)
    for leaf in _leaves(error):
        if isinstance(leaf, CommandError):
            return leaf
        if isinstance(leaf, DeviceRunsError):
            return CommandError(str(leaf), FAILED)
        if isinstance(leaf, (RegionMismatchError, UnknownClientError)):
            return CommandError(str(leaf))
        if isinstance(leaf, OSError) and leaf.filename is not None:
            return CommandError(f"{leaf.filename}: {leaf.strerror}")
    return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of which a group is made, or the error itself."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for part in error.exceptions:
        yield from _leaves(part)
