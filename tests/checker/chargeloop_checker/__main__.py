"""Check a file of records: `python -m chargeloop_checker FILE`, a record on each line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chargeloop_checker.checker import Checker


def _records(path: Path) -> Iterator[tuple[Any, ...]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield tuple(json.loads(line))


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
        sys.stdout.write(f"{violation.at_ms} {violation.rule}: {violation.text}\n")
    for rule, count in checker.counts.items():
        sys.stdout.write(f"{rule} was broken {count} times\n")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
