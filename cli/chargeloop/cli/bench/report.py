"""What came out, as a table for people and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from chargeloop.cli.bench.figures import Finding, Measure, Verdict

_STYLES: Mapping[Verdict, str] = {
    Verdict.REACHED: "green",
    Verdict.FIRST_REACHED: "yellow",
    Verdict.NOT_REACHED: "red",
    Verdict.SKIPPED: "dim",
}


def table(machine: Mapping[str, str], findings: Sequence[Finding]) -> Table:
    """Return a row for each measure: the median, the goal, and whether it is reached."""
    title = ", ".join(f"{name} {value}" for name, value in machine.items())
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("measure", "median", "goal", "", "what, and what else was seen"):
        shown.add_column(column, overflow="fold")
    for finding in findings:
        shown.add_row(*_row(finding), style=_STYLES[finding.verdict])
    return shown


def document(machine: Mapping[str, str], findings: Sequence[Finding], *, quick: bool) -> Mapping[str, Any]:
    """Return everything as an object for JSON."""
    return {"machine": dict(machine), "quick": quick, "measures": [_record(finding) for finding in findings]}


def number(value: float) -> str:
    """Return a figure with as many digits as mean something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def goal(measure: Measure) -> str:
    """Return the figures aimed at: the first one, and the one aimed at where it is another."""
    sign = "≥" if measure.better == "higher" else "≤"
    later = "" if measure.aim == measure.first else f", then {number(measure.aim)}"
    return f"{sign} {number(measure.first)}{later} {measure.unit}"


def _row(finding: Finding) -> tuple[str, str, str, str, str]:
    measure, figure = finding.measure, finding.figure
    others = "; ".join(f"{name} {number(value)}" for name, value in finding.others.items())
    what = f"{measure.what}; against: {measure.against}"
    seen = finding.skipped or others
    median = "" if figure is None else f"{number(figure)} {measure.unit}"
    return measure.name, median, goal(measure), finding.verdict, f"{what}; {seen}" if seen else what


def _record(finding: Finding) -> dict[str, Any]:
    measure = finding.measure
    return {
        "name": measure.name,
        "what": measure.what,
        "against": measure.against,
        "unit": measure.unit,
        "better": measure.better,
        "first": measure.first,
        "aim": measure.aim,
        "median": finding.figure,
        "trials": [trial.figure for trial in finding.trials],
        "others": dict(finding.others),
        "verdict": finding.verdict,
        "skipped": finding.skipped,
    }
