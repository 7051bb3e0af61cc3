"""Which errors are a disk's, and which are bugs that deserve their traceback."""

import errno
import sqlite3

import pytest

from chargeloop.broker.device import DiskFailedError
from chargeloop.broker.endpoint.store import StoreFailedError
from chargeloop.cli.failing import disk_failure


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DiskFailedError("journal: No space left on device"), "journal: No space left on device; stopped"),
        (StoreFailedError("a.sqlite3: disk I/O error"), "a.sqlite3: disk I/O error; stopped"),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full; stopped"),
        (OSError(errno.ENOSPC, "No space left", "credentials"), "credentials: No space left; stopped"),
        (OSError(errno.EIO, "Input/output error"), "a file: Input/output error; stopped"),
    ],
)
def test_a_disk_s_error_is_one_line_also_deep_in_groups(error: Exception, said: str) -> None:
    groups = ExceptionGroup("a", [ExceptionGroup("b", [error]), ValueError("what followed from it")])
    for one in (error, groups):
        told = disk_failure(one)
        assert told is not None
        assert told.startswith(said)


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), ConnectionResetError(errno.ECONNRESET, "reset"), TimeoutError()]
)
def test_what_is_no_disk_s_error_is_left_alone(error: Exception) -> None:
    assert disk_failure(error) is None
    assert disk_failure(ExceptionGroup("all", [error])) is None
