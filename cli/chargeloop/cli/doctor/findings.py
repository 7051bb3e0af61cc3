"""What a check finds: a level, what was seen, and what to do about it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it is: `warn` works with something missing, `fail` does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `advice` is empty when there is nothing to do."""

    name: str
    level: Level
    seen: str
    advice: str = ""


def ok(name: str, seen: str, advice: str = "") -> Finding:
    """Return that all is well."""
    return Finding(name, Level.OK, seen, advice)


def warn(name: str, seen: str, advice: str) -> Finding:
    """Return that something is missing, and what to do."""
    return Finding(name, Level.WARN, seen, advice)


def fail(name: str, seen: str, advice: str) -> Finding:
    """Return that something does not work, and what to do."""
    return Finding(name, Level.FAIL, seen, advice)


def is_well(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing fails."""
    return all(finding.level is not Level.FAIL for finding in findings)


def document(findings: Sequence[Finding]) -> dict[str, object]:
    """Return what `--json` prints."""
    return {"ok": is_well(findings), "checks": [asdict(finding) for finding in findings]}
