"""Runs every check of the project, all of them even when one fails, and tells which did."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

# The tests come last, so that pytest's own summary ends the output.
CHECKS: dict[str, list[str]] = {
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "lint": [str(BIN / "ruff"), "check", "."],
    "types": [str(BIN / "mypy")],
    "imports": [str(BIN / "lint-imports"), "--no-logo"],
    **{
        f"pages: {task}": [str(BIN / "python"), "-I", str(ROOT / "tools" / "web_pages.py"), task]
        for task in ("types", "lint", "test")
    },
    "tests": [str(ROOT / "run"), "test"],
}


def main() -> int:
    """Runs the checks; returns 1 if any failed, else 0."""
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    verdict = f"failed: {', '.join(failed)}" if failed else f"{', '.join(CHECKS)}: all passed"
    print(f"check: {verdict}", flush=True)
    return 1 if failed else 0


def passes(name: str, command: list[str]) -> bool:
    """Runs one check, with its output as it comes."""
    print(f"check: {name}", flush=True)
    started = time.monotonic()
    passed = subprocess.run(command, check=False, cwd=ROOT).returncode == 0
    print(
        f"check: {name} {'passed' if passed else 'FAILED'} in {time.monotonic() - started:.1f} s", flush=True
    )
    return passed


if __name__ == "__main__":
    sys.exit(main())
