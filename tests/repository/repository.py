"""The repository as its tests see it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE_FOLDERS = ("protocol", "broker", "platform", "courier", "station_firmware_sim", "cli")


def files(*patterns: str) -> list[Path]:
    """Returns the repository's files, those not yet added to git too, but none that git ignores.

    A fresh clone, an archive unpacked inside another repository and a working tree all answer alike.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]
