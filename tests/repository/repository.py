"""The repository as its tests see it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE_FOLDERS = ("protocol", "broker", "platform", "courier", "station_firmware_sim", "simulation", "cli")
FOLDERS = (*SOURCE_FOLDERS, "tests", "tools", "docs", ".ci")
MADE_BY_TOOLS = {"__pycache__", "node_modules", ".hypothesis"}


def files(pattern: str = "*") -> list[Path]:
    """Returns the project's own files whose names match, without asking git, which need not be there."""
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob(pattern)]
    return sorted(
        path
        for path in (*ROOT.glob(pattern), *below)
        if path.is_file() and not MADE_BY_TOOLS & set(path.parts)
    )
