"""A device's directory: one process at a time, and small files that must be whole after a power cut."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chargeloop.broker.disk import sync_directory
from chargeloop.protocol.ids import BootId


class DiskFailedError(Exception):
    """The disk did not take what must be on it: nothing can be recorded any more, and the device must stop.

    It is no OSError, so that nobody who is prepared for a broken network passes over it.
    """


class DeviceRunsError(Exception):
    """Another process runs the device: two would write into one journal, and throw each other out."""


@contextmanager
def alone_in(directories: Iterable[Path]) -> Iterator[None]:
    """Be the only process that runs the devices of these directories; the kernel ends it with the process.

    Raises:
        DeviceRunsError: another process runs one of them.
        DiskFailedError: a directory cannot be used.
    """
    with ExitStack() as stack:
        for directory in directories:
            file = directory / "lock"
            with on_disk(file):
                directory.mkdir(parents=True, exist_ok=True)
                lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DeviceRunsError(f"{directory.name} is run by another process: {directory}") from None
        yield


@contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Make an error of the disk in the `with` a DiskFailedError that names the file."""
    try:
        yield
    except OSError as error:
        raise DiskFailedError(f"{path}: {error.strerror}") from error


def replace_file(path: Path, content: bytes) -> None:
    """Write the file so that after a power cut it holds either all of the new content or all of the old.

    Raises:
        DiskFailedError: the disk failed or is full; after a restart the file may hold either.
    """
    draft = path.with_name(f"{path.name}.new")
    with on_disk(path):
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_directory(path.parent)


def count_up(path: Path) -> int:
    """Return one more than the number in the file, from 1, after writing it back durably.

    Raises:
        DiskFailedError: the disk failed or is full.
    """
    with on_disk(path):
        number = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, b"%d" % number)
    return number


def begin_boot(state_dir: Path) -> BootId:
    """Count a new boot of the device and return its id, or raise DiskFailedError."""
    return BootId(f"boot-{count_up(state_dir / 'boots')}")
