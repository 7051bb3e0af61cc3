"""Reports of chaos and endurance runs for people; violations stand at the end, each as a sentence."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from chargeloop.cli.chaos.endurance import EnduranceResult
from chargeloop.cli.chaos.run import ChaosResult
from chargeloop.cli.outcome import printed
from chargeloop.cli.playing import ended
from chargeloop.cli.tables import show


def tell(result: ChaosResult | EnduranceResult, report: Group, *, as_json: bool) -> int:
    """Print what a run came to, as JSON or as its report, and return the exit code."""
    if as_json:
        print(printed(result.document()))
    else:
        show(report)
    return ended(len(result.violations))


def chaos_report(result: ChaosResult) -> Group:
    """Return the report of a chaos run; it fits a terminal of 80 columns."""
    document = result.document()
    faults = [(kind, str(times), _longest(result, kind)) for kind, times in result.faults().items()]
    facts = [
        ("seed", str(result.seed)),
        ("broker", result.broker),
        ("faults without a connection", str(result.unmet)),
        ("orders", _counted(result.outcome.orders)),
        ("messages", _counted(result.outcome.messages)),
        ("journals", f"{document['journal_entries']} entries of {document['journals']} devices"),
        ("banks ejected", str(document["ejected"])),
        (
            "network",
            "{connections} connections, {passed_bytes} bytes passed, {swallowed_bytes} swallowed".format_map(
                document
            ),
        ),
        ("data", str(document["data"])),
    ]
    return Group(
        table("faults", ("fault", "times", "longest"), faults),
        table("what came of it", ("", ""), facts),
        verdict(result.violations),
    )


def endurance_report(result: EnduranceResult) -> Group:
    """Return the report of an endurance run; it fits a terminal of 80 columns."""
    document = result.document()
    memory = [
        (
            name,
            f"{held.start_mib:.1f} MiB",
            f"{held.end_mib:.1f} MiB",
            f"{held.most_mib:.1f} MiB",
            f"{held.slope_mib_per_h:+.1f} MiB",
        )
        for name, held in result.held.items()
    ]
    facts = [
        ("cabinets", f"{result.plan.cabinets}, all connected after {result.ready_s:.0f} s"),
        ("orders", _counted(result.outcome.orders)),
        ("messages", _counted(result.outcome.messages)),
        ("journals", f"{document['journal_entries']} entries of {document['journals']} devices"),
        ("data", str(document["data"])),
    ]
    return Group(
        table("memory in the steady state", ("process", "start", "end", "most", "by the hour"), memory),
        table("what came of it", ("", ""), facts),
        verdict(result.violations),
    )


def verdict(violations: Sequence[str]) -> Text:
    """Return the end of a report."""
    if not violations:
        return Text("\nall checks hold", style="green")
    return Text("\n".join(("", f"{len(violations)} violations:", *violations)), style="red")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a plain table with a title."""
    made = Table(title=f"\n{title}", title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def _longest(result: ChaosResult, kind: str) -> str:
    longest = max((one.seconds for one in result.outages if one.kind == kind), default=0.0)
    return f"{longest:.1f} s"


def _counted(counts: object) -> str:
    return (
        ", ".join(f"{number} {name}" for name, number in counts.items()) if isinstance(counts, dict) else ""
    )
