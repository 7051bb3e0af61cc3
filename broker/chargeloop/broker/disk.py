"""What makes a change survive a power cut, also after a sync that failed."""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Return when the names in the directory are on the disk: a new file's content alone is not enough.

    Raises:
        OSError: the disk failed.
    """
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_again(path: Path, content: bytes) -> None:
    """Return when what was read from the file is on the disk, and nothing behind it.

    After a sync that failed, the file still reads as it was written, but Linux takes its pages for saved:
    another sync succeeds and writes nothing, and the next power cut takes them away
    (https://lwn.net/Articles/752063/). So whoever is going to rely on what a process before has left writes
    it over itself. Until that is done a power cut finds, in each place, what was there or the same.

    Args:
        path: the file, which nobody else writes meanwhile.
        content: what was read, from its beginning.

    Raises:
        OSError: the disk failed.
    """
    with path.open("r+b", buffering=0) as file:
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]
        file.truncate()
        os.fsync(file.fileno())
    sync_directory(path.parent)
