"""Runs all checks in bounded time, and shows what they found."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from chargeloop.cli.doctor import connections, machine, programs
from chargeloop.cli.doctor.certificates import certificates
from chargeloop.cli.doctor.findings import Finding, Level, document, is_well
from chargeloop.cli.settings import Settings

_STYLES: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}
_NAME_WIDTH: Final = 19


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate and the key to look at."""

    cert: Path
    key: Path


async def examine(settings: Settings, tls: Tls | None) -> list[Finding]:
    """Return what all checks find; those that wait for something wait together."""
    clock = machine.WallClock()
    environment, found, brokers, instance = await asyncio.gather(
        programs.environment(), programs.programs(), connections.brokers(), connections.instance(settings)
    )
    return [
        programs.python(),
        environment,
        *found,
        *brokers,
        *instance,
        *await asyncio.to_thread(machine.ports, settings, connections.reached(settings, instance)),
        clock.finding(),
        *machine.data_directory(settings.data),
        *(() if tls is None else certificates(tls.cert, tls.key)),
    ]


def run_doctor(settings: Settings, tls: Tls | None, *, as_json: bool) -> bool:
    """Examine, print what was found, and tell whether nothing fails."""
    findings = asyncio.run(examine(settings, tls))
    if as_json:
        print(json.dumps(document(findings), ensure_ascii=False))
    else:
        show(findings)
    return is_well(findings)


def show(findings: Sequence[Finding]) -> None:
    """Print a line for each finding, and the advice beneath those that have one."""
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        line = Text.assemble(
            (f"{finding.level:<5}", _STYLES[finding.level]), f" {finding.name:<{_NAME_WIDTH}}{finding.seen}"
        )
        console.print(line)
        if finding.advice:
            console.print(Text(f"{'':<6}{'':<{_NAME_WIDTH}}→ {finding.advice}", style="dim"))
    worst = [finding for finding in findings if finding.level is not Level.OK]
    console.print(_verdict(worst))


def _verdict(worst: Sequence[Finding]) -> Text:
    failed = sum(finding.level is Level.FAIL for finding in worst)
    if failed:
        return Text(f"\n{failed} of the checks failed", style="bold red")
    if worst:
        return Text(f"\nit works; {len(worst)} to look at", style="yellow")
    return Text("\nall is well", style="green")
