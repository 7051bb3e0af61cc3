"""Runs the checks of the project, or some of them, to the end even when one fails, and tells which did."""

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
        f"pages-{task}": [str(BIN / "python"), "-I", str(ROOT / "tools" / "web_pages.py"), task]
        for task in ("types", "lint", "test")
    },
    "tests": [str(ROOT / "run"), "test"],
}


USAGE = f"""usage: ./run check [NAME...]

Runs these checks, or only those that are named, and never stops at the first failure:
{", ".join(CHECKS)}.

The exit code is 0 when all have passed, 1 when one has failed, 2 for a name that is none of these."""


def main(arguments: list[str]) -> int:
    """Runs the checks that are named, or all; returns 0 if all passed, 1 if any failed, 2 for wrong names."""
    if {"-h", "--help"} & set(arguments):
        print(USAGE)
        return 0
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        print(
            f"check: there is no {', '.join(map(repr, unknown))}: expected some of {', '.join(CHECKS)}",
            file=sys.stderr,
        )
        return 2
    chosen = [name for name in CHECKS if name in arguments or not arguments]
    failed = [name for name in chosen if not passes(name, CHECKS[name])]
    verdict = f"failed: {', '.join(failed)}" if failed else f"{', '.join(chosen)}: all passed"
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
    sys.exit(main(sys.argv[1:]))
