"""What makes a change of a directory survive a power cut."""

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
