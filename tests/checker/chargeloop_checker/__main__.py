"""Check a file of records: `python -m chargeloop_checker FILE`, a record on each line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from chargeloop_checker.checker import Checker

_SHOWN: Final = 80


def _records(path: Path) -> Iterator[tuple[Any, ...]]:
    """Yield what each line says; one that is no JSON array comes as a record of no known kind."""
    with path.open(encoding="utf-8", errors="backslashreplace") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            yield tuple(record) if isinstance(record, list) else (line[:_SHOWN],)


def _say(line: str) -> None:
    """Print a line, whatever characters were told in the records."""
    sys.stdout.write(line.encode("utf-8", "backslashreplace").decode() + "\n")


def main(arguments: list[str]) -> int:
    """Print the violations of a file; return 1 when there are any, 2 when no file is named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m chargeloop_checker FILE\n")
        return 2
    checker = Checker()
    for record in _records(Path(arguments[0])):
        checker.feed(record)
    violations = checker.finish()
    for violation in violations:
        _say(f"{violation.at_ms} {violation.rule}: {violation.text}")
    for rule, count in checker.counts.items():
        _say(f"{rule} was broken {count} times")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
