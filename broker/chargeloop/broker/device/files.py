"""Small files of a device that must be whole after a power cut."""

import os
from pathlib import Path

from chargeloop.protocol.ids import BootId


def replace_file(path: Path, content: bytes) -> None:
    """Write the file so that after a power cut it holds either all of the new content or all of the old."""
    draft = path.with_name(f"{path.name}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    # The rename itself is durable only when the directory is.
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def count_up(path: Path) -> int:
    """Return one more than the number in the file, from 1, after writing it back durably."""
    number = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, b"%d" % number)
    return number


def begin_boot(state_dir: Path) -> BootId:
    """Count a new boot of the device and return its id."""
    return BootId(f"boot-{count_up(state_dir / 'boots')}")
